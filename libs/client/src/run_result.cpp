#include "run_result.h"

#include "tracia/span/messages.h"

namespace tracia::client {

using json::Value;

namespace {

FinishReason finish_reason(std::string_view word) {
  if (word == "stop") return FinishReason::kStop;
  if (word == "tool_calls") return FinishReason::kToolCalls;
  return word == "max_tokens" || word == "length" ? FinishReason::kLength : FinishReason::kUnknown;
}

// Arguments that are no JSON object (cut off, or free text) are sent as a string.
std::string text_or_json(const Value& value) { return value.is_string() ? value.text() : value.to_json(); }

}  // namespace

std::string json_or_empty(const json::Value& value) { return value.is_missing_or_null() ? "" : value.to_json(); }

Result<RunResult> read_run(const Value& v) {
  RunResult out{.span_id = v["spanId"].text(),
                .trace_id = v["traceId"].text(),
                .prompt_version = v["promptVersion"].integer().value_or(0),
                .latency_ms = v["latencyMs"].integer().value_or(0),
                .cost = v["cost"].number().value_or(0),
                .cost_status = v["costStatus"].text(),
                .finish_reason = finish_reason(v["finishReason"].string_or("")),
                .provider_finish_reason = v["providerFinishReason"].text(),
                .structured_output = json_or_empty(v["structuredOutput"]),
                .span_stored = v["spanStored"].boolean_or(true),
                .provider = v["provider"].text(),
                .model = v["model"].text(),
                .label = v["label"].text(),
                .time_to_first_token_ms = v["timeToFirstTokenMs"].integer()};
  if (const auto text = v["text"].string()) out.text = std::string(*text);
  const Value usage = v["usage"];
  out.usage = {.input_tokens = usage["inputTokens"].integer().value_or(0),
               .output_tokens = usage["outputTokens"].integer().value_or(0),
               .total_tokens = usage["totalTokens"].integer().value_or(0),
               .cached_input_tokens = usage["cachedInputTokens"].integer(),
               .cache_write_tokens = usage["cacheWriteTokens"].integer(),
               .reasoning_tokens = usage["reasoningTokens"].integer()};
  for (const Value call : v["toolCalls"].items()) {
    out.tool_calls.push_back(
        {.id = call["id"].text(), .name = call["name"].text(), .arguments = text_or_json(call["arguments"])});
  }
  if (v["messages"].is_array()) {
    auto messages = span::messages_from_json(v["messages"]);
    if (!messages) return fail(std::move(messages).error());
    out.messages = std::move(*messages);
  }
  return out;
}

}  // namespace tracia::client
