// The one accumulator that folds stream events into a ChatResult, so that streamed and plain answers end in the same
// type. Decoders own one and describe what they read; it keeps the message and emits the events.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/limits.h"
#include "tracia/llm/codec.h"

namespace tracia::llm {

// Parts are addressed by a key that the vendor gives (block index, output index, choice index …); a part is created on
// first touch and keeps its place in the message. Bounded: past limits::kStreamBufferBytesMax overflowed() is true and
// further content is dropped; the decoder then fails with kTooLarge. Not thread-safe.
class StreamAccumulator {
 public:
  // Whole answers, whose size was bounded when they were received, pass a larger bound.
  explicit StreamAccumulator(size_t bytes_max = limits::kStreamBufferBytesMax) : bytes_max_(bytes_max) {}

  ChatResult& result() { return result_; }
  const ChatResult& result() const { return result_; }

  void text(int64_t key, std::string_view delta, const EventSink& sink);
  void refusal(int64_t key, std::string_view delta, const EventSink& sink);  // also appends to result().refusal
  void reasoning(int64_t key, std::string_view delta, const EventSink& sink);
  // `id`/`name` fill in when first known; `arguments` appends. Emits a ToolCallDelta; its index counts calls from 0.
  void tool_call(int64_t key, std::string_view id, std::string_view name, std::string_view arguments,
                 const EventSink& sink, ToolCallPart::Kind kind = ToolCallPart::Kind::kFunction);
  void opaque(int64_t key, Provider provider, std::string_view json);  // a whole vendor block; no event
  void usage(const Usage& usage, const EventSink& sink);
  void finish(FinishReason reason, std::string_view provider_reason, const EventSink& sink);

  // The part with that key, created as T when absent; nullptr when it exists with another type.
  template <typename T>
  T* part(int64_t key) {
    const auto [it, fresh] = places_.try_emplace(key, result_.message.parts.size());
    if (fresh) {
      result_.message.parts.push_back(Part{T{}});
      count(sizeof(Part) + kPartOverheadBytes);
    }
    return result_.message.parts[it->second].as<T>();
  }
  bool has(int64_t key) const { return places_.contains(key); }

  // Puts the parts in the order of their keys, for vendors whose events may come out of order. With `keep`, drops the
  // parts whose keys it does not hold. Call before seal().
  void arrange(const std::set<int64_t>* keep = nullptr);

  void append(std::string& target, std::string_view delta);  // counts towards the bound

  bool overflowed() const { return overflowed_; }
  void set_overflowed() { overflowed_ = true; }  // a decoder's own bound was passed (limits::kAnswerPartsMax)
  Error overflow_error(Provider provider) const;

  // Gives tool calls without arguments "{}" and drops empty text parts. Call once, at the end or at an error.
  void seal();

  void saw_event_type(std::string_view name);
  const std::vector<std::string>& event_types() const { return event_types_; }

 private:
  ChatResult result_;
  std::map<int64_t, size_t> places_;
  std::map<int64_t, int> call_indexes_;
  std::vector<std::string> event_types_;
  // A part without content costs memory too: a hostile stream could open parts for ever.
  static constexpr size_t kPartOverheadBytes = 64;
  bool count(size_t bytes);  // false, and overflowed, when the bound is passed

  size_t bytes_max_;
  size_t bytes_ = 0;
  bool overflowed_ = false;
};

}  // namespace tracia::llm
