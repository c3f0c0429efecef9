// The Converse answer, whole or as event-stream frames: messageStart; for each block contentBlockStart (tools only,
// text begins with its first delta), contentBlockDelta*, contentBlockStop; messageStop; metadata. As on the wire of the
// service, each payload is padded by a member "p" that says nothing.
#include "bedrock_write.h"

#include "event_stream.h"

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

std::string tool_id(const ToolCall& item) {
  Rng rng(item.id);
  return make_id("tooluse_", rng, 22);
}

std::string signature_of(const Reply& reply) {
  Rng rng(reply.hash ^ 0xBED);
  return make_id("ErUB", rng, 120) + "==";
}

void write_usage(json::Writer& w, const Reply& reply) {
  w.key("usage")
      .begin_object()
      .field("inputTokens", reply.input_tokens - reply.cached_tokens)
      .field("outputTokens", reply.output_tokens);
  if (reply.cached_tokens > 0) w.field("cacheReadInputTokens", reply.cached_tokens).field("cacheWriteInputTokens", 0);
  w.field("totalTokens", reply.input_tokens + reply.output_tokens).end_object();
}

int64_t pretend_latency(const Reply& reply) { return 200 + static_cast<int64_t>(reply.hash % 1500); }

class FrameWriter {
 public:
  FrameWriter(const Call& call, const Reply& reply)
      : call_(call),
        rng_(reply.hash ^ 0x9AD),
        answer_(stream_answer(Vendor::kBedrock, StreamKind::kEventStream, call.hash)) {}

  template <typename Fill>
  void event(std::string_view name, bool paced, Fill&& fill) {
    static constexpr std::string_view kPadding = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    json::Writer w;
    w.begin_object();
    fill(w);
    w.field("p", kPadding.substr(0, 4 + rng_.below(kPadding.size() - 4))).end_object();
    answer_.frames.push_back({event_frame(name, w.str()), paced});
  }
  template <typename Fill>
  void delta(Fill&& fill) {
    event("contentBlockDelta", true, [&](json::Writer& w) {
      w.field("contentBlockIndex", index_).key("delta").begin_object();
      fill(w);
      w.end_object();
    });
  }
  void stop_block() {
    event("contentBlockStop", false, [&](json::Writer& w) { w.field("contentBlockIndex", index_); });
    ++index_;
  }
  void reasoning(const Reply& reply) {
    for (const std::string_view piece : split_words(reply.reasoning, call_.options.tokens_per_chunk)) {
      delta([&](json::Writer& w) { w.key("reasoningContent").begin_object().field("text", piece).end_object(); });
    }
    delta([&](json::Writer& w) {
      w.key("reasoningContent").begin_object().field("signature", signature_of(reply)).end_object();
    });
    stop_block();
  }
  void text(const Reply& reply) {
    for (const std::string_view piece : split_words(reply.text, call_.options.tokens_per_chunk)) {
      delta([&](json::Writer& w) { w.field("text", piece); });
    }
    stop_block();
  }
  void tool(const ToolCall& item) {
    event("contentBlockStart", false, [&](json::Writer& w) {
      w.field("contentBlockIndex", index_).key("start").begin_object().key("toolUse").begin_object();
      w.field("name", item.name).field("toolUseId", tool_id(item)).end_object().end_object();
    });
    for (const std::string_view piece : split_bytes(item.arguments, 12)) {
      delta([&](json::Writer& w) { w.key("toolUse").begin_object().field("input", piece).end_object(); });
    }
    stop_block();
  }
  Answer take() { return std::move(answer_); }

 private:
  const Call& call_;
  Rng rng_;
  Answer answer_;
  int64_t index_ = 0;
};

}  // namespace

Answer write_bedrock(const Call& call, const Ask& ask, const Reply& reply) {
  json::Writer w;
  w.begin_object().key("metrics").begin_object().field("latencyMs", pretend_latency(reply)).end_object();
  w.key("output").begin_object().key("message").begin_object().key("content").begin_array();
  if (ask.reasoning) {
    w.begin_object().key("reasoningContent").begin_object().key("reasoningText").begin_object();
    w.field("text", reply.reasoning).field("signature", signature_of(reply)).end_object().end_object().end_object();
  }
  if (!reply.text.empty()) w.begin_object().field("text", reply.text).end_object();
  for (const ToolCall& item : reply.calls) {
    w.begin_object().key("toolUse").begin_object().field_raw("input", item.arguments).field("name", item.name);
    w.field("toolUseId", tool_id(item)).end_object().end_object();
  }
  w.end_array().field("role", "assistant").end_object().end_object().field("stopReason", stop_reason(reply.finish));
  write_usage(w, reply);
  w.end_object();
  return json_answer(Vendor::kBedrock, w.take(), call.hash);
}

Answer stream_bedrock(const Call& call, const Ask& ask, const Reply& reply) {
  FrameWriter frames(call, reply);
  frames.event("messageStart", false, [](json::Writer& w) { w.field("role", "assistant"); });
  if (ask.reasoning) frames.reasoning(reply);
  if (!reply.text.empty()) frames.text(reply);
  for (const ToolCall& item : reply.calls) frames.tool(item);
  frames.event("messageStop", false, [&](json::Writer& w) { w.field("stopReason", stop_reason(reply.finish)); });
  frames.event("metadata", false, [&](json::Writer& w) {
    w.key("metrics").begin_object().field("latencyMs", pretend_latency(reply)).end_object();
    write_usage(w, reply);
  });
  return frames.take();
}

}  // namespace tracia::simulate
