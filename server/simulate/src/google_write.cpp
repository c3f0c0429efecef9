// The Gemini answer. A stream is a sequence of whole GenerateContentResponses; the last carries finishReason. As SSE,
// lines end in CRLF; without alt=sse the same objects are elements of one JSON array.
#include "google_write.h"

#include "tracia/base/bytes.h"

namespace tracia::simulate {
namespace {

std::string_view finish_name(Finish finish) { return finish == Finish::kLength ? "MAX_TOKENS" : "STOP"; }

std::string signature_of(const Reply& reply) {
  Rng rng(reply.hash ^ 0x7507);
  return make_id("CiQB", rng, 92);
}

void write_call(json::Writer& w, const ToolCall& item, bool signed_thought, const Reply& reply) {
  w.begin_object()
      .key("functionCall")
      .begin_object()
      .field("name", item.name)
      .field_raw("args", item.arguments)
      .end_object();
  if (signed_thought) w.field("thoughtSignature", signature_of(reply));
  w.end_object();
}

void write_thought(json::Writer& w, std::string_view text) {
  w.begin_object().field("text", text).field("thought", true).end_object();
}

// Parts of a whole answer, or of one piece of a stream.
void write_parts(json::Writer& w, const GoogleRequest& request, const Reply& reply) {
  if (request.include_thoughts && !reply.reasoning.empty()) write_thought(w, reply.reasoning);
  if (!reply.text.empty()) w.begin_object().field("text", reply.text).end_object();
  bool first = true;  // only the first of parallel calls is signed
  for (const ToolCall& item : reply.calls) {
    write_call(w, item, first && request.ask.reasoning, reply);
    first = false;
  }
}

void write_usage(json::Writer& w, const std::vector<Reply>& replies, bool done) {
  const Reply& reply = replies.front();
  int64_t output = 0, thoughts = 0;
  for (const Reply& each : replies) {
    output += each.output_tokens - each.reasoning_tokens;
    thoughts += each.reasoning_tokens;
  }
  w.key("usageMetadata").begin_object().field("promptTokenCount", reply.input_tokens);
  if (done && output > 0) w.field("candidatesTokenCount", output);
  w.field("totalTokenCount", reply.input_tokens + (done ? output : 0) + thoughts);
  if (reply.cached_tokens > 0) w.field("cachedContentTokenCount", reply.cached_tokens);
  w.key("promptTokensDetails")
      .begin_array()
      .begin_object()
      .field("modality", "TEXT")
      .field("tokenCount", reply.input_tokens)
      .end_object()
      .end_array();
  if (thoughts > 0) w.field("thoughtsTokenCount", thoughts);
  w.end_object();
}

void write_tail(json::Writer& w, const GoogleRequest& request, const std::vector<Reply>& replies, bool done) {
  write_usage(w, replies, done);
  Rng rng(replies.front().hash);
  w.field("modelVersion", request.ask.model).field("responseId", make_id("", rng, 23)).end_object();
}

class ChunkWriter {
 public:
  ChunkWriter(const Call& call, const GoogleRequest& request, const std::vector<Reply>& replies)
      : request_(request),
        replies_(replies),
        sse_(http::query_parameter(call.request.query, "alt").value_or("") == "sse"),
        answer_(stream_answer(Vendor::kGoogle, sse_ ? StreamKind::kSse : StreamKind::kJsonArray, call.hash)) {}

  // One response with the parts that `fill` writes; a finish reason when it is the candidate's last.
  template <typename Fill>
  void chunk(int64_t index, std::string_view finish, bool paced, Fill&& fill) {
    json::Writer w;
    w.begin_object()
        .key("candidates")
        .begin_array()
        .begin_object()
        .key("content")
        .begin_object()
        .key("parts")
        .begin_array();
    fill(w);
    w.end_array().field("role", "model").end_object();
    w.field_if("finishReason", finish).field("index", index).end_object().end_array();
    write_tail(w, request_, replies_, !finish.empty());
    frame(w.str(), paced);
  }

  Answer take() {
    if (!sse_) answer_.frames.push_back({"]", false});
    return std::move(answer_);
  }

 private:
  void frame(std::string_view object, bool paced) {
    std::string bytes;
    if (sse_)
      bytes.append("data: ").append(object).append("\r\n\r\n");
    else
      bytes.append(first_ ? "[" : ",\r\n").append(object).append("\n");
    first_ = false;
    answer_.frames.push_back({std::move(bytes), paced});
  }

  const GoogleRequest& request_;
  const std::vector<Reply>& replies_;
  bool sse_;
  Answer answer_;
  bool first_ = true;
};

void stream_reply(const Call& call, const GoogleRequest& request, ChunkWriter& chunks, const Reply& reply,
                  int64_t index) {
  if (request.include_thoughts) {
    for (const std::string_view piece : split_words(reply.reasoning, call.options.tokens_per_chunk * 8)) {
      chunks.chunk(index, "", true, [&](json::Writer& w) { write_thought(w, piece); });
    }
  }
  const std::string_view finish = finish_name(reply.finish);
  // Gemini's pieces are longer than a word; the last one carries the finish reason.
  const auto pieces = split_words(reply.text, call.options.tokens_per_chunk * 4);
  for (size_t i = 0; i < pieces.size(); ++i) {
    const bool last = i + 1 == pieces.size() && reply.calls.empty();
    chunks.chunk(index, last ? finish : "", true,
                 [&](json::Writer& w) { w.begin_object().field("text", pieces[i]).end_object(); });
  }
  if (!reply.calls.empty()) {
    chunks.chunk(index, finish, true, [&](json::Writer& w) {
      bool first = true;
      for (const ToolCall& item : reply.calls) {
        write_call(w, item, first && request.ask.reasoning, reply);
        first = false;
      }
    });
  } else if (pieces.empty()) {
    chunks.chunk(index, finish, true, [](json::Writer& w) { w.begin_object().field("text", "").end_object(); });
  }
}

}  // namespace

Answer write_google(const Call& call, const GoogleRequest& request, const std::vector<Reply>& replies) {
  json::Writer w;
  w.begin_object().key("candidates").begin_array();
  int64_t index = 0;
  for (const Reply& reply : replies) {
    w.begin_object().key("content").begin_object();
    if (!reply.text.empty() || !reply.calls.empty() || (request.include_thoughts && !reply.reasoning.empty())) {
      w.key("parts").begin_array();
      write_parts(w, request, reply);
      w.end_array();
    }
    w.field("role", "model")
        .end_object()
        .field("finishReason", finish_name(reply.finish))
        .field("index", index++)
        .end_object();
  }
  w.end_array();
  write_tail(w, request, replies, true);
  return json_answer(Vendor::kGoogle, w.take(), call.hash);
}

Answer stream_google(const Call& call, const GoogleRequest& request, const std::vector<Reply>& replies) {
  ChunkWriter chunks(call, request, replies);
  int64_t index = 0;
  for (const Reply& reply : replies) stream_reply(call, request, chunks, reply, index++);
  return chunks.take();
}

}  // namespace tracia::simulate
