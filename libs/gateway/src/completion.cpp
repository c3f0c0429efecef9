// Chat completions and their chunks. Source: OpenAI API reference, "The chat completion object", "… chunk object".
// `reasoning_content` is DeepSeek's name for visible thinking, which most clients know.
#include <utility>

#include "writers.h"

namespace tracia::gateway {
namespace {

using json::Writer;

std::string_view finish_word(llm::FinishReason reason) {
  switch (reason) {
    case llm::FinishReason::kLength: return "length";
    case llm::FinishReason::kToolCalls: return "tool_calls";
    case llm::FinishReason::kContentFilter: return "content_filter";
    default: return "stop";
  }
}

void write_usage(Writer& w, const llm::Usage& usage) {
  w.key("usage").begin_object();
  w.field("prompt_tokens", usage.input_tokens.value_or(0)).field("completion_tokens", usage.output_tokens.value_or(0));
  w.field("total_tokens", total_tokens(usage));
  w.key("prompt_tokens_details").begin_object();
  w.field("cached_tokens", usage.cached_input_tokens.value_or(0));
  w.field("audio_tokens", usage.input_audio_tokens.value_or(0));
  w.field("cache_write_tokens", usage.cache_write_tokens).end_object();
  w.key("completion_tokens_details").begin_object();
  w.field("reasoning_tokens", usage.reasoning_tokens.value_or(0));
  w.field("audio_tokens", usage.output_audio_tokens.value_or(0)).end_object();
  w.end_object();
}

void write_google_signature(Writer& w, const std::string& signature) {
  w.key("extra_content").begin_object().key("google").begin_object();
  w.field("thought_signature", signature).end_object().end_object();
}

void write_tool_calls(Writer& w, const std::vector<llm::ToolCallPart>& calls, std::string_view answer_id) {
  if (calls.empty()) return;
  w.key("tool_calls").begin_array();
  int64_t index = 0;
  for (const llm::ToolCallPart& call : calls) {
    w.begin_object()
        .field("id", tool_call_id(call.id, answer_id, index++))
        .field("type", "function")
        .key("function")
        .begin_object();
    w.field("name", call.name).field("arguments", call.arguments).end_object();
    if (!call.signature.empty()) write_google_signature(w, call.signature);
    w.end_object();
  }
  w.end_array();
}

// What the model wants back with its tool calls, in the form that chat_request.cpp reads.
void write_thinking_blocks(Writer& w, const llm::ChatResult& result) {
  bool begun = false;
  for (const llm::Part& part : result.message.parts) {
    const auto* reasoning = part.as<llm::ReasoningPart>();
    if (reasoning == nullptr || reasoning->signature.empty()) continue;
    if (!std::exchange(begun, true)) w.key("thinking_blocks").begin_array();
    w.begin_object().field("type", reasoning->redacted ? "redacted_thinking" : "thinking");
    if (reasoning->redacted) {
      w.field("data", reasoning->signature);
    } else {
      w.field("thinking", reasoning->text).field("signature", reasoning->signature);
    }
    if (reasoning->provider) w.field("provider", llm::provider_name(*reasoning->provider));
    w.end_object();
  }
  if (begun) w.end_array();
}

// The citations of all texts as one array; "" when there are none.
std::string annotations_of(const llm::ChatResult& result) {
  std::string out;
  for (const llm::Part& part : result.message.parts) {
    const auto* text = part.as<llm::TextPart>();
    if (text == nullptr || text->annotations.size() <= 2) continue;
    out.append(out.empty() ? "[" : ",").append(text->annotations, 1, text->annotations.size() - 2);
  }
  return out.empty() ? out : out.append("]");
}

class ChatWriter final : public AnswerWriter {
 public:
  ChatWriter(bool include_usage, AnswerHead head) : include_usage_(include_usage), head_(std::move(head)) {}

  void event(const llm::StreamEvent& event, std::string& out) override {
    if (const auto* text = std::get_if<llm::TextDelta>(&event)) {
      delta("content", text->text, out);
    } else if (const auto* reasoning = std::get_if<llm::ReasoningDelta>(&event)) {
      delta("reasoning_content", reasoning->text, out);
    } else if (const auto* refusal = std::get_if<llm::RefusalDelta>(&event)) {
      delta("refusal", refusal->text, out);
    } else if (const auto* call = std::get_if<llm::ToolCallDelta>(&event)) {
      tool_call(*call, out);
    }
  }

  void end(const llm::ChatResult& result, std::string& out) override {
    role(out);
    additions(result, out);
    begin_chunk(result).begin_object().field("index", 0).key("delta").begin_object().end_object();
    writer_.field("finish_reason", finish_word(result.finish_reason)).end_object().end_array();
    if (include_usage_) writer_.key("usage").null();
    send(out);
    if (include_usage_) {
      begin_chunk(result).end_array();
      write_usage(writer_, result.usage);
      send(out);
    }
    out.append("data: [DONE]\n\n");
  }

  std::string whole(const llm::ChatResult& result) override {
    Writer w;
    w.begin_object().field("id", "chatcmpl-" + head_.id).field("object", "chat.completion");
    w.field("created", head_.created).field("model", head_.model.empty() ? result.model : head_.model);
    w.key("choices").begin_array().begin_object().field("index", 0).key("message").begin_object();
    const std::string text = result.text();
    w.field("role", "assistant").key("content");
    const auto calls = result.tool_calls();
    const bool is_absent = text.empty() && (!calls.empty() || !result.refusal.empty());
    is_absent ? w.null() : w.value(text);
    w.key("refusal");
    result.refusal.empty() ? w.null() : w.value(result.refusal);
    w.field_if("reasoning_content", result.reasoning_text());
    write_thinking_blocks(w, result);
    if (const std::string notes = annotations_of(result); !notes.empty()) w.field_raw("annotations", notes);
    write_tool_calls(w, calls, head_.id);
    w.end_object().key("logprobs").null();
    w.field("finish_reason", finish_word(result.finish_reason)).end_object().end_array();
    write_usage(w, result.usage);
    w.key("system_fingerprint").null().end_object();
    return w.take();
  }

 private:
  // Up to and with "choices":[ .
  Writer& begin_chunk(const llm::ChatResult& result) {
    if (head_.model.empty()) head_.model = result.model;
    return begin_chunk();
  }
  Writer& begin_chunk() {
    writer_ = Writer(writer_.take());
    writer_.begin_object().field("id", "chatcmpl-" + head_.id).field("object", "chat.completion.chunk");
    writer_.field("created", head_.created).field("model", head_.model).key("choices").begin_array();
    return writer_;
  }
  Writer& begin_delta() { return begin_chunk().begin_object().field("index", 0).key("delta").begin_object(); }
  void end_delta(std::string& out) {
    writer_.end_object().key("finish_reason").null().end_object().end_array();
    if (include_usage_) writer_.key("usage").null();
    send(out);
  }
  void send(std::string& out) {
    writer_.end_object();
    out.append("data: ").append(writer_.str()).append("\n\n");
  }

  // The first chunk of any answer says who speaks.
  void role(std::string& out) {
    if (std::exchange(begun_, true)) return;
    begin_delta().field("role", "assistant").field("content", "").key("refusal").null();
    end_delta(out);
  }

  void delta(std::string_view name, std::string_view text, std::string& out) {
    role(out);
    begin_delta().field(name, text);
    end_delta(out);
  }

  void tool_call(const llm::ToolCallDelta& call, std::string& out) {
    role(out);
    begin_delta().key("tool_calls").begin_array().begin_object().field("index", call.index);
    if (!call.id.empty() || !call.name.empty()) {
      writer_.field("id", tool_call_id(call.id, head_.id, call.index)).field("type", "function");
    }
    writer_.key("function").begin_object().field_if("name", call.name).field("arguments", call.arguments);
    writer_.end_object().end_object().end_array();
    end_delta(out);
  }

  // What is known only at the end: signatures and citations.
  void additions(const llm::ChatResult& result, std::string& out) {
    Writer w;
    w.begin_object();
    write_thinking_blocks(w, result);
    if (const std::string notes = annotations_of(result); !notes.empty()) w.field_raw("annotations", notes);
    bool signed_calls = false;
    int index = -1;
    for (const llm::ToolCallPart& call : result.tool_calls()) {
      ++index;
      if (call.signature.empty()) continue;
      if (!std::exchange(signed_calls, true)) w.key("tool_calls").begin_array();
      w.begin_object().field("index", index);
      write_google_signature(w, call.signature);
      w.end_object();
    }
    if (signed_calls) w.end_array();
    w.end_object();
    if (w.size() <= 2) return;
    begin_chunk(result).begin_object().field("index", 0).field_raw("delta", w.str()).key("finish_reason").null();
    writer_.end_object().end_array();
    if (include_usage_) writer_.key("usage").null();
    send(out);
  }

  bool include_usage_;
  AnswerHead head_;
  bool begun_ = false;
  Writer writer_;
};

}  // namespace

int64_t total_tokens(const llm::Usage& usage) {
  return usage.total_tokens.value_or(usage.input_tokens.value_or(0) + usage.output_tokens.value_or(0));
}

std::string tool_call_id(std::string_view vendors, std::string_view answer_id, int64_t index) {
  if (!vendors.empty()) return std::string(vendors);
  return std::string("call_").append(answer_id).append("_").append(std::to_string(index));
}

std::unique_ptr<AnswerWriter> make_chat_writer(bool include_usage, AnswerHead head) {
  return std::make_unique<ChatWriter>(include_usage, std::move(head));
}

std::unique_ptr<AnswerWriter> make_writer(const ChatInput& input, AnswerHead head) {
  if (input.dialect == Dialect::kResponses) return make_responses_writer(std::move(head));
  return make_chat_writer(input.include_usage, std::move(head));
}

}  // namespace tracia::gateway
