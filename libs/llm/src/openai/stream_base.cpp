#include "openai/stream_base.h"

#include "tracia/base/bytes.h"

namespace tracia::llm::openai {

void StreamBase::give_up(Error error) {
  if (error.provider.request_id.empty()) error.provider.request_id = acc_.result().request_id;
  error_ = std::move(error);
  state_ = State::kFailed;
}

Status StreamBase::outcome() {
  if (acc_.overflowed() && state_ != State::kFailed) give_up(acc_.overflow_error(Provider::kOpenAi));
  if (state_ == State::kComplete || state_ == State::kFailed) settle();
  if (error_) return fail(*error_);
  return {};
}

Status StreamBase::feed(std::string_view bytes, const EventSink& sink) {
  if (!is_open()) return {};
  if (state_ == State::kUndecided) {
    const size_t first = bytes.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    bytes.remove_prefix(first);
    state_ = bytes.front() == '{' ? State::kAnswer : State::kEvents;
  }
  if (state_ == State::kAnswer) return hold(bytes);
  const auto fed = sse_.feed(bytes, [this, &sink](const wire::SseEvent& event) {
    read_event(event, sink);
    return is_open() && !acc_.overflowed();
  });
  if (!fed && is_open()) {
    Error error = fed.error();
    error.provider.provider = provider_name(Provider::kOpenAi);
    give_up(std::move(error));
  }
  return outcome();
}

Status StreamBase::hold(std::string_view bytes) {
  if (bytes.size() > limits::kResponseBytesMax - body_.size()) {
    give_up({.code = ErrorCode::kProviderError,
             .kind = ErrorKind::kTooLarge,
             .message = "The answer is larger than " + std::to_string(limits::kResponseBytesMax) + " bytes",
             .provider = {.provider = std::string(provider_name(Provider::kOpenAi))}});
    return outcome();
  }
  body_.append(bytes);
  return {};
}

void StreamBase::read_event(const wire::SseEvent& event, const EventSink& sink) {
  const std::string_view data = trim(event.data);
  if (data == "[DONE]") return on_done_mark(sink);
  if (data.empty() || data.front() != '{') return;  // keep-alives of proxies; content is always in objects
  const auto root = document_.parse_lenient(data);
  if (!root) return give_up(malformed_response(Provider::kOpenAi, "an event of the stream is " + root.error().message));
  on_event(event.event, *root, sink);
}

Status StreamBase::finish(const EventSink& sink) {
  if (!is_open()) return state_ == State::kFailed ? Status(fail(*error_)) : Status();
  if (state_ != State::kAnswer) {
    on_end(sink);
    return outcome();
  }
  const auto root = document_.parse_lenient(body_);
  if (!root) {
    give_up(malformed_response(Provider::kOpenAi, "the body is " + root.error().message));
  } else if (is_error(*root)) {
    give_up(error_in_answer(*root, headers_));
  } else {
    on_answer(*root, sink);
  }
  return outcome();
}

bool looks_like_stream(const wire::HttpResponse& response) {
  const std::string_view body = trim(std::string_view(response.body).substr(0, 64));
  return body.starts_with("data:") || body.starts_with("event:") || body.starts_with(": ");
}

Result<ChatResult> drain(StreamDecoder& decoder, std::string_view body) {
  const EventSink ignore = [](const StreamEvent&) {};
  TRACIA_TRY(decoder.feed(body, ignore));
  TRACIA_TRY(decoder.finish(ignore));
  return decoder.result();
}

}  // namespace tracia::llm::openai
