#include "google/google.h"
#include "tracia/base/limits.h"
#include "vendor_text.h"

namespace tracia::llm::google {
namespace {

RawUsage raw_usage_of(const json::Value& usage) {
  RawUsage raw;
  raw.input_tokens = token_count(usage["promptTokenCount"]);
  raw.output_tokens = token_count(usage["candidatesTokenCount"]);
  raw.total_tokens = token_count(usage["totalTokenCount"]);
  raw.cached_tokens = token_count(usage["cachedContentTokenCount"]);
  raw.reasoning_tokens = token_count(usage["thoughtsTokenCount"]);
  raw.tool_use_prompt_tokens = token_count(usage["toolUsePromptTokenCount"]);
  return raw;
}

std::optional<int64_t> audio_of(const json::Value& details) {
  std::optional<int64_t> total;
  for (const json::Value detail : details.items()) {
    if (detail["modality"].string_or("") != "AUDIO") continue;
    if (const auto n = token_count(detail["tokenCount"]); n && total.value_or(0) < (int64_t{1} << 60))
      total = total.value_or(0) + *n;
  }
  return total;
}

// promptTokenCount includes cached tokens but not what tools fed in; candidatesTokenCount leaves thoughts out.
Usage normalised(const RawUsage& raw, const json::Value& usage) {
  Usage out;
  if (raw.input_tokens || raw.tool_use_prompt_tokens) {
    out.input_tokens = raw.input_tokens.value_or(0) + raw.tool_use_prompt_tokens.value_or(0);
  }
  if (raw.output_tokens || raw.reasoning_tokens) {
    out.output_tokens = raw.output_tokens.value_or(0) + raw.reasoning_tokens.value_or(0);
  }
  out.total_tokens = raw.total_tokens;
  if (!out.total_tokens && out.input_tokens && out.output_tokens)
    out.total_tokens = *out.input_tokens + *out.output_tokens;
  // Proto JSON leaves zeros out: a prompt whose total is said and that has no output produced none.
  if (!out.output_tokens && out.input_tokens && out.total_tokens == out.input_tokens) out.output_tokens = 0;
  out.cached_input_tokens = raw.cached_tokens;
  out.reasoning_tokens = raw.reasoning_tokens;
  out.input_audio_tokens = audio_of(usage["promptTokensDetails"]);
  out.output_audio_tokens = audio_of(usage["candidatesTokensDetails"]);
  return out;
}

}  // namespace

FinishReason finish_reason(std::string_view reason, bool has_tool_calls) {
  if (reason == "STOP") return has_tool_calls ? FinishReason::kToolCalls : FinishReason::kStop;
  if (reason == "MAX_TOKENS") return FinishReason::kLength;
  for (const std::string_view word : {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY",
                                      "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR"}) {
    if (reason == word) return FinishReason::kContentFilter;
  }
  for (const std::string_view word :
       {"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE",
        "MISSING_THOUGHT_SIGNATURE", "LANGUAGE", "NO_IMAGE", "IMAGE_OTHER", "OTHER"}) {
    if (reason == word) return FinishReason::kError;
  }
  return FinishReason::kUnknown;
}

void ChunkFold::chunk(const json::Value& root, const EventSink& sink) {
  ChatResult& result = acc_.result();
  if (result.id.empty()) acc_.append(result.id, root["responseId"].string_or(""));
  if (result.model.empty()) acc_.append(result.model, root["modelVersion"].string_or(""));
  has_answer_ = has_answer_ || root["candidates"].is_array() || root["promptFeedback"].size() != 0 ||
                root["usageMetadata"].size() != 0;
  if (const auto why = root["promptFeedback"]["blockReason"].string(); why && !why->empty()) {
    result.block_reason.assign(*why);
    is_blocked_ = true;
  }
  // With several candidates, the first is the answer; a missing index is proto JSON for 0.
  for (const json::Value one : root["candidates"].items()) {
    if (!one.is_object() || one["index"].integer().value_or(0) != 0) continue;
    candidate(one, sink);
    break;
  }
  usage(root["usageMetadata"], sink);
}

void ChunkFold::candidate(const json::Value& candidate, const EventSink& sink) {
  ChatResult& result = acc_.result();
  for (const json::Value one : candidate["content"]["parts"].items()) {
    if (one.is_object()) part(one, sink);
  }
  metadata(candidate);
  if (const auto message = candidate["finishMessage"].string()) result.finish_message.assign(*message);
  if (const auto word = candidate["finishReason"].string(); word && !word->empty()) {
    has_reason_ = true;
    result.provider_finish_reason.assign(*word);
    result.finish_reason = reason();
  }
}

FinishReason ChunkFold::reason() const {
  if (has_reason_) return finish_reason(acc_.result().provider_finish_reason, has_tool_calls_);
  return is_blocked_ ? FinishReason::kContentFilter : FinishReason::kUnknown;
}

int64_t ChunkFold::next_key() {
  open_ = Open::kNothing;
  if (++key_ > static_cast<int64_t>(limits::kAnswerPartsMax)) acc_.set_overflowed();
  return key_;
}

void ChunkFold::part(const json::Value& part, const EventSink& sink) {
  if (acc_.overflowed()) return;
  if (part["functionCall"].is_object()) {
    function_call(part, sink);
  } else if (part["inlineData"].is_object() && !part["thought"].boolean_or(false)) {
    media(part);
  } else if (part["text"].is_string()) {
    text(part, sink);
  } else if (part.size() == 1 && part["thoughtSignature"].is_string()) {
    text(part, sink);
  } else if (part.size() != 0) {
    opaque(part);
  }
}

// A signature ends its part: signed parts must come back as they were cut. An empty piece that only carries one
// belongs to the text before it, as the same answer has it when it is not streamed.
void ChunkFold::text(const json::Value& part, const EventSink& sink) {
  const Open kind = part["thought"].boolean_or(false) ? Open::kThought : Open::kText;
  const std::string_view words = part["text"].string_or("");
  const std::string_view signature = part["thoughtSignature"].string_or("");
  if (words.empty() && signature.empty()) return;
  if (open_ != kind) {
    next_key();
    open_ = kind;
  }
  std::string* place = nullptr;
  if (kind == Open::kThought) {
    ReasoningPart* reasoning = acc_.part<ReasoningPart>(key_);
    reasoning->provider = Provider::kGoogle;
    acc_.reasoning(key_, words, sink);
    place = &reasoning->signature;
  } else {
    place = &acc_.part<TextPart>(key_)->signature;
    acc_.text(key_, words, sink);
  }
  if (signature.empty()) return;
  acc_.append(*place, signature);
  open_ = Open::kNothing;
}

void ChunkFold::function_call(const json::Value& part, const EventSink& sink) {
  const json::Value call = part["functionCall"];
  const int64_t key = next_key();
  has_tool_calls_ = true;
  const json::Value args = call["args"];
  acc_.tool_call(key, call["id"].string_or(""), call["name"].string_or(""), args.is_object() ? args.to_json() : "{}",
                 sink);
  acc_.append(acc_.part<ToolCallPart>(key)->signature, part["thoughtSignature"].string_or(""));
}

void ChunkFold::media(const json::Value& part) {
  const json::Value data = part["inlineData"];
  const std::string_view mime_type = data["mimeType"].string_or("");
  const bool image = mime_type.starts_with("image/");
  if (!image && (!mime_type.starts_with("audio/") || part["thoughtSignature"])) return opaque(part);
  const int64_t key = next_key();
  MediaSource source{.kind = MediaSource::Kind::kBase64};
  acc_.append(source.value, data["data"].string_or(""));
  if (image) {
    ImagePart* place = acc_.part<ImagePart>(key);
    place->source = std::move(source);
    acc_.append(place->mime_type, mime_type);
    acc_.append(place->signature, part["thoughtSignature"].string_or(""));
  } else {
    AudioPart* place = acc_.part<AudioPart>(key);
    place->source = std::move(source);
    acc_.append(place->mime_type, mime_type);
  }
}

void ChunkFold::opaque(const json::Value& part) { acc_.opaque(next_key(), Provider::kGoogle, part.to_json()); }

void ChunkFold::metadata(const json::Value& candidate) {
  for (const std::string_view name : {"citationMetadata", "groundingMetadata", "urlContextMetadata"}) {
    const json::Value value = candidate[name];
    if (!value.is_object() || value.size() == 0) continue;
    std::string entry = "{" + json::quoted(name) + ":" + value.to_json() + "}";
    if (entry == last_annotation_) continue;  // repeated in every later chunk by some models
    acc_.append(annotations_, (annotations_.empty() ? "" : ",") + entry);
    last_annotation_ = std::move(entry);
  }
}

void ChunkFold::usage(const json::Value& usage, const EventSink& sink) {
  if (!usage.is_object() || usage.size() == 0) return;
  ChatResult& result = acc_.result();
  json::Document before, merged;
  std::string text = usage.to_json();
  if (text == result.raw_usage.json) return;
  if (!result.raw_usage.json.empty()) {
    if (const auto old = before.parse_lenient(result.raw_usage.json)) text = overlay(*old, usage);
  }
  if (text.size() > limits::kStreamEventBytesMax) return;
  const auto root = merged.parse_lenient(text);
  if (!root) return;
  RawUsage raw = raw_usage_of(*root);
  const Usage out = normalised(raw, *root);
  raw.json = std::move(text);
  result.raw_usage = std::move(raw);
  acc_.usage(out, sink);
}

void ChunkFold::seal(const EventSink& sink, bool at_end) {
  if (sealed_) return;
  sealed_ = true;
  ChatResult& result = acc_.result();
  if (!annotations_.empty() && !acc_.overflowed()) {
    auto& parts = result.message.parts;
    for (auto it = parts.rbegin(); it != parts.rend(); ++it) {
      TextPart* text = it->as<TextPart>();
      if (text == nullptr || text->text.empty()) continue;
      text->annotations = "[" + annotations_ + "]";
      break;
    }
  }
  acc_.seal();
  result.finish_reason = reason();
  if (at_end && is_complete()) {
    const std::string word = result.provider_finish_reason;
    acc_.finish(result.finish_reason, word, sink);
  }
}

}  // namespace tracia::llm::google
