// run_local()'s input as JSON, as read_run_local_input() reads it: what is not set is left out.
#include "json_writers.h"
#include "span_parts.h"
#include "tracia/client/json.h"
#include "tracia/span/messages.h"

namespace tracia {
inline namespace v0 {
namespace {

using client::write_texts;
using client::write_tool_choice;
using json::Writer;

void write_response_format(Writer& w, const ResponseFormat& format) {
  if (format.type == ResponseFormat::Type::kText) return;
  w.key("responseFormat").begin_object().field("type", "json");
  if (format.type == ResponseFormat::Type::kJsonSchema) w.field_raw("schema", format.schema);
  w.field_if("name", format.name).field_if("description", format.description).field("strict", format.strict);
  w.end_object();
}

void write_reasoning(Writer& w, const ReasoningOptions& reasoning) {
  w.key("reasoning").begin_object().field_if("effort", reasoning.effort).field("maxTokens", reasoning.budget_tokens);
  if (reasoning.include_text) w.field("includeText", true);
  w.end_object();
}

void write_fallbacks(Writer& w, const std::vector<Fallback>& fallbacks) {
  w.key("fallbacks").begin_array();
  for (const Fallback& fallback : fallbacks) {
    w.begin_object().field("model", fallback.model).field_if("provider", fallback.provider);
    w.field_if("providerApiKey", fallback.provider_api_key).end_object();
  }
  w.end_array();
}

void write_trace(Writer& w, const RunLocalInput& input) {
  w.field("sendTrace", input.send_trace).field_if("spanId", input.span_id).field_if("traceId", input.trace_id);
  w.field_if("parentSpanId", input.parent_span_id);
  if (!input.tags.empty()) write_texts(w, "tags", input.tags);
  w.field_if("userId", input.user_id).field_if("sessionId", input.session_id).field_if("name", input.name);
  if (input.prompt.slug.empty()) return;
  w.key("prompt").begin_object().field("slug", input.prompt.slug).field("version", input.prompt.version);
  w.field_if("label", input.prompt.label).end_object();
}

}  // namespace

std::string to_json(const RunLocalInput& input) {
  Writer w;
  w.begin_object().field("model", input.model).field_raw("messages", span::messages_json(input.messages));
  w.field_if("provider", input.provider).field("temperature", input.temperature);
  w.field("maxOutputTokens", input.max_output_tokens).field("topP", input.top_p);
  if (!input.stop_sequences.empty()) write_texts(w, "stopSequences", input.stop_sequences);
  if (!input.tools.empty()) w.field_raw("tools", span::tools_json(input.tools));
  write_tool_choice(w, input.tool_choice);
  w.field("parallelToolCalls", input.parallel_tool_calls);
  write_response_format(w, input.response_format);
  if (input.reasoning) write_reasoning(w, *input.reasoning);
  if (!input.variables.empty()) w.field_raw("variables", client::variables_json(input.variables));
  w.field_if("providerApiKey", input.provider_api_key).field("timeoutMs", input.timeout_ms);
  if (!input.custom_options.empty()) w.field_raw("customOptions", input.custom_options);
  w.field("maxRetries", input.max_retries);
  if (!input.fallbacks.empty()) write_fallbacks(w, input.fallbacks);
  write_trace(w, input);
  return w.end_object().take();
}

}  // namespace v0
}  // namespace tracia
