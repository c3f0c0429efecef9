// What goes into a call and what comes out. Plain values: every field has a default, new fields are appended.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/llm/model.h"
#include "tracia/prompt/template.h"
#include "tracia/transport/transport.h"

namespace tracia {
inline namespace v0 {

using llm::assistant;
using llm::developer;
using llm::FinishReason;
using llm::image_base64;
using llm::image_bytes;
using llm::image_url;
using llm::Message;
using llm::Part;
using llm::Provider;
using llm::ReasoningOptions;
using llm::ResponseFormat;
using llm::Role;
using llm::system;
using llm::text_part;
using llm::Tool;
using llm::tool_result;
using llm::ToolCallPart;
using llm::ToolChoice;
using llm::user;
using prompt::Variables;
using transport::CancelToken;

// A number, yes or no, or a text: 1, 0.5, true, "friendly".
class Scalar {
 public:
  using Value = std::variant<int64_t, double, bool, std::string>;

  // Implicit, so that `.value = true` reads as it is meant. A pointer is no bool here.
  template <typename T>
    requires std::is_arithmetic_v<T>
  Scalar(T value) : value_(plain(value)) {}
  Scalar(std::string text) : value_(std::move(text)) {}
  Scalar(std::string_view text) : value_(std::string(text)) {}
  Scalar(const char* text) : value_(std::string(text)) {}

  const Value& value() const { return value_; }

 private:
  template <typename T>
  static Value plain(T value) {
    if constexpr (std::is_same_v<T, bool>) {
      return value;
    } else if constexpr (std::is_integral_v<T>) {
      if (std::in_range<int64_t>(value)) return static_cast<int64_t>(value);
      return static_cast<double>(value);
    } else {
      return static_cast<double>(value);
    }
  }

  Value value_;
};

// Tried, in order, when the model before it fails for good. Empty provider and key: found as for the first.
struct Fallback {
  std::string model;
  std::string provider = {};
  std::string provider_api_key = {};
};

// The prompt on the server that a local call carries out; its span is listed under it.
struct PromptLink {
  std::string slug = {};  // "" = none
  std::optional<int64_t> version = {};
  std::string label = {};
};

// Input of run_local() and run_local_stream().
struct RunLocalInput {
  std::string model;
  std::vector<Message> messages = {};
  std::string provider = {};  // "openai" …, any case; "" = from the model name
  std::optional<double> temperature = {};
  std::optional<int64_t> max_output_tokens = {};
  std::optional<double> top_p = {};
  std::vector<std::string> stop_sequences = {};
  std::vector<Tool> tools = {};
  ToolChoice tool_choice = {};
  std::optional<bool> parallel_tool_calls = {};
  ResponseFormat response_format = {};
  std::optional<ReasoningOptions> reasoning = {};
  Variables variables = {};                // {{name}} in every message but tool results; unknown names stay
  std::string provider_api_key = {};       // "" = from the environment
  std::optional<int64_t> timeout_ms = {};  // total, across retries; 0 or unset = 120000
  std::string custom_options = {};         // JSON object by provider: {"openai": {"seed": 7}}, merged over the body
  std::optional<int> max_retries = {};     // unset = 2; 0 = none; at most 10
  std::vector<Fallback> fallbacks = {};

  // About the span.
  std::optional<bool> send_trace = {};  // only false turns it off
  std::string span_id = {};             // "" = made; otherwise sp_ or tr_ and 16 hex digits
  std::string trace_id = {};            // "" = made; 1 to 128 printable characters
  std::string parent_span_id = {};
  std::vector<std::string> tags = {};
  std::string user_id = {};
  std::string session_id = {};
  std::string name = {};
  CancelToken cancel = {};  // ends the call with ABORTED; its connection is closed
  PromptLink prompt = {};
};

struct TokenUsage {
  int64_t input_tokens = 0;  // 0 when the provider did not say
  int64_t output_tokens = 0;
  int64_t total_tokens = 0;
  std::optional<int64_t> cached_input_tokens = {}, cache_write_tokens = {}, reasoning_tokens = {};
};

struct RunLocalResult {
  std::string text;
  std::string span_id;  // always made, also when no span is sent
  std::string trace_id;
  int64_t latency_ms = 0;  // call to the provider's last byte, retries included
  TokenUsage usage;
  std::optional<double> cost;  // always empty: priced by the server, which knows the prices in force
  std::string provider;        // who answered (a fallback, perhaps)
  std::string model;           // the name that was asked for
  std::vector<ToolCallPart> tool_calls;
  FinishReason finish_reason = FinishReason::kUnknown;
  std::string provider_finish_reason;  // the provider's own word
  Message message;                     // the assistant's turn, to be sent back as it is
  std::string reasoning_text;          // visible thinking, "" when none
  std::string refusal;
  std::string structured_output;                  // JSON text, when a JSON format was asked for and the text parses
  std::optional<int64_t> time_to_first_token_ms;  // streams only
  int attempts = 1;
  std::string provider_model;  // as the provider names what answered
  std::string request_id;
  bool aborted = false;                        // streams: ended by abort() before the end was seen
  std::vector<std::string> output_items = {};  // run_responses and its streams: JSON text, as sent by OpenAI
};
using StreamResult = RunLocalResult;

struct StreamChunk {
  enum class Type { kText, kReasoning, kRefusal, kToolCall };
  Type type = Type::kText;
  std::string text;  // for kToolCall: a piece of the arguments
  int tool_index = 0;
  std::string tool_id = {}, tool_name = {};  // on the first piece of a call
};

// OpenAI Responses API. Items are JSON objects as that API defines them, so that `output_items` of one answer can be
// part of the next input: {"role":"user","content":"…"}, {"type":"function_call_output","call_id":…,"output":…}.
struct RunResponsesInput {
  std::string model;
  std::vector<std::string> input = {};  // JSON text, one item each
  std::vector<Tool> tools = {};
  ToolChoice tool_choice = {};
  ResponseFormat response_format = {};
  std::optional<ReasoningOptions> reasoning = {};
  std::optional<int64_t> max_output_tokens = {};
  std::optional<double> temperature = {}, top_p = {};
  std::string provider_api_key = {};
  std::optional<int64_t> timeout_ms = {};
  std::string custom_options = {};
  std::optional<int> max_retries = {};
  std::optional<bool> send_trace = {};
  std::string span_id = {}, trace_id = {}, parent_span_id = {};
  std::vector<std::string> tags = {};
  std::string user_id = {}, session_id = {}, name = {};
  CancelToken cancel = {};
};

struct RunResponsesResult : RunLocalResult {};

struct RunEmbeddingInput {
  std::string model;
  std::vector<std::string> input = {};
  std::string provider = {};
  std::string provider_api_key = {};
  std::optional<int64_t> dimensions = {};
  std::string input_type = {};  // the provider's task word ("query", "RETRIEVAL_DOCUMENT", …)
  std::optional<int64_t> timeout_ms = {};
  std::string custom_options = {};
  std::optional<int> max_retries = {};
  std::optional<bool> send_trace = {};
  std::string span_id = {}, trace_id = {}, parent_span_id = {};
  std::vector<std::string> tags = {};
  std::string user_id = {}, session_id = {}, name = {};
  CancelToken cancel = {};
};

struct EmbeddingVector {
  std::vector<float> values;
  int64_t index = 0;  // position in the input
};

struct RunEmbeddingResult {
  std::vector<EmbeddingVector> embeddings;
  std::string span_id, trace_id;
  int64_t latency_ms = 0;
  int64_t total_tokens = 0;    // 0 when the provider did not say (Google)
  std::optional<double> cost;  // always empty, as for run_local
  std::string provider, model;
  int attempts = 1;
};

}  // namespace v0
}  // namespace tracia
