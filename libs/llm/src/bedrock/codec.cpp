#include "bedrock/bedrock.h"
#include "tracia/base/bytes.h"
#include "tracia/base/limits.h"
#include "tracia/llm/errors.h"
#include "tracia/wire/event_stream.h"

namespace tracia::llm {
namespace bedrock {

Result<wire::HttpRequest> encode_request(const ChatRequest& request, const Endpoint& endpoint, bool stream);

namespace {

constexpr Provider kSelf = Provider::kAmazonBedrock;

// "com.amazon.coral.service#ValidationException:http://…" → "ValidationException".
std::string_view bare_type(std::string_view type) {
  type = type.substr(0, type.find(':'));
  const size_t hash = type.rfind('#');
  return trim(hash == std::string_view::npos ? type : type.substr(hash + 1));
}

// Folds a whole answer; an error when it is none.
Status read_answer(ConverseFold& fold, const json::Value& root, std::string_view body, const wire::Headers& headers,
                   const EventSink& sink) {
  const json::Value message = root["output"]["message"];
  if (!message["content"].is_array()) {
    const bool is_error = !root["message"].is_missing_or_null() || !root["Message"].is_missing_or_null() ||
                          !root["error"].is_missing_or_null() || root["__type"].is_string() ||
                          root["Output"]["__type"].is_string();
    if (is_error) return fail(read_error(root, body, headers.get_or("x-amzn-errortype", ""), 200, headers));
    return fail(malformed_response(kSelf, "it has no output message"));
  }
  int64_t index = 0;
  for (const json::Value block : message["content"].items()) fold.block(index++, block, sink);
  fold.stop(root, sink);
  fold.metadata(root, sink);
  if (!fold.overflowed()) return {};
  return fail(fold.accumulator().overflow_error(kSelf));
}

Result<ChatResult> decode_answer(const wire::HttpResponse& response) {
  json::Document document;
  const auto root = document.parse_lenient(response.body);
  if (!root) return fail(malformed_response(kSelf, root.error().message));
  ConverseFold fold;
  TRACIA_TRY(read_answer(fold, *root, response.body, response.headers, [](const StreamEvent&) {}));
  fold.seal();
  fold.accumulator().result().request_id = request_id(response.headers);
  return std::move(fold.accumulator().result());
}

// Reads frames, or a plain answer where a proxy answered with JSON although a stream was asked for.
class Decoder final : public StreamDecoder {
 public:
  explicit Decoder(const wire::HttpResponseHead& head)
      : headers_(head.headers),
        plain_(ascii_lower(headers_.get_or("content-type", "")).starts_with("application/json")) {
    fold_.accumulator().result().request_id = request_id(headers_);
  }

  Status feed(std::string_view bytes, const EventSink& sink) override {
    if (done_ || error_) return {};
    if (plain_) {
      if (body_.size() + bytes.size() > limits::kResponseBytesMax)
        return stop_with(fold_.accumulator().overflow_error(kSelf));
      body_.append(bytes);
      return {};
    }
    const Status status = frames_.feed(bytes, [&](const wire::EventStreamMessage& frame) {
      on_frame(frame, sink);
      if (!error_ && fold_.overflowed()) (void)stop_with(fold_.accumulator().overflow_error(kSelf));
      return !done_ && !error_;
    });
    if (error_) return fail(*error_);
    if (!status) return stop_with(malformed_response(kSelf, status.error().message));
    return {};
  }

  Status finish(const EventSink& sink) override {
    if (error_) return fail(*error_);
    if (done_) return {};
    if (plain_) return finish_plain(sink);
    // The usage may be missing, but not the stop, and nothing may be cut.
    if (!stopped_ || frames_.has_partial()) return stop_with(truncated_stream(kSelf));
    end();
    return {};
  }

  bool done() const override { return done_; }
  const ChatResult& result() const override { return fold_.accumulator().result(); }
  uint64_t events() const override { return plain_ ? 1 : frames_.messages(); }
  const std::vector<std::string>& event_types() const override { return fold_.accumulator().event_types(); }

 private:
  Status stop_with(Error error) {
    fold_.seal();
    error_ = std::move(error);
    return fail(*error_);
  }

  void end() {
    fold_.seal();
    done_ = true;
  }

  Status finish_plain(const EventSink& sink) {
    const auto root = document_.parse_lenient(body_);
    if (!root) return stop_with(truncated_stream(kSelf));
    if (Status status = read_answer(fold_, *root, body_, headers_, sink); !status) return stop_with(status.error());
    end();
    return {};
  }

  void on_frame(const wire::EventStreamMessage& frame, const EventSink& sink) {
    const std::string_view message_type = frame.text(":message-type");
    const bool is_exception = message_type == "exception" || !frame.text(":exception-type").empty();
    const std::string_view type = is_exception ? frame.text(":exception-type") : frame.text(":event-type");
    fold_.accumulator().saw_event_type(type);
    const auto root = document_.parse_lenient(frame.payload);
    const json::Value event = root ? *root : json::Value();
    if (is_exception) {
      (void)stop_with(read_error(event, frame.payload, type, 200, headers_));
    } else if (message_type == "error") {
      // A failure of the transport below the service: no payload, two headers.
      VendorError vendor{.message = std::string(frame.text(":error-message")),
                         .type = std::string(bare_type(frame.text(":error-code")))};
      (void)stop_with(provider_error(kSelf, 200, std::move(vendor), headers_));
    } else if (!root) {
      (void)stop_with(malformed_response(kSelf, "an event of its stream is " + root.error().message));
    } else {
      on_event(type, event, sink);
    }
  }

  void on_event(std::string_view type, const json::Value& event, const EventSink& sink) {
    const int64_t index = event["contentBlockIndex"].integer().value_or(last_index_);
    if (type == "contentBlockDelta") {
      last_index_ = index;
      fold_.delta(index, event["delta"], sink);
    } else if (type == "contentBlockStart") {
      last_index_ = index;
      fold_.start_block(index, event["start"], sink);
    } else if (type == "contentBlockStop") {
      fold_.stop_block(index);
    } else if (type == "messageStop") {
      stopped_ = true;
      fold_.stop(event, sink);
    } else if (type == "metadata") {
      has_metadata_ = true;
      fold_.metadata(event, sink);
    }
    if (stopped_ && has_metadata_) end();
  }

  wire::Headers headers_;
  wire::EventStreamDecoder frames_;
  json::Document document_;
  ConverseFold fold_;
  std::string body_;
  std::optional<Error> error_;
  int64_t last_index_ = 0;
  bool plain_ = false, stopped_ = false, has_metadata_ = false, done_ = false;
};

class Codec final : public ChatCodec {
 public:
  Result<wire::HttpRequest> encode(const ChatRequest& request, const Endpoint& endpoint, bool stream) const override {
    return encode_request(request, endpoint, stream);
  }
  Result<ChatResult> decode(const wire::HttpResponse& response) const override {
    if (response.status >= 400) return fail(read_http_error(response));
    return decode_answer(response);
  }
  std::unique_ptr<StreamDecoder> stream_decoder(const wire::HttpResponseHead& head) const override {
    return std::make_unique<Decoder>(head);
  }
};

}  // namespace

Error read_error(const json::Value& body, std::string_view raw_body, std::string_view type, int status,
                 const wire::Headers& headers) {
  VendorError vendor;
  for (const json::Value value : {body["message"], body["Message"], body["errorMessage"], body["error"]["message"],
                                  body["error"], body["originalMessage"]}) {
    if (vendor.message.empty() && value.is_string()) vendor.message = value.text();
  }
  if (vendor.message.empty()) vendor.message = plain_error_text(raw_body);
  for (const std::string_view name : {type, body["__type"].string_or(""), body["Output"]["__type"].string_or(""),
                                      body["error"]["type"].string_or("")}) {
    if (vendor.type.empty()) vendor.type = bare_type(name);
  }
  return provider_error(kSelf, status, std::move(vendor), headers);
}

Error read_http_error(const wire::HttpResponse& response) {
  json::Document document;
  const auto root = document.parse_lenient(response.body);
  return read_error(root ? *root : json::Value(), response.body, response.headers.get_or("x-amzn-errortype", ""),
                    response.status, response.headers);
}

}  // namespace bedrock

const ChatCodec& bedrock_codec() {
  static const bedrock::Codec codec;
  return codec;
}

}  // namespace tracia::llm
