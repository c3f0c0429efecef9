// The frame of OpenAI's two stream decoders: bytes in, SSE events out, and the states between. Private to libs/llm.
#pragma once

#include <optional>
#include <string>

#include "openai/common.h"
#include "tracia/llm/stream.h"
#include "tracia/wire/sse.h"

namespace tracia::llm::openai {

// A derived class reads one event at a time and calls complete() at the protocol's end or give_up() at an error. A body
// that begins with '{' is not a stream but a whole answer (some proxies ignore `stream`, or answer errors so): it is
// held and read at the end. Not thread-safe.
class StreamBase : public StreamDecoder {
 public:
  explicit StreamBase(const wire::HttpResponseHead& head) : headers_(head.headers) {
    acc_.result().request_id = llm::request_id(headers_);
  }

  Status feed(std::string_view bytes, const EventSink& sink) final;
  Status finish(const EventSink& sink) final;
  bool done() const final { return state_ == State::kComplete; }
  const ChatResult& result() const final { return acc_.result(); }
  uint64_t events() const final { return sse_.events(); }
  const std::vector<std::string>& event_types() const final { return acc_.event_types(); }

 protected:
  // One event whose data is a JSON object. Views die with the call.
  virtual void on_event(std::string_view name, const json::Value& data, const EventSink& sink) = 0;
  virtual void on_done_mark(const EventSink& sink) = 0;  // "[DONE]"
  // The connection ended in a stream: completes when that is an end, else gives up.
  virtual void on_end(const EventSink& sink) = 0;
  // A whole answer in place of a stream.
  virtual void on_answer(const json::Value& root, const EventSink& sink) = 0;
  // Makes what was gathered presentable, after an error or at the end. Called once.
  virtual void settle() = 0;

  void complete() { state_ = State::kComplete; }
  void give_up(Error error);
  bool is_open() const { return state_ == State::kUndecided || state_ == State::kEvents || state_ == State::kAnswer; }

  wire::Headers headers_;
  StreamAccumulator acc_;

 private:
  enum class State { kUndecided, kEvents, kAnswer, kComplete, kFailed };
  void read_event(const wire::SseEvent& event, const EventSink& sink);
  Status hold(std::string_view bytes);
  Status outcome();

  State state_ = State::kUndecided;
  std::optional<Error> error_;
  wire::SseParser sse_;
  json::Document document_;
  std::string body_;  // of a whole answer
};

// Runs a stream decoder over a body that is a stream although none was asked for.
bool looks_like_stream(const wire::HttpResponse& response);
Result<ChatResult> drain(StreamDecoder& decoder, std::string_view body);

}  // namespace tracia::llm::openai
