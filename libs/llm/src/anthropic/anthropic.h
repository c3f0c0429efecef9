// The Anthropic Messages protocol, version 2023-06-01 (docs.claude.com, "Messages", "Streaming Messages").
//
//   POST {base_url}/v1/messages      anthropic-version: 2023-06-01      [anthropic-beta: a,b]
//
//   answer    {id, type:"message", role, model, content:[block…], stop_reason, stop_sequence, usage}
//   stream    message_start {message} · per block: content_block_start {index, content_block},
//             content_block_delta {index, delta}*, content_block_stop {index} · message_delta {delta, usage}* ·
//             message_stop; `ping` and `error` anywhere, and kinds to come
//   error     {type:"error", error:{type, message}, request_id}
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tracia/json/reader.h"
#include "tracia/json/writer.h"
#include "tracia/llm/codec.h"
#include "tracia/llm/stream.h"

namespace tracia::llm::anthropic {

// ---- What the request must know about a model. Read from the name: "claude-<family>-<major>[-<minor>][-<date>]" or
// the older "claude-<major>[-<minor>]-<family>"; unknown names get the newest behaviour.
struct ModelTraits {
  bool adaptive_thinking = true;  // `thinking: {type: "adaptive"}` instead of a token budget: Claude 4.6 and later
  bool effort = true;             // `output_config.effort`: Opus 4.5, and every model from 4.6 on
};
ModelTraits model_traits(std::string_view model);

// `max_tokens` is required by the protocol: the most that the model may write, when the caller set no bound.
int64_t default_max_tokens(std::string_view model);

// A JSON Schema as structured outputs accept it: objects are closed (`additionalProperties: false`), `oneOf` becomes
// `anyOf`, and constraints that the vendor refuses (minimum, maxLength, …) move into the description, where the model
// still reads them. kInvalidRequest when `schema` is not a JSON object.
Result<std::string> output_schema(std::string_view schema);

// Writes the members "system" and "messages". System and developer messages are lifted out wherever they stand,
// consecutive messages of one side become one, tool results first. `json_mode` adds the instruction to answer in JSON.
// Sets `uses_files` when a part names an uploaded file. O(request).
Status write_conversation(json::Writer& w, const ChatRequest& request, bool json_mode, bool& uses_files);

// Also counts the usage and finish words below; shared by the plain and the streamed form.
FinishReason finish_reason(std::string_view stop_reason);

// An error object in any of the vendor's envelopes.
Error read_error(const json::Value& root, int status, const wire::Headers& headers);

// Folds content blocks, whole or in deltas, into one ChatResult. A whole block is a start without deltas, so that both
// forms of an answer end the same.
class MessageFold {
 public:
  StreamAccumulator& accumulator() { return acc_; }
  const StreamAccumulator& accumulator() const { return acc_; }

  void message(const json::Value& message, const EventSink& sink);  // the whole object, or message_start's
  void start_block(int64_t index, const json::Value& block, const EventSink& sink);
  void delta(int64_t index, const json::Value& delta, const EventSink& sink);
  void stop_block(int64_t index, const EventSink& sink);
  void stop(const json::Value& delta, const EventSink& sink);   // stop_reason, stop_sequence, stop_details
  void usage(const json::Value& usage, const EventSink& sink);  // later fields win over earlier ones
  void seal(const EventSink& sink);                             // closes what is open; call once, at the end
  int64_t last_index() const { return last_index_; }

 private:
  // What a block needs until it stops.
  struct OpenBlock {
    enum class Kind { kPlain, kToolUse, kOpaque } kind = Kind::kPlain;
    std::string json;     // kOpaque: the block as it started
    std::string input;    // kToolUse: the input it started with; kOpaque: the input that deltas brought
    std::string content;  // kOpaque: compaction text
    bool has_content = false;
    bool has_deltas = false;
  };
  void add_citation(int64_t index, const json::Value& citation);
  void finish_opaque(int64_t index, const OpenBlock& block);

  StreamAccumulator acc_;
  std::map<int64_t, OpenBlock> open_;
  size_t blocks_ = 0;
  int64_t last_index_ = 0;
};

}  // namespace tracia::llm::anthropic
