#include "span_parts.h"

#include "tracia/json/writer.h"
#include "tracia/span/from_call.h"

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
  span::describe_call(call, started, span);
  span.tags = context.tags;
  span.user_id = context.user_id;
  span.session_id = context.session_id;
  return span;
}

}  // namespace tracia::client
