// Templates on arbitrary bytes. The first byte splits the input into a template and a value.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tracia/prompt/template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tracia::prompt;
  if (size == 0) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t cut = 1 + all.substr(1).size() * static_cast<uint8_t>(all[0]) / 256;
  const std::string_view text = all.substr(1, cut - 1);
  Variables variables;
  for (const std::string& name : variable_names(text)) variables.emplace(name, all.substr(cut));
  const auto strict = render_strict(text, variables);
  if (!strict && strict.error().code != tracia::ErrorCode::kPayloadTooLarge) std::abort();  // every name has a value
  if (strict && *strict != render(text, variables)) std::abort();
  return 0;
}
