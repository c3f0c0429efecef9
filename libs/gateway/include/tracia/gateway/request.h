// Requests of OpenAI's clients: chat completions, responses, embeddings. What only an OpenAI upstream can take is no
// error here: it is kept as `untranslatable`, for whoever knows where the request goes. Pure, thread-safe.
//
// Source of the shapes: OpenAI's API reference ("Create chat completion", "Create a model response", "Create
// embeddings"). Two additions are read because other gateways made them known: `tool_calls[].extra_content.google
// .thought_signature` (Google's OpenAI endpoint) and `thinking_blocks` of assistant messages (LiteLLM); the answers
// write them too, so that a tool loop through Gemini and Claude keeps what those models want back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/llm/model.h"

namespace tracia::gateway {

inline constexpr size_t kModelBytesMax = 512;  // a connection's name, a slash, and the longest ids (Bedrock's ARNs)
inline constexpr size_t kInputsMax = 2048;     // OpenAI: inputs of one embeddings request
inline constexpr size_t kMetadataMax = 64;     // members of `metadata`; OpenAI takes 16
inline constexpr size_t kRawInputBytesMax = 1u << 20;  // of a conversation that is kept as it came

enum class Dialect { kChatCompletions, kResponses };

struct ChatInput {
  Dialect dialect = Dialect::kChatCompletions;
  std::string model;  // as asked for: where it leads is another's matter
  bool stream = false;
  bool include_usage = false;  // chat streams: the client wants the chunk with usage
  llm::ChatRequest chat;       // `model` is empty. As far as it could be read
  // Why no upstream but one that speaks OpenAI's protocol can take this.
  std::optional<Error> untranslatable;
  // For the span, when the conversation could not be read: {"messages":…} as it came; "" otherwise.
  std::string raw_input_json;
  // `metadata` and `user` of the request; only strings are kept.
  std::vector<std::pair<std::string, std::string>> metadata;
  std::string user;
  // Responses: members of the request that its answer repeats, as JSON members without braces ("\"tools\":[…],…").
  std::string echo;
};

struct EmbeddingsInput {
  std::string model;
  llm::EmbeddingRequest request;  // `model` is empty
  bool base64 = false;            // encoding_format: the official clients ask for it unless told otherwise
  std::optional<Error> untranslatable;
  std::string raw_input_json;  // as in ChatInput, for inputs of tokens: {"text":[]} beside a count
  size_t count = 0;            // inputs
  std::string user;
};

// Errors: kInvalidRequest, its `provider.param` naming the member, for what no upstream could take: a body that is no
// object, a missing model, a `stream` that is no boolean, `background` (its answer could never be fetched).
Result<ChatInput> read_chat(std::string_view body);
Result<ChatInput> read_responses(std::string_view body);
Result<EmbeddingsInput> read_embeddings(std::string_view body);

// The client's bytes with another model, and, with `ask_usage`, stream_options.include_usage set: everything else is
// byte for byte what was sent. `body` must be a JSON object (one of the readers has seen it). O(body).
Result<std::string> edit_body(std::string_view body, std::string_view model, bool ask_usage);

// kInvalidRequest with `param` set, as OpenAI's errors name it: "<param> <what>".
Error invalid_param(std::string_view param, std::string_view what);

}  // namespace tracia::gateway
