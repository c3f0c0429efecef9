// prompts.run and the unsaved run: render, call, price, one durable span for each (failed ones too), answer.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/llm/call.h"
#include "tracia/llm/model.h"
#include "tracia/llm/stream.h"
#include "tracia/service/access.h"
#include "tracia/service/prompts.h"
#include "tracia/service/services.h"
#include "tracia/transport/cancel_token.h"
#include "tracia/transport/transport.h"

namespace tracia::service {

class Lanes;  // where calls run; private to the service

// A run, validated (routes read it from JSON). Either `at` or `content` says what runs.
struct RunRequest {
  std::optional<PromptAt> at;                                  // a stored prompt
  prompt::Content content;                                     // the unsaved version, when `at` is empty
  std::string prompt_slug;                                     // unsaved: the prompt being edited, for its span
  std::vector<std::pair<std::string, std::string>> variables;  // stringified
  std::string variables_json;                                  // as sent, for the span; "" = none
  std::vector<llm::Message> messages;                          // the whole conversation; empty = render the templates
  std::string provider, model;                                 // overrides; "" = the version's
  std::vector<std::string> tags;
  std::string user_id, session_id, trace_id, parent_span_id;
  std::string span_id;  // of the span that the run will leave; "" = settle_trace() makes one
  int64_t timeout_ms = 120'000;
  bool stream = false;
};

// Whether the run joins its parent's trace, which only the store knows.
bool needs_parent(const RunRequest& request);
// Makes the ids of the run's span and trace, as far as they are not given, so that what is chosen by the trace (an
// experiment's variant) is chosen by the one that is recorded. Reads the store, and so blocks, when needs_parent().
void settle_trace(Services& services, const std::string& project_id, RunRequest& request);

// The answer's parts; routes write it as RunResult.
struct RunOutcome {
  std::string result_json;  // RunResult of api/openapi.yaml
};
// A failed run: the error, and the members that its answer adds (provider, spanId, missingVariables) as for
// http::error_json's `extra`.
struct RunFailure {
  Error error;
  std::string extra;
};

class Runs {
 public:
  // Calls run on the reactor of the thread that starts them, or on the first one; on a thread of their own when there
  // is none.
  explicit Runs(Services& services, std::vector<std::shared_ptr<transport::Reactor>> reactors = {});
  ~Runs();  // closes
  // Cancels what is in flight, waits for its spans, and gives the reactors back, which must be running until then. Runs
  // started later are refused. Idempotent; not on a reactor's thread.
  void close();

  // Called on any thread, in order, never at the same time; on_end exactly once, last.
  struct Listener {
    std::function<void(const llm::StreamEvent&)> on_event;             // streams only
    std::function<void(tl::expected<RunOutcome, RunFailure>)> on_end;  // after the span is durable (or refused)
  };
  // Starts a run and returns at once. Cancelling the token ends the call; its span is stored all the same.
  void start(const Principal& who, RunRequest request, transport::CancelToken cancel, Listener listener);

  // One tiny call to a target, to see that it answers: a chat of a few tokens (an embedding for Voyage) with its model,
  // or, when it names none, the list of models. No retry, 20 s at most, no span. `done` gets the latency, or what went
  // wrong, once, on any thread.
  void probe(llm::Target target, const transport::CancelToken& cancel, std::function<void(Result<Millis>)> done);

  Lanes& lanes();  // for Gateway, whose calls run, are bounded and end with these

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tracia::service
