// The state that a PromptStream shares with the loop: server-sent events in, chunks and a result out. Private to
// libs/client.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api.h"
#include "chunk_buffer.h"
#include "core.h"
#include "tracia/wire/sse.h"

namespace tracia {
inline namespace v0 {

struct PromptStream::State final : transport::ResponseHandler {
  explicit State(std::shared_ptr<ClientCore> of) : core(std::move(of)), buffer(core->options.interrupted) {}

  // `known`: what an aborted run can tell all the same.
  static Result<PromptStream> start(const std::shared_ptr<ClientCore>& core, const ApiRequest& request,
                                    RunResult known);

  void on_head(wire::HttpResponseHead head) override;
  bool on_body(std::string_view bytes) override;
  Result<RunResult> result();

  std::shared_ptr<ClientCore> core;
  client::ChunkBuffer buffer;

 private:
  bool on_event(const wire::SseEvent& event);  // false: enough was read
  bool push(StreamChunk chunk);
  bool end_with(Error error);
  void end(const Status& transport);
  RunResult aborted_result() const;

  // The loop's, until the buffer is finished.
  wire::HttpResponse response_;  // its body only when it is no stream
  bool is_stream_ = false;
  wire::SseParser events_{limits::kResponseBytesMax};  // the last event repeats the whole conversation
  json::Document document_;
  size_t bytes_ = 0;
  int tool_calls_ = 0;
  RunResult known_;
  std::optional<RunResult> outcome_;
  std::optional<Error> error_;
};

}  // namespace v0
}  // namespace tracia
