// One chat call from input to result and span, whichever way it is driven. Private to libs/client.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core.h"
#include "plan.h"
#include "tracia/llm/call.h"
#include "tracia/span/span.h"

namespace tracia::client {

// Used by one driver at a time; results and spans after the call has ended.
class ChatJob {
 public:
  // Validates everything before anything is sent.
  static Result<std::unique_ptr<ChatJob>> make(ClientCore& core, RunLocalInput input, bool stream, llm::EventSink sink);
  static Result<std::unique_ptr<ChatJob>> make(ClientCore& core, RunResponsesInput input, bool stream,
                                               llm::EventSink sink);

  llm::ChatCall& call() { return *call_; }
  const SpanContext& context() const { return context_; }
  const transport::CancelToken& cancel() const { return cancel_; }

  // What the call gave; on errors what arrived before.
  RunLocalResult partial() const;
  Result<RunLocalResult> result() const;
  Result<RunResponsesResult> responses_result() const;
  // The span of a stream that ended by itself, or (`aborted`) by the caller with `delivered` as its output.
  void record(ClientCore& core, bool aborted, const std::string* delivered);
  // The span of a call that ended and whose result was taken: the recorder makes it on its own thread, so that the
  // caller does not wait for it. Until then it holds the job, without the keys that the call was made with.
  static void hand_over(ClientCore& core, std::shared_ptr<ChatJob> job);

 private:
  ChatJob() = default;
  void build(ClientCore& core, std::vector<llm::Target> targets, llm::Call::Options options, bool stream,
             llm::EventSink sink);
  bool is_traced() const { return tracing_ && call_->sent(); }
  span::Span describe(std::string output) const;
  size_t memory_bytes() const;

  llm::ChatRequest request_;
  std::vector<llm::Message> span_messages_;  // when they differ from the request's (Responses items)
  std::string custom_options_, variables_json_;
  PromptLink prompt_;
  SpanContext context_;
  transport::CancelToken cancel_;
  bool responses_ = false, tracing_ = false;
  std::string model_;  // as asked for
  Timestamp started_;
  std::unique_ptr<llm::ChatCall> call_;
};

}  // namespace tracia::client
