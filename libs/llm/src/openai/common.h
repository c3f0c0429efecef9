// What OpenAI's three protocols (chat completions, responses, embeddings) share. Source of the facts: OpenAI's API
// reference and the published types of its client libraries; deviations of compatible endpoints are named where they
// are handled. Private to libs/llm. All functions are pure and thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tracia/json/reader.h"
#include "tracia/json/writer.h"
#include "tracia/llm/codec.h"
#include "tracia/llm/errors.h"
#include "vendor_text.h"

namespace tracia::llm::openai {

// ---- Errors (errors.cpp)

// The error of an answer with an error status. Reads {"error":{message,type,param,code}}, and the variants of Azure and
// of compatible servers: {"error":"text"}, {"message":…}, {"detail":…}, FastAPI's list of validation errors, an array
// around any of these, plain text and HTML (from which a short text without tags is taken).
Error decode_error(int status, const wire::Headers& headers, std::string_view body);

// True when a JSON object that came with status 200 is an error: a non-null `error`, or vLLM's "object":"error".
bool is_error(const json::Value& root);
// The error in such an object, or in a stream's error event (OpenAI's flat and nested forms). Its status is the
// vendor's numeric code where that is an HTTP error status (OpenRouter, vLLM), else 200.
Error error_in_answer(const json::Value& root, const wire::Headers& headers);

// ---- Usage (usage.cpp)

// Both spellings: prompt_tokens/completion_tokens (chat, embeddings) and input_tokens/output_tokens (responses).
void read_usage(const json::Value& usage, Usage& normalised, RawUsage& raw);

// ---- Requests (request.cpp)

// How a model family wants its request. Decided by name: the catalog knows more models, but a codec must also serve
// those it does not list.
struct Dialect {
  bool max_completion_tokens = false;  // the o-series refuses max_tokens; older and compatible servers know only that
  std::string_view system_role = "system";  // o1-mini and o1-preview take neither system nor developer
  std::string_view developer_role = "developer";
};
Dialect dialect(std::string_view model, bool is_vendor);

// Path joined to base_url; a query in base_url (Azure's ?api-version=…) stays at the end.
wire::HttpRequest post(const Endpoint& endpoint, std::string_view path, std::string body, bool stream);

// "data:image/png;base64,…", or the URL itself. Not for file ids.
std::string media_url(const MediaSource& source, std::string_view declared_mime, std::string_view fallback_mime);

// `filename` is required with file_data; made up from the media type when the caller gave none.
std::string file_name(const DocumentPart& document, std::string_view mime);

// "wav" and "mp3" for OpenAI; compatible endpoints also get the subtype of other audio types.
Result<std::string> audio_format(std::string_view mime, bool is_vendor);

// "{"format":…}" of a custom tool in the form of chat (grammar nested) or of responses (grammar flat); "" when absent.
Result<std::string> custom_format(const Tool& tool, size_t index, bool nested);

// Writes {"data","format"} of input_audio. kInvalidRequest for URLs, file ids and formats that are not taken.
Status write_input_audio(json::Writer& w, const AudioPart& audio, bool is_vendor, std::string_view where);

// The schemas of all tools and of the response format: each must be a JSON object. Names the one that is not.
Status check_schemas(const ChatRequest& request);

// The kind of the tool with that name; kFunction when there is none.
Tool::Kind tool_kind(const ChatRequest& request, std::string_view name);

// "messages[3]"
std::string message_name(size_t index);

}  // namespace tracia::llm::openai
