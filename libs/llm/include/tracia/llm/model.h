// The neutral model of a conversation: what a caller says and what a model answers, whichever vendor is behind.
// Plain values: copy and move freely; every field has a default. JSON inside (tool schemas, arguments) is kept as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tracia/llm/provider.h"

namespace tracia::llm {

enum class Role { kSystem, kDeveloper, kUser, kAssistant, kTool };
std::string_view role_name(Role role);  // "system"
std::optional<Role> role_from_name(std::string_view name);

// A cache breakpoint after this part. Anthropic `cache_control`, Bedrock `cachePoint`; other vendors cache by
// themselves.
struct CacheControl {
  std::string ttl;  // "" = the vendor's default (5 minutes), "1h"
  friend bool operator==(const CacheControl&, const CacheControl&) = default;
};

struct TextPart {
  std::string text;
  std::string signature;         // Google thoughtSignature carried by a text part
  bool refusal = false;          // OpenAI refusal text
  std::string annotations = {};  // vendor citations as a JSON array, "" when none
  std::optional<CacheControl> cache = {};
  // OpenAI Responses: the message item it belongs to ("msg_…"; one turn may hold several) and that item's `phase`
  // ("commentary", "final_answer"), both sent back with it.
  std::string item_id = {};
  std::string phase = {};
};

// Where media content is. Bytes are encoded to base64 on the way out.
struct MediaSource {
  enum class Kind { kBytes, kBase64, kUrl, kFileId };
  Kind kind = Kind::kBytes;
  std::string value;
};

struct ImagePart {
  MediaSource source;
  std::string mime_type;    // "" = detected from the first bytes (png, jpeg, gif, webp)
  std::string detail = {};  // OpenAI: "low" | "high" | "auto"
  std::optional<CacheControl> cache = {};
  std::string signature = {};  // Google thoughtSignature of an image that a model made; must be sent back
};

struct DocumentPart {
  MediaSource source;
  std::string mime_type;     // "" = application/pdf by magic bytes, else text/plain
  std::string name = {};     // file name; Bedrock requires one and gets "document" when empty
  std::string context = {};  // Anthropic's `context`
  bool citations = false;    // ask for citations (Anthropic, Bedrock)
  std::optional<CacheControl> cache = {};
};

struct AudioPart {
  MediaSource source;
  std::string mime_type;        // "audio/wav", "audio/mpeg", …
  std::string transcript = {};  // of audio that a model made
  std::string id = {};          // OpenAI: id of earlier audio output, sent back in place of bytes
};

struct ToolCallPart {
  enum class Kind { kFunction, kCustom, kLegacyFunction };  // kCustom: OpenAI custom tools, free text in `arguments`
  std::string id;  // what the tool result answers; "" from Google models that give none
  std::string name;
  std::string arguments;  // JSON text as the model wrote it ("{}" for none); may be invalid when cut by max tokens
  Kind kind = Kind::kFunction;
  std::string item_id = {};    // OpenAI Responses item id ("fc_…")
  std::string signature = {};  // Google thoughtSignature
  std::optional<CacheControl> cache = {};
  bool arguments_are_json() const;
};

struct Part;
struct ToolResultPart {
  std::string tool_call_id;
  std::string tool_name;      // Google needs it; others ignore it
  std::vector<Part> content;  // text, images, documents (no initialiser: Part is incomplete here)
  bool is_error = false;
  ToolCallPart::Kind kind = ToolCallPart::Kind::kFunction;
  std::optional<CacheControl> cache = {};
};

// Thinking. Sent back unchanged to the vendor that wrote it and dropped for any other.
struct ReasoningPart {
  std::string text;       // visible thinking or summary; "" when hidden
  std::string signature;  // Anthropic/Bedrock signature, Google thoughtSignature, OpenAI encrypted_content
  bool redacted = false;  // Anthropic redacted_thinking, Bedrock redactedContent: the data is in `signature`
  // OpenAI Responses item id ("rs_…"). On chat completions "reasoning_content" when it came in the field of that name:
  // the endpoints that use it (DeepSeek, Moonshot, Qwen, …) want it back with tool calls, others reject it.
  std::string id = {};
  std::optional<Provider> provider = {};
};

// A block that this model does not describe (server tools, executable code, …), kept as the vendor's JSON so that the
// turn can be sent back to the same vendor. Dropped for others.
struct OpaquePart {
  Provider provider = Provider::kOpenAi;
  std::string json;
};

struct Part {
  std::variant<TextPart, ImagePart, DocumentPart, AudioPart, ToolCallPart, ToolResultPart, ReasoningPart, OpaquePart>
      body;

  template <typename T>
  const T* as() const {
    return std::get_if<T>(&body);
  }
  template <typename T>
  T* as() {
    return std::get_if<T>(&body);
  }
};

struct Message {
  Role role = Role::kUser;
  std::vector<Part> parts = {};
  std::string name = {};  // OpenAI participant name
  std::string id = {};    // OpenAI Responses item id ("msg_…")

  std::string text() const;  // all text parts joined, refusals left out
};

// Shorthands.
Message system(std::string text);
Message developer(std::string text);
Message user(std::string text);
Message assistant(std::string text);
Message tool_result(std::string tool_call_id, std::string tool_name, std::string text);
Part text_part(std::string text);
Part image_bytes(std::string bytes, std::string mime_type = "");
Part image_base64(std::string base64, std::string mime_type = "");
Part image_url(std::string url);

struct Tool {
  enum class Kind { kFunction, kCustom, kVendor };
  std::string name;
  std::string description = {};
  std::string parameters = {};  // JSON Schema (an object); "" = no parameters
  std::optional<bool> strict = {};
  Kind kind = Kind::kFunction;
  std::string vendor_json = {};  // kVendor: the tool as that vendor's JSON (web search, …); kCustom: its `format`
  std::optional<CacheControl> cache = {};
};

struct ToolChoice {
  enum class Mode { kUnset, kAuto, kNone, kRequired, kTool };
  Mode mode = Mode::kUnset;
  std::string tool = {};  // kTool: the one to call
};

struct ResponseFormat {
  enum class Type { kText, kJson, kJsonSchema };
  Type type = Type::kText;
  std::string schema = {};  // JSON Schema text for kJsonSchema
  std::string name = {};    // "response" when empty
  std::string description = {};
  std::optional<bool> strict = {};
};

struct ReasoningOptions {
  std::string effort = {};                    // "minimal" | "low" | "medium" | "high", or a word the vendor knows
  std::optional<int64_t> budget_tokens = {};  // Anthropic, Bedrock Claude, Google
  bool include_text = false;                  // ask for visible thoughts or summaries
};

struct ChatRequest {
  std::string model;
  std::vector<Message> messages = {};
  std::vector<Tool> tools = {};
  ToolChoice tool_choice = {};
  std::optional<bool> parallel_tool_calls = {};
  ResponseFormat response_format = {};
  std::optional<double> temperature = {};
  std::optional<double> top_p = {};
  std::optional<int64_t> max_output_tokens = {};
  std::vector<std::string> stop_sequences = {};
  std::optional<ReasoningOptions> reasoning = {};
  // A JSON object merged over the vendor's request body (json::merge): anything this model does not name.
  std::string extra_body = {};
};

enum class FinishReason { kUnknown, kStop, kLength, kToolCalls, kContentFilter, kError };
// "stop" | "length" | "tool_calls" | "content_filter" | "error" | "" (unknown).
std::string_view finish_reason_name(FinishReason reason);
// The hosted wire's three words: "stop" | "max_tokens" | "tool_calls".
std::string_view finish_reason_wire_name(FinishReason reason);

// Normalised (docs/concepts.md): input includes cached reads and cache writes, output includes reasoning; the rest are
// parts of these. Absent when the vendor did not say.
struct Usage {
  std::optional<int64_t> input_tokens = {};
  std::optional<int64_t> output_tokens = {};
  std::optional<int64_t> total_tokens = {};
  std::optional<int64_t> cached_input_tokens = {};
  std::optional<int64_t> cache_write_tokens = {};
  std::optional<int64_t> cache_write_1h_tokens = {};
  std::optional<int64_t> reasoning_tokens = {};
  std::optional<int64_t> input_audio_tokens = {};
  std::optional<int64_t> output_audio_tokens = {};
  bool empty() const { return !input_tokens && !output_tokens && !total_tokens; }
};

// The vendor's own numbers under one set of names, never added up (shared/cassettes/SOURCES.md gives the mapping).
struct RawUsage {
  std::optional<int64_t> input_tokens = {};
  std::optional<int64_t> output_tokens = {};
  std::optional<int64_t> total_tokens = {};
  std::optional<int64_t> cached_tokens = {};
  std::optional<int64_t> cache_creation_tokens = {};
  std::optional<int64_t> reasoning_tokens = {};
  std::optional<int64_t> tool_use_prompt_tokens = {};  // Google toolUsePromptTokenCount
  std::string json = {};                               // the usage object(s) as sent; the last seen in a stream
};

struct ChatResult {
  std::string id;     // the vendor's response id
  std::string model;  // as the vendor names it; may be more exact than what was asked for
  Message message{.role = Role::kAssistant};
  FinishReason finish_reason = FinishReason::kUnknown;
  std::string provider_finish_reason;  // the vendor's word; "" when it gave none
  // Details some vendors add; "" when absent.
  std::string stop_sequence;      // Anthropic: which one was hit
  std::string incomplete_reason;  // OpenAI Responses incomplete_details.reason
  std::string finish_message;     // Google finishMessage
  std::string block_reason;       // Google promptFeedback.blockReason
  std::string refusal;            // refusal text, when the model refused
  Usage usage;
  RawUsage raw_usage;
  std::string output_items;  // OpenAI Responses: the `output` array as sent (JSON text), to be sent back
  std::string request_id;    // from the response headers

  std::string text() const { return message.text(); }
  std::string reasoning_text() const;            // visible thinking
  std::vector<ToolCallPart> tool_calls() const;  // in order
};

struct EmbeddingRequest {
  std::string model;
  std::vector<std::string> inputs = {};
  std::optional<int64_t> dimensions = {};
  std::string input_type = {};  // the vendor's task word: Voyage/Cohere input_type, Google taskType
  std::string extra_body = {};  // as in ChatRequest
};

struct EmbeddingResult {
  std::vector<std::vector<float>> vectors;  // in the order of the inputs
  std::string model;
  Usage usage;
  RawUsage raw_usage;
  std::vector<std::string> types;  // Cohere by-type answers: which encodings came ("float", "int8", …)
  std::string request_id;
};

}  // namespace tracia::llm
