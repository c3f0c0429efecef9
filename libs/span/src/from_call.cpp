#include "tracia/span/from_call.h"

#include "tracia/json/writer.h"

namespace tracia::span {

void describe_call(const llm::Call& call, Timestamp started, Span& span) {
  span.model = call.target().model;
  span.provider = std::string(llm::provider_name(call.target().provider));
  span.start_time = started;
  span.latency_ms = call.latency().count();
  if (call.error()) {
    span.status = SpanStatus::kError;
    span.error = call.error()->message;
  }
  for (const llm::AttemptRecord& attempt : call.attempts()) {
    Attempt out{.provider = attempt.provider,
                .model = attempt.model,
                .status = attempt.status,
                .request_id = attempt.request_id,
                .start_offset_ms = attempt.start_offset.count(),
                .latency_ms = attempt.latency.count()};
    if (attempt.error) {
      out.error_code = std::string(error_code_name(attempt.error->code));
      out.error_kind = std::string(error_kind_name(attempt.error->kind));
      out.message = attempt.error->message;
    }
    span.attempts.push_back(std::move(out));
  }
}

void describe_chat(const llm::ChatCall& call, const llm::ChatRequest& request, std::string text, Span& span) {
  const llm::ChatResult& chat = call.result();
  if (!text.empty() || !call.error()) span.output = std::move(text);
  if (!request.tools.empty()) span.tools_json = tools_json(request.tools);
  if (const auto calls = chat.tool_calls(); !calls.empty()) span.tool_calls_json = tool_calls_json(calls);
  if (chat.finish_reason != llm::FinishReason::kUnknown)
    span.finish_reason = std::string(llm::finish_reason_wire_name(chat.finish_reason));
  span.provider_finish_reason = chat.provider_finish_reason;
  if (request.response_format.type != llm::ResponseFormat::Type::kText && span.output && json::is_valid(*span.output))
    span.structured_output_json = *span.output;
  span.usage = chat.usage;
  span.usage_raw_json = chat.raw_usage.json;
  span.temperature = request.temperature;
  span.top_p = request.top_p;
  span.max_output_tokens = request.max_output_tokens;
  if (const auto first = call.time_to_first_event()) span.time_to_first_token_ms = first->count();
  if (const std::string reasoning = chat.reasoning_text(); !reasoning.empty()) {
    span.attributes_json = json::Writer().begin_object().field("tracia.reasoning", reasoning).end_object().take();
  }
}

void mark_aborted(Span& span) {
  span.status = SpanStatus::kSuccess;
  span.error.clear();
  span.attributes_json = R"({"tracia.aborted":true})";
}

}  // namespace tracia::span
