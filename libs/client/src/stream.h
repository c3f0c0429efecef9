// The state that a LocalStream shares with the loop. Private to libs/client.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "chat_job.h"
#include "chunk_buffer.h"
#include "core.h"

namespace tracia {
inline namespace v0 {

// The buffer is bounded because the decoder is: limits::kStreamBufferBytesMax for the whole answer.
struct LocalStream::State {
  explicit State(std::shared_ptr<ClientCore> of) : core(std::move(of)), buffer(core->options.interrupted) {}

  std::shared_ptr<ClientCore> core;
  std::unique_ptr<client::ChatJob> job;  // used by the loop until the buffer is finished
  std::string span_id, trace_id;
  client::ChunkBuffer buffer;
  // Written by the loop before it finishes the buffer.
  StreamResult outcome;  // what arrived, also after an error
  std::optional<Error> error;

  void push(const llm::StreamEvent& event);             // loop thread
  void end();                                           // loop thread
  StreamResult aborted_result(std::string text) const;  // whose outcome may be that of no call yet
};

}  // namespace v0
}  // namespace tracia
