// Reading spans from the wire: every field checked, the first thing wrong reported.
#include <array>

#include "fields.h"
#include "tracia/base/bytes.h"
#include "tracia/base/ids.h"
#include "tracia/span/span.h"

namespace tracia::span {
namespace {

bool calls_a_model(Kind kind) { return kind == Kind::kLlm || kind == Kind::kEmbedding; }

void read_span_id(Fields& fields, std::string_view name, std::string& out) {
  fields.text(name, out, 64);
  if (!fields.ok() || !fields.get(name)) return;
  if (!is_valid_span_id(out)) return fields.fail(name, "must be sp_ and 16 hexadecimal digits");
  out = ascii_lower(out);
}

void read_ids(Fields& fields, Span& span) {
  fields.require("spanId");
  read_span_id(fields, "spanId", span.span_id);
  fields.text("traceId", span.trace_id, 128);
  if (fields.ok() && fields.get("traceId") && !is_valid_trace_id(span.trace_id)) {
    fields.fail("traceId", "must be 1 to 128 printable ASCII characters");
  }
  read_span_id(fields, "parentSpanId", span.parent_span_id);
}

void read_kind_and_model(Fields& fields, Span& span) {
  std::string word;
  fields.text("spanKind", word, 64);
  if (fields.ok() && fields.get("spanKind")) {
    const auto kind = kind_from_name(word);
    if (!kind) {
      return fields.fail("spanKind", "must be LLM, EMBEDDING, ROOT, TOOL, RETRIEVAL, CHAIN, AGENT or OTHER");
    }
    span.kind = *kind;
  }
  fields.text("name", span.name, limits::kNameCharsMax);
  if (calls_a_model(span.kind)) {
    fields.required_text("model", span.model, limits::kModelCharsMax);
    fields.required_text("provider", span.provider, limits::kProviderCharsMax);
  } else {
    fields.text("model", span.model, limits::kModelCharsMax);
    fields.text("provider", span.provider, limits::kProviderCharsMax);
  }
  span.provider = ascii_lower(span.provider);
}

void read_outcome(Fields& fields, Span& span) {
  const auto status = fields.require("status").string();
  if (fields.ok() && (!status || !is_one_of(*status, {"SUCCESS", "ERROR"}))) {
    fields.fail("status", "must be SUCCESS or ERROR");
  }
  if (status == "ERROR") span.status = SpanStatus::kError;
  fields.text("error", span.error, limits::kErrorCharsMax);
  std::string text;
  fields.text("startTime", text, 64);
  if (fields.ok() && fields.get("startTime")) {
    span.start_time = parse_rfc3339(text);
    if (!span.start_time || span.start_time->micros < 0) fields.fail("startTime", "must be an RFC 3339 time");
  }
  fields.require("latencyMs");
  std::optional<int64_t> latency;
  fields.integer("latencyMs", latency, 0, limits::kDurationMsMax);
  span.latency_ms = latency.value_or(0);
  fields.integer("timeToFirstTokenMs", span.time_to_first_token_ms, 0, limits::kDurationMsMax);
}

void read_finish(Fields& fields, Span& span) {
  fields.text("finishReason", span.finish_reason, 64);
  if (span.finish_reason == "length") span.finish_reason = "max_tokens";
  if (fields.ok() && fields.get("finishReason") &&
      !is_one_of(span.finish_reason, {"stop", "tool_calls", "max_tokens"})) {
    fields.fail("finishReason", "must be stop, tool_calls or max_tokens");
  }
  fields.text("providerFinishReason", span.provider_finish_reason, limits::kFinishReasonCharsMax);
  fields.text("costStatus", span.cost_status, 64);
  if (fields.ok() && fields.get("costStatus") && !is_one_of(span.cost_status, {"exact", "estimated", "unknown"})) {
    fields.fail("costStatus", "must be exact, estimated or unknown");
  }
}

void read_usage(Fields& fields, llm::Usage& usage) {
  const auto count = [&](std::string_view name, std::optional<int64_t>& out) {
    fields.integer(name, out, 0, limits::kTokensMax);
  };
  count("inputTokens", usage.input_tokens);
  count("outputTokens", usage.output_tokens);
  count("totalTokens", usage.total_tokens);
  count("cachedInputTokens", usage.cached_input_tokens);
  count("cacheWriteTokens", usage.cache_write_tokens);
  count("cacheWrite1hTokens", usage.cache_write_1h_tokens);
  count("reasoningTokens", usage.reasoning_tokens);
  count("inputAudioTokens", usage.input_audio_tokens);
  count("outputAudioTokens", usage.output_audio_tokens);
}

// An array of objects that each have a name, kept as JSON text.
void read_named_objects(Fields& fields, std::string_view name, size_t count_max, std::string& out) {
  const json::Value value = fields.get(name);
  if (!fields.ok() || !value) return;
  if (!value.is_array()) return fields.fail(name, "must be an array");
  size_t count = 0;
  for (const json::Value item : value.items()) {
    if (++count > count_max) return fields.fail(name, "must have at most " + std::to_string(count_max) + " entries");
    if (!item["name"].is_string()) return fields.fail(name, "must be objects that each have a name");
  }
  if (count > 0) out = value.to_json();
}

void read_tags(Fields& fields, std::vector<std::string>& tags) {
  const json::Value value = fields.get("tags");
  if (!fields.ok() || !value) return;
  if (!value.is_array()) return fields.fail("tags", "must be an array of strings");
  for (const json::Value item : value.items()) {
    const auto tag = item.string();
    if (!tag) return fields.fail("tags", "must be an array of strings");
    if (tag->empty() || count_chars(*tag) > limits::kTagCharsMax) {
      return fields.fail("tags", "must have 1 to " + std::to_string(limits::kTagCharsMax) + " characters each");
    }
    if (tags.size() == limits::kTagsMax) {
      return fields.fail("tags", "must be at most " + std::to_string(limits::kTagsMax));
    }
    tags.emplace_back(*tag);
  }
}

void read_slug(Fields& fields, std::string_view name, std::string& out, size_t chars_max) {
  fields.text(name, out, chars_max);
  if (fields.ok() && fields.get(name) && !is_slug(out)) {
    fields.fail(name, "must be lower-case letters, digits, '-' and '_'");
  }
}

void read_origin(Fields& fields, Span& span) {
  read_tags(fields, span.tags);
  fields.word("userId", span.user_id, limits::kUserIdCharsMax);
  fields.word("sessionId", span.session_id, limits::kSessionIdCharsMax);
  read_slug(fields, "promptSlug", span.prompt_slug, limits::kSlugCharsMax);
  fields.integer("promptVersion", span.prompt_version, 1, limits::kVersionMax);
  read_slug(fields, "label", span.label, limits::kLabelCharsMax);
  fields.word("experimentId", span.experiment_id, limits::kExperimentIdCharsMax);
  fields.word("variant", span.variant, limits::kVariantCharsMax);
}

Attempt read_attempt(Fields& fields) {
  Attempt attempt;
  fields.required_text("provider", attempt.provider, limits::kProviderCharsMax);
  fields.required_text("model", attempt.model, limits::kModelCharsMax);
  fields.text("errorCode", attempt.error_code, limits::kAttemptWordCharsMax);
  fields.text("errorKind", attempt.error_kind, limits::kAttemptWordCharsMax);
  fields.text("message", attempt.message, limits::kAttemptMessageCharsMax);
  fields.text("requestId", attempt.request_id, limits::kAttemptWordCharsMax);
  std::optional<int64_t> http_status, offset, latency;
  fields.require("status");
  fields.integer("status", http_status, 0, limits::kHttpStatusMax);
  fields.require("startOffsetMs");
  fields.integer("startOffsetMs", offset, 0, limits::kDurationMsMax);
  fields.require("latencyMs");
  fields.integer("latencyMs", latency, 0, limits::kDurationMsMax);
  attempt.status = static_cast<int>(http_status.value_or(0));
  attempt.start_offset_ms = offset.value_or(0);
  attempt.latency_ms = latency.value_or(0);
  attempt.provider = ascii_lower(attempt.provider);
  return attempt;
}

void read_attempts(Fields& fields, std::vector<Attempt>& attempts) {
  const json::Value value = fields.get("attempts");
  if (!fields.ok() || !value) return;
  if (!value.is_array()) return fields.fail("attempts", "must be an array");
  for (const json::Value item : value.items()) {
    if (attempts.size() == limits::kAttemptsMax) {
      return fields.fail("attempts", "must be at most " + std::to_string(limits::kAttemptsMax));
    }
    const std::string place = "attempts[" + std::to_string(attempts.size()) + "]";
    if (!item.is_object()) return fields.fail(place, "must be an object");
    Fields inner(item, place + ".");
    attempts.push_back(read_attempt(inner));
    if (const Status status = inner.status(); !status) return fields.fail(status.error());
  }
}

}  // namespace

Result<Span> from_json(const json::Value& value) {
  if (!value.is_object()) return tracia::fail(Error::invalid("A span must be a JSON object"));
  if (value.size() > limits::kMembersMax) {
    return tracia::fail(Error::invalid("A span must have at most " + std::to_string(limits::kMembersMax) + " members"));
  }
  Fields fields(value, "");
  Span span;
  read_ids(fields, span);
  read_kind_and_model(fields, span);
  fields.require("input");
  fields.object("input", span.input_json);
  read_outcome(fields, span);
  fields.object("variables", span.variables_json);
  if (const json::Value output = fields.get("output"); output && fields.ok()) {
    const auto text = output.string();
    if (!text) {
      fields.fail("output", "must be a string");
    } else {
      span.output.emplace(*text);
    }
  }
  fields.object("structuredOutput", span.structured_output_json);
  read_usage(fields, span.usage);
  fields.object("usageRaw", span.usage_raw_json);
  read_finish(fields, span);
  fields.number("temperature", span.temperature, 0, 2);
  fields.number("topP", span.top_p, 0, 1);
  fields.integer("maxOutputTokens", span.max_output_tokens, 1, limits::kTokensMax);
  read_named_objects(fields, "tools", limits::kToolsMax, span.tools_json);
  read_named_objects(fields, "toolCalls", limits::kToolCallsMax, span.tool_calls_json);
  read_origin(fields, span);
  read_attempts(fields, span.attempts);
  fields.object("attributes", span.attributes_json);
  if (const Status status = fields.status(); !status) return tracia::fail(status.error());
  return span;
}

}  // namespace tracia::span
