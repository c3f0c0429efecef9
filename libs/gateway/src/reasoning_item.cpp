#include "reasoning_item.h"

namespace tracia::gateway {
namespace {

constexpr std::string_view kMark = "tracia:";
constexpr std::string_view kRedacted = "r:";
constexpr std::string_view kPlain = "t:";

}  // namespace

std::string sealed_reasoning(const llm::ReasoningPart& part) {
  if (part.signature.empty() || !part.provider) return "";
  std::string out(kMark);
  out.append(llm::provider_name(*part.provider)).append(":").append(part.redacted ? kRedacted : kPlain);
  return out.append(part.signature);
}

std::optional<llm::ReasoningPart> read_reasoning_item(const json::Value& item) {
  std::string_view sealed = item["encrypted_content"].string_or("");
  if (!sealed.starts_with(kMark)) return std::nullopt;
  sealed.remove_prefix(kMark.size());
  const size_t colon = sealed.find(':');
  const auto provider = llm::provider_from_name(sealed.substr(0, colon));
  if (colon == std::string_view::npos || !provider) return std::nullopt;
  sealed.remove_prefix(colon + 1);
  const bool redacted = sealed.starts_with(kRedacted);
  if (!redacted && !sealed.starts_with(kPlain)) return std::nullopt;
  llm::ReasoningPart part{
      .signature = std::string(sealed.substr(kPlain.size())), .redacted = redacted, .provider = provider};
  for (const json::Value summary : item["summary"].items()) part.text.append(summary["text"].string_or(""));
  return part;
}

}  // namespace tracia::gateway
