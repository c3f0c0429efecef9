#include <mutex>

#include "tracia/base/ids.h"
#include "tracia/client/client.h"

namespace tracia {
inline namespace v0 {

struct Session::State {
  std::mutex mutex;
  std::string trace_id, last_span_id;
};

Session::Session(Client* client, std::string trace_id, std::string parent_span_id)
    : client_(client), state_(std::make_shared<State>()) {
  state_->trace_id = trace_id.empty() ? new_trace_id() : std::move(trace_id);
  state_->last_span_id = std::move(parent_span_id);
}

// The span id is made here, so that it is known as a parent as soon as the call has left a span.
template <typename Input>
void Session::link(Input& input) const {
  if (input.span_id.empty()) input.span_id = new_span_id();
  const std::lock_guard lock(state_->mutex);
  if (input.trace_id.empty()) input.trace_id = state_->trace_id;
  if (input.parent_span_id.empty()) input.parent_span_id = state_->last_span_id;
}

// Only a span that is sent may become a parent.
void Session::sent(const std::optional<bool>& send_trace, const std::string& span_id) const {
  if (!send_trace.value_or(true)) return;
  const std::lock_guard lock(state_->mutex);
  state_->last_span_id = span_id;
}

Result<RunLocalResult> Session::run_local(RunLocalInput input) {
  link(input);
  auto result = client_->run_local(input);
  if (result) sent(input.send_trace, result->span_id);
  return result;
}

Result<LocalStream> Session::run_local_stream(RunLocalInput input) {
  link(input);
  const auto send_trace = input.send_trace;
  auto stream = client_->run_local_stream(std::move(input));
  // A call made before the stream is read chains to it: its span is sent whatever becomes of it.
  if (stream) sent(send_trace, stream->span_id());
  return stream;
}

Result<RunResponsesResult> Session::run_responses(RunResponsesInput input) {
  link(input);
  auto result = client_->run_responses(input);
  if (result) sent(input.send_trace, result->span_id);
  return result;
}

Result<RunEmbeddingResult> Session::run_embedding(RunEmbeddingInput input) {
  link(input);
  auto result = client_->run_embedding(input);
  if (result) sent(input.send_trace, result->span_id);
  return result;
}

std::string Session::trace_id() const {
  const std::lock_guard lock(state_->mutex);
  return state_->trace_id;
}

std::string Session::last_span_id() const {
  const std::lock_guard lock(state_->mutex);
  return state_->last_span_id;
}

void Session::reset() {
  const std::lock_guard lock(state_->mutex);
  state_->trace_id = new_trace_id();
  state_->last_span_id.clear();
}

}  // namespace v0
}  // namespace tracia
