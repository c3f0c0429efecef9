// One chat call from input to result and span, whichever way it is driven. Private to libs/client.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core.h"
#include "plan.h"
#include "tracia/llm/call.h"

namespace tracia::client {

// Used by one driver at a time; result() and record() after the call has ended.
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
  RunResponsesResult responses_result() const;
  // The span of a call that ended by itself, or (`aborted`) by the caller with `delivered` as its output.
  void record(ClientCore& core, bool aborted = false, const std::string* delivered = nullptr);

 private:
  ChatJob() = default;
  void build(ClientCore& core, std::vector<llm::Target> targets, llm::Call::Options options, bool stream,
             llm::EventSink sink);

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
