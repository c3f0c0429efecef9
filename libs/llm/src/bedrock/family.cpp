#include <algorithm>
#include <charconv>

#include "bedrock/bedrock.h"
#include "tracia/llm/bedrock.h"

namespace tracia::llm {
namespace {

bool is_profile_prefix(std::string_view word) {
  constexpr std::string_view kPrefixes[] = {"global", "us", "us-gov", "eu", "apac", "jp", "au", "ca",
                                            "sa",     "me", "af",     "il", "mx",   "in", "uk", "kr"};
  return std::find(std::begin(kPrefixes), std::end(kPrefixes), word) != std::end(kPrefixes);
}

// Claude's version in a model name, as major * 100 + minor; 0 when it gives none. Short numbers are the version, long
// ones a date: "claude-3-5-sonnet-20241022-v2:0" is 305, "claude-opus-4-6-v1" is 406, "claude-v2" is 200.
int claude_version(std::string_view name) {
  int version = 0;
  int numbers = 0;
  while (!name.empty() && numbers < 2) {
    const size_t end = name.find_first_of("-:@");
    std::string_view word = name.substr(0, end);
    name.remove_prefix(end == std::string_view::npos ? name.size() : end + 1);
    const bool marked = word.starts_with('v');
    if (marked && numbers > 0) break;
    if (marked) word.remove_prefix(1);
    int n = 0;
    const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), n);
    if (word.empty() || word.size() > 2 || error != std::errc{} || rest != word.data() + word.size()) continue;
    version += numbers++ == 0 ? n * 100 : n;
  }
  return version;
}

}  // namespace

std::string_view bedrock_model_family(std::string_view model_id) {
  if (model_id.starts_with("bedrock/")) model_id.remove_prefix(8);
  if (model_id.starts_with("arn:")) {
    const size_t slash = model_id.find('/');
    const std::string_view resource = model_id.substr(0, slash);
    if (slash == std::string_view::npos) return {};
    if (!resource.ends_with(":inference-profile") && !resource.ends_with(":foundation-model")) return {};
    model_id.remove_prefix(slash + 1);
  }
  const size_t dot = model_id.find('.');
  if (dot == std::string_view::npos) return {};
  if (is_profile_prefix(model_id.substr(0, dot))) model_id.remove_prefix(dot + 1);
  return model_id.find('.') == std::string_view::npos ? std::string_view() : model_id;
}

namespace bedrock {

Family family_of(std::string_view model_id) {
  const std::string_view model = bedrock_model_family(model_id);
  Family out{.known = !model.empty()};
  if (!out.known) return out;
  if (model.starts_with("anthropic.")) {
    const int version = claude_version(model);
    const bool newest = version == 0 || version >= 406;  // a name without a number is newer than this rule
    out.kind = Family::Kind::kClaude;
    out.adaptive_thinking = newest;
    out.effort = newest || (version == 405 && model.find("opus") != std::string_view::npos);
    out.serial_tools = version == 0 || version >= 405;
  } else if (model.starts_with("amazon.nova-2")) {
    out.kind = Family::Kind::kNova2;
  } else if (model.starts_with("amazon.nova")) {
    out.kind = Family::Kind::kNova;
  } else {
    out.kind = model.starts_with("openai.gpt-oss") ? Family::Kind::kGptOss : Family::Kind::kOther;
    out.tool_status = false;
  }
  return out;
}

Result<std::string> operation_path(std::string_view model_id, std::string_view operation) {
  if (model_id.empty()) return fail(Error::invalid("model is required and cannot be empty"));
  return "/model/" + wire::percent_encode(model_id) + "/" + std::string(operation);
}

}  // namespace bedrock
}  // namespace tracia::llm
