#include "tracia/llm/model.h"

#include <array>

#include "tracia/base/bytes.h"
#include "tracia/json/reader.h"

namespace tracia::llm {
namespace {

struct ProviderNames {
  Provider provider;
  std::string_view name, title;
};
constexpr std::array<ProviderNames, 5> kProviders{{
    {Provider::kOpenAi, "openai", "OpenAI"},
    {Provider::kAnthropic, "anthropic", "Anthropic"},
    {Provider::kGoogle, "google", "Google"},
    {Provider::kAmazonBedrock, "amazon_bedrock", "Amazon Bedrock"},
    {Provider::kVoyage, "voyage", "Voyage"},
}};
constexpr std::array<std::string_view, 5> kRoles{"system", "developer", "user", "assistant", "tool"};

Message text_message(Role role, std::string text) {
  Message message{.role = role};
  message.parts.push_back(text_part(std::move(text)));
  return message;
}

Part image(MediaSource::Kind kind, std::string value, std::string mime_type) {
  return {ImagePart{.source = {kind, std::move(value)}, .mime_type = std::move(mime_type)}};
}

}  // namespace

std::string_view provider_name(Provider provider) { return kProviders[static_cast<size_t>(provider)].name; }
std::string_view provider_title(Provider provider) { return kProviders[static_cast<size_t>(provider)].title; }

std::optional<Provider> provider_from_name(std::string_view name) {
  for (const auto& known : kProviders) {
    if (ascii_iequals(known.name, name)) return known.provider;
  }
  return std::nullopt;
}

std::string_view role_name(Role role) { return kRoles[static_cast<size_t>(role)]; }

std::optional<Role> role_from_name(std::string_view name) {
  for (size_t i = 0; i < kRoles.size(); ++i) {
    if (kRoles[i] == name) return static_cast<Role>(i);
  }
  return std::nullopt;
}

std::string_view finish_reason_name(FinishReason reason) {
  switch (reason) {
    case FinishReason::kUnknown: return "";
    case FinishReason::kStop: return "stop";
    case FinishReason::kLength: return "length";
    case FinishReason::kToolCalls: return "tool_calls";
    case FinishReason::kContentFilter: return "content_filter";
    case FinishReason::kError: return "error";
  }
  return "";
}

std::string_view finish_reason_wire_name(FinishReason reason) {
  switch (reason) {
    case FinishReason::kLength: return "max_tokens";
    case FinishReason::kToolCalls: return "tool_calls";
    default: return "stop";
  }
}

bool ToolCallPart::arguments_are_json() const { return json::is_valid(arguments); }

std::string Message::text() const {
  std::string out;
  for (const Part& part : parts) {
    if (const auto* text = part.as<TextPart>(); text != nullptr && !text->refusal) out.append(text->text);
  }
  return out;
}

std::string ChatResult::reasoning_text() const {
  std::string out;
  for (const Part& part : message.parts) {
    if (const auto* reasoning = part.as<ReasoningPart>()) out.append(reasoning->text);
  }
  return out;
}

std::vector<ToolCallPart> ChatResult::tool_calls() const {
  std::vector<ToolCallPart> calls;
  for (const Part& part : message.parts) {
    if (const auto* call = part.as<ToolCallPart>()) calls.push_back(*call);
  }
  return calls;
}

Part text_part(std::string text) { return {TextPart{.text = std::move(text)}}; }
Part image_bytes(std::string bytes, std::string mime_type) {
  return image(MediaSource::Kind::kBytes, std::move(bytes), std::move(mime_type));
}
Part image_base64(std::string base64, std::string mime_type) {
  return image(MediaSource::Kind::kBase64, std::move(base64), std::move(mime_type));
}
Part image_url(std::string url) { return image(MediaSource::Kind::kUrl, std::move(url), ""); }

Message system(std::string text) { return text_message(Role::kSystem, std::move(text)); }
Message developer(std::string text) { return text_message(Role::kDeveloper, std::move(text)); }
Message user(std::string text) { return text_message(Role::kUser, std::move(text)); }
Message assistant(std::string text) { return text_message(Role::kAssistant, std::move(text)); }

Message tool_result(std::string tool_call_id, std::string tool_name, std::string text) {
  ToolResultPart result{.tool_call_id = std::move(tool_call_id), .tool_name = std::move(tool_name)};
  result.content.push_back(text_part(std::move(text)));
  Message message{.role = Role::kTool};
  message.parts.push_back({std::move(result)});
  return message;
}

}  // namespace tracia::llm
