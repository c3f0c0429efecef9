// Event order of a stream, each with the next sequence_number:
//   response.created, response.in_progress
//   for each output item: response.output_item.added
//     reasoning: reasoning_summary_part.added, reasoning_summary_text.delta*, .done, reasoning_summary_part.done
//     message:   content_part.added, output_text.delta*, output_text.done, content_part.done
//     call:      function_call_arguments.delta*, function_call_arguments.done
//   response.output_item.done
//   response.completed or response.incomplete
#include "openai_responses_write.h"

#include "openai_common.h"
#include "tracia/base/bytes.h"
#include "tracia/wire/sse.h"

namespace tracia::simulate {
namespace {

class ResponseWriter {
 public:
  ResponseWriter(const Call& call, const ResponsesRequest& request, const Reply& reply)
      : call_(call), request_(request), reply_(reply) {
    Rng rng(reply.hash);
    response_id_ = "resp_" + make_hex(rng, 50);
    reasoning_id_ = "rs_" + make_hex(rng, 50);
    message_id_ = "msg_" + make_hex(rng, 50);
    for (size_t i = 0; i < reply.calls.size(); ++i) call_ids_.push_back("fc_" + make_hex(rng, 50));
    encrypted_ = "gAAAAAB" + make_id("", rng, 200) + "==";
    incomplete_ = reply.finish == Finish::kLength;
  }

  // --- objects ---

  void reasoning_item(json::Writer& w, bool done) const {
    w.begin_object().field("id", reasoning_id_).field("type", "reasoning").key("summary").begin_array();
    if (done && request_.reasoning_summary) summary_part(w, reply_.reasoning);
    w.end_array();
    if (request_.encrypted_reasoning) w.field("encrypted_content", encrypted_);
    w.end_object();
  }
  static void summary_part(json::Writer& w, std::string_view text) {
    w.begin_object().field("type", "summary_text").field("text", text).end_object();
  }
  static void text_part(json::Writer& w, std::string_view text) {
    w.begin_object().field("type", "output_text").key("annotations").begin_array().end_array();
    w.key("logprobs").begin_array().end_array().field("text", text).end_object();
  }
  void message_item(json::Writer& w, bool done) const {
    w.begin_object().field("id", message_id_).field("type", "message");
    w.field("status", !done ? "in_progress" : incomplete_ ? "incomplete" : "completed").key("content").begin_array();
    if (done) text_part(w, reply_.text);
    w.end_array().field("role", "assistant").end_object();
  }
  void call_item(json::Writer& w, size_t i, bool done) const {
    w.begin_object()
        .field("id", call_ids_[i])
        .field("type", "function_call")
        .field("status", done ? "completed" : "in_progress");
    w.field("arguments", done ? std::string_view(reply_.calls[i].arguments) : std::string_view());
    w.field("call_id", openai_call_id(reply_.calls[i].id)).field("name", reply_.calls[i].name).end_object();
  }
  bool has_reasoning() const { return request_.ask.reasoning; }
  // A run out of tokens before any text leaves no message.
  bool has_message() const {
    return reply_.calls.empty() ? !(incomplete_ && reply_.text.empty()) : !reply_.text.empty();
  }

  void usage(json::Writer& w) const {
    w.begin_object().field("input_tokens", reply_.input_tokens);
    w.key("input_tokens_details").begin_object().field("cached_tokens", reply_.cached_tokens).end_object();
    w.field("output_tokens", reply_.output_tokens);
    w.key("output_tokens_details").begin_object().field("reasoning_tokens", reply_.reasoning_tokens).end_object();
    w.field("total_tokens", reply_.input_tokens + reply_.output_tokens).end_object();
  }

  void echo(json::Writer& w, std::string_view name, std::string_view otherwise) const {
    const json::Value value = call_.body[name];
    w.field_raw(name, value.is_missing_or_null() ? std::string(otherwise) : value.to_json());
  }

  std::string response(bool done) const {
    json::Writer w;
    w.begin_object()
        .field("id", response_id_)
        .field("object", "response")
        .field("created_at", pretend_time(call_.hash));
    w.field("status", !done ? "in_progress" : incomplete_ ? "incomplete" : "completed").field("background", false);
    w.key("error").null().key("incomplete_details");
    if (done && incomplete_)
      w.begin_object().field("reason", "max_output_tokens").end_object();
    else
      w.null();
    echo(w, "instructions", "null");
    echo(w, "max_output_tokens", "null");
    w.key("max_tool_calls").null().field("model", request_.ask.model).key("output").begin_array();
    if (done) {
      if (has_reasoning()) reasoning_item(w, true);
      if (has_message()) message_item(w, true);
      for (size_t i = 0; i < reply_.calls.size(); ++i) call_item(w, i, true);
    }
    w.end_array();
    echo(w, "parallel_tool_calls", "true");
    echo(w, "previous_response_id", "null");
    w.key("reasoning").begin_object();
    w.field_raw("effort",
                has_reasoning() ? json::quoted(call_.body["reasoning"]["effort"].string_or("medium")) : "null");
    w.field_raw("summary", request_.reasoning_summary ? "\"detailed\"" : "null").end_object();
    w.field("service_tier", "default");
    echo(w, "store", "true");
    echo(w, "temperature", "1.0");
    w.field_raw("text", call_.body["text"]["format"] ? call_.body["text"].to_json() : R"({"format":{"type":"text"}})");
    echo(w, "tool_choice", "\"auto\"");
    echo(w, "tools", "[]");
    w.field("top_logprobs", 0);
    echo(w, "top_p", "1.0");
    w.field("truncation", "disabled").key("usage");
    if (done)
      usage(w);
    else
      w.null();
    w.key("user").null();
    echo(w, "metadata", "{}");
    w.end_object();
    return w.take();
  }

  // --- events ---

  Answer stream() {
    answer_ = stream_answer(Vendor::kOpenAi, StreamKind::kSse, call_.hash);
    const std::string opening = response(false);
    event("response.created", false, [&](json::Writer& w) { w.field_raw("response", opening); });
    event("response.in_progress", false, [&](json::Writer& w) { w.field_raw("response", opening); });
    if (has_reasoning()) stream_reasoning();
    if (has_message()) stream_message();
    for (size_t i = 0; i < reply_.calls.size(); ++i) stream_call(i);
    event(incomplete_ ? "response.incomplete" : "response.completed", false,
          [&](json::Writer& w) { w.field_raw("response", response(true)); });
    return std::move(answer_);
  }

 private:
  template <typename Fill>
  void event(std::string_view type, bool paced, Fill&& fill) {
    json::Writer w;
    w.begin_object().field("type", type).field("sequence_number", sequence_++);
    fill(w);
    w.end_object();
    Frame frame{.paced = paced};
    wire::append_sse(frame.bytes, type, w.str());
    answer_.frames.push_back(std::move(frame));
  }

  template <typename Item>
  void item_event(std::string_view type, Item&& item) {
    event(type, false, [&](json::Writer& w) {
      w.field("output_index", output_index_).key("item");
      item(w);
    });
  }

  void stream_reasoning() {
    item_event("response.output_item.added", [&](json::Writer& w) { reasoning_item(w, false); });
    const auto head = [&](json::Writer& w) {
      w.field("item_id", reasoning_id_).field("output_index", output_index_).field("summary_index", 0);
    };
    if (request_.reasoning_summary) {
      event("response.reasoning_summary_part.added", false, [&](json::Writer& w) {
        head(w);
        w.key("part");
        summary_part(w, "");
      });
      for (const std::string_view piece : split_words(reply_.reasoning, call_.options.tokens_per_chunk)) {
        event("response.reasoning_summary_text.delta", true, [&](json::Writer& w) {
          head(w);
          w.field("delta", piece);
        });
      }
      event("response.reasoning_summary_text.done", false, [&](json::Writer& w) {
        head(w);
        w.field("text", reply_.reasoning);
      });
      event("response.reasoning_summary_part.done", false, [&](json::Writer& w) {
        head(w);
        w.key("part");
        summary_part(w, reply_.reasoning);
      });
    }
    item_event("response.output_item.done", [&](json::Writer& w) { reasoning_item(w, true); });
    ++output_index_;
  }

  void stream_message() {
    item_event("response.output_item.added", [&](json::Writer& w) { message_item(w, false); });
    const auto head = [&](json::Writer& w) {
      w.field("item_id", message_id_).field("output_index", output_index_).field("content_index", 0);
    };
    event("response.content_part.added", false, [&](json::Writer& w) {
      head(w);
      w.key("part");
      text_part(w, "");
    });
    for (const std::string_view piece : split_words(reply_.text, call_.options.tokens_per_chunk)) {
      event("response.output_text.delta", true, [&](json::Writer& w) {
        head(w);
        w.field("delta", piece).key("logprobs").begin_array().end_array();
      });
    }
    event("response.output_text.done", false, [&](json::Writer& w) {
      head(w);
      w.field("text", reply_.text).key("logprobs").begin_array().end_array();
    });
    event("response.content_part.done", false, [&](json::Writer& w) {
      head(w);
      w.key("part");
      text_part(w, reply_.text);
    });
    item_event("response.output_item.done", [&](json::Writer& w) { message_item(w, true); });
    ++output_index_;
  }

  void stream_call(size_t i) {
    item_event("response.output_item.added", [&](json::Writer& w) { call_item(w, i, false); });
    const auto head = [&](json::Writer& w) { w.field("item_id", call_ids_[i]).field("output_index", output_index_); };
    for (const std::string_view piece : split_bytes(reply_.calls[i].arguments, 8)) {
      event("response.function_call_arguments.delta", true, [&](json::Writer& w) {
        head(w);
        w.field("delta", piece);
      });
    }
    event("response.function_call_arguments.done", false, [&](json::Writer& w) {
      head(w);
      w.field("name", reply_.calls[i].name).field("arguments", reply_.calls[i].arguments);
    });
    item_event("response.output_item.done", [&](json::Writer& w) { call_item(w, i, true); });
    ++output_index_;
  }

  const Call& call_;
  const ResponsesRequest& request_;
  const Reply& reply_;
  std::string response_id_, reasoning_id_, message_id_, encrypted_;
  std::vector<std::string> call_ids_;
  bool incomplete_ = false;
  Answer answer_;
  int64_t sequence_ = 0;
  int64_t output_index_ = 0;
};

}  // namespace

Answer write_responses(const Call& call, const ResponsesRequest& request, const Reply& reply) {
  ResponseWriter writer(call, request, reply);
  if (request.stream) return writer.stream();
  return json_answer(Vendor::kOpenAi, writer.response(true), call.hash);
}

}  // namespace tracia::simulate
