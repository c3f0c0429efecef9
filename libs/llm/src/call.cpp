#include "tracia/llm/call.h"

#include <algorithm>

#include "tracia/base/bytes.h"
#include "tracia/base/limits.h"
#include "tracia/llm/catalog.h"
#include "tracia/llm/errors.h"

namespace tracia::llm {
namespace {

constexpr size_t kSecretBytesMin = 8;  // shorter ones ("sim", "none") are words

Millis between(SteadyTime from, SteadyTime to) { return std::chrono::duration_cast<Millis>(to - from); }

void add(std::optional<int64_t>& sum, const std::optional<int64_t>& more) {
  if (more) sum = sum.value_or(0) + *more;
}

// A page where an API should be: a proxy's sign-in, a wrong host.
bool is_web_page(const wire::Headers& headers) {
  return ascii_lower(trim(headers.get_or("content-type", ""))).starts_with("text/html");
}

Error not_the_api(Provider provider, int status, std::string_view what) {
  std::string message(provider_title(provider));
  message.append(" answered with ").append(what).append(": check its base URL");
  return {.code = ErrorCode::kProviderError,
          .kind = ErrorKind::kMalformedResponse,
          .message = std::move(message),
          .status = status,
          .provider = {.provider = std::string(provider_name(provider))}};
}

void remove_all(std::string& text, std::string_view secret) {
  constexpr std::string_view kInstead = "[REDACTED]";
  if (secret.size() < kSecretBytesMin) return;
  for (size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + kInstead.size())) {
    text.replace(at, secret.size(), kInstead);
  }
}

// Vendors repeat the key they refuse. Those of private deployments match no pattern, but this one is known.
void remove_secrets(std::string& text, const Auth& auth) {
  if (const auto* key = std::get_if<ApiKey>(&auth)) remove_all(text, trim(key->value));
  if (const auto* aws = std::get_if<AwsCredentials>(&auth)) {
    remove_all(text, aws->secret_access_key);
    remove_all(text, aws->session_token);
    remove_all(text, aws->access_key_id);
  }
}

bool ends_the_call(const Error& error) {
  return error.kind == ErrorKind::kAborted || error.kind == ErrorKind::kTimeout;
}

}  // namespace

Call::Call(std::vector<Target> targets, Options options)
    : targets_(std::move(targets)), options_(std::move(options)), started_(options_.clock->steady()) {}

Result<wire::HttpRequest> Call::next_request() {
  attempt_started_ = options_.clock->steady();
  response_ = {};
  streaming_ = stream_bytes_ = stream_done_ = false;
  stream_status_ = {};
  auto request = encode();
  if (!request) return request;
  if (request->body.size() > limits::kRequestBytesMax) {
    return fail({.code = ErrorCode::kPayloadTooLarge,
                 .kind = ErrorKind::kTooLarge,
                 .message = "The request is " + std::to_string(request->body.size()) + " bytes; at most " +
                            std::to_string(limits::kRequestBytesMax) +
                            " can be sent. Send less text or smaller files."});
  }
  for (const auto& [name, value] : target().endpoint.headers) request->headers.set(name, value);
  TRACIA_TRY(authorize(*request, target().endpoint, target().auth, target().region, options_.clock->now()));
  sent_ = true;
  return request;
}

void Call::on_head(wire::HttpResponseHead head) {
  response_.status = head.status;
  streaming_ = streams() && head.status < 300;
  if (streaming_) begin_stream(head);
  response_.headers = std::move(head.headers);
}

bool Call::on_body(std::string_view bytes) {
  if (!streaming_) {
    response_.body.append(bytes);  // bounded by the transport
    return true;
  }
  if (bytes.empty()) return true;
  stream_bytes_ = true;
  latency_ = between(started_, options_.clock->steady());
  stream_status_ = on_stream_bytes(bytes, stream_done_);
  return stream_status_.has_value() && !stream_done_;
}

void Call::saw_first_event() {
  if (!first_event_) first_event_ = between(started_, options_.clock->steady());
}

// What the finished exchange says: success, or the provider's error.
Status Call::read_answer(bool& more) {
  if (response_.status >= 300 && response_.status < 400) {
    return fail(not_the_api(target().provider, response_.status,
                            "a redirect (HTTP " + std::to_string(response_.status) + "), which is not followed"));
  }
  if (!streaming_) return on_response(response_, more);
  if (!stream_status_) return stream_status_;
  return end_stream();
}

// Nothing was read, from a page; the whole call's time, not what was left of it for this try; no secrets.
Error Call::in_callers_terms(Error error) const {
  const bool unread = error.kind == ErrorKind::kMalformedResponse || error.kind == ErrorKind::kStreamTruncated;
  if (unread && !first_event_ && response_.status < 300 && is_web_page(response_.headers)) {
    error = not_the_api(target().provider, response_.status, "a web page (text/html)");
  }
  // Timers count whole milliseconds, so the last try may end one before the deadline.
  const bool in_vain = options_.deadline && options_.clock->steady() + Millis{2} >= *options_.deadline;
  if (error.code == ErrorCode::kTimeout && in_vain) {
    const auto whole = std::chrono::ceil<Millis>(*options_.deadline - started_);
    error.message = "Request timed out after " + std::to_string(whole.count()) + "ms";
  }
  remove_secrets(error.message, target().auth);
  return error;
}

Call::Verdict Call::end_attempt(Status transport) {
  const SteadyTime now = options_.clock->steady();
  bool more = false;
  Status status;
  // A connection that breaks after the stream's own end loses nothing.
  if (transport || (streaming_ && (stream_done_ || !stream_status_))) {
    status = read_answer(more);
  } else {
    status = std::move(transport);
    if (streaming_) {
      const Status ended = end_stream();  // lets the decoder put its partial result in order
      if (ended) status = {};
    }
  }
  if (!streaming_ || !stream_bytes_) latency_ = between(started_, now);

  if (!status) status = fail(in_callers_terms(std::move(status).error()));

  AttemptRecord attempt{.provider = std::string(provider_name(target().provider)),
                        .model = target().model,
                        .status = response_.status,
                        .request_id = request_id(response_.headers),
                        .start_offset = between(started_, attempt_started_),
                        .latency = between(attempt_started_, now)};
  if (!status) attempt.error = status.error();
  if (!more) attempts_.push_back(std::move(attempt));  // of a split embedding call only the last part counts

  if (status) {
    error_.reset();
    retry_ = 0;
    return {.done = !more};
  }
  error_ = std::move(status).error();
  if (ends_the_call(*error_) || stream_bytes_) return {.done = true};
  const auto delay = wire::retry_delay(options_.retry, *error_, retry_ + 1, options_.uniform);
  const bool in_time = !options_.deadline || (delay && now + *delay < *options_.deadline);
  if (delay && in_time) {
    ++retry_;
    return {.delay = *delay};
  }
  if (target_ + 1 < targets_.size() && (!options_.deadline || now < *options_.deadline)) {
    ++target_;
    retry_ = 0;
    return {};
  }
  return {.done = true};
}

void Call::forget_exchange() {
  for (Target& target : targets_) {
    target.auth = {};
    target.endpoint = {};
  }
  response_ = {};
}

ChatCall::ChatCall(std::vector<Target> targets, Options options, RequestFor request_for, CodecFor codec_for,
                   bool stream, EventSink sink)
    : Call(std::move(targets), std::move(options)),
      request_for_(std::move(request_for)),
      codec_for_(std::move(codec_for)),
      stream_(stream),
      sink_(std::move(sink)) {
  counting_sink_ = [this](const StreamEvent& event) {
    if (!std::holds_alternative<UsageUpdate>(event)) saw_first_event();
    if (sink_) sink_(event);
  };
}

ChatCall::~ChatCall() = default;

const ChatResult& ChatCall::result() const {
  static const ChatResult none;
  return decoder_ ? decoder_->result() : result_ ? *result_ : none;
}

Result<wire::HttpRequest> ChatCall::encode() {
  decoder_.reset();
  result_.reset();
  codec_ = &codec_for_(target());
  return codec_->encode(request_for_(target()), target().endpoint, stream_);
}

void ChatCall::begin_stream(const wire::HttpResponseHead& head) { decoder_ = codec_->stream_decoder(head); }

Status ChatCall::on_stream_bytes(std::string_view bytes, bool& done) {
  Status status = decoder_->feed(bytes, counting_sink_);
  done = decoder_->done();
  return status;
}

Status ChatCall::end_stream() { return decoder_->finish(counting_sink_); }

Status ChatCall::on_response(const wire::HttpResponse& response, bool&) {
  auto result = codec_->decode(response);
  if (!result) return fail(std::move(result).error());
  result_.emplace(std::move(*result));
  return {};
}

EmbeddingCall::EmbeddingCall(std::vector<Target> targets, Options options, RequestFor request_for, CodecFor codec_for)
    : Call(std::move(targets), std::move(options)),
      request_for_(std::move(request_for)),
      codec_for_(std::move(codec_for)) {
  if (!codec_for_) codec_for_ = [](const Target& target) { return embedding_codec(target.provider); };
}

Result<wire::HttpRequest> EmbeddingCall::encode() {
  if (current_ != &target()) {  // vectors of two models do not mix: a fallback starts over
    current_ = &target();
    result_ = {};
  }
  const EmbeddingCodec* codec = codec_for_(target());
  if (codec == nullptr) {
    return fail({.code = ErrorCode::kUnsupportedModel,
                 .kind = ErrorKind::kInvalidRequest,
                 .message = std::string(provider_title(target().provider)) + " has no embedding models"});
  }
  EmbeddingRequest request = request_for_(target());
  total_ = request.inputs.size();
  const size_t done = result_.vectors.size();
  sent_ = std::min(total_ - done, codec->max_inputs(request.model));
  if (sent_ < total_) {
    request.inputs = std::vector<std::string>(
        std::make_move_iterator(request.inputs.begin() + static_cast<std::ptrdiff_t>(done)),
        std::make_move_iterator(request.inputs.begin() + static_cast<std::ptrdiff_t>(done + sent_)));
  }
  return codec->encode(request, target().endpoint);
}

Status EmbeddingCall::on_response(const wire::HttpResponse& response, bool& more) {
  auto part = codec_for_(target())->decode(response, sent_);
  if (!part) return fail(std::move(part).error());
  if (result_.vectors.empty()) {
    result_ = std::move(*part);
  } else {
    std::move(part->vectors.begin(), part->vectors.end(), std::back_inserter(result_.vectors));
    add(result_.usage.input_tokens, part->usage.input_tokens);
    add(result_.usage.total_tokens, part->usage.total_tokens);
    add(result_.raw_usage.input_tokens, part->raw_usage.input_tokens);
    add(result_.raw_usage.total_tokens, part->raw_usage.total_tokens);
  }
  more = result_.vectors.size() < total_;
  return {};
}

const ChatCodec& chat_codec(const Target& target) {
  switch (target.provider) {
    case Provider::kAnthropic: return anthropic_codec();
    case Provider::kGoogle: return google_codec();
    case Provider::kAmazonBedrock: return bedrock_codec();
    default: break;
  }
  const ModelInfo* info = target.endpoint.is_vendor ? find_model(target.model, "openai") : nullptr;
  return info != nullptr && info->responses_only ? openai_responses_codec() : openai_chat_codec();
}

const EmbeddingCodec* embedding_codec(Provider provider) {
  switch (provider) {
    case Provider::kOpenAi: return &openai_embedding_codec();
    case Provider::kGoogle: return &google_embedding_codec();
    case Provider::kAmazonBedrock: return &bedrock_embedding_codec();
    case Provider::kVoyage: return &voyage_embedding_codec();
    case Provider::kAnthropic: return nullptr;
  }
  return nullptr;
}

}  // namespace tracia::llm
