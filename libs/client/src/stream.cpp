#include "stream.h"

namespace tracia {
inline namespace v0 {

void LocalStream::State::push(const llm::StreamEvent& event) {
  StreamChunk chunk;
  if (const auto* text = std::get_if<llm::TextDelta>(&event)) {
    chunk = {.type = StreamChunk::Type::kText, .text = std::string(text->text)};
  } else if (const auto* reasoning = std::get_if<llm::ReasoningDelta>(&event)) {
    chunk = {.type = StreamChunk::Type::kReasoning, .text = std::string(reasoning->text)};
  } else if (const auto* refusal = std::get_if<llm::RefusalDelta>(&event)) {
    chunk = {.type = StreamChunk::Type::kRefusal, .text = std::string(refusal->text)};
  } else if (const auto* call = std::get_if<llm::ToolCallDelta>(&event)) {
    chunk = {.type = StreamChunk::Type::kToolCall,
             .text = std::string(call->arguments),
             .tool_index = call->index,
             .tool_id = std::string(call->id),
             .tool_name = std::string(call->name)};
  } else {
    return;  // usage and finish are in the result
  }
  {
    const std::lock_guard lock(mutex);
    if (aborted) return;
    chunks.push_back(std::move(chunk));
  }
  changed.notify_all();
}

void LocalStream::State::ended() {
  StreamResult last = job->partial();
  bool was_aborted = false;
  std::string heard;
  {
    const std::lock_guard lock(mutex);
    // The caller's own cancel token ends a stream as abort() does.
    if (job->call().error() && job->call().error()->kind == ErrorKind::kAborted) aborted = true;
    was_aborted = aborted;
    if (aborted) heard = delivered;  // final: next() gives nothing more
  }
  // Outside the lock: the application's mask and on_span_error may look at this very stream.
  if (was_aborted) {
    job->record(*core, true, &heard);
  } else {
    job->record(*core);
  }
  {
    const std::lock_guard lock(mutex);
    outcome = std::move(last);
    error = job->call().error();
    finished = true;
  }
  changed.notify_all();
}

StreamResult LocalStream::State::aborted_result() const {
  StreamResult result = outcome;
  result.text = delivered;
  result.span_id = span_id;
  result.trace_id = trace_id;
  result.message = llm::assistant(delivered);
  result.tool_calls.clear();
  result.structured_output.clear();
  result.finish_reason = FinishReason::kUnknown;
  result.provider_finish_reason.clear();
  result.aborted = true;
  return result;
}

std::optional<StreamChunk> LocalStream::next() {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return !state_->chunks.empty() || state_->finished || state_->aborted; });
  if (state_->aborted) return std::nullopt;
  if (state_->chunks.empty()) {
    state_->end_seen = true;
    return std::nullopt;
  }
  StreamChunk chunk = std::move(state_->chunks.front());
  state_->chunks.pop_front();
  if (chunk.type == StreamChunk::Type::kText) state_->delivered.append(chunk.text);
  return chunk;
}

void LocalStream::abort() {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->end_seen || state_->aborted) return;
    state_->aborted = true;
    state_->chunks.clear();
  }
  state_->cancel.cancel();
  state_->changed.notify_all();
}

Result<StreamResult> LocalStream::result() {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return state_->finished; });
  if (state_->aborted) return state_->aborted_result();
  state_->end_seen = true;
  if (state_->error) return fail(*state_->error);
  return state_->outcome;
}

StreamResult LocalStream::partial() const {
  const std::lock_guard lock(state_->mutex);
  if (state_->finished && !state_->aborted) return state_->outcome;
  StreamResult result = state_->aborted_result();
  for (const StreamChunk& chunk : state_->chunks) {
    if (chunk.type == StreamChunk::Type::kText) result.text.append(chunk.text);
  }
  result.aborted = state_->aborted;
  return result;
}

const std::string& LocalStream::span_id() const { return state_->span_id; }
const std::string& LocalStream::trace_id() const { return state_->trace_id; }

LocalStream::LocalStream(std::shared_ptr<State> state) : state_(std::move(state)) {}
LocalStream::LocalStream(LocalStream&&) noexcept = default;
LocalStream& LocalStream::operator=(LocalStream&& other) noexcept {
  if (this != &other) {
    if (state_) abort();
    state_ = std::move(other.state_);
  }
  return *this;
}
LocalStream::~LocalStream() {
  if (state_) abort();
}

LocalStream::Iterator& LocalStream::Iterator::operator++() {
  chunk_ = stream_->next();
  return *this;
}

LocalStream::Iterator LocalStream::begin() {
  Iterator it;
  it.stream_ = this;
  ++it;
  return it;
}

}  // namespace v0
}  // namespace tracia
