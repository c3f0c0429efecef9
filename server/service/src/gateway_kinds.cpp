// The two kinds of calls: chats, whichever dialect they came in, and embeddings.
#include <utility>

#include "gateway_call.h"
#include "tracia/json/writer.h"
#include "tracia/llm/relay.h"
#include "tracia/span/from_call.h"
#include "tracia/span/messages.h"

namespace tracia::service {
namespace {

using gateway::ChatInput;
using gateway::Dialect;
using gateway::EmbeddingsInput;

class ChatGatewayCall final : public GatewayCall {
 public:
  explicit ChatGatewayCall(Parts parts) : GatewayCall(std::move(parts)) {}

 private:
  ChatInput& input() { return std::get<ChatInput>(parts_.request.input); }
  const ChatInput& input() const { return std::get<ChatInput>(parts_.request.input); }
  const llm::ChatCall& chat() const { return static_cast<const llm::ChatCall&>(call()); }

  std::shared_ptr<llm::Call> make_call(std::vector<llm::Target> targets, llm::Call::Options options) override {
    make_relay();
    const auto request_for = [this](const llm::Target& target) -> const llm::ChatRequest& {
      input().chat.model = target.model;
      return input().chat;
    };
    const auto codec_for = [this](const llm::Target& target) -> const llm::ChatCodec& {
      return is_relayed() ? *relay_ : llm::chat_codec(target);
    };
    llm::EventSink sink;
    if (input().stream) sink = [this](const llm::StreamEvent& event) { on_event(event); };
    return std::make_shared<llm::ChatCall>(std::move(targets), std::move(options), request_for, codec_for,
                                           input().stream, std::move(sink));
  }

  void make_relay() {
    const bool chat_stream = input().stream && input().dialect == Dialect::kChatCompletions;
    const bool ask_usage = chat_stream && !input().include_usage;
    llm::RelayCodec::Options options;
    if (input().dialect == Dialect::kResponses) options.protocol = llm::RelayProtocol::kResponses;
    options.body = [this, ask_usage](std::string_view model) {
      return gateway::edit_body(parts_.request.body, model, ask_usage);
    };
    options.hide_usage = ask_usage;
    options.out = [this](std::string_view events) { emit(std::string(events)); };
    relay_.emplace(std::move(options));
  }

  // Made when the first event comes: the model that answers is known then.
  gateway::AnswerWriter& writer() {
    if (!writer_) writer_ = gateway::make_writer(input(), head());
    return *writer_;
  }

  void on_event(const llm::StreamEvent& event) {
    if (relay_->streams()) return;
    std::string events;
    writer().event(event, events);
    if (!events.empty()) emit(std::move(events));
  }

  void describe(span::Span& span) const override {
    const ChatInput& in = input();
    span::describe_chat(chat(), in.chat, chat().result().text(), span);
    span.input_json = in.raw_input_json.empty() ? span::messages_input_json(in.chat.messages) : in.raw_input_json;
  }

  std::string last_bytes() override {
    const llm::ChatResult& result = chat().result();
    const bool has_bytes = is_relayed() && !relay_->answer().empty();
    if (!input().stream) return has_bytes ? relay_->answer() : writer().whole(result);
    std::string out;
    if (!relay_->streams()) {
      writer().end(result, out);
    } else if (out = relay_->ending(); out.empty() && input().dialect == Dialect::kChatCompletions) {
      out = "data: [DONE]\n\n";  // servers that leave it out; clients wait for it
    }
    return out;
  }

  std::optional<llm::RelayCodec> relay_;
  std::unique_ptr<gateway::AnswerWriter> writer_;
};

class EmbeddingGatewayCall final : public GatewayCall {
 public:
  explicit EmbeddingGatewayCall(Parts parts) : GatewayCall(std::move(parts)) {}

 private:
  const EmbeddingsInput& input() const { return std::get<EmbeddingsInput>(parts_.request.input); }
  const llm::EmbeddingCall& embedding() const { return static_cast<const llm::EmbeddingCall&>(call()); }

  std::shared_ptr<llm::Call> make_call(std::vector<llm::Target> targets, llm::Call::Options options) override {
    relay_.emplace([this](std::string_view model) { return gateway::edit_body(parts_.request.body, model, false); });
    const auto request_for = [this](const llm::Target& target) {
      llm::EmbeddingRequest request;
      if (is_relayed()) {
        request.inputs.resize(input().count);  // the body has them
      } else {
        request = input().request;
      }
      request.model = target.model;
      return request;
    };
    const auto codec_for = [this](const llm::Target& target) -> const llm::EmbeddingCodec* {
      return is_relayed() ? &*relay_ : llm::embedding_codec(target.provider);
    };
    return std::make_shared<llm::EmbeddingCall>(std::move(targets), std::move(options), request_for, codec_for);
  }

  void describe(span::Span& span) const override {
    const llm::EmbeddingResult& result = embedding().result();
    span.kind = span::Kind::kEmbedding;
    span.input_json =
        input().raw_input_json.empty() ? span::text_input_json(input().request.inputs) : input().raw_input_json;
    span.usage = result.usage;
    span.usage_raw_json = result.raw_usage.json;
    if (call().error()) return;
    json::Writer w;
    w.begin_object();
    if (const size_t size = result.vectors.empty() ? 0 : result.vectors.front().size(); size > 0) {
      w.field("dimensions", static_cast<int64_t>(size));
    }
    span.output = w.field("count", static_cast<int64_t>(result.vectors.size())).end_object().take();
  }

  std::string last_bytes() override {
    if (is_relayed()) return relay_->answer();
    return gateway::embeddings_json(embedding().result(), call().target().model, input().base64);
  }

  std::optional<llm::RelayEmbeddingCodec> relay_;
};

}  // namespace

std::shared_ptr<GatewayCall> make_gateway_call(GatewayCall::Parts parts) {
  if (std::holds_alternative<ChatInput>(parts.request.input)) {
    return std::make_shared<ChatGatewayCall>(std::move(parts));
  }
  return std::make_shared<EmbeddingGatewayCall>(std::move(parts));
}

}  // namespace tracia::service
