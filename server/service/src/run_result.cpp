#include "run_result.h"

#include <utility>

#include "tracia/json/reader.h"
#include "tracia/json/writer.h"
#include "tracia/span/messages.h"

namespace tracia::service {
namespace {

void text_or_null(json::Writer& w, std::string_view name, std::string_view text) {
  w.key(name);
  text.empty() ? w.null() : w.value(text);
}

template <typename T>
void value_or_null(json::Writer& w, std::string_view name, const std::optional<T>& value) {
  w.key(name);
  value ? w.value(*value) : w.null();
}

void write_usage(json::Writer& w, const llm::Usage& usage) {
  const int64_t input = usage.input_tokens.value_or(0), output = usage.output_tokens.value_or(0);
  w.key("usage").begin_object();
  w.field("inputTokens", input).field("outputTokens", output);
  w.field("totalTokens", usage.total_tokens.value_or(input + output));
  value_or_null(w, "cachedInputTokens", usage.cached_input_tokens);
  value_or_null(w, "cacheWriteTokens", usage.cache_write_tokens);
  value_or_null(w, "cacheWrite1hTokens", usage.cache_write_1h_tokens);
  value_or_null(w, "reasoningTokens", usage.reasoning_tokens);
  value_or_null(w, "inputAudioTokens", usage.input_audio_tokens);
  value_or_null(w, "outputAudioTokens", usage.output_audio_tokens);
  w.end_object();
}

// The answer as an object; "null" when it is none.
std::string_view structured(const span::Span& span) {
  const std::string_view text = span.structured_output_json;
  const size_t start = text.find_first_not_of(" \t\r\n");
  return start != std::string_view::npos && text[start] == '{' ? text : "null";
}

void write_messages(json::Writer& w, std::string list, const llm::Message& answer) {
  list.pop_back();
  if (list.size() > 1) list.push_back(',');
  list.append(span::message_json(answer)).push_back(']');
  w.field_raw("messages", list);
}

}  // namespace

std::string begin_result(const llm::ChatCall& call, std::string sent, const store::NewSpan& in) {
  const span::Span& span = in.span;
  const std::string text = span.output.value_or("");
  json::Writer w;
  w.begin_object().key("text");
  text.empty() && !span.tool_calls_json.empty() ? w.null() : w.value(text);
  w.field("spanId", span.span_id).field("traceId", span.trace_id);
  value_or_null(w, "promptVersion", span.prompt_version);
  text_or_null(w, "label", span.label);
  text_or_null(w, "experimentId", span.experiment_id);
  text_or_null(w, "variant", span.variant);
  w.field("provider", span.provider).field("model", span.model).field("latencyMs", span.latency_ms);
  value_or_null(w, "timeToFirstTokenMs", span.time_to_first_token_ms);
  write_usage(w, span.usage);
  const bool known = in.cost && in.cost_status != llm::CostStatus::kUnknown;
  w.field("cost", known ? in.cost->to_double() : 0.0);
  w.field("costStatus", llm::cost_status_name(in.cost_status));
  text_or_null(w, "finishReason", span.finish_reason);
  text_or_null(w, "providerFinishReason", span.provider_finish_reason);
  w.field_raw("toolCalls", span.tool_calls_json);
  w.field_raw("structuredOutput", structured(span));
  write_messages(w, std::move(sent), call.result().message);
  return w.take();
}

std::string finish_result(std::string begun, bool span_stored) {
  begun.append(span_stored ? R"(,"spanStored":true})" : R"(,"spanStored":false})");
  return begun;
}

std::string provider_extra(const Error& error, std::string_view provider, std::string_view span_id) {
  json::Writer w;
  w.begin_object().field("name", provider).key("status");
  error.status > 0 ? w.value(error.status) : w.null();
  text_or_null(w, "requestId", error.provider.request_id);
  w.end_object();
  std::string extra = "\"provider\":" + w.str();
  if (!span_id.empty()) extra.append(",\"spanId\":").append(json::quoted(span_id));
  return extra;
}

}  // namespace tracia::service
