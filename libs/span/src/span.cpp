// Writing spans, and making them fit to be sent.
#include "tracia/span/span.h"

#include <algorithm>
#include <array>

#include "append.h"
#include "fields.h"
#include "tracia/base/ids.h"

namespace tracia::span {
namespace {

constexpr std::array<std::string_view, 8> kKinds{"LLM",       "EMBEDDING", "ROOT",  "TOOL",
                                                 "RETRIEVAL", "CHAIN",     "AGENT", "OTHER"};

void append_usage(const llm::Usage& usage, ObjectAppender& object) {
  object.integer("inputTokens", usage.input_tokens);
  object.integer("outputTokens", usage.output_tokens);
  object.integer("totalTokens", usage.total_tokens);
  object.integer("cachedInputTokens", usage.cached_input_tokens);
  object.integer("cacheWriteTokens", usage.cache_write_tokens);
  object.integer("cacheWrite1hTokens", usage.cache_write_1h_tokens);
  object.integer("reasoningTokens", usage.reasoning_tokens);
  object.integer("inputAudioTokens", usage.input_audio_tokens);
  object.integer("outputAudioTokens", usage.output_audio_tokens);
}

void append_attempt(const Attempt& attempt, std::string& out) {
  ObjectAppender object(out);
  object.text("provider", attempt.provider);
  object.text("model", attempt.model);
  object.integer("status", attempt.status);
  object.text_if("errorCode", attempt.error_code);
  object.text_if("errorKind", attempt.error_kind);
  object.text_if("message", attempt.message);
  object.integer("startOffsetMs", attempt.start_offset_ms);
  object.integer("latencyMs", attempt.latency_ms);
  object.text_if("requestId", attempt.request_id);
  object.close();
}

void append_origin(const Span& span, ObjectAppender& object) {
  if (!span.tags.empty()) {
    ArrayAppender tags(object.key("tags"));
    for (const std::string& tag : span.tags) json::append_quoted(tags.next(), tag);
    tags.close();
  }
  object.text_if("userId", span.user_id);
  object.text_if("sessionId", span.session_id);
  object.text_if("promptSlug", span.prompt_slug);
  object.integer("promptVersion", span.prompt_version);
  object.text_if("label", span.label);
  object.text_if("experimentId", span.experiment_id);
  object.text_if("variant", span.variant);
  if (!span.attempts.empty()) {
    ArrayAppender attempts(object.key("attempts"));
    for (const Attempt& attempt : span.attempts) append_attempt(attempt, attempts.next());
    attempts.close();
  }
}

size_t json_bytes(const Span& span) {
  return 640 + span.input_json.size() + span.variables_json.size() + (span.output ? span.output->size() : 0) +
         span.structured_output_json.size() + span.tools_json.size() + span.tool_calls_json.size() +
         span.usage_raw_json.size() + span.attributes_json.size() + span.error.size() + 256 * span.attempts.size();
}

void cut(std::string& text, size_t chars_max) {
  if (text.size() > chars_max) text.resize(chars_prefix(text, chars_max).size());
}

void drop_outside(std::optional<int64_t>& n, int64_t min, int64_t max) {
  if (n && (*n < min || *n > max)) n.reset();
}
void drop_outside(std::optional<double>& n, double max) {
  if (n && !(*n >= 0 && *n <= max)) n.reset();
}

void fit_usage(llm::Usage& usage) {
  for (auto* count : {&usage.input_tokens, &usage.output_tokens, &usage.total_tokens, &usage.cached_input_tokens,
                      &usage.cache_write_tokens, &usage.cache_write_1h_tokens, &usage.reasoning_tokens,
                      &usage.input_audio_tokens, &usage.output_audio_tokens}) {
    drop_outside(*count, 0, limits::kTokensMax);
  }
}

void fit_attempt(Attempt& attempt) {
  cut(attempt.provider, limits::kProviderCharsMax);
  cut(attempt.model, limits::kModelCharsMax);
  cut(attempt.error_code, limits::kAttemptWordCharsMax);
  cut(attempt.error_kind, limits::kAttemptWordCharsMax);
  cut(attempt.message, limits::kAttemptMessageCharsMax);
  cut(attempt.request_id, limits::kAttemptWordCharsMax);
  if (attempt.status < 0 || attempt.status > limits::kHttpStatusMax) attempt.status = 0;
  attempt.start_offset_ms = std::clamp<int64_t>(attempt.start_offset_ms, 0, limits::kDurationMsMax);
  attempt.latency_ms = std::clamp<int64_t>(attempt.latency_ms, 0, limits::kDurationMsMax);
}

}  // namespace

std::string_view kind_name(Kind kind) { return kKinds[static_cast<size_t>(kind)]; }

std::optional<Kind> kind_from_name(std::string_view name) {
  for (size_t i = 0; i < kKinds.size(); ++i) {
    if (kKinds[i] == name) return static_cast<Kind>(i);
  }
  return std::nullopt;
}

std::string to_json(const Span& span) {
  std::string out;
  append_json(span, out);
  return out;
}

void append_json(const Span& span, std::string& out) {
  // Amortised: one exact reserve() per span would copy a growing batch again and again.
  const size_t needed = out.size() + json_bytes(span);
  if (needed > out.capacity()) out.reserve(std::max(needed, out.capacity() * 2));
  ObjectAppender object(out);
  object.text("spanId", span.span_id);
  object.text_if("traceId", span.trace_id);
  object.text_if("parentSpanId", span.parent_span_id);
  object.text("spanKind", kind_name(span.kind));
  object.text_if("name", span.name);
  object.text_if("model", span.model);
  object.text_if("provider", span.provider);
  if (opens_with(span.input_json, '{')) {
    append_raw(object.key("input"), span.input_json);
  } else {
    object.key("input").append("{}");
  }
  object.object_if("variables", span.variables_json);
  if (span.output) object.text("output", *span.output);
  object.object_if("structuredOutput", span.structured_output_json);
  object.text("status", span.status == SpanStatus::kSuccess ? "SUCCESS" : "ERROR");
  object.text_if("error", span.error);
  if (span.start_time) object.text("startTime", format_rfc3339_micros(*span.start_time));
  object.integer("latencyMs", span.latency_ms);
  object.integer("timeToFirstTokenMs", span.time_to_first_token_ms);
  append_usage(span.usage, object);
  object.object_if("usageRaw", span.usage_raw_json);
  object.text_if("costStatus", span.cost_status);
  object.text_if("finishReason", span.finish_reason);
  object.text_if("providerFinishReason", span.provider_finish_reason);
  object.number("temperature", span.temperature);
  object.number("topP", span.top_p);
  object.integer("maxOutputTokens", span.max_output_tokens);
  object.array_if("tools", span.tools_json);
  object.array_if("toolCalls", span.tool_calls_json);
  append_origin(span, object);
  object.object_if("attributes", span.attributes_json);
  object.close();
}

void fit(Span& span) {
  cut(span.name, limits::kNameCharsMax);
  cut(span.model, limits::kModelCharsMax);
  cut(span.provider, limits::kProviderCharsMax);
  cut(span.error, limits::kErrorCharsMax);
  cut(span.provider_finish_reason, limits::kFinishReasonCharsMax);
  cut(span.user_id, limits::kUserIdCharsMax);
  cut(span.session_id, limits::kSessionIdCharsMax);
  cut(span.experiment_id, limits::kExperimentIdCharsMax);
  cut(span.variant, limits::kVariantCharsMax);
  if (!is_valid_trace_id(span.trace_id)) span.trace_id.clear();
  if (!is_valid_span_id(span.parent_span_id)) span.parent_span_id.clear();
  if (span.start_time && span.start_time->micros < 0) span.start_time.reset();
  if (span.prompt_slug.size() > limits::kSlugCharsMax || !is_slug(span.prompt_slug)) span.prompt_slug.clear();
  if (span.label.size() > limits::kLabelCharsMax || !is_slug(span.label)) span.label.clear();
  if (span.finish_reason == "length") span.finish_reason = "max_tokens";
  if (!is_one_of(span.finish_reason, {"stop", "tool_calls", "max_tokens"})) span.finish_reason.clear();
  if (!is_one_of(span.cost_status, {"exact", "estimated", "unknown"})) span.cost_status.clear();
  std::erase_if(span.tags, [](const std::string& tag) { return tag.empty(); });
  if (span.tags.size() > limits::kTagsMax) span.tags.resize(limits::kTagsMax);
  for (std::string& tag : span.tags) cut(tag, limits::kTagCharsMax);
  if (span.attempts.size() > limits::kAttemptsMax) span.attempts.resize(limits::kAttemptsMax);
  for (Attempt& attempt : span.attempts) fit_attempt(attempt);
  span.latency_ms = std::clamp<int64_t>(span.latency_ms, 0, limits::kDurationMsMax);
  drop_outside(span.time_to_first_token_ms, 0, limits::kDurationMsMax);
  drop_outside(span.max_output_tokens, 1, limits::kTokensMax);
  drop_outside(span.prompt_version, 1, limits::kVersionMax);
  drop_outside(span.temperature, 2);
  drop_outside(span.top_p, 1);
  fit_usage(span.usage);
}

}  // namespace tracia::span
