// Reading along while bytes go by: see the header.
#include "tracia/llm/relay.h"

#include <utility>

#include "openai/common.h"
#include "tracia/base/bytes.h"
#include "tracia/base/limits.h"
#include "tracia/json/reader.h"

namespace tracia::llm {
namespace {

// The length of the first event of `text` with its blank line; 0 when it is not complete. `from`: where to begin, all
// before it being known to hold no end.
size_t event_length(std::string_view text, size_t from) {
  size_t line = text.rfind('\n', from == 0 ? 0 : from - 1);
  line = line == std::string_view::npos || from == 0 ? 0 : line + 1;
  for (;;) {
    const size_t end = text.find('\n', line);
    if (end == std::string_view::npos) return 0;
    const bool blank = end == line || (end == line + 1 && text[line] == '\r');
    if (blank) return end + 1;
    line = end + 1;
  }
}

// The first data line of an event: the vendors' events have one.
std::string_view data_of(std::string_view event) {
  size_t at = 0;
  while (at < event.size()) {
    const size_t end = std::min(event.find('\n', at), event.size());
    const std::string_view line = event.substr(at, end - at);
    if (line.starts_with("data:")) return trim(line.substr(5));
    at = end + 1;
  }
  return {};
}

// The chunk that OpenAI sends last when usage was asked for: usage, and no choices.
bool is_usage_chunk(std::string_view event, json::Document& document) {
  const size_t at = event.find("\"usage\"");
  if (at == std::string_view::npos) return false;
  const size_t value = event.find_first_not_of(" :", at + 7);
  if (value != std::string_view::npos && event[value] == 'n') return false;  // null: of any other chunk
  const auto root = document.parse_lenient(data_of(event));
  if (!root) return false;
  const json::Value choices = (*root)["choices"];
  return (*root)["usage"].is_object() && choices.is_array() && choices.size() == 0;
}

const ChatCodec& reader_of(RelayProtocol protocol) {
  return protocol == RelayProtocol::kResponses ? openai_responses_codec() : openai_chat_codec();
}

}  // namespace

struct RelayCodec::State {
  Options options;
  std::string answer, ending;
  bool streams = false;
};

namespace {

// Cuts a stream into events, gives each to the ordinary decoder and then to the client.
template <typename State>
class RelayDecoder final : public StreamDecoder {
 public:
  RelayDecoder(State& state, std::unique_ptr<StreamDecoder> inner) : state_(state), inner_(std::move(inner)) {}

  Status feed(std::string_view bytes, const EventSink& sink) override {
    if (form_ == Form::kUnknown) {
      const size_t first = bytes.find_first_not_of(" \t\r\n");
      if (first == std::string_view::npos) return {};
      bytes.remove_prefix(first);
      form_ = bytes.front() == '{' ? Form::kWhole : Form::kEvents;
      state_.streams = form_ == Form::kEvents;
    }
    if (form_ == Form::kWhole) return inner_->feed(bytes, sink);
    if (bytes.size() > limits::kStreamEventBytesMax - held_.size()) return fail(too_large());
    Status status = held_.empty() ? take(bytes, 0, sink) : take_held(bytes, sink);
    flush();
    return status;
  }

  Status finish(const EventSink& sink) override {
    if (!held_.empty() && !inner_->done()) {
      // Without its blank line the last event is none; the decoder decides whether the stream was complete. (It also
      // knows lines that end in CR alone, which are not cut here: such a stream is handed on at its end.)
      const std::string rest = std::exchange(held_, {});
      TRACIA_TRY(inner_->feed(rest, sink));
      if (inner_->done()) state_.ending = rest;
    }
    return inner_->finish(sink);
  }

  bool done() const override { return inner_->done(); }
  const ChatResult& result() const override { return inner_->result(); }
  uint64_t events() const override { return inner_->events(); }
  const std::vector<std::string>& event_types() const override { return inner_->event_types(); }

 private:
  enum class Form { kUnknown, kEvents, kWhole };

  static Error too_large() {
    return {
        .code = ErrorCode::kProviderError,
        .kind = ErrorKind::kTooLarge,
        .message = "An event of the stream is larger than " + std::to_string(limits::kStreamEventBytesMax) + " bytes",
        .provider = {.provider = std::string(provider_name(Provider::kOpenAi))}};
  }

  Status take_held(std::string_view bytes, const EventSink& sink) {
    const size_t known = held_.size();
    held_.append(bytes);
    const std::string text = std::move(held_);
    held_.clear();
    return take(text, known, sink);
  }

  // Whole events leave; what remains is held. Before `known` there is no end of an event.
  Status take(std::string_view text, size_t known, const EventSink& sink) {
    while (!inner_->done()) {
      const size_t length = event_length(text, known);
      known = 0;
      if (length == 0) {
        held_.assign(text);
        return {};
      }
      TRACIA_TRY(event(text.substr(0, length), sink));
      text.remove_prefix(length);
    }
    return {};
  }

  Status event(std::string_view bytes, const EventSink& sink) {
    TRACIA_TRY(inner_->feed(bytes, sink));
    if (inner_->done()) {
      state_.ending.assign(bytes);
    } else if (!state_.options.hide_usage || !is_usage_chunk(bytes, document_)) {
      ready_.append(bytes);
    }
    return {};
  }

  void flush() {
    if (!ready_.empty() && state_.options.out) state_.options.out(ready_);
    ready_.clear();
  }

  State& state_;
  std::unique_ptr<StreamDecoder> inner_;
  Form form_ = Form::kUnknown;
  std::string held_, ready_;
  json::Document document_;
};

}  // namespace

RelayCodec::RelayCodec(Options options) : state_(new State{.options = std::move(options)}) {}
RelayCodec::~RelayCodec() = default;

Result<wire::HttpRequest> RelayCodec::encode(const ChatRequest& request, const Endpoint& endpoint, bool stream) const {
  state_->answer.clear();
  state_->ending.clear();
  state_->streams = false;
  auto body = state_->options.body(request.model);
  if (!body) return fail(std::move(body).error());
  const bool responses = state_->options.protocol == RelayProtocol::kResponses;
  return openai::post(endpoint, responses ? "responses" : "chat/completions", std::move(*body), stream);
}

Result<ChatResult> RelayCodec::decode(const wire::HttpResponse& response) const {
  auto result = reader_of(state_->options.protocol).decode(response);
  // A stream that nobody asked for was read all the same; its bytes are not what the client expects.
  if (result && trim(std::string_view(response.body).substr(0, 64)).starts_with('{')) state_->answer = response.body;
  return result;
}

std::unique_ptr<StreamDecoder> RelayCodec::stream_decoder(const wire::HttpResponseHead& head) const {
  return std::make_unique<RelayDecoder<State>>(*state_, reader_of(state_->options.protocol).stream_decoder(head));
}

const std::string& RelayCodec::answer() const { return state_->answer; }
bool RelayCodec::streams() const { return state_->streams; }
const std::string& RelayCodec::ending() const { return state_->ending; }

struct RelayEmbeddingCodec::State {
  RelayBody body;
  std::string answer;
};

RelayEmbeddingCodec::RelayEmbeddingCodec(RelayBody body) : state_(new State{.body = std::move(body)}) {}
RelayEmbeddingCodec::~RelayEmbeddingCodec() = default;

Result<wire::HttpRequest> RelayEmbeddingCodec::encode(const EmbeddingRequest& request, const Endpoint& endpoint) const {
  state_->answer.clear();
  auto body = state_->body(request.model);
  if (!body) return fail(std::move(body).error());
  return openai::post(endpoint, "embeddings", std::move(*body), false);
}

Result<EmbeddingResult> RelayEmbeddingCodec::decode(const wire::HttpResponse& response, size_t expected) const {
  if (response.status >= 300) return fail(openai::decode_error(response.status, response.headers, response.body));
  json::Document document;
  const auto root = document.parse_lenient(response.body);
  if (!root) return fail(malformed_response(Provider::kOpenAi, "the body is " + root.error().message));
  if (openai::is_error(*root)) return fail(openai::error_in_answer(*root, response.headers));
  const json::Value data = (*root)["data"];
  if (!data.is_array()) return fail(malformed_response(Provider::kOpenAi, "the answer has no data"));
  EmbeddingResult result;
  result.vectors.resize(expected);
  result.model = (*root)["model"].text();
  openai::read_usage((*root)["usage"], result.usage, result.raw_usage);
  result.request_id = request_id(response.headers);
  state_->answer = response.body;
  return result;
}

const std::string& RelayEmbeddingCodec::answer() const { return state_->answer; }

}  // namespace tracia::llm
