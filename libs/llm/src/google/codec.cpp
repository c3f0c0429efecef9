#include <charconv>
#include <cmath>
#include <limits>

#include "google/google.h"
#include "tracia/base/limits.h"
#include "tracia/llm/errors.h"
#include "tracia/wire/sse.h"
#include "vendor_text.h"

namespace tracia::llm {
namespace google {
namespace {

constexpr Provider kSelf = Provider::kGoogle;

// google.protobuf.Duration in JSON: "37s", "1.203608125s".
std::optional<Millis> duration(std::string_view text) {
  if (!text.ends_with('s')) return std::nullopt;
  text.remove_suffix(1);
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr double kSecondsMax = 1e7;
  if (error != std::errc{} || end != text.data() + text.size() || !(seconds >= 0) || seconds > kSecondsMax)
    return std::nullopt;
  return Millis(std::llround(std::ceil(seconds * 1000)));
}

}  // namespace

json::Value find_error(const json::Value& root) {
  const json::Value holder = root.is_array() ? root.at(0) : root;
  const json::Value error = holder["error"];
  return error.is_object() || error.is_string() ? error : json::Value{};
}

Error read_error(const json::Value& error, int status, const wire::Headers& headers) {
  VendorError vendor{.message = error.is_string() ? error.text() : error["message"].text(),
                     .type = error["status"].text()};
  const auto code = error["code"].integer();
  vendor.code = code ? std::to_string(*code) : error["code"].text();
  if (status < 400 && code && *code >= 400 && *code <= 599) status = static_cast<int>(*code);
  Error out = provider_error(kSelf, status, std::move(vendor), headers);
  for (const json::Value detail : error["details"].items()) {
    const std::string_view type = detail["@type"].string_or("");
    if (type.ends_with("google.rpc.RetryInfo") && !out.retry_after)
      out.retry_after = duration(detail["retryDelay"].string_or(""));
    // A wrong key is a 400 here; callers look for an authentication failure.
    if (type.ends_with("google.rpc.ErrorInfo") && detail["reason"].string_or("") == "API_KEY_INVALID")
      out.kind = ErrorKind::kAuthentication;
  }
  return out;
}

namespace {

Error decode_error(const wire::HttpResponse& response) {
  json::Document document;
  if (const auto root = document.parse_lenient(response.body)) {
    return read_error(find_error(*root), response.status, response.headers);
  }
  return provider_error(kSelf, response.status, {.message = plain_error_text(response.body)}, response.headers);
}

Result<ChatResult> decode_answer(std::string_view body, const wire::Headers& headers) {
  json::Document document;
  const auto root = document.parse_lenient(body);
  if (!root) return fail(malformed_response(kSelf, root.error().message));
  if (const json::Value error = find_error(*root)) return fail(read_error(error, 200, headers));
  const EventSink ignore = [](const StreamEvent&) {};
  ChunkFold fold;
  if (root->is_array()) {  // a gateway answered with the stream's array form
    for (const json::Value chunk : root->items()) fold.chunk(chunk, ignore);
  } else {
    fold.chunk(*root, ignore);
  }
  fold.seal(ignore, true);
  if (fold.accumulator().overflowed()) return fail(fold.accumulator().overflow_error(kSelf));
  if (!fold.has_answer()) return fail(malformed_response(kSelf, "it has no candidates"));
  fold.accumulator().result().request_id = request_id(headers);
  return std::move(fold.accumulator().result());
}

// Both stream forms, and a plain answer; the first byte that is not white space tells which ('{' and '[' cannot begin
// an event stream), so that a wrong content type does no harm.
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
      form_ = bytes.front() == '[' || bytes.front() == '{' ? Form::kArray : Form::kEvents;
    }
    const Status status = form_ == Form::kArray ? feed_array(bytes, sink) : feed_events(bytes, sink);
    if (!status && !error_) {
      Error error = status.error();
      error.provider.provider = std::string(provider_name(kSelf));
      return stop_with(std::move(error), sink);
    }
    if (error_) return fail(*error_);
    if (form_ == Form::kArray && splitter_.done()) return complete(sink);
    return {};
  }

  Status finish(const EventSink& sink) override {
    if (error_) return fail(*error_);
    if (done_) return {};
    if (form_ == Form::kArray) return stop_with(truncated_stream(kSelf), sink);  // the bracket was not closed
    if (form_ == Form::kEvents && parser_.has_partial()) read_last_event(sink);
    if (error_) return fail(*error_);
    return complete(sink);
  }

  bool done() const override { return done_; }
  const ChatResult& result() const override { return fold_.accumulator().result(); }
  uint64_t events() const override {
    return form_ == Form::kArray ? splitter_.elements() : parser_.events() - cut_events_;
  }
  const std::vector<std::string>& event_types() const override { return fold_.accumulator().event_types(); }

 private:
  enum class Form { kUnknown, kEvents, kArray };

  Status feed_events(std::string_view bytes, const EventSink& sink) {
    return parser_.feed(bytes, [&](const wire::SseEvent& event) {
      if (trim(event.data) != "[DONE]") on_chunk(event.data, sink);  // some gateways add OpenAI's end mark
      return !error_;
    });
  }

  // Some endpoints leave out the blank line after the last event. Its JSON tells whether it is whole; half of one
  // is what a lost connection leaves, and counts for nothing.
  void read_last_event(const EventSink& sink) {
    (void)parser_.feed("\n\n", [&](const wire::SseEvent& event) {
      if (document_.parse_lenient(event.data))
        on_chunk(event.data, sink);
      else
        ++cut_events_;
      return false;
    });
  }

  Status feed_array(std::string_view bytes, const EventSink& sink) {
    return splitter_.feed(bytes, [&](std::string_view element) {
      on_chunk(element, sink);
      return !error_;
    });
  }

  void on_chunk(std::string_view text, const EventSink& sink) {
    const auto root = document_.parse_lenient(text);
    if (!root) {
      (void)stop_with(malformed_response(kSelf, "a chunk of its stream is " + root.error().message), sink);
      return;
    }
    if (const json::Value error = find_error(*root)) {
      (void)stop_with(read_error(error, 200, headers_), sink);
      return;
    }
    fold_.chunk(*root, sink);
    if (fold_.accumulator().overflowed()) (void)stop_with(fold_.accumulator().overflow_error(kSelf), sink);
  }

  Status complete(const EventSink& sink) {
    if (!fold_.is_complete()) return stop_with(truncated_stream(kSelf), sink);
    fold_.seal(sink, true);
    done_ = true;
    return {};
  }

  Status stop_with(Error error, const EventSink& sink) {
    fold_.seal(sink, false);
    error_ = std::move(error);
    return fail(*error_);
  }

  wire::Headers headers_;
  wire::SseParser parser_;
  ElementSplitter splitter_;
  json::Document document_;
  ChunkFold fold_;
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
    if (response.status >= 400) return fail(decode_error(response));
    return decode_answer(response.body, response.headers);
  }
  std::unique_ptr<StreamDecoder> stream_decoder(const wire::HttpResponseHead& head) const override {
    return std::make_unique<Decoder>(head);
  }
};

class EmbedCodec final : public EmbeddingCodec {
 public:
  size_t max_inputs(std::string_view) const override { return 100; }  // requests in one batch

  // Always the batch form: one shape for one input and for many. extra_body is merged over each request of the batch,
  // where Google keeps what belongs to an input (title, …).
  Result<wire::HttpRequest> encode(const EmbeddingRequest& request, const Endpoint& endpoint) const override {
    if (!request.extra_body.empty()) TRACIA_TRY(json::check_object(request.extra_body, "extra_body"));
    const std::string model = model_path(request.model);
    json::Writer w;
    w.begin_object().key("requests").begin_array();
    for (const std::string& input : request.inputs) {
      json::Writer one;
      one.begin_object().field("model", model);
      one.key("content").begin_object().key("parts").begin_array();
      one.begin_object().field("text", input).end_object().end_array().end_object();
      one.field_if("taskType", request.input_type).field("outputDimensionality", request.dimensions).end_object();
      if (request.extra_body.empty()) {
        w.raw(one.str());
        continue;
      }
      const auto merged = json::merge(one.str(), request.extra_body);
      if (!merged) return fail(merged.error());
      w.raw(*merged);
    }
    w.end_array().end_object();
    wire::HttpRequest out;
    out.url = wire::join_url(endpoint.base_url, "/v1beta/" + model + ":batchEmbedContents");
    out.headers.add("content-type", "application/json");
    out.headers.add("accept", "application/json");
    out.body = w.take();
    return out;
  }

  Result<EmbeddingResult> decode(const wire::HttpResponse& response, size_t expected) const override {
    if (response.status >= 400) return fail(decode_error(response));
    json::Document document;
    const auto root = document.parse_lenient(response.body);
    if (!root) return fail(malformed_response(kSelf, root.error().message));
    if (const json::Value error = find_error(*root)) return fail(read_error(error, 200, response.headers));
    EmbeddingResult out;
    TRACIA_TRY(read_vector((*root)["embedding"], out));
    for (const json::Value embedding : (*root)["embeddings"].items()) TRACIA_TRY(read_vector(embedding, out));
    if (out.vectors.size() != expected) {
      return fail(malformed_response(kSelf, "it has " + std::to_string(out.vectors.size()) + " embeddings for " +
                                                std::to_string(expected) + " inputs"));
    }
    read_usage(*root, out);
    out.request_id = request_id(response.headers);
    return out;
  }

 private:
  static Status read_vector(const json::Value& embedding, EmbeddingResult& out) {
    if (!embedding) return {};
    if (!embedding["values"].is_array()) return fail(malformed_response(kSelf, "an embedding has no values"));
    std::vector<float> vector;
    vector.reserve(embedding["values"].size());
    for (const json::Value value : embedding["values"].items()) {
      const auto n = value.number();
      if (!n || !(std::fabs(*n) <= std::numeric_limits<float>::max())) {
        return fail(malformed_response(kSelf, "an embedding has a value that is not a number"));
      }
      vector.push_back(static_cast<float>(*n));
    }
    out.vectors.push_back(std::move(vector));
    return {};
  }

  // The Gemini API says nothing; its newer models and Vertex-like gateways do, in one of two places.
  static void read_usage(const json::Value& root, EmbeddingResult& out) {
    const json::Value usage = root["usageMetadata"];
    out.raw_usage.input_tokens = token_count(usage["promptTokenCount"]);
    out.raw_usage.total_tokens = token_count(usage["totalTokenCount"]);
    if (usage.is_object()) out.raw_usage.json = usage.to_json();
    std::optional<int64_t> counted;
    for (const json::Value embedding : root["embeddings"].items()) {
      const auto n = token_count(embedding["statistics"]["tokenCount"]);
      if (n && counted.value_or(0) < (int64_t{1} << 60)) counted = counted.value_or(0) + *n;
    }
    if (!out.raw_usage.input_tokens) out.raw_usage.input_tokens = counted;
    out.usage.input_tokens = out.raw_usage.input_tokens;
    out.usage.total_tokens = out.raw_usage.total_tokens ? out.raw_usage.total_tokens : out.raw_usage.input_tokens;
  }
};

}  // namespace
}  // namespace google

const ChatCodec& google_codec() {
  static const google::Codec codec;
  return codec;
}

const EmbeddingCodec& google_embedding_codec() {
  static const google::EmbedCodec codec;
  return codec;
}

}  // namespace tracia::llm
