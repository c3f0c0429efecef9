// Prompts and spans as a Tracia server speaks of them (api/openapi.yaml).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tracia/client/types.h"
#include "tracia/span/span.h"

namespace tracia {
inline namespace v0 {

struct PromptMessage {
  std::string id;       // chosen by the writer: "msg_1"
  std::string role;     // system | developer | user | assistant | tool
  std::string content;  // may hold {{variables}}; beside `parts` it is only their text, and is not sent
  // What is more than one plain text: images, documents, tool calls, a tool's result. When not empty, all there is.
  std::vector<Part> parts = {};
};

struct PromptVersion {
  int64_t version = 0;
  std::vector<PromptMessage> messages;
  std::string model, provider;
  std::optional<double> temperature, top_p;
  std::optional<int64_t> max_output_tokens;
  std::vector<std::string> stop_sequences;
  std::string note, author, created_at;
  std::vector<std::string> variables = {};
  std::vector<std::string> labels = {};                          // that point here now
  std::string tools = {}, tool_choice = {}, output_schema = {};  // JSON text, "" = none
};

// Where a label points.
struct PromptLabel {
  std::string label;
  int64_t version = 0;
  std::optional<int64_t> previous_version;  // unset when the label is new
  std::string updated_at;
};

struct Prompt {
  std::string id, slug, name, description;
  std::string provider, model;  // "" = none
  std::optional<double> temperature, top_p;
  std::optional<int64_t> max_output_tokens;
  std::vector<std::string> stop_sequences;
  int64_t current_version = 0;
  std::vector<PromptMessage> content;  // empty in lists
  std::vector<std::string> variables;
  std::vector<PromptVersion> versions;  // newest first; empty in lists
  std::string tools, output_schema;     // JSON text, "" = none
  std::string created_at, updated_at;   // RFC 3339
  std::string tool_choice = {};         // JSON text, "" = none
  std::string default_label = {};       // "" = none
  std::map<std::string, int64_t> labels = {};
};

struct CreatePromptOptions {
  std::string name;
  std::vector<PromptMessage> content = {};
  std::string slug = {}, description = {}, model = {}, provider = {};
  std::optional<double> temperature = {}, top_p = {};
  std::optional<int64_t> max_output_tokens = {};
  std::vector<std::string> stop_sequences = {};
  std::vector<Tool> tools = {};
  std::string output_schema = {};  // JSON text
  std::string note = {};
  ToolChoice tool_choice = {};
};

// Unset keeps; for text, a set empty string clears.
struct UpdatePromptOptions {
  std::optional<std::string> name = {}, slug = {}, description = {}, model = {}, provider = {};
  std::optional<std::vector<PromptMessage>> content = {};
  std::optional<double> temperature = {}, top_p = {};
  std::optional<int64_t> max_output_tokens = {};
  std::optional<std::vector<std::string>> stop_sequences = {};
  std::optional<std::vector<Tool>> tools = {};
  std::optional<std::string> output_schema = {};
  std::vector<std::string> clear = {};       // wire names of fields to set to null: "model", "temperature", …
  std::optional<int64_t> base_version = {};  // refuse with CONFLICT when the prompt has moved on
  std::string note = {};
  ToolChoice tool_choice = {};  // kUnset keeps; clear = {"toolChoice"} clears
  std::optional<std::string> default_label = {};
};

struct RestoreOptions {
  std::string note = {};
  std::optional<int64_t> base_version = {};  // as in an update
};

struct RunOptions {
  std::string model = {};
  std::optional<int64_t> version = {};
  std::string label = {};
  std::vector<std::string> tags = {};
  std::string user_id = {}, session_id = {}, trace_id = {}, parent_span_id = {};
  std::vector<Message> messages = {};  // a whole conversation; skips the template
  std::optional<int64_t> timeout_ms = {};
  CancelToken cancel = {};
  std::string provider = {};  // whose model it is, or a connection's name; "" = from the model
};

struct RunResult {
  std::optional<std::string> text;  // empty when only tools were called
  std::string span_id, trace_id;
  int64_t prompt_version = 0;
  int64_t latency_ms = 0;
  TokenUsage usage;
  double cost = 0;  // USD; 0 with cost_status "unknown"
  std::string cost_status;
  FinishReason finish_reason = FinishReason::kUnknown;
  std::string provider_finish_reason;
  std::vector<ToolCallPart> tool_calls;
  std::string structured_output;  // JSON text, "" = none
  std::vector<Message> messages;  // input and reply, to be passed back
  bool span_stored = true;
  std::string provider = {}, model = {};               // who answered; "" while an aborted stream had not said
  std::string label = {};                              // that chose the version, "" = none
  std::optional<int64_t> time_to_first_token_ms = {};  // streams only
  bool aborted = false;                                // streams: ended by abort() before the end was seen
};

struct RenderResult {
  std::vector<Message> messages;
  int64_t prompt_version = 0;
};

// Which version of a prompt to fetch: `version`, else `label`, else the prompt's default label when set, else the
// newest.
struct FetchOptions {
  std::string label = {};
  std::optional<int64_t> version = {};
  Millis max_age{60'000};  // a copy in memory that is younger is given without asking the server; 0 = always ask
  std::optional<int64_t> timeout_ms = {};
  CancelToken cancel = {};
};

// One version of a prompt, to be run by this process.
struct FetchedPrompt {
  std::string slug, label;  // label: as asked for
  PromptVersion version;
  std::vector<std::string> variables;
  std::string tools, output_schema;  // JSON text, "" = none
  std::string fetched_at;            // RFC 3339, when the server gave it
  bool stale = false;                // the server could not be asked: this is the last good copy
  std::string tool_choice = {};      // JSON text, "" = none

  // The input of run_local() that carries it out: messages rendered, model and settings of the version, linked to it.
  // Errors: MISSING_VARIABLES as prompts.run; INVALID_REQUEST when the version names no model.
  Result<RunLocalInput> compile(const Variables& variables = {}) const;
};

// One call of the Tracia API, for what has no function of its own. Sent with the client's key.
struct ApiRequest {
  std::string method = "GET";
  std::string path = {};  // percent-encoded, with its query: "/api/v1/prompts?limit=10"
  std::string body = {};  // JSON text, "" = none
  std::optional<int64_t> timeout_ms = {};
  CancelToken cancel = {};
  std::string last_event_id = {};  // event streams: the id of the last event that was read
};

struct ApiResponse {
  int status = 0;    // below 400; others are errors
  std::string body;  // JSON text, "" when the server sent none
};

struct SpanListItem {
  std::string id, span_id, trace_id, parent_span_id, prompt_slug, model, provider, status, created_at;
  int64_t latency_ms = 0;
  std::optional<int64_t> input_tokens, output_tokens, total_tokens;
  std::optional<double> cost;
  std::string name = {}, span_kind = {}, cost_status = {};
};

// One stored span: the list's fields, and `json`, the whole answer as sent.
struct StoredSpan : SpanListItem {
  std::string input_json, variables_json;
  std::optional<std::string> output;
  std::string error, user_id, session_id;
  std::vector<std::string> tags;
  std::optional<int64_t> prompt_version;
  std::string json;
};

struct ListSpansOptions {
  std::string prompt_slug = {}, status = {}, start_date = {}, end_date = {}, user_id = {}, session_id = {},
              trace_id = {};
  std::vector<std::string> tags = {};
  std::optional<int64_t> limit = {};  // 1 to 100; 50 when unset
  std::string cursor = {};            // from the page before
  std::optional<int64_t> prompt_version = {};
  std::string label = {}, experiment_id = {}, variant = {};
  std::string parent_span_id = {}, model = {}, provider = {}, span_kind = {}, name = {}, finish_reason = {},
              cost_status = {};
  std::optional<double> min_cost = {}, max_cost = {};
  std::optional<int64_t> min_latency_ms = {}, max_latency_ms = {}, min_total_tokens = {}, max_total_tokens = {};
  Variables variables = {};   // had these values
  std::string q = {};         // words of input, output, error or name
  std::string contains = {};  // a piece of text
};

struct ListSpansResult {
  std::vector<SpanListItem> spans;
  std::string cursor;  // "" = last page
  bool has_more = false;
};

struct CreateSpanResult {
  std::string id, span_id, trace_id;
  std::optional<double> cost;
};

struct EvaluateOptions {
  std::string evaluator = "quality";
  Scalar value = 0;  // quality: 1 good, 0 bad; of a boolean evaluator true or false, of a categorical one the category
  std::string note = {};
};

struct EvaluateResult {
  std::string id, evaluator_key, evaluator_name, source, note, created_at;
  double value = 0;           // of a boolean 1 or 0; of a category its place among them, from 0
  std::string category = {};  // of categorical evaluators only
};

}  // namespace v0
}  // namespace tracia
