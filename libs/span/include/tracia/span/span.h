// The span: one operation of an application (a model call, an embedding, a tool, …) with what went in, what came out,
// how long it took and what it used. The same type on the client, on the wire and in stores. Plain value.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/json/reader.h"
#include "tracia/llm/model.h"
#include "tracia/span/limits.h"
#include "tracia/span/messages.h"

namespace tracia::span {

enum class Kind { kLlm, kEmbedding, kRoot, kTool, kRetrieval, kChain, kAgent, kOther };
std::string_view kind_name(Kind kind);  // "LLM"
std::optional<Kind> kind_from_name(std::string_view name);

enum class SpanStatus { kSuccess, kError };

// One try of a call, in order; more than one when it was retried or fell back to another model.
struct Attempt {
  std::string provider, model;
  int status = 0;          // HTTP; 0 = no response
  std::string error_code;  // error_code_name(), "" when it succeeded
  std::string error_kind;  // error_kind_name()
  std::string message;
  std::string request_id;
  int64_t start_offset_ms = 0;  // from the span's start
  int64_t latency_ms = 0;
};

// Fields of POST /api/v1/spans (api/openapi.yaml). JSON members are kept as text.
struct Span {
  std::string span_id;         // "sp_" + 16 hex
  std::string trace_id;        // "" = the server derives one
  std::string parent_span_id;  // "" = none
  Kind kind = Kind::kLlm;
  std::string name;
  std::string model;
  std::string provider;  // lower case
  SpanStatus status = SpanStatus::kSuccess;
  std::string error;  // message, when status is kError
  std::optional<Timestamp> start_time;
  int64_t latency_ms = 0;
  std::optional<int64_t> time_to_first_token_ms;

  std::string input_json;      // {"messages":[…]} or {"text":[…]}; "" = {}
  std::string variables_json;  // object, "" = none
  std::optional<std::string> output;
  std::string structured_output_json;  // object
  std::string tools_json;              // array of {name, description, parameters}
  std::string tool_calls_json;         // array of {id, name, arguments}
  std::string finish_reason;           // wire word: stop | tool_calls | max_tokens
  std::string provider_finish_reason;

  llm::Usage usage;
  std::string usage_raw_json;  // object
  std::string cost_status;     // "estimated" when the counts are an estimate; "" = the server decides
  std::optional<double> temperature, top_p;
  std::optional<int64_t> max_output_tokens;

  std::vector<std::string> tags;
  std::string user_id, session_id;
  std::string prompt_slug;
  std::optional<int64_t> prompt_version;
  std::string label, experiment_id, variant;
  std::vector<Attempt> attempts;
  std::string attributes_json;  // object, "" = none
};

// The body of one create-span request: compact JSON on one line, absent fields left out. A JSON member that cannot be
// what the contract asks for (a `usage_raw_json` that is no object) is left out as well; its inside is trusted. Cost: a
// few microseconds for a 2 KB span.
std::string to_json(const Span& span);
void append_json(const Span& span, std::string& out);

// Makes a span obey the bounds of limits.h, so that no server refuses it for a detail: over-long texts are cut,
// settings out of range and malformed ids of parents are dropped, tags and attempts past the bound too. O(fields) when
// nothing is wrong.
void fit(Span& span);

// Reads and validates one create-span body. Ids come out in lower case, `finishReason` "length" as "max_tokens", JSON
// members compact. Unknown fields are ignored, null is the same as absent.
// Errors: kInvalidRequest naming the field: "Missing required field: spanId", "latencyMs must be an integer of at least
// 0".
Result<Span> from_json(const json::Value& value);

}  // namespace tracia::span
