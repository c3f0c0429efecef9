// One embedding call from input to result and span. Private to libs/client.
#pragma once

#include <memory>

#include "core.h"
#include "plan.h"

namespace tracia::client {

class EmbeddingJob {
 public:
  static Result<std::unique_ptr<EmbeddingJob>> make(ClientCore& core, RunEmbeddingInput input);

  llm::EmbeddingCall& call() { return *call_; }
  const transport::CancelToken& cancel() const { return cancel_; }
  Result<RunEmbeddingResult> result();  // once: moves the vectors out
  void record(ClientCore& core);        // before result()

 private:
  EmbeddingJob() = default;
  llm::EmbeddingRequest request_;
  std::string custom_options_;
  SpanContext context_;
  transport::CancelToken cancel_;
  bool tracing_ = false;
  Timestamp started_;
  std::unique_ptr<llm::EmbeddingCall> call_;
};

}  // namespace tracia::client
