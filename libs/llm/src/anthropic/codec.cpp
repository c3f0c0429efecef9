#include "anthropic/anthropic.h"
#include "tracia/base/limits.h"
#include "tracia/llm/errors.h"
#include "tracia/wire/sse.h"
#include "vendor_text.h"

namespace tracia::llm {
namespace anthropic {

Result<wire::HttpRequest> encode_request(const ChatRequest& request, const Endpoint& endpoint, bool stream);

namespace {

constexpr Provider kSelf = Provider::kAnthropic;

// The error that `root` is, if it is one. A gateway's error may lack the outer "type".
bool is_error(const json::Value& root) {
  return root["type"].string_or("") == "error" || (!root["content"] && !root["error"].is_missing_or_null());
}

Result<ChatResult> decode_answer(std::string_view body, const wire::Headers& headers) {
  json::Document document;
  const auto root = document.parse_lenient(body);
  if (!root) return fail(malformed_response(kSelf, root.error().message));
  if (is_error(*root)) return fail(read_error(*root, 200, headers));
  if (!(*root)["content"].is_array()) return fail(malformed_response(kSelf, "it has no content"));
  const EventSink ignore = [](const StreamEvent&) {};
  MessageFold fold;
  fold.message(*root, ignore);
  fold.seal(ignore);
  if (fold.accumulator().overflowed()) return fail(fold.accumulator().overflow_error(kSelf));
  fold.accumulator().result().request_id = request_id(headers);
  return std::move(fold.accumulator().result());
}

// Reads the event stream, or a plain answer where an endpoint answered so although a stream was asked for; the first
// byte that is not white space tells ('{' cannot begin an event stream).
class Decoder final : public StreamDecoder {
 public:
  explicit Decoder(const wire::HttpResponseHead& head) : headers_(head.headers) {
    fold_.accumulator().result().request_id = request_id(headers_);
  }

  Status feed(std::string_view bytes, const EventSink& sink) override {
    if (done_ || error_) return {};
    if (form_ == Form::kUnknown) {
      const size_t start = bytes.find_first_not_of(" \t\r\n");
      if (start == std::string_view::npos) return {};
      bytes.remove_prefix(start);
      form_ = bytes.front() == '{' ? Form::kPlain : Form::kEvents;
    }
    if (form_ == Form::kPlain) {
      if (body_.size() + bytes.size() > limits::kResponseBytesMax)
        return stop_with(fold_.accumulator().overflow_error(kSelf), sink);
      body_.append(bytes);
      return {};
    }
    const Status status = parser_.feed(bytes, [&](const wire::SseEvent& event) {
      on_event(event, sink);
      return !done_ && !error_;
    });
    if (!status) {
      Error error = status.error();
      error.provider.provider = std::string(provider_name(kSelf));
      return stop_with(std::move(error), sink);
    }
    if (error_) return fail(*error_);
    return {};
  }

  Status finish(const EventSink& sink) override {
    if (error_) return fail(*error_);
    if (done_) return {};
    if (form_ == Form::kPlain) return finish_plain(sink);
    if (parser_.has_partial()) read_last_event(sink);
    if (error_) return fail(*error_);
    return done_ ? Status{} : stop_with(truncated_stream(kSelf), sink);
  }

  bool done() const override { return done_; }
  const ChatResult& result() const override { return fold_.accumulator().result(); }
  uint64_t events() const override { return form_ == Form::kPlain ? 1 : parser_.events() - cut_events_; }
  const std::vector<std::string>& event_types() const override { return fold_.accumulator().event_types(); }

 private:
  enum class Form { kUnknown, kEvents, kPlain };

  Status stop_with(Error error, const EventSink& sink) {
    fold_.seal(sink);
    error_ = std::move(error);
    return fail(*error_);
  }

  // Some gateways leave out the blank line after the last event. Its JSON tells whether it is whole; half of one is
  // what a lost connection leaves, and counts for nothing.
  void read_last_event(const EventSink& sink) {
    (void)parser_.feed("\n\n", [&](const wire::SseEvent& event) {
      if (document_.parse_lenient(event.data))
        on_event(event, sink);
      else
        ++cut_events_;
      return false;
    });
  }

  Status finish_plain(const EventSink& sink) {
    const auto root = document_.parse_lenient(body_);
    if (!root) return stop_with(truncated_stream(kSelf), sink);
    if (is_error(*root)) return stop_with(read_error(*root, 200, headers_), sink);
    if (!(*root)["content"].is_array()) return stop_with(malformed_response(kSelf, "it has no content"), sink);
    fold_.accumulator().saw_event_type((*root)["type"].string_or(""));
    fold_.message(*root, sink);
    if (fold_.accumulator().overflowed()) return stop_with(fold_.accumulator().overflow_error(kSelf), sink);
    fold_.seal(sink);
    done_ = true;
    return {};
  }

  void on_event(const wire::SseEvent& event, const EventSink& sink) {
    if (trim(event.data) == "[DONE]") return;  // some gateways add OpenAI's end mark
    const auto root = document_.parse_lenient(event.data);
    if (!root) {
      (void)stop_with(malformed_response(kSelf, "an event of its stream is " + root.error().message), sink);
      return;
    }
    const std::string_view type = (*root)["type"].string_or(event.event);
    fold_.accumulator().saw_event_type(type);
    const auto index = [&] { return (*root)["index"].integer().value_or(fold_.last_index()); };
    if (type == "content_block_delta") {
      fold_.delta(index(), (*root)["delta"], sink);
    } else if (type == "content_block_start") {
      fold_.start_block(index(), (*root)["content_block"], sink);
    } else if (type == "content_block_stop") {
      fold_.stop_block(index(), sink);
    } else if (type == "message_start") {
      fold_.message((*root)["message"], sink);
    } else if (type == "message_delta") {
      fold_.usage((*root)["usage"], sink);
      fold_.stop((*root)["delta"], sink);
    } else if (type == "message_stop") {
      fold_.seal(sink);
      done_ = true;
    } else if (type == "error") {
      (void)stop_with(read_error(*root, 200, headers_), sink);
    }
    if (fold_.accumulator().overflowed() && !error_) (void)stop_with(fold_.accumulator().overflow_error(kSelf), sink);
  }

  wire::Headers headers_;
  wire::SseParser parser_;
  json::Document document_;
  MessageFold fold_;
  std::string body_;
  std::optional<Error> error_;
  Form form_ = Form::kUnknown;
  uint64_t cut_events_ = 0;
  bool done_ = false;
};

class Codec final : public ChatCodec {
 public:
  Result<wire::HttpRequest> encode(const ChatRequest& request, const Endpoint& endpoint, bool stream) const override {
    return encode_request(request, endpoint, stream);
  }

  Result<ChatResult> decode(const wire::HttpResponse& response) const override {
    if (response.status < 400) return decode_answer(response.body, response.headers);
    json::Document document;
    const auto root = document.parse_lenient(response.body);
    if (root) return fail(read_error(*root, response.status, response.headers));
    return fail(provider_error(kSelf, response.status, {.message = plain_error_text(response.body)}, response.headers));
  }

  std::unique_ptr<StreamDecoder> stream_decoder(const wire::HttpResponseHead& head) const override {
    return std::make_unique<Decoder>(head);
  }
};

}  // namespace
}  // namespace anthropic

const ChatCodec& anthropic_codec() {
  static const anthropic::Codec codec;
  return codec;
}

}  // namespace tracia::llm
