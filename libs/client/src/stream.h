// The state that a LocalStream shares with the loop. Private to libs/client.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "chat_job.h"
#include "core.h"

namespace tracia {
inline namespace v0 {

// The buffer is bounded because the decoder is: limits::kStreamBufferBytesMax for the whole answer.
struct LocalStream::State {
  std::shared_ptr<ClientCore> core;
  std::unique_ptr<client::ChatJob> job;  // used by the loop until `finished`
  std::string span_id, trace_id;
  CancelToken cancel;

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::deque<StreamChunk> chunks;
  std::string delivered;  // text handed out by next()
  bool finished = false, aborted = false, end_seen = false;
  StreamResult outcome;  // once finished; what arrived, also after an error
  std::optional<Error> error;

  void push(const llm::StreamEvent& event);  // loop thread
  void ended();                              // loop thread
  StreamResult aborted_result() const;       // under the lock
};

}  // namespace v0
}  // namespace tracia
