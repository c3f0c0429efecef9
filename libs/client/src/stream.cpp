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
  buffer.push(std::move(chunk));
}

void LocalStream::State::end() {
  const std::optional<Error>& failure = job->call().error();
  // The caller's own cancel token ends a stream as abort() does.
  const auto heard = buffer.stop(failure && failure->kind == ErrorKind::kAborted);
  // No lock is held: the application's mask and on_span_error may look at this very stream.
  job->record(*core, heard.has_value(), heard ? &*heard : nullptr);
  outcome = job->partial();
  error = failure;
  buffer.finish();
}

StreamResult LocalStream::State::aborted_result(std::string text) const {
  StreamResult result;
  if (buffer.is_finished()) result = outcome;
  result.message = llm::assistant(text);
  result.text = std::move(text);
  result.span_id = span_id;
  result.trace_id = trace_id;
  result.tool_calls.clear();
  result.structured_output.clear();
  result.output_items.clear();
  result.finish_reason = FinishReason::kUnknown;
  result.provider_finish_reason.clear();
  result.aborted = true;
  return result;
}

std::optional<StreamChunk> LocalStream::next() { return state_->buffer.next(); }
std::vector<StreamChunk> LocalStream::take() { return state_->buffer.take(); }
bool LocalStream::ended() const { return state_->buffer.ended(); }
void LocalStream::on_ready(std::function<void()> ready) { state_->buffer.on_ready(std::move(ready)); }
void LocalStream::on_finished(std::function<void()> finished) { state_->buffer.on_finished(std::move(finished)); }
void LocalStream::abort() { state_->buffer.abort(); }

Result<StreamResult> LocalStream::result() {
  if (state_->buffer.wait_finished()) return state_->aborted_result(state_->buffer.delivered());
  if (state_->error) return fail(*state_->error);
  return state_->outcome;
}

StreamResult LocalStream::partial() const {
  const bool aborted = state_->buffer.is_aborted();
  if (!aborted && state_->buffer.is_finished()) return state_->outcome;
  StreamResult result = state_->aborted_result(state_->buffer.text_so_far());
  result.aborted = aborted;
  return result;
}

const std::string& LocalStream::span_id() const { return state_->span_id; }
const std::string& LocalStream::trace_id() const { return state_->trace_id; }

LocalStream::LocalStream(std::shared_ptr<State> state) : state_(std::move(state)) {}
LocalStream::LocalStream(LocalStream&&) noexcept = default;
LocalStream& LocalStream::operator=(LocalStream&& other) noexcept {
  if (this != &other) {
    if (state_) state_->buffer.leave();
    state_ = std::move(other.state_);
  }
  return *this;
}
LocalStream::~LocalStream() {
  if (state_) state_->buffer.leave();
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
