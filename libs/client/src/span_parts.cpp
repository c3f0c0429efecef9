#include "span_parts.h"

#include "tracia/json/writer.h"

namespace tracia::client {

TokenUsage token_usage(const llm::Usage& usage) {
  TokenUsage out{.input_tokens = usage.input_tokens.value_or(0),
                 .output_tokens = usage.output_tokens.value_or(0),
                 .cached_input_tokens = usage.cached_input_tokens,
                 .cache_write_tokens = usage.cache_write_tokens,
                 .reasoning_tokens = usage.reasoning_tokens};
  out.total_tokens = usage.total_tokens.value_or(out.input_tokens + out.output_tokens);
  return out;
}

std::string variables_json(const Variables& variables) {
  json::Writer w;
  w.begin_object();
  for (const auto& [name, value] : variables) w.field(name, value);
  w.end_object();
  return w.take();
}

span::Span begin_span(const SpanContext& context, span::Kind kind, Timestamp started, const llm::Call& call) {
  span::Span span;
  span.span_id = context.span_id;
  span.trace_id = context.trace_id;
  span.parent_span_id = context.parent_span_id;
  span.kind = kind;
  span.name = context.name;
  span.model = call.target().model;
  span.provider = std::string(llm::provider_name(call.target().provider));
  span.start_time = started;
  span.latency_ms = call.latency().count();
  span.tags = context.tags;
  span.user_id = context.user_id;
  span.session_id = context.session_id;
  if (call.error()) {
    span.status = span::SpanStatus::kError;
    span.error = call.error()->message;
  }
  for (const llm::AttemptRecord& attempt : call.attempts()) {
    span::Attempt out{.provider = attempt.provider,
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
  return span;
}

}  // namespace tracia::client
