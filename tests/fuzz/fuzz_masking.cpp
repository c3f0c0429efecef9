// Masking on arbitrary bytes: the first line is a pattern, the rest a text. Nothing crashes, the output is bounded, and
// what was JSON stays JSON.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/ingest/masking.h"
#include "tracia/json/reader.h"

namespace {

using namespace tracia;

void expect(bool holds) {
  if (!holds) std::abort();
}

std::vector<ingest::MaskingRule> built_in_rules() {
  using Kind = ingest::MaskKind;
  std::vector<ingest::MaskingRule> rules;
  for (const Kind kind :
       {Kind::kEmail, Kind::kCreditCard, Kind::kPhone, Kind::kIban, Kind::kApiKey, Kind::kIpAddress}) {
    rules.push_back({.name = "r", .kind = kind});
  }
  return rules;
}

void check(const ingest::Masker& masker, std::string_view text) {
  const std::string out = masker.text(text);
  // Every byte could be a place of its own, or be written as U+FFFD in a text that is JSON.
  expect(out.size() <= (text.size() + 1) * (ingest::kMaskingReplacementBytesMax + 8));
  if (!json::is_valid(text)) return;
  expect(json::is_valid(masker.json(text)));
  span::Span span;
  span.input_json = span.variables_json = span.attributes_json = span.tool_calls_json = std::string(text);
  masker.apply(span);
  for (const std::string& json : {span.input_json, span.variables_json, span.attributes_json, span.tool_calls_json}) {
    expect(json::is_valid(json));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(input.find('\n'), size);
  const std::string_view pattern = input.substr(0, line), text = line < size ? input.substr(line + 1) : "";
  static const auto built_in = *ingest::Masker::make(built_in_rules());
  check(*built_in, text);
  const auto own = ingest::Masker::make({{"p", ingest::MaskKind::kPattern, std::string(pattern)}});
  if (own) check(**own, text);
  return 0;
}
