// Answers of POST {base_url}/chat/completions, whole and streamed. Source: OpenAI API reference, "The chat completion
// object" and "The chat completion chunk object"; Azure's prompt_filter_results chunk has no choices.
#include <limits>

#include "openai/chat.h"
#include "openai/chat_fold.h"
#include "openai/stream_base.h"

namespace tracia::llm::openai {
namespace {

// Of n > 1 choices the first one counts.
json::Value first_choice(const json::Value& choices) {
  for (const json::Value choice : choices.items()) {
    if (choice.is_object() && choice["index"].integer().value_or(0) == 0) return choice;
  }
  return choices.at(0);
}

Status fold_answer(const json::Value& root, ChatFold& fold, const EventSink& sink) {
  const json::Value choice = first_choice(root["choices"]);
  if (!choice.is_object()) return fail(malformed_response(Provider::kOpenAi, "the answer has no choices"));
  fold.header(root, sink);
  fold.choice(choice, sink);
  return {};
}

class ChatStream final : public StreamBase {
 public:
  explicit ChatStream(const wire::HttpResponseHead& head) : StreamBase(head), fold_(acc_) {}

 private:
  void on_event(std::string_view name, const json::Value& data, const EventSink& sink) override {
    if (!name.empty()) acc_.saw_event_type(name);
    fold_.header(data, sink);
    for (const json::Value choice : data["choices"].items()) {
      if (choice["index"].integer().value_or(0) == 0) fold_.choice(choice, sink);
    }
    // After the choices: OpenRouter sends its last words and the error in one chunk.
    if (is_error(data) || name == "error") give_up(error_in_answer(data, headers_));
  }

  void on_done_mark(const EventSink& sink) override { end(sink); }

  // Servers that leave out [DONE] still say why they stopped.
  void on_end(const EventSink& sink) override {
    if (fold_.has_finished()) {
      end(sink);
    } else {
      give_up(truncated_stream(Provider::kOpenAi));
    }
  }

  void on_answer(const json::Value& root, const EventSink& sink) override {
    if (const auto status = fold_answer(root, fold_, sink); !status) return give_up(status.error());
    end(sink);
  }

  void settle() override {
    if (!closed_) fold_.close(false, [](const StreamEvent&) {});
    closed_ = true;
  }

  void end(const EventSink& sink) {
    if (acc_.overflowed()) return;
    closed_ = true;
    fold_.close(true, sink);
    complete();
  }

  ChatFold fold_;
  bool closed_ = false;
};

class ChatCompletionsCodec final : public ChatCodec {
 public:
  Result<wire::HttpRequest> encode(const ChatRequest& request, const Endpoint& endpoint, bool stream) const override {
    return encode_chat(request, endpoint, stream);
  }
  Result<ChatResult> decode(const wire::HttpResponse& response) const override { return decode_chat(response); }
  std::unique_ptr<StreamDecoder> stream_decoder(const wire::HttpResponseHead& head) const override {
    return chat_stream_decoder(head);
  }
};

}  // namespace

std::unique_ptr<StreamDecoder> chat_stream_decoder(const wire::HttpResponseHead& head) {
  return std::make_unique<ChatStream>(head);
}

Result<ChatResult> decode_chat(const wire::HttpResponse& response) {
  if (response.status >= 300) return fail(decode_error(response.status, response.headers, response.body));
  if (looks_like_stream(response))
    return drain(*chat_stream_decoder({response.status, response.headers}), response.body);
  json::Document document;
  const auto root = document.parse_lenient(response.body);
  if (!root) return fail(malformed_response(Provider::kOpenAi, "the body is " + root.error().message));
  if (is_error(*root)) return fail(error_in_answer(*root, response.headers));
  StreamAccumulator acc(std::numeric_limits<size_t>::max());
  acc.result().request_id = request_id(response.headers);
  ChatFold fold(acc);
  const EventSink ignore = [](const StreamEvent&) {};
  TRACIA_TRY(fold_answer(*root, fold, ignore));
  fold.close(true, ignore);
  return std::move(acc.result());
}

}  // namespace tracia::llm::openai

namespace tracia::llm {

const ChatCodec& openai_chat_codec() {
  static const openai::ChatCompletionsCodec codec;
  return codec;
}

}  // namespace tracia::llm
