// Results as JSON, in camelCase: the names by which the Python models know them.
#include "json_writers.h"
#include "prompt_json.h"
#include "tracia/client/json.h"
#include "tracia/span/messages.h"

namespace tracia {
namespace client {

void write_text_or_null(json::Writer& w, std::string_view name, std::string_view text) {
  w.key(name);
  if (text.empty()) {
    w.null();
  } else {
    w.value(text);
  }
}

void write_texts(json::Writer& w, std::string_view name, const std::vector<std::string>& texts) {
  w.key(name).begin_array();
  for (const std::string& text : texts) w.value(text);
  w.end_array();
}

void write_scalar(json::Writer& w, std::string_view name, const Scalar& scalar) {
  std::visit([&](const auto& value) { w.field(name, value); }, scalar.value());
}

void write_tool_choice(json::Writer& w, const ToolChoice& choice) {
  using Mode = ToolChoice::Mode;
  switch (choice.mode) {
    case Mode::kUnset: return;
    case Mode::kAuto: w.field("toolChoice", "auto"); return;
    case Mode::kNone: w.field("toolChoice", "none"); return;
    case Mode::kRequired: w.field("toolChoice", "required"); return;
    case Mode::kTool: w.key("toolChoice").begin_object().field("tool", choice.tool).end_object(); return;
  }
}

void write_prompt_message(json::Writer& w, const PromptMessage& message) {
  if (message.parts.empty()) {
    w.begin_object().field_if("id", message.id).field("role", message.role).field("content", message.content);
    w.end_object();
    return;
  }
  auto whole = message_of(message);
  if (!whole) {
    w.null();
    return;
  }
  // The conversation's writer knows ids of all but tools' messages.
  whole->id.clear();
  std::string text = span::message_json(*whole);
  if (!message.id.empty()) text.insert(1, "\"id\":" + json::quoted(message.id) + ",");
  w.raw(text);
}

}  // namespace client

inline namespace v0 {
namespace {

using client::write_or_null;
using client::write_prompt_message;
using client::write_text_or_null;
using client::write_texts;
using json::Writer;

void write_usage(Writer& w, const TokenUsage& usage) {
  w.key("usage").begin_object().field("inputTokens", usage.input_tokens).field("outputTokens", usage.output_tokens);
  w.field("totalTokens", usage.total_tokens);
  write_or_null(w, "cachedInputTokens", usage.cached_input_tokens);
  write_or_null(w, "cacheWriteTokens", usage.cache_write_tokens);
  write_or_null(w, "reasoningTokens", usage.reasoning_tokens);
  w.end_object();
}

std::string result_json(const RunLocalResult& result, bool with_items) {
  Writer w;
  w.begin_object().field("text", result.text).field("spanId", result.span_id).field("traceId", result.trace_id);
  w.field("latencyMs", result.latency_ms);
  write_usage(w, result.usage);
  write_or_null(w, "cost", result.cost);
  w.field("provider", result.provider).field("model", result.model);
  w.field_raw("toolCalls", span::tool_calls_json(result.tool_calls));
  write_text_or_null(w, "finishReason", llm::finish_reason_name(result.finish_reason));
  w.field_raw("message", span::message_json(result.message));
  w.field_raw("structuredOutput", result.structured_output);  // "" is null
  write_text_or_null(w, "reasoningText", result.reasoning_text);
  write_text_or_null(w, "refusal", result.refusal);
  write_or_null(w, "timeToFirstTokenMs", result.time_to_first_token_ms);
  w.field("attempts", result.attempts);
  write_text_or_null(w, "providerFinishReason", result.provider_finish_reason);
  write_text_or_null(w, "providerModel", result.provider_model);
  write_text_or_null(w, "requestId", result.request_id);
  w.field("aborted", result.aborted);
  if (with_items) {
    w.key("outputItems").begin_array();
    for (const std::string& item : result.output_items) w.raw(item);
    w.end_array();
  }
  return w.end_object().take();
}

void write_prompt_version(Writer& w, const FetchedPrompt& prompt) {
  const PromptVersion& version = prompt.version;
  w.key("version").begin_object().field("version", version.version).key("messages").begin_array();
  for (const PromptMessage& message : version.messages) write_prompt_message(w, message);
  w.end_array();
  write_text_or_null(w, "model", version.model);
  write_text_or_null(w, "provider", version.provider);
  write_or_null(w, "temperature", version.temperature);
  write_or_null(w, "topP", version.top_p);
  write_or_null(w, "maxOutputTokens", version.max_output_tokens);
  write_texts(w, "stopSequences", version.stop_sequences);
  write_text_or_null(w, "note", version.note);
  write_text_or_null(w, "author", version.author);
  write_texts(w, "labels", version.labels);
  w.field("createdAt", version.created_at).end_object();
}

}  // namespace

std::string to_json(const RunLocalResult& result) { return result_json(result, !result.output_items.empty()); }

std::string to_json(const RunResponsesResult& result) { return result_json(result, true); }

std::string to_json(const RunEmbeddingResult& result) {
  Writer w;
  w.begin_object().key("embeddings").begin_array();
  for (const EmbeddingVector& embedding : result.embeddings) {
    w.begin_object().key("values").begin_array();
    for (const float value : embedding.values) w.value(value);
    w.end_array().field("index", embedding.index).end_object();
  }
  w.end_array().field("spanId", result.span_id).field("traceId", result.trace_id);
  w.field("latencyMs", result.latency_ms);
  w.key("usage").begin_object().field("totalTokens", result.total_tokens).end_object();
  write_or_null(w, "cost", result.cost);
  w.field("provider", result.provider).field("model", result.model).field("attempts", result.attempts);
  return w.end_object().take();
}

std::string to_json(const RunResult& result) {
  Writer w;
  w.begin_object();
  write_or_null(w, "text", result.text);
  w.field("spanId", result.span_id).field("traceId", result.trace_id).field("promptVersion", result.prompt_version);
  w.field("latencyMs", result.latency_ms);
  write_usage(w, result.usage);
  w.field("cost", result.cost);
  write_text_or_null(w, "costStatus", result.cost_status);
  write_text_or_null(w, "finishReason", llm::finish_reason_name(result.finish_reason));
  write_text_or_null(w, "providerFinishReason", result.provider_finish_reason);
  w.field_raw("toolCalls", span::tool_calls_json(result.tool_calls));
  w.field_raw("structuredOutput", result.structured_output);
  w.field_raw("messages", span::messages_json(result.messages));
  w.field("provider", result.provider).field("model", result.model);
  write_text_or_null(w, "label", result.label);
  write_or_null(w, "timeToFirstTokenMs", result.time_to_first_token_ms);
  return w.field("spanStored", result.span_stored).field("aborted", result.aborted).end_object().take();
}

std::string to_json(const FetchedPrompt& prompt) {
  Writer w;
  w.begin_object().field("slug", prompt.slug);
  write_text_or_null(w, "label", prompt.label);
  write_prompt_version(w, prompt);
  write_texts(w, "variables", prompt.variables);
  w.field_raw("tools", prompt.tools).field_raw("toolChoice", prompt.tool_choice);
  w.field_raw("outputSchema", prompt.output_schema);
  write_text_or_null(w, "fetchedAt", prompt.fetched_at);
  return w.field("stale", prompt.stale).end_object().take();
}

std::string to_json(const record::Stats& stats) {
  Writer w;
  w.begin_object().field("recorded", stats.recorded).field("sent", stats.sent).field("duplicates", stats.duplicates);
  w.field("sampledOut", stats.sampled_out).field("droppedQueueFull", stats.dropped_queue_full);
  w.field("droppedRejected", stats.dropped_rejected).field("droppedUnreachable", stats.dropped_unreachable);
  w.field("droppedMasked", stats.dropped_masked).field("droppedClosed", stats.dropped_closed);
  w.field("droppedSpoolFull", stats.dropped_spool_full).field("spooled", stats.spooled);
  w.field("respooled", stats.respooled).field("spoolCorrupt", stats.spool_corrupt);
  return w.field("queued", stats.queued).field("queuedBytes", stats.queued_bytes).end_object().take();
}

std::string to_json(const Error& error) {
  Writer w;
  w.begin_object().field("code", error_code_name(error.code)).field("message", error.message);
  if (error.status != 0) w.field("statusCode", error.status);
  if (error.retry_after) w.field("retryAfterMs", static_cast<int64_t>(error.retry_after->count()));
  const ProviderErrorInfo& provider = error.provider;
  if (!provider.provider.empty() || !provider.request_id.empty()) {
    const int status = provider.status != 0 ? provider.status : error.status;
    w.key("provider").begin_object().field("name", provider.provider);
    write_or_null(w, "status", status != 0 ? std::optional(status) : std::nullopt);
    write_text_or_null(w, "requestId", provider.request_id);
    w.end_object();
  }
  w.field_if("spanId", error.span_id);
  return w.end_object().take();
}

}  // namespace v0
}  // namespace tracia
