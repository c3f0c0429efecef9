#include "openai/chat_fold.h"

#include <array>

#include "tracia/base/bytes.h"

namespace tracia::llm::openai {
namespace {

// Keys in the order in which the parts stand in a message: reasoning comes before the text it led to.
constexpr int64_t kReasoningKey = 0;
constexpr int64_t kTextKey = 1;
constexpr int64_t kRefusalKey = 2;
constexpr int64_t kAudioKey = 3;
constexpr int64_t kLegacyCallKey = 4;
constexpr int64_t kFirstCallKey = 1 << 16;
constexpr int64_t kCallKeyStep = 1 << 16;  // room for servers that send several calls under one index
constexpr int64_t kCallIndexMax = 1 << 20;

// Arguments are text; some compatible servers send the object itself.
std::string arguments_of(const json::Value& value) { return value.is_object() ? value.to_json() : value.text(); }

}  // namespace

FinishReason chat_finish_reason(std::string_view word) {
  struct Word {
    std::string_view name;
    FinishReason reason;
  };
  static constexpr std::array<Word, 12> kWords{{
      {"stop", FinishReason::kStop},
      {"length", FinishReason::kLength},
      {"tool_calls", FinishReason::kToolCalls},
      {"function_call", FinishReason::kToolCalls},
      {"content_filter", FinishReason::kContentFilter},
      {"error", FinishReason::kError},
      // Compatible servers.
      {"eos", FinishReason::kStop},
      {"end_turn", FinishReason::kStop},
      {"stop_sequence", FinishReason::kStop},
      {"max_tokens", FinishReason::kLength},
      {"model_length", FinishReason::kLength},
      {"tool_use", FinishReason::kToolCalls},
  }};
  for (const Word& known : kWords) {
    if (known.name == word) return known.reason;
  }
  return FinishReason::kUnknown;
}

void ChatFold::header(const json::Value& root, const EventSink& sink) {
  ChatResult& result = acc_.result();
  if (result.id.empty()) result.id = root["id"].text();
  if (result.model.empty()) result.model = root["model"].text();
  json::Value usage = root["usage"];
  if (!usage.is_object()) usage = root["x_groq"]["usage"];
  if (!usage.is_object()) return;
  Usage normalised;
  read_usage(usage, normalised, result.raw_usage);
  acc_.usage(normalised, sink);
}

void ChatFold::choice(const json::Value& choice, const EventSink& sink) {
  json::Value delta = choice["delta"];
  const bool is_whole = !delta.is_object();
  if (is_whole) delta = choice["message"];
  reasoning(delta, sink);
  content(delta["content"], sink);
  if (const auto refusal = delta["refusal"].string(); refusal && !refusal->empty())
    acc_.refusal(kRefusalKey, *refusal, sink);
  audio(delta["audio"]);
  annotations(delta["annotations"]);
  if (const json::Value legacy = delta["function_call"]; legacy.is_object()) {
    acc_.tool_call(kLegacyCallKey, "", legacy["name"].string_or(""), arguments_of(legacy["arguments"]), sink,
                   ToolCallPart::Kind::kLegacyFunction);
  }
  tool_calls(delta["tool_calls"], is_whole, sink);
  if (const auto word = choice["finish_reason"].string(); word && !word->empty()) {
    acc_.result().provider_finish_reason.assign(utf8_prefix(*word, 200));
  }
}

void ChatFold::content(const json::Value& content, const EventSink& sink) {
  if (const auto text = content.string()) {
    if (!text->empty()) acc_.text(kTextKey, *text, sink);
    return;
  }
  // Mistral: [{"type":"thinking","thinking":[{"type":"text","text":…}]},{"type":"text","text":…}]
  for (const json::Value piece : content.items()) {
    if (const auto text = piece["text"].string(); text && !text->empty()) acc_.text(kTextKey, *text, sink);
    const json::Value thinking = piece["thinking"];
    if (const auto text = thinking.string(); text && !text->empty()) acc_.reasoning(kReasoningKey, *text, sink);
    for (const json::Value thought : thinking.items()) {
      if (const auto text = thought["text"].string(); text && !text->empty())
        acc_.reasoning(kReasoningKey, *text, sink);
    }
  }
  if (acc_.has(kReasoningKey)) acc_.part<ReasoningPart>(kReasoningKey)->provider = Provider::kOpenAi;
}

// DeepSeek, Moonshot, Qwen and older vLLM say reasoning_content; OpenRouter, Groq and newer vLLM say reasoning. Servers
// that send both send the same text twice.
void ChatFold::reasoning(const json::Value& delta, const EventSink& sink) {
  const auto content = delta["reasoning_content"].string();
  const auto text = content && !content->empty() ? content : delta["reasoning"].string();
  if (!text || text->empty()) return;
  acc_.reasoning(kReasoningKey, *text, sink);
  ReasoningPart* part = acc_.part<ReasoningPart>(kReasoningKey);
  part->provider = Provider::kOpenAi;
  if (content && !content->empty()) part->id = "reasoning_content";
}

// Streamed audio comes in pieces of base64, each of whole bytes and each with its own padding.
void ChatFold::audio(const json::Value& audio) {
  if (!audio.is_object()) return;
  AudioPart* part = acc_.part<AudioPart>(kAudioKey);
  if (part == nullptr) return;
  part->source.kind = MediaSource::Kind::kBase64;
  if (part->id.empty()) part->id = audio["id"].text();
  acc_.append(part->transcript, audio["transcript"].string_or(""));
  const auto data = audio["data"].string();
  if (!data || data->empty()) return;
  auto bytes = base64_decode(*data);
  if (!bytes) return;
  if (!audio_bytes_.empty()) bytes->insert(0, audio_bytes_);
  const size_t whole = bytes->size() / 3 * 3;
  acc_.append(part->source.value, base64_encode(std::string_view(*bytes).substr(0, whole)));
  audio_bytes_ = bytes->substr(whole);
}

void ChatFold::annotations(const json::Value& list) {
  for (const json::Value item : list.items()) {
    if (!annotations_.empty()) acc_.append(annotations_, ",");
    acc_.append(annotations_, item.to_json());
  }
}

// Which call a delta belongs to. The index says so; servers that leave it out are followed by id, and those that send
// several calls under one index (each with a name and an id of its own) by the change of id. An id that changes without
// a name is noise: some servers make up a new one for each chunk.
int64_t ChatFold::tool_key(const json::Value& call, std::string_view id, std::string_view name, int64_t position,
                           bool is_whole) {
  int64_t index = call["index"].integer().value_or(-1);
  if (is_whole) index = position;
  if (index < 0 || index > kCallIndexMax) {
    index = last_index_;
    if (!id.empty()) {
      const auto next = calls_.empty() ? 0 : calls_.rbegin()->first + 1;
      index = index_of_id_.try_emplace(std::string(id), next).first->second;
    }
    if (index < 0) index = 0;
  }
  last_index_ = index;
  const auto [it, fresh] = calls_.try_emplace(index);
  Call& found = it->second;
  if (fresh) {
    found.key = kFirstCallKey + index * kCallKeyStep;
    if (!id.empty()) index_of_id_.try_emplace(std::string(id), index);
  } else if (!id.empty() && !found.id.empty() && found.id != id && !name.empty() && found.repeats + 1 < kCallKeyStep) {
    ++found.repeats;
    found.key = kFirstCallKey + index * kCallKeyStep + found.repeats;
    found.id.clear();
  }
  if (found.id.empty()) found.id = id;
  return found.key;
}

void ChatFold::tool_calls(const json::Value& list, bool is_whole, const EventSink& sink) {
  int64_t position = -1;
  for (const json::Value call : list.items()) {
    ++position;
    if (!call.is_object()) continue;
    const json::Value custom = call["custom"];
    const bool is_custom = custom.is_object() || call["type"].string_or("") == "custom";
    const json::Value body = is_custom ? custom : call["function"];
    const std::string_view id = call["id"].string_or("");
    const std::string_view name = body["name"].string_or("");
    const int64_t key = tool_key(call, id, name, position, is_whole);
    auto kind = is_custom ? ToolCallPart::Kind::kCustom : ToolCallPart::Kind::kFunction;
    // Later deltas of a custom call may carry no type.
    if (acc_.has(key) && acc_.part<ToolCallPart>(key) != nullptr &&
        acc_.part<ToolCallPart>(key)->kind == ToolCallPart::Kind::kCustom) {
      kind = ToolCallPart::Kind::kCustom;
    }
    const json::Value arguments = body[is_custom ? "input" : "arguments"];
    if (const auto text = arguments.string()) {
      acc_.tool_call(key, id, name, *text, sink, kind);
    } else {
      acc_.tool_call(key, id, name, arguments_of(arguments), sink, kind);
    }
  }
}

void ChatFold::close(bool complete, const EventSink& sink) {
  if (!audio_bytes_.empty()) acc_.append(acc_.part<AudioPart>(kAudioKey)->source.value, base64_encode(audio_bytes_));
  audio_bytes_.clear();
  if (!annotations_.empty()) {
    if (TextPart* text = acc_.part<TextPart>(kTextKey)) text->annotations = "[" + annotations_ + "]";
  }
  acc_.arrange();
  acc_.seal();
  ChatResult& result = acc_.result();
  FinishReason reason = chat_finish_reason(result.provider_finish_reason);
  // A forced tool choice ends with "stop", and so do all calls of some servers.
  if (reason == FinishReason::kStop && !result.tool_calls().empty()) reason = FinishReason::kToolCalls;
  if (complete) {
    acc_.finish(reason, std::string(result.provider_finish_reason), sink);
  } else {
    result.finish_reason = reason;
  }
}

}  // namespace tracia::llm::openai
