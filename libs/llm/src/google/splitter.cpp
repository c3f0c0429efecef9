#include "google/google.h"
#include "tracia/base/limits.h"
#include "tracia/llm/errors.h"

namespace tracia::llm::google {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

Status ElementSplitter::feed(std::string_view bytes, const std::function<bool(std::string_view)>& sink) {
  bool go_on = true;
  for (const char c : bytes) {
    if (state_ == State::kDone || !go_on) return {};
    TRACIA_TRY(step(c, sink, go_on));
  }
  return {};
}

bool ElementSplitter::deliver(const std::function<bool(std::string_view)>& sink) {
  ++elements_;
  const bool go_on = sink(element_);
  element_.clear();
  return go_on;
}

Status ElementSplitter::step(char c, const std::function<bool(std::string_view)>& sink, bool& go_on) {
  switch (state_) {
    case State::kDone: return {};
    case State::kStart:
      if (is_space(c)) return {};
      if (c == '[') {
        in_array_ = true;
        state_ = State::kBetween;
        return {};
      }
      if (c != '{') return fail(malformed_response(Provider::kGoogle, "the stream is neither events nor a JSON array"));
      [[fallthrough]];
    case State::kBetween:
      if (is_space(c) || c == ',') return {};
      if (c == ']') {
        state_ = State::kDone;
        return {};
      }
      if (c != '{')
        return fail(malformed_response(Provider::kGoogle, "an element of the stream's array is not an object"));
      state_ = State::kElement;
      depth_ = 0;
      [[fallthrough]];
    case State::kElement: break;
  }
  if (element_.size() >= limits::kStreamEventBytesMax) {
    Error error = malformed_response(Provider::kGoogle, "an element of the stream is larger than " +
                                                            std::to_string(limits::kStreamEventBytesMax) + " bytes");
    error.kind = ErrorKind::kTooLarge;
    return fail(std::move(error));
  }
  element_.push_back(c);
  if (in_string_) {
    if (escaped_)
      escaped_ = false;
    else if (c == '\\')
      escaped_ = true;
    else if (c == '"')
      in_string_ = false;
    return {};
  }
  if (c == '"') in_string_ = true;
  if (c == '{' || c == '[') ++depth_;
  if ((c == '}' || c == ']') && --depth_ == 0) {
    state_ = in_array_ ? State::kBetween : State::kDone;
    go_on = deliver(sink);
  }
  return {};
}

}  // namespace tracia::llm::google
