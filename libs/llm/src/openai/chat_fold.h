// Folds what chat completions say into one ChatResult. A whole answer is read as one large delta, so that both forms of
// the protocol end in the same result by construction. Private to libs/llm.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "openai/common.h"
#include "tracia/llm/stream.h"

namespace tracia::llm::openai {

// "stop", "length", … and the words of compatible servers; kUnknown for others.
FinishReason chat_finish_reason(std::string_view word);

// Not thread-safe. Views into the JSON are not kept.
class ChatFold {
 public:
  explicit ChatFold(StreamAccumulator& acc) : acc_(acc) {}

  // id, model and usage of an answer or a chunk.
  void header(const json::Value& root, const EventSink& sink);
  // One element of `choices`: its `delta`, or its `message`.
  void choice(const json::Value& choice, const EventSink& sink);
  bool has_finished() const { return !acc_.result().provider_finish_reason.empty(); }
  // Ends the message: canonical order, finish reason. The Finish event is emitted when `complete`.
  void close(bool complete, const EventSink& sink);

 private:
  void content(const json::Value& content, const EventSink& sink);
  void reasoning(const json::Value& delta, const EventSink& sink);
  void audio(const json::Value& audio);
  void annotations(const json::Value& list);
  void tool_calls(const json::Value& list, bool is_whole, const EventSink& sink);
  int64_t tool_key(const json::Value& call, std::string_view id, std::string_view name, int64_t position,
                   bool is_whole);

  struct Call {
    int64_t key = 0;
    int64_t repeats = 0;  // calls that came under the same index
    std::string id;
  };
  StreamAccumulator& acc_;
  std::map<int64_t, Call> calls_;               // by index
  std::map<std::string, int64_t> index_of_id_;  // for servers that give no index
  int64_t last_index_ = -1;
  std::string audio_bytes_;  // fewer than three bytes that wait for the rest of their base64 group
  std::string annotations_;  // elements joined by commas
};

}  // namespace tracia::llm::openai
