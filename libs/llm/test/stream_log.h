// A stream decoder's events, put down so that two readings of the same bytes can be compared: neighbouring deltas of
// one kind are one, since pieces may be cut anywhere.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tracia/llm/codec.h"

namespace tracia::llm::testing {

class StreamLog {
 public:
  EventSink sink() {
    return [this](const StreamEvent& event) { std::visit([this](const auto& e) { add(e); }, event); };
  }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  void add(const TextDelta& e) { extend("text ", e.text); }
  void add(const RefusalDelta& e) { extend("refusal ", e.text); }
  void add(const ReasoningDelta& e) { extend("reasoning ", e.text); }
  void add(const ToolCallDelta& e) {
    if (!e.id.empty() || !e.name.empty()) {
      lines_.push_back("call " + std::to_string(e.index) + " " + std::string(e.id) + " " + std::string(e.name));
    }
    extend("arguments " + std::to_string(e.index) + " ", e.arguments);
  }
  void add(const UsageUpdate& e) {
    lines_.push_back("usage " + std::to_string(e.usage.input_tokens.value_or(-1)) + " " +
                     std::to_string(e.usage.output_tokens.value_or(-1)));
  }
  void add(const Finish& e) {
    lines_.push_back("finish " + std::string(finish_reason_name(e.reason)) + " " + std::string(e.provider_reason));
  }
  void extend(const std::string& kind, std::string_view text) {
    if (text.empty()) return;
    if (lines_.empty() || !lines_.back().starts_with(kind)) lines_.push_back(kind);
    lines_.back().append(text);
  }
  std::vector<std::string> lines_;
};

// Everything a result says, as text.
inline std::string result_text(const ChatResult& result) {
  std::string out;
  const auto put = [&](std::string_view name, std::string_view value) {
    out.append(name).append("=").append(value).append("\n");
  };
  for (const Part& part : result.message.parts) {
    if (const auto* text = part.as<TextPart>()) put("text", text->text + "|" + text->annotations);
    if (const auto* call = part.as<ToolCallPart>()) put("call", call->id + "|" + call->name + "|" + call->arguments);
    if (const auto* image = part.as<ImagePart>()) put("image", image->mime_type + "|" + image->source.value);
    if (const auto* opaque = part.as<OpaquePart>()) put("opaque", opaque->json);
    if (const auto* reasoning = part.as<ReasoningPart>()) {
      put(reasoning->redacted ? "redacted" : "reasoning", reasoning->text + "|" + reasoning->signature);
    }
  }
  const auto number = [](const std::optional<int64_t>& n) { return n ? std::to_string(*n) : std::string("-"); };
  put("finish", std::string(finish_reason_name(result.finish_reason)) + "|" + result.provider_finish_reason);
  put("usage", number(result.usage.input_tokens) + "/" + number(result.usage.output_tokens) + "/" +
                   number(result.usage.total_tokens) + "/" + number(result.usage.cached_input_tokens) + "/" +
                   number(result.usage.cache_write_tokens) + "/" + number(result.usage.cache_write_1h_tokens));
  put("model", result.model);
  put("request", result.request_id);
  return out;
}

}  // namespace tracia::llm::testing
