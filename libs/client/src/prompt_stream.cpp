#include "prompt_stream.h"

#include "run_result.h"
#include "sender.h"
#include "tracia/base/bytes.h"

namespace tracia {
inline namespace v0 {
namespace {

constexpr size_t kErrorBodyBytesMax = 1u << 20;  // of an answer that is no stream: all that is wanted is its error

bool is_event_stream(const wire::Headers& headers) {
  const std::string_view type = headers.get_or("content-type", "");
  return ascii_iequals(trim(type.substr(0, type.find(';'))), "text/event-stream");
}

}  // namespace

Result<PromptStream> PromptStream::State::start(const std::shared_ptr<ClientCore>& core, const ApiRequest& request,
                                                RunResult known) {
  auto http = client::api_http_request(*core, request);
  if (!http) return fail(std::move(http).error());
  http->headers.set("accept", "text/event-stream, application/json");
  auto state = std::make_shared<State>(core);
  state->known_ = std::move(known);
  state->buffer.set_cancel(
      calls::start_exchange(driver_of(core), std::move(*http), client::api_exchange_options(*core, request), state,
                            [state](const transport::Outcome& outcome) { state->end(outcome.status); }));
  return PromptStream(std::move(state));
}

void PromptStream::State::on_head(wire::HttpResponseHead head) {
  response_.status = head.status;
  response_.headers = std::move(head.headers);
  is_stream_ = response_.status < 400 && is_event_stream(response_.headers);
}

bool PromptStream::State::on_body(std::string_view bytes) {
  if (!is_stream_) {
    response_.body.append(bytes.substr(0, kErrorBodyBytesMax - response_.body.size()));
    return response_.body.size() < kErrorBodyBytesMax;
  }
  const Status fed = events_.feed(bytes, [this](const wire::SseEvent& event) { return on_event(event); });
  if (!fed) return end_with(fed.error());
  return !error_;
}

bool PromptStream::State::on_event(const wire::SseEvent& event) {
  if (outcome_) return false;  // `done` is the last one
  const auto root = document_.parse_lenient(event.data);
  if (!root) return end_with(client::malformed_answer(*core, response_.status, root.error().message));
  if (event.event == "delta") return push({.text = (*root)["text"].text()});
  if (event.event == "reasoning") return push({.type = StreamChunk::Type::kReasoning, .text = (*root)["text"].text()});
  if (event.event == "tool_call") {
    return push({.type = StreamChunk::Type::kToolCall,
                 .text = (*root)["arguments"].to_json(),
                 .tool_index = tool_calls_++,
                 .tool_id = (*root)["id"].text(),
                 .tool_name = (*root)["name"].text()});
  }
  if (event.event == "error") return end_with(client::stream_error(*root));
  if (event.event != "done") return true;  // of a later version
  auto run = client::read_run(*root);
  if (!run) return end_with(std::move(run).error());
  outcome_ = std::move(*run);
  return true;
}

bool PromptStream::State::push(StreamChunk chunk) {
  bytes_ += chunk.text.size() + chunk.tool_id.size() + chunk.tool_name.size();
  if (bytes_ > limits::kStreamBufferBytesMax) {
    return end_with(
        {.code = ErrorCode::kUnknown,
         .kind = ErrorKind::kTooLarge,
         .message = "The streamed answer is larger than " + std::to_string(limits::kStreamBufferBytesMax) + " bytes"});
  }
  if (chunk.type == StreamChunk::Type::kToolCall || !chunk.text.empty()) buffer.push(std::move(chunk));
  return true;
}

// False, which ends the exchange.
bool PromptStream::State::end_with(Error error) {
  error_ = std::move(error);
  return false;
}

void PromptStream::State::end(const Status& transport) {
  buffer.stop(!transport && transport.error().kind == ErrorKind::kAborted);
  if (!outcome_ && !error_) {
    if (response_.status >= 400) {
      error_ = client::api_error(response_);
    } else if (!transport) {
      error_ = transport.error();
    } else if (!is_stream_) {
      error_ = client::malformed_answer(*core, response_.status, "no event stream");
    } else {
      error_ = {.code = ErrorCode::kNetworkError,
                .kind = ErrorKind::kStreamTruncated,
                .message = "The stream ended before its last event"};
    }
  }
  buffer.finish();
}

Result<RunResult> PromptStream::State::result() {
  if (buffer.wait_finished()) return aborted_result();
  if (error_) return fail(*error_);
  return *outcome_;
}

RunResult PromptStream::State::aborted_result() const {
  RunResult result = outcome_.value_or(known_);
  result.text = buffer.delivered();
  result.finish_reason = FinishReason::kUnknown;
  result.provider_finish_reason.clear();
  result.tool_calls.clear();
  result.structured_output.clear();
  result.messages.clear();
  result.aborted = true;
  return result;
}

PromptStream::PromptStream(std::shared_ptr<State> state) : state_(std::move(state)) {}
PromptStream::PromptStream(PromptStream&&) noexcept = default;
PromptStream& PromptStream::operator=(PromptStream&& other) noexcept {
  if (this != &other) {
    if (state_) state_->buffer.leave();
    state_ = std::move(other.state_);
  }
  return *this;
}
PromptStream::~PromptStream() {
  if (state_) state_->buffer.leave();
}

std::optional<StreamChunk> PromptStream::next() { return state_->buffer.next(); }
std::vector<StreamChunk> PromptStream::take() { return state_->buffer.take(); }
bool PromptStream::ended() const { return state_->buffer.ended(); }
void PromptStream::on_ready(std::function<void()> ready) { state_->buffer.on_ready(std::move(ready)); }
void PromptStream::on_finished(std::function<void()> finished) { state_->buffer.on_finished(std::move(finished)); }
void PromptStream::abort() { state_->buffer.abort(); }
Result<RunResult> PromptStream::result() { return state_->result(); }

}  // namespace v0
}  // namespace tracia
