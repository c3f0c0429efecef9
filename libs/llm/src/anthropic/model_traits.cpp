#include <charconv>

#include "anthropic/anthropic.h"
#include "tracia/llm/catalog.h"

namespace tracia::llm::anthropic {
namespace {

struct Name {
  int version = 0;  // major * 100 + minor; 0 when the name gives none
  bool opus = false;
};

// Short numbers are the version, long ones a date: "claude-sonnet-4-5-20250929" is 405. Prefixes of gateways
// ("anthropic/claude-…", "us.anthropic.claude-…") are passed over.
Name read_name(std::string_view model) {
  Name name;
  const size_t start = model.find("claude");
  if (start == std::string_view::npos) return name;
  model.remove_prefix(start);
  int numbers = 0;
  while (!model.empty()) {
    const size_t end = model.find_first_of("-.@: /");
    const std::string_view word = model.substr(0, end);
    model.remove_prefix(end == std::string_view::npos ? model.size() : end + 1);
    if (word == "opus") name.opus = true;
    int n = 0;
    const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), n);
    if (word.empty() || word.size() > 2 || error != std::errc{} || rest != word.data() + word.size()) continue;
    if (numbers++ == 0)
      name.version = n * 100;
    else if (numbers == 2)
      name.version += n;
  }
  return name;
}

}  // namespace

ModelTraits model_traits(std::string_view model) {
  const Name name = read_name(model);
  if (name.version == 0 || name.version >= 406) return {};
  return {.adaptive_thinking = false, .effort = name.opus && name.version == 405};
}

int64_t default_max_tokens(std::string_view model) {
  if (const ModelInfo* known = find_model(model, "anthropic"); known != nullptr && known->max_output_tokens > 0) {
    return known->max_output_tokens;
  }
  // Not in the catalog: by family.
  const Name name = read_name(model);
  if (model.find("claude-instant") != std::string_view::npos) return 4096;
  if (name.version == 0 || name.version >= 500) return 32'000;
  if (name.version < 305) return 4096;
  if (name.version < 307) return 8192;
  if (name.opus && name.version < 405) return 32'000;
  return 64'000;
}

}  // namespace tracia::llm::anthropic
