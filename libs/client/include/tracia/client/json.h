// The client's values as JSON, and calls by name: what a binding to another language stands on. Names are those of the
// Python package (snake_case; camelCase is accepted too), so that a binding passes on what its users wrote. Pure but
// for the calls themselves; thread-safe.
//
// Reading is strict, because what it reads was written by a person: an unknown member, a wrong type or a bad value is
// INVALID_REQUEST that names the field ("messages[1].role must be one of ..."). null is "not given".
#pragma once

#include <string>
#include <string_view>

#include "tracia/client/client.h"

namespace tracia {
inline namespace v0 {

// {"api_key", "base_url", "send_traces", "sample_rate", "spool_dir", "cache_dir", "api_timeout_ms", "exit_flush_ms",
//  "http2", "ca_file"}
Result<ClientOptions> read_client_options(std::string_view json);

// Members are those of the struct, by the same names. Of them:
//   messages        [{role, content, tool_call_id?, tool_name?, tool_calls?}]; content: text, null, or parts: {type:
//                   "text", text}, {type: "tool_call", id, name, arguments}, {type: "image"|"document", data: base64 |
//                   url, mime_type?}; OpenAI's own shapes ("image_url", tool_calls with function) are understood too
//   tools           [{name, description, parameters, strict?}], or OpenAI's {type: "function", function: {...}}, or
//                   {type: <anything else>, ...}: a vendor's own tool, passed on as it is
//   tool_choice     "auto" | "none" | "required" | {tool: name}
//   response_format {type: "json", schema?, name?, description?, strict?} or OpenAI's {type: "json_schema", ...},
//                   {type: "json_object"}, {type: "text"}
//   reasoning       {effort?, max_tokens?} or "low" | "medium" | "high" ...
//   fallbacks       [model | {model, provider?, provider_api_key?}]
//   custom_options  {provider: {...}}
//   variables       {name: text | number | boolean}: scalars become text
//   prompt          {slug, version?, label?}
Result<RunLocalInput> read_run_local_input(std::string_view json);
Result<RunResponsesInput> read_run_responses_input(std::string_view json);  // input: [item, ...] or a text
Result<RunEmbeddingInput> read_run_embedding_input(std::string_view json);  // input: text or [text, ...]
// A span of the caller's own: the fields of POST /api/v1/spans, all optional but `name`. Kind: OTHER, unless a model is
// named (LLM, which asks for a provider too); status: ERROR beside an `error`, else SUCCESS.
Result<span::Span> read_span(std::string_view json);

// Members as the Python models name them by alias (camelCase): text, spanId, traceId, latencyMs, usage {inputTokens,
// outputTokens, totalTokens, cachedInputTokens, ...}, cost, provider, model, toolCalls [{id, name, arguments}],
// finishReason ("stop" | "length" | "tool_calls" | "content_filter" | ... | null), message {role, content: text |
// parts}, structuredOutput (parsed), reasoningText, refusal, timeToFirstTokenMs, attempts, providerFinishReason,
// providerModel, requestId, aborted. Absent figures are null.
std::string to_json(const RunLocalResult& result);
std::string to_json(const RunResponsesResult& result);  // and outputItems
std::string to_json(const RunEmbeddingResult& result);  // embeddings [{values, index}], usage {totalTokens}, ...
std::string to_json(const RunResult& result);
std::string to_json(const FetchedPrompt& prompt);
std::string to_json(const RunLocalInput& input);  // as read_run_local_input() reads it
std::string to_json(const record::Stats& stats);
// {code, message, statusCode?, retryAfterMs?, provider? {name, status, requestId}, spanId?}
std::string to_json(const Error& error);

// Calls by name; input and answer are JSON.
//   run_local, run_responses, run_embedding   input and result as above
//   request         {method, path, body?: any JSON, timeout_ms?} -> the answer's body
//   fetch_prompt    {slug, label?, version?, max_age_ms?, timeout_ms?} -> FetchedPrompt
//   compile_prompt  {prompt: FetchedPrompt, variables?} -> RunLocalInput
// `cancel` ends the call with ABORTED. An unknown operation is INVALID_REQUEST.
Result<std::string> call_json(Client& client, std::string_view operation, std::string_view input,
                              const CancelToken& cancel = {});
// `done` runs once, on the client's loop; also for errors of the input.
CallHandle call_json_async(Client& client, std::string_view operation, std::string_view input,
                           Callback<std::string> done);

// operation: run_local, run_responses, or run_prompt {slug, variables?, options?: members of RunOptions}. The streams
// of all three behind one face: see LocalStream.
class JsonStream {
 public:
  virtual ~JsonStream() = default;          // aborts
  virtual std::string span_id() const = 0;  // "" while a run_prompt has not said
  virtual std::string trace_id() const = 0;
  virtual std::vector<StreamChunk> next() = 0;  // blocks until there is something; empty = the end
  virtual std::vector<StreamChunk> take() = 0;
  virtual bool ended() const = 0;
  virtual void on_ready(std::function<void()> ready) = 0;
  virtual void on_finished(std::function<void()> finished) = 0;
  virtual void abort() = 0;
  virtual Result<std::string> result() = 0;  // blocks until the stream has ended
  virtual std::string partial() const = 0;   // the result so far, after an error too
};
Result<std::unique_ptr<JsonStream>> stream_json(Client& client, std::string_view operation, std::string_view input);

}  // namespace v0
}  // namespace tracia
