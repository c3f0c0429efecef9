// The Gemini API, version v1beta (ai.google.dev/api, "Generating content", "Embeddings").
//
//   POST {base_url}/v1beta/{models/m | tunedModels/t}:generateContent
//   POST …:streamGenerateContent?alt=sse        each event's data is one chunk
//   POST …:streamGenerateContent                a JSON array of chunks, written as they come
//   POST …:batchEmbedContents
//
//   answer, and each chunk   {candidates:[{index, content:{role, parts:[part…]}, finishReason, finishMessage, …}],
//                             promptFeedback:{blockReason}, usageMetadata, modelVersion, responseId}
//   error    {"error":{code, message, status, details:[…]}}, also as the one element of an array, also inside a stream
//
// The stream has no end mark: it is complete when a finishReason, or a blocked prompt, was seen.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tracia/json/reader.h"
#include "tracia/json/writer.h"
#include "tracia/llm/codec.h"
#include "tracia/llm/stream.h"
#include "vendor_text.h"

namespace tracia::llm::google {

// "models/m", "tunedModels/t": names with such a prefix stay, others get "models/". The rest is percent-encoded.
std::string model_path(std::string_view model);

// 205 for "gemini-2.5-flash", 300 for "gemini-3-pro-preview"; 0 for names that do not say (the newest is assumed).
int model_version(std::string_view model);

// ---- Schemas. Google documents two dialects for one purpose: an OpenAPI subset with upper-case types (`parameters`,
// `responseSchema`) and JSON Schema (`parametersJsonSchema`, `responseJsonSchema`; Gemini 2.5 and later).

// True when the type words are in capitals: the schema is of Google's own dialect already.
bool is_google_schema(const json::Value& schema);

// JSON Schema in Google's dialect: references written out (recursive ones become a plain object), `const` and `oneOf`
// replaced, null types as `nullable`, exclusive bounds as inclusive ones, what the dialect lacks left out.
// kInvalidRequest, beginning with `what`, when the result passes limits::kSchemaBytesMax.
Result<std::string> to_google_schema(const json::Value& schema, std::string_view what);

// Writes "systemInstruction" (when there is one) and "contents". O(request).
Status write_contents(json::Writer& w, const ChatRequest& request, const Endpoint& endpoint);

// The whole request for one chat call.
Result<wire::HttpRequest> encode_request(const ChatRequest& request, const Endpoint& endpoint, bool stream);

FinishReason finish_reason(std::string_view reason, bool has_tool_calls);

// The error object in `root` (an object with "error", or an array with such an object), or a missing Value.
json::Value find_error(const json::Value& root);
// `status` is the HTTP status; for an error inside a 200 the vendor's own code is used where it gives one.
Error read_error(const json::Value& error, int status, const wire::Headers& headers);

// Folds chunks into one ChatResult; a plain answer is one chunk. Adjacent pieces of text become one part.
class ChunkFold {
 public:
  StreamAccumulator& accumulator() { return acc_; }
  const StreamAccumulator& accumulator() const { return acc_; }

  void chunk(const json::Value& root, const EventSink& sink);
  // Something of an answer was seen. Google answers without candidates, and without a reason, when it has nothing to
  // say: an empty answer, whose tokens are billed.
  bool has_answer() const { return has_answer_; }
  bool is_complete() const { return has_reason_ || is_blocked_; }
  // Closes the message; with `at_end`, emits the Finish event (it waits for the end because calls may follow the chunk
  // that says STOP). Call at the end or at an error; further calls do nothing.
  void seal(const EventSink& sink, bool at_end);

 private:
  enum class Open { kNothing, kText, kThought };

  void candidate(const json::Value& candidate, const EventSink& sink);
  void part(const json::Value& part, const EventSink& sink);
  void text(const json::Value& part, const EventSink& sink);
  void function_call(const json::Value& part, const EventSink& sink);
  void media(const json::Value& part);
  void opaque(const json::Value& part);
  void metadata(const json::Value& candidate);
  void usage(const json::Value& usage, const EventSink& sink);
  FinishReason reason() const;
  int64_t next_key();

  StreamAccumulator acc_;
  Open open_ = Open::kNothing;  // the last part can still grow
  int64_t key_ = 0;             // of the last part
  std::string annotations_;     // grounding, citations, fetched URLs: a JSON array without its brackets
  std::string last_annotation_;
  bool has_tool_calls_ = false, has_reason_ = false, is_blocked_ = false, has_answer_ = false, sealed_ = false;
};

// Cuts a JSON array (or one JSON object) that arrives in any pieces into its elements. Bounded by
// limits::kStreamEventBytesMax per element. Not thread-safe.
class ElementSplitter {
 public:
  // Calls `sink` with each complete element; the sink returns false to stop. Fails with kTooLarge at the bound, and
  // with kMalformedResponse for bytes that are neither.
  Status feed(std::string_view bytes, const std::function<bool(std::string_view)>& sink);
  bool done() const { return state_ == State::kDone; }  // the closing bracket was seen
  uint64_t elements() const { return elements_; }

 private:
  enum class State { kStart, kBetween, kElement, kDone };
  Status step(char c, const std::function<bool(std::string_view)>& sink, bool& go_on);
  bool deliver(const std::function<bool(std::string_view)>& sink);

  std::string element_;
  State state_ = State::kStart;
  int64_t depth_ = 0;
  bool in_array_ = false, in_string_ = false, escaped_ = false;
  uint64_t elements_ = 0;
};

}  // namespace tracia::llm::google
