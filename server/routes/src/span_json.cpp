#include "span_json.h"

#include "request_json.h"
#include "tracia/llm/catalog.h"
#include "tracia/service/evaluators.h"

namespace tracia::routes {
namespace {

// JSON text as it is stored; `empty` stands for none.
void write_raw(json::Writer& w, std::string_view name, std::string_view json, std::string_view empty = "null") {
  w.field_raw(name, json.empty() ? empty : json);
}

void write_texts(json::Writer& w, std::string_view name, const std::vector<std::string>& texts) {
  w.key(name).begin_array();
  for (const std::string& text : texts) w.value(text);
  w.end_array();
}

// What the prompt is called now; spans of no stored prompt keep the slug that they gave.
void write_prompt_slug(json::Writer& w, const store::StoredSpan& span, const service::ControlCache& cache) {
  const auto prompt = span.prompt_id.empty() ? nullptr : cache.prompt_by_id(span.prompt_id);
  write_text_or_null(w, "promptSlug", prompt ? prompt->slug : span.span.prompt_slug);
}

void write_attempt(json::Writer& w, const span::Attempt& attempt) {
  w.begin_object();
  w.field("provider", attempt.provider).field("model", attempt.model).field("status", attempt.status);
  w.field_if("errorCode", attempt.error_code).field_if("errorKind", attempt.error_kind);
  w.field_if("message", attempt.message);
  w.field("startOffsetMs", attempt.start_offset_ms).field("latencyMs", attempt.latency_ms);
  w.field_if("requestId", attempt.request_id);
  w.end_object();
}

void write_usage_parts(json::Writer& w, const llm::Usage& usage) {
  write_or_null(w, "cachedInputTokens", usage.cached_input_tokens);
  write_or_null(w, "cacheWriteTokens", usage.cache_write_tokens);
  write_or_null(w, "cacheWrite1hTokens", usage.cache_write_1h_tokens);
  write_or_null(w, "reasoningTokens", usage.reasoning_tokens);
  write_or_null(w, "inputAudioTokens", usage.input_audio_tokens);
  write_or_null(w, "outputAudioTokens", usage.output_audio_tokens);
}

void write_payload_members(json::Writer& w, const span::Span& span) {
  write_raw(w, "input", span.input_json, "{}");
  write_raw(w, "variables", span.variables_json);
  write_or_null(w, "output", span.output);
  write_raw(w, "structuredOutput", span.structured_output_json);
  write_text_or_null(w, "error", span.error);
  write_usage_parts(w, span.usage);
  write_raw(w, "usageRaw", span.usage_raw_json);
  write_text_or_null(w, "providerFinishReason", span.provider_finish_reason);
  write_or_null(w, "temperature", span.temperature);
  write_or_null(w, "topP", span.top_p);
  write_or_null(w, "maxOutputTokens", span.max_output_tokens);
  write_raw(w, "tools", span.tools_json);
  write_raw(w, "toolCalls", span.tool_calls_json);
  write_text_or_null(w, "experimentId", span.experiment_id);
  write_text_or_null(w, "variant", span.variant);
  w.key("attempts").begin_array();
  for (const span::Attempt& attempt : span.attempts) write_attempt(w, attempt);
  w.end_array();
  write_raw(w, "attributes", span.attributes_json, "{}");
}

}  // namespace

void write_cost(json::Writer& w, const std::optional<llm::Decimal>& cost) {
  w.field_raw("cost", cost ? cost->to_string() : "null");
}

void write_summary_members(json::Writer& w, const store::StoredSpan& stored, const service::ControlCache& cache) {
  const span::Span& span = stored.span;
  w.field("id", stored.id()).field("spanId", span.span_id).field("traceId", span.trace_id);
  write_text_or_null(w, "parentSpanId", span.parent_span_id);
  w.field("spanKind", span::kind_name(span.kind));
  write_text_or_null(w, "name", span.name);
  write_prompt_slug(w, stored, cache);
  write_or_null(w, "promptVersion", span.prompt_version);
  write_text_or_null(w, "label", span.label);
  write_text_or_null(w, "provider", span.provider);
  write_text_or_null(w, "model", span.model);
  w.field("status", span.status == span::SpanStatus::kSuccess ? "SUCCESS" : "ERROR");
  w.field("latencyMs", span.latency_ms);
  write_or_null(w, "timeToFirstTokenMs", span.time_to_first_token_ms);
  write_or_null(w, "inputTokens", span.usage.input_tokens);
  write_or_null(w, "outputTokens", span.usage.output_tokens);
  write_or_null(w, "totalTokens", span.usage.total_tokens);
  write_cost(w, stored.cost);
  w.field("costStatus", llm::cost_status_name(stored.cost_status));
  write_text_or_null(w, "finishReason", span.finish_reason);
  write_texts(w, "tags", span.tags);
  write_text_or_null(w, "userId", span.user_id);
  write_text_or_null(w, "sessionId", span.session_id);
  w.field("startTime", format_rfc3339_micros(stored.start()));
  w.field("createdAt", format_rfc3339_millis(stored.received));
}

std::string summary_json(const store::StoredSpan& span, const service::ControlCache& cache) {
  json::Writer w;
  w.begin_object();
  write_summary_members(w, span, cache);
  w.end_object();
  return w.take();
}

std::string span_json(const store::StoredSpan& span, const std::vector<store::Evaluation>& evaluations,
                      const service::ControlCache& cache) {
  json::Writer w;
  w.begin_object();
  write_summary_members(w, span, cache);
  write_payload_members(w, span.span);
  w.key("evaluations").begin_array();
  for (const store::Evaluation& evaluation : evaluations) write_evaluation(w, evaluation, cache);
  w.end_array();
  w.end_object();
  return w.take();
}

void write_evaluation(json::Writer& w, const store::Evaluation& evaluation, const service::ControlCache& cache) {
  w.begin_object();
  w.field("id", evaluation.id).field("evaluatorKey", evaluation.evaluator_key);
  w.field("evaluatorName", service::evaluator_name(cache, evaluation.project_id, evaluation.evaluator_key));
  w.field("value", evaluation.value).field("category", evaluation.category);
  w.field("source", evaluation.source);
  write_or_null(w, "note", evaluation.note);
  w.field("createdAt", format_rfc3339_millis(evaluation.created));
  w.end_object();
}

std::string evaluation_json(const store::Evaluation& evaluation, const service::ControlCache& cache) {
  json::Writer w;
  write_evaluation(w, evaluation, cache);
  return w.take();
}

void write_totals_members(json::Writer& w, const store::Totals& totals) {
  w.field("spanCount", totals.span_count).field("errorCount", totals.error_count);
  write_cost(w, totals.any_cost ? std::optional(totals.cost) : std::nullopt);
  w.field("costStatus", llm::cost_status_name(totals.cost_status));
  w.key("usage").begin_object();
  w.field("inputTokens", totals.usage.input_tokens.value_or(0));
  w.field("outputTokens", totals.usage.output_tokens.value_or(0));
  w.field("totalTokens", totals.usage.total_tokens.value_or(0));
  write_usage_parts(w, totals.usage);
  w.end_object();
}

}  // namespace tracia::routes
