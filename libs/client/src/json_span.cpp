// A span of the caller's own: span's reader does the work, over a body with names as the wire has them.
#include <algorithm>
#include <array>

#include "json_fields.h"
#include "tracia/base/ids.h"
#include "tracia/client/json.h"
#include "tracia/json/writer.h"

namespace tracia {
inline namespace v0 {
namespace {

using json::Value;

constexpr std::array<std::string_view, 44> kSpanFields{"span_id",
                                                       "trace_id",
                                                       "parent_span_id",
                                                       "span_kind",
                                                       "name",
                                                       "model",
                                                       "provider",
                                                       "status",
                                                       "error",
                                                       "start_time",
                                                       "latency_ms",
                                                       "time_to_first_token_ms",
                                                       "input",
                                                       "variables",
                                                       "output",
                                                       "structured_output",
                                                       "tools",
                                                       "tool_calls",
                                                       "finish_reason",
                                                       "provider_finish_reason",
                                                       "input_tokens",
                                                       "output_tokens",
                                                       "total_tokens",
                                                       "cached_input_tokens",
                                                       "cache_write_tokens",
                                                       "cache_write_1h_tokens",
                                                       "reasoning_tokens",
                                                       "input_audio_tokens",
                                                       "output_audio_tokens",
                                                       "usage_raw",
                                                       "cost_status",
                                                       "temperature",
                                                       "top_p",
                                                       "max_output_tokens",
                                                       "tags",
                                                       "user_id",
                                                       "session_id",
                                                       "prompt_slug",
                                                       "prompt_version",
                                                       "label",
                                                       "experiment_id",
                                                       "variant",
                                                       "attempts",
                                                       "attributes"};

// Writes what was given under its wire name, and what a span cannot be without.
Result<std::string> wire_body(const Value& root) {
  client::InputFields fields(root, "");
  json::Writer w;
  w.begin_object();
  for (const std::string_view name : kSpanFields) {
    if (const Value value = fields.get(name)) w.field_raw(client::camel_case(name), value.to_json());
  }
  // A call of a model is known by its model; anything else needs a name. A masked span comes back without one.
  std::string name;
  if (!fields.get("model")) fields.required_text("name", name);
  if (!fields.get("span_id")) w.field("spanId", new_span_id());
  // The wire's own default, LLM, asks for a model and a provider.
  if (!fields.get("span_kind") && !fields.get("model")) w.field("spanKind", "OTHER");
  if (!fields.get("status")) w.field("status", fields.get("error") ? "ERROR" : "SUCCESS");
  if (!fields.get("latency_ms")) w.field("latencyMs", 0);
  if (!fields.get("input")) w.key("input").begin_object().end_object();
  TRACIA_TRY(fields.finish());
  return w.end_object().take();
}

// The reader names fields as the wire does; who wrote this input knows them in snake_case.
Error in_snake_case(Error error) {
  constexpr std::string_view kMissing = "Missing required field: ";
  const size_t from = error.message.starts_with(kMissing) ? kMissing.size() : 0;
  const size_t end = std::min(error.message.find_first_of(" [.", from), error.message.size());
  const std::string_view word = std::string_view(error.message).substr(from, end - from);
  for (const std::string_view name : kSpanFields) {
    if (!client::is_camel_case(word, name)) continue;
    error.message.replace(from, end - from, name);
    break;
  }
  return error;
}

}  // namespace

Result<span::Span> read_span(std::string_view json) {
  const auto input = client::parse_input(json, "span");
  if (!input) return fail(input.error());
  const auto body = wire_body(input->root);
  if (!body) return fail(body.error());
  json::Document document;
  const auto root = document.parse(*body);
  if (!root) return fail(root.error());
  auto span = span::from_json(*root);
  if (!span) return fail(in_snake_case(std::move(span).error()));
  return span;
}

}  // namespace v0
}  // namespace tracia
