// Event order of a stream: message_start, ping, then for each block content_block_start, content_block_delta*,
// content_block_stop; message_delta with the stop reason and the usage; message_stop.
#include "anthropic_write.h"

#include "tracia/wire/sse.h"

namespace tracia::simulate {
namespace {

std::string_view stop_reason(Finish finish) {
  switch (finish) {
    case Finish::kLength: return "max_tokens";
    case Finish::kToolCalls: return "tool_use";
    case Finish::kStopSequence: return "stop_sequence";
    case Finish::kStop: break;
  }
  return "end_turn";
}

std::string signature_of(const Reply& reply) {
  Rng rng(reply.hash ^ 0x516);
  return make_id("ErUB", rng, 120) + "==";
}

std::string tool_id(const ToolCall& item) {
  Rng rng(item.id);
  return make_id("toolu_01", rng, 22);
}

// Here input_tokens leaves out what came from the cache.
void write_usage(json::Writer& w, const Reply& reply, int64_t output_tokens, bool full) {
  w.begin_object()
      .field("input_tokens", reply.input_tokens - reply.cached_tokens)
      .field("cache_creation_input_tokens", 0);
  w.field("cache_read_input_tokens", reply.cached_tokens);
  if (full) {
    w.key("cache_creation")
        .begin_object()
        .field("ephemeral_5m_input_tokens", 0)
        .field("ephemeral_1h_input_tokens", 0)
        .end_object();
  }
  w.field("output_tokens", output_tokens);
  if (full) w.field("service_tier", "standard");
  w.end_object();
}

void write_head(json::Writer& w, const Ask& ask, const Reply& reply) {
  Rng rng(reply.hash);
  w.begin_object()
      .field("id", make_id("msg_01", rng, 22))
      .field("type", "message")
      .field("role", "assistant")
      .field("model", ask.model);
}

void write_stop(json::Writer& w, const Reply& reply) {
  w.field("stop_reason", stop_reason(reply.finish)).key("stop_sequence");
  if (reply.finish == Finish::kStopSequence)
    w.value(reply.stop_sequence);
  else
    w.null();
}

class EventWriter {
 public:
  explicit EventWriter(const Call& call)
      : call_(call), answer_(stream_answer(Vendor::kAnthropic, StreamKind::kSse, call.hash)) {}

  void event(std::string_view type, std::string_view data, bool paced = false) {
    Frame frame{.paced = paced};
    wire::append_sse(frame.bytes, type, data);
    answer_.frames.push_back(std::move(frame));
  }
  void start_block(std::string_view block) {
    event("content_block_start", "{\"type\":\"content_block_start\",\"index\":" + std::to_string(index_) +
                                     ",\"content_block\":" + std::string(block) + "}");
    if (index_ == 0) event("ping", R"({"type": "ping"})");
  }
  void delta(std::string_view type, std::string_view field, std::string_view text) {
    json::Writer w;
    w.begin_object().field("type", "content_block_delta").field("index", index_).key("delta").begin_object();
    w.field("type", type).field(field, text).end_object().end_object();
    event("content_block_delta", w.str(), true);
  }
  void stop_block() {
    event("content_block_stop", "{\"type\":\"content_block_stop\",\"index\":" + std::to_string(index_) + "}");
    ++index_;
  }
  void text_block(std::string_view text) {
    start_block(R"({"type":"text","text":""})");
    for (const std::string_view piece : split_words(text, call_.options.tokens_per_chunk))
      delta("text_delta", "text", piece);
    stop_block();
  }
  void thinking_block(std::string_view text, std::string_view signature) {
    start_block(R"({"type":"thinking","thinking":"","signature":""})");
    for (const std::string_view piece : split_words(text, call_.options.tokens_per_chunk))
      delta("thinking_delta", "thinking", piece);
    delta("signature_delta", "signature", signature);
    stop_block();
  }
  void tool_block(const ToolCall& item) {
    json::Writer w;
    w.begin_object()
        .field("type", "tool_use")
        .field("id", tool_id(item))
        .field("name", item.name)
        .key("input")
        .begin_object()
        .end_object()
        .end_object();
    start_block(w.str());
    delta("input_json_delta", "partial_json", "");
    if (item.arguments != "{}") {
      for (const std::string_view piece : split_bytes(item.arguments, 12))
        delta("input_json_delta", "partial_json", piece);
    }
    stop_block();
  }
  Answer take() { return std::move(answer_); }

 private:
  const Call& call_;
  Answer answer_;
  int64_t index_ = 0;
};

}  // namespace

Answer write_anthropic(const Call& call, const Ask& ask, const Reply& reply) {
  json::Writer w;
  write_head(w, ask, reply);
  w.key("content").begin_array();
  if (ask.reasoning) {
    w.begin_object()
        .field("type", "thinking")
        .field("thinking", reply.reasoning)
        .field("signature", signature_of(reply))
        .end_object();
  }
  if (!reply.text.empty()) w.begin_object().field("type", "text").field("text", reply.text).end_object();
  for (const ToolCall& item : reply.calls) {
    w.begin_object()
        .field("type", "tool_use")
        .field("id", tool_id(item))
        .field("name", item.name)
        .field_raw("input", item.arguments)
        .end_object();
  }
  w.end_array();
  write_stop(w, reply);
  w.key("usage");
  write_usage(w, reply, reply.output_tokens, true);
  w.end_object();
  return json_answer(Vendor::kAnthropic, w.take(), call.hash);
}

Answer stream_anthropic(const Call& call, const Ask& ask, const Reply& reply) {
  EventWriter events(call);
  json::Writer start;
  start.begin_object().field("type", "message_start").key("message");
  write_head(start, ask, reply);
  start.key("content").begin_array().end_array().key("stop_reason").null().key("stop_sequence").null().key("usage");
  write_usage(start, reply, 1, true);
  start.end_object().end_object();
  events.event("message_start", start.str());
  if (ask.reasoning) events.thinking_block(reply.reasoning, signature_of(reply));
  if (!reply.text.empty()) events.text_block(reply.text);
  for (const ToolCall& item : reply.calls) events.tool_block(item);
  json::Writer end;
  end.begin_object().field("type", "message_delta").key("delta").begin_object();
  write_stop(end, reply);
  end.end_object().key("usage");
  write_usage(end, reply, reply.output_tokens, false);
  end.end_object();
  events.event("message_delta", end.str());
  events.event("message_stop", R"({"type":"message_stop"})");
  return events.take();
}

}  // namespace tracia::simulate
