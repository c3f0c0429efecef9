#include "openai/responses_fold.h"

#include "tracia/base/bytes.h"

namespace tracia::llm::openai {
namespace {

// Order inside an item: summaries, then raw reasoning, or the contents of a message.
constexpr int64_t kItemStep = 1 << 22;
constexpr int64_t kReasoningTextOffset = 1 << 21;

int64_t key_of(Place place) { return place.item * kItemStep + place.content; }

// What `full` has beyond `known`; nullopt when they disagree.
std::optional<std::string_view> rest(std::string_view known, std::string_view full) {
  if (!full.starts_with(known)) return std::nullopt;
  return full.substr(known.size());
}

std::string id_of(const json::Value& item) { return std::string(utf8_prefix(item["id"].string_or(""), 256)); }

}  // namespace

void ResponsesFold::text(Place place, std::string_view delta, const EventSink& sink) {
  if (place.is_valid() && !delta.empty()) acc_.text(key_of(place), delta, sink);
}

void ResponsesFold::refusal(Place place, std::string_view delta, const EventSink& sink) {
  if (place.is_valid() && !delta.empty()) acc_.refusal(key_of(place), delta, sink);
}

void ResponsesFold::summary(Place place, std::string_view delta, const EventSink& sink) {
  if (!place.is_valid() || delta.empty()) return;
  acc_.reasoning(key_of(place), delta, sink);
  if (auto* part = acc_.part<ReasoningPart>(key_of(place))) part->provider = Provider::kOpenAi;
}

void ResponsesFold::reasoning_text(Place place, std::string_view delta, const EventSink& sink) {
  if (!place.is_valid() || delta.empty()) return;
  const int64_t key = key_of(place) + kReasoningTextOffset;
  acc_.reasoning(key, delta, sink);
  if (auto* part = acc_.part<ReasoningPart>(key)) part->provider = Provider::kOpenAi;
}

void ResponsesFold::arguments(int64_t item, std::string_view delta, bool is_custom, const EventSink& sink) {
  const Place place{item, 0};
  if (!place.is_valid() || delta.empty()) return;
  acc_.tool_call(key_of(place), "", "", delta, sink,
                 is_custom ? ToolCallPart::Kind::kCustom : ToolCallPart::Kind::kFunction);
}

void ResponsesFold::fill_text(int64_t key, std::string_view full, bool is_refusal, const EventSink& sink) {
  TextPart* part = acc_.part<TextPart>(key);
  if (part == nullptr) return;
  part->refusal = is_refusal;
  const auto more = rest(part->text, full);
  if (!more) {
    part->text.assign(full);
  } else if (is_refusal) {
    acc_.refusal(key, *more, sink);
  } else {
    acc_.text(key, *more, sink);
  }
}

void ResponsesFold::fill_reasoning(int64_t key, std::string_view full, const EventSink& sink) {
  ReasoningPart* part = acc_.part<ReasoningPart>(key);
  if (part == nullptr) return;
  const auto more = rest(part->text, full);
  if (more) {
    acc_.reasoning(key, *more, sink);
  } else {
    part->text.assign(full);
  }
}

void ResponsesFold::message(const json::Value& item, int64_t index, const EventSink& sink) {
  const std::string id = id_of(item);
  const std::string_view phase = utf8_prefix(item["phase"].string_or(""), 64);
  Message& out = acc_.result().message;
  if (out.id.empty()) out.id = id;
  const json::Value content = item["content"];
  const auto fill = [&](int64_t position, std::string_view text, bool is_refusal, const json::Value& annotations) {
    const Place place{index, position};
    if (!place.is_valid() || text.empty()) return;
    const int64_t key = key_of(place);
    keys_.insert(key);
    fill_text(key, text, is_refusal, sink);
    TextPart* part = acc_.part<TextPart>(key);
    if (part == nullptr) return;
    part->item_id = id;
    part->phase = phase;
    if (annotations.size() != 0) part->annotations = annotations.to_json();
  };
  if (const auto text = content.string()) fill(0, *text, false, {});
  int64_t position = -1;
  for (const json::Value piece : content.items()) {
    ++position;
    const std::string_view type = piece["type"].string_or("");
    if (type == "refusal") {
      fill(position, piece["refusal"].string_or(""), true, {});
    } else if (type == "output_text" || type == "text" || type == "input_text") {
      fill(position, piece["text"].string_or(""), false, piece["annotations"]);
    }
  }
}

// One part for each summary; an item without any still holds the id (and encrypted_content) that must be sent back.
void ResponsesFold::reasoning(const json::Value& item, int64_t index, const EventSink& sink) {
  const std::string id = id_of(item);
  const std::string_view encrypted = item["encrypted_content"].string_or("");
  bool is_first = true;
  const auto fill = [&](int64_t key, std::string_view text) {
    keys_.insert(key);
    fill_reasoning(key, text, sink);
    ReasoningPart* part = acc_.part<ReasoningPart>(key);
    if (part == nullptr) return;
    part->provider = Provider::kOpenAi;
    part->id = id;
    if (is_first) part->signature = encrypted;
    is_first = false;
  };
  const auto fill_list = [&](const json::Value& list, int64_t offset) {
    int64_t position = -1;
    for (const json::Value piece : list.items()) {
      const Place place{index, ++position};
      const std::string_view text = piece["text"].string_or("");
      if (place.is_valid() && !text.empty()) fill(key_of(place) + offset, text);
    }
  };
  fill_list(item["summary"], 0);
  fill_list(item["content"], kReasoningTextOffset);
  if (is_first) fill(key_of({index, 0}), "");
}

void ResponsesFold::call(const json::Value& item, int64_t index, bool is_custom, const EventSink& sink) {
  const int64_t key = key_of({index, 0});
  keys_.insert(key);
  const bool is_fresh = !acc_.has(key);
  ToolCallPart* part = acc_.part<ToolCallPart>(key);
  if (part == nullptr) return;
  const std::string_view id = item["call_id"].string_or(item["id"].string_or(""));
  const std::string_view full = item[is_custom ? "input" : "arguments"].string_or("");
  const auto more = rest(part->arguments, full);
  if (!more && !full.empty()) part->arguments.assign(full);
  const std::string_view added = more.value_or("");
  if (is_fresh || !added.empty() || (part->id.empty() && !id.empty())) {
    acc_.tool_call(key, id, item["name"].string_or(""), added, sink,
                   is_custom ? ToolCallPart::Kind::kCustom : ToolCallPart::Kind::kFunction);
  }
  part = acc_.part<ToolCallPart>(key);
  if (part != nullptr) part->item_id = id_of(item);
}

void ResponsesFold::item(const json::Value& item, int64_t index, const EventSink& sink) {
  const Place place{index, 0};
  if (!item.is_object() || !place.is_valid()) return;
  const std::string_view type = item["type"].string_or("");
  if (type == "message") {
    message(item, index, sink);
  } else if (type == "reasoning") {
    reasoning(item, index, sink);
  } else if (type == "function_call") {
    call(item, index, false, sink);
  } else if (type == "custom_tool_call") {
    call(item, index, true, sink);
  } else {
    keys_.insert(key_of(place));
    acc_.opaque(key_of(place), Provider::kOpenAi, item.to_json());
  }
}

void ResponsesFold::output(const json::Value& items, const EventSink& sink) {
  keys_.clear();
  int64_t index = -1;
  for (const json::Value one : items.items()) item(one, ++index, sink);
  acc_.arrange(&keys_);
}

void ResponsesFold::header(const json::Value& response, const EventSink& sink) {
  ChatResult& result = acc_.result();
  if (const auto id = response["id"].string(); id && !id->empty()) result.id.assign(*id);
  if (const auto model = response["model"].string(); model && !model->empty()) result.model.assign(*model);
  const std::string_view status = utf8_prefix(response["status"].string_or(""), 200);
  // "in_progress" and "queued" are not ends.
  if (!status.empty() && status != "in_progress" && status != "queued") result.provider_finish_reason.assign(status);
  result.incomplete_reason.assign(utf8_prefix(response["incomplete_details"]["reason"].string_or(""), 200));
  const json::Value usage = response["usage"];
  if (!usage.is_object()) return;
  Usage normalised;
  read_usage(usage, normalised, result.raw_usage);
  acc_.usage(normalised, sink);
}

FinishReason ResponsesFold::finish_reason() const {
  const ChatResult& result = acc_.result();
  const std::string& status = result.provider_finish_reason;
  if (status == "failed" || status == "cancelled") return FinishReason::kError;
  if (status == "incomplete") {
    if (result.incomplete_reason == "content_filter") return FinishReason::kContentFilter;
    return result.incomplete_reason.starts_with("max_") ? FinishReason::kLength : FinishReason::kUnknown;
  }
  if (status != "completed") return FinishReason::kUnknown;
  return result.tool_calls().empty() ? FinishReason::kStop : FinishReason::kToolCalls;
}

void ResponsesFold::close(bool complete, const EventSink& sink) {
  acc_.arrange();
  acc_.seal();
  ChatResult& result = acc_.result();
  result.refusal.clear();
  for (const Part& part : result.message.parts) {
    if (const auto* text = part.as<TextPart>(); text != nullptr && text->refusal) result.refusal.append(text->text);
  }
  const FinishReason reason = finish_reason();
  if (complete) {
    acc_.finish(reason, std::string(result.provider_finish_reason), sink);
  } else {
    result.finish_reason = reason;
  }
}

}  // namespace tracia::llm::openai
