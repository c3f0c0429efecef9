// Responses and their stream events. Source: OpenAI API reference, "The response object" and "Streaming events".
#include <map>
#include <optional>
#include <utility>

#include "reasoning_item.h"
#include "tracia/base/bytes.h"
#include "writers.h"

namespace tracia::gateway {
namespace {

using json::Writer;

void write_usage(Writer& w, const llm::Usage& usage) {
  w.key("usage").begin_object().field("input_tokens", usage.input_tokens.value_or(0));
  w.key("input_tokens_details").begin_object();
  w.field("cached_tokens", usage.cached_input_tokens.value_or(0)).end_object();
  w.field("output_tokens", usage.output_tokens.value_or(0));
  w.key("output_tokens_details").begin_object();
  w.field("reasoning_tokens", usage.reasoning_tokens.value_or(0)).end_object();
  w.field("total_tokens", total_tokens(usage)).end_object();
}

enum class Kind { kReasoning, kText, kRefusal, kCall };

// One output item on its way.
struct Item {
  Kind kind = Kind::kText;
  std::string id;
  std::string text;           // of a message or a summary; arguments of a call
  std::string call_id, name;  // of a call
  std::string extra;          // annotations, encrypted_content, a call's signature: known at the end
  bool open = true;
};

class ResponsesWriter final : public AnswerWriter {
 public:
  explicit ResponsesWriter(AnswerHead head) : head_(std::move(head)) {}

  void event(const llm::StreamEvent& event, std::string& out) override {
    if (const auto* text = std::get_if<llm::TextDelta>(&event)) {
      piece(Kind::kText, text->text, out);
    } else if (const auto* reasoning = std::get_if<llm::ReasoningDelta>(&event)) {
      piece(Kind::kReasoning, reasoning->text, out);
    } else if (const auto* refusal = std::get_if<llm::RefusalDelta>(&event)) {
      piece(Kind::kRefusal, refusal->text, out);
    } else if (const auto* call = std::get_if<llm::ToolCallDelta>(&event)) {
      call_piece(*call, out);
    }
  }

  void end(const llm::ChatResult& result, std::string& out) override {
    begin(out);
    take_extras(result);
    close_all(out);
    const bool cut = is_cut(result);
    begin_event(cut ? "response.incomplete" : "response.completed");
    writer_.key("response");
    write_response(writer_, &result);
    send(out);
  }

  std::string whole(const llm::ChatResult& result) override {
    std::string unused;
    int index = 0;
    for (const llm::Part& part : result.message.parts) {
      if (const auto* text = part.as<llm::TextPart>()) {
        piece(text->refusal ? Kind::kRefusal : Kind::kText, text->text, unused);
      } else if (const auto* reasoning = part.as<llm::ReasoningPart>()) {
        piece(Kind::kReasoning, reasoning->text, unused);
      } else if (const auto* call = part.as<llm::ToolCallPart>()) {
        call_piece({.index = index++, .id = call->id, .name = call->name, .arguments = call->arguments}, unused);
      }
    }
    take_extras(result);
    close_all(unused);
    Writer w;
    write_response(w, &result);
    return w.take();
  }

 private:
  static bool is_cut(const llm::ChatResult& result) {
    return result.finish_reason == llm::FinishReason::kLength ||
           result.finish_reason == llm::FinishReason::kContentFilter;
  }
  static bool is_message(Kind kind) { return kind == Kind::kText || kind == Kind::kRefusal; }

  // ---- Events

  void begin_event(std::string_view type) {
    type_ = type;
    writer_ = Writer(writer_.take());
    writer_.begin_object().field("type", type).field("sequence_number", sequence_++);
  }
  void send(std::string& out) {
    writer_.end_object();
    out.append("event: ").append(type_).append("\ndata: ").append(writer_.str()).append("\n\n");
  }
  // Where in the answer an event belongs.
  void begin_event(std::string_view type, size_t at) {
    begin_event(type);
    writer_.field("item_id", items_[at].id).field("output_index", static_cast<int64_t>(at));
    if (items_[at].kind == Kind::kReasoning) writer_.field("summary_index", 0);
    if (is_message(items_[at].kind)) writer_.field("content_index", 0);
  }

  void begin(std::string& out) {
    if (std::exchange(begun_, true)) return;
    for (const std::string_view type : {"response.created", "response.in_progress"}) {
      begin_event(type);
      writer_.key("response");
      write_response(writer_, nullptr);
      send(out);
    }
  }

  // Text, a refusal or thinking: goes on with the item at the end when it is of that kind.
  void piece(Kind kind, std::string_view text, std::string& out) {
    begin(out);
    if (items_.empty() || !items_.back().open || items_.back().kind != kind) open(kind, "", "", out);
    const size_t at = items_.size() - 1;
    items_[at].text.append(text);
    if (text.empty()) return;
    constexpr std::string_view kTypes[] = {"response.reasoning_summary_text.delta", "response.output_text.delta",
                                           "response.refusal.delta"};
    begin_event(kTypes[static_cast<size_t>(kind)], at);
    writer_.field("delta", text);
    if (kind == Kind::kText) writer_.key("logprobs").begin_array().end_array();
    send(out);
  }

  void call_piece(const llm::ToolCallDelta& delta, std::string& out) {
    begin(out);
    auto found = calls_.find(delta.index);
    if (found == calls_.end()) {
      open(Kind::kCall, tool_call_id(delta.id, head_.id, delta.index), delta.name, out);
      found = calls_.emplace(delta.index, items_.size() - 1).first;
    }
    Item& item = items_[found->second];
    item.text.append(delta.arguments);
    if (delta.arguments.empty() || !item.open) return;
    begin_event("response.function_call_arguments.delta", found->second);
    writer_.field("delta", delta.arguments);
    send(out);
  }

  void open(Kind kind, std::string_view call_id, std::string_view name, std::string& out) {
    // Parallel calls may come interleaved: they are closed together.
    if (kind != Kind::kCall || (!items_.empty() && items_.back().kind != Kind::kCall)) close_all(out);
    constexpr std::string_view kPrefixes[] = {"rs_", "msg_", "msg_", "fc_"};
    std::string id(kPrefixes[static_cast<size_t>(kind)]);
    id.append(head_.id).append("_").append(std::to_string(items_.size()));
    items_.push_back({.kind = kind, .id = std::move(id), .call_id = std::string(call_id), .name = std::string(name)});
    const size_t at = items_.size() - 1;
    begin_event("response.output_item.added");
    writer_.field("output_index", static_cast<int64_t>(at)).key("item");
    write_item(writer_, items_[at]);
    send(out);
    if (kind == Kind::kCall) return;
    part_event(kind == Kind::kReasoning ? "response.reasoning_summary_part.added" : "response.content_part.added", at,
               out);
  }

  void part_event(std::string_view type, size_t at, std::string& out) {
    begin_event(type, at);
    writer_.key("part");
    write_part(writer_, items_[at]);
    send(out);
  }

  void close_all(std::string& out) {
    for (size_t at = 0; at < items_.size(); ++at) {
      if (items_[at].open) close(at, out);
    }
  }

  void close(size_t at, std::string& out) {
    Item& item = items_[at];
    constexpr std::string_view kTypes[] = {"response.reasoning_summary_text.done", "response.output_text.done",
                                           "response.refusal.done", "response.function_call_arguments.done"};
    constexpr std::string_view kMembers[] = {"text", "text", "refusal", "arguments"};
    const auto kind = static_cast<size_t>(item.kind);
    begin_event(kTypes[kind], at);
    if (item.kind == Kind::kCall) writer_.field("name", item.name);
    writer_.field(kMembers[kind], item.text);
    if (item.kind == Kind::kText) writer_.key("logprobs").begin_array().end_array();
    send(out);
    if (item.kind == Kind::kReasoning) part_event("response.reasoning_summary_part.done", at, out);
    if (is_message(item.kind)) part_event("response.content_part.done", at, out);
    item.open = false;
    begin_event("response.output_item.done");
    writer_.field("output_index", static_cast<int64_t>(at)).key("item");
    write_item(writer_, item);
    send(out);
  }

  // Signatures and citations, which are known only at the end. Parts and items run in the same order.
  void take_extras(const llm::ChatResult& result) {
    size_t at = 0;
    const auto next = [&](Kind kind) -> Item* {
      while (at < items_.size() && items_[at].kind != kind) ++at;
      return at < items_.size() ? &items_[at++] : nullptr;
    };
    for (const llm::Part& part : result.message.parts) {
      const size_t before = at;
      Item* item = nullptr;
      std::string extra;
      if (const auto* text = part.as<llm::TextPart>()) {
        item = next(text->refusal ? Kind::kRefusal : Kind::kText);
        extra = text->annotations;
      } else if (const auto* reasoning = part.as<llm::ReasoningPart>()) {
        item = next(Kind::kReasoning);
        extra = sealed_reasoning(*reasoning);
      } else if (const auto* call = part.as<llm::ToolCallPart>()) {
        item = next(Kind::kCall);
        extra = call->signature;
        if (item != nullptr && item->text.empty()) item->text = call->arguments;
      } else {
        continue;
      }
      if (item == nullptr) {
        at = before;
      } else {
        item->extra = std::move(extra);
      }
    }
  }

  // ---- Objects

  static void write_part(Writer& w, const Item& item) {
    w.begin_object();
    if (item.kind == Kind::kReasoning) {
      w.field("type", "summary_text").field("text", item.text);
    } else if (item.kind == Kind::kRefusal) {
      w.field("type", "refusal").field("refusal", item.text);
    } else {
      w.field("type", "output_text").field("text", item.text);
      w.field_raw("annotations", item.extra.empty() ? "[]" : item.extra);
      w.key("logprobs").begin_array().end_array();
    }
    w.end_object();
  }

  static void write_item(Writer& w, const Item& item) {
    w.begin_object().field("id", item.id);
    if (item.kind == Kind::kReasoning) {
      w.field("type", "reasoning").key("summary").begin_array();
      if (!item.text.empty()) write_part(w, item);
      w.end_array();
      if (!item.extra.empty()) w.field("encrypted_content", item.extra);
    } else if (item.kind == Kind::kCall) {
      w.field("type", "function_call").field("status", item.open ? "in_progress" : "completed");
      w.field("arguments", item.text).field("call_id", item.call_id).field("name", item.name);
      if (!item.extra.empty()) {
        w.key("extra_content").begin_object().key("google").begin_object();
        w.field("thought_signature", item.extra).end_object().end_object();
      }
    } else {
      w.field("type", "message").field("status", item.open ? "in_progress" : "completed");
      w.field("role", "assistant").key("content").begin_array();
      if (!item.open) write_part(w, item);
      w.end_array();
    }
    w.end_object();
  }

  // `result` nullptr: an answer that has only begun.
  void write_response(Writer& w, const llm::ChatResult* result) const {
    const bool cut = result != nullptr && is_cut(*result);
    w.begin_object().field("id", "resp_" + head_.id).field("object", "response").field("created_at", head_.created);
    w.field("status", result == nullptr ? "in_progress" : cut ? "incomplete" : "completed");
    w.field("background", false).key("error").null().key("incomplete_details");
    if (cut) {
      const bool length = result->finish_reason == llm::FinishReason::kLength;
      w.begin_object().field("reason", length ? "max_output_tokens" : "content_filter").end_object();
    } else {
      w.null();
    }
    w.field("model", head_.model.empty() && result != nullptr ? result->model : head_.model);
    w.key("output").begin_array();
    if (result != nullptr) {
      for (const Item& item : items_) write_item(w, item);
    }
    w.end_array().key("previous_response_id").null().field("store", false);
    if (result != nullptr) {
      write_usage(w, result->usage);
    } else {
      w.key("usage").null();
    }
    std::string out = w.take();
    if (!head_.echo.empty()) out.append(",").append(head_.echo);
    w.raw(out.append("}"));
  }

  AnswerHead head_;
  std::vector<Item> items_;
  std::map<int, size_t> calls_;  // the item of each call, by its index
  int64_t sequence_ = 0;
  bool begun_ = false;
  std::string_view type_;
  Writer writer_;
};

}  // namespace

std::unique_ptr<AnswerWriter> make_responses_writer(AnswerHead head) {
  return std::make_unique<ResponsesWriter>(std::move(head));
}

}  // namespace tracia::gateway
