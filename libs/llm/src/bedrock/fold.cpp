#include "bedrock/bedrock.h"
#include "tracia/base/bytes.h"
#include "tracia/llm/errors.h"

namespace tracia::llm::bedrock {
namespace {

constexpr size_t kBlocksMax = 1u << 16;  // empty blocks cost memory without counting as text

std::optional<int64_t> sum(std::optional<int64_t> a, std::optional<int64_t> b) {
  if (!a) return b;
  return b ? *a + *b : *a;
}

// Appends base64 to base64: what ends in the middle of a quantum is opened up first, at the cost of four characters.
std::string joined_base64(std::string_view tail, std::string_view more) {
  const auto left = base64_decode(tail);
  const auto right = base64_decode(more);
  if (!left || !right) return std::string(tail).append(more);
  return base64_encode(*left + *right);
}

RawUsage raw_usage_of(const json::Value& usage) {
  RawUsage raw;
  raw.input_tokens = token_count(usage["inputTokens"]);
  raw.output_tokens = token_count(usage["outputTokens"]);
  raw.total_tokens = token_count(usage["totalTokens"]);
  raw.cached_tokens = token_count(usage["cacheReadInputTokens"]);
  if (!raw.cached_tokens) raw.cached_tokens = token_count(usage["cacheReadInputTokenCount"]);
  raw.cache_creation_tokens = token_count(usage["cacheWriteInputTokens"]);
  if (!raw.cache_creation_tokens) raw.cache_creation_tokens = token_count(usage["cacheWriteInputTokenCount"]);
  raw.json = usage.to_json();
  return raw;
}

// inputTokens leaves out what was read from and written to the cache (Bedrock User Guide, "Prompt caching"); ours
// includes both. totalTokens includes them already.
Usage normalised(const RawUsage& raw, const json::Value& usage) {
  Usage out;
  out.cached_input_tokens = raw.cached_tokens;
  out.cache_write_tokens = raw.cache_creation_tokens;
  for (const json::Value detail : usage["cacheDetails"].items()) {
    const auto written = token_count(detail["inputTokens"]);
    if (written)
      out.cache_write_1h_tokens =
          out.cache_write_1h_tokens.value_or(0) + (detail["ttl"].string_or("") == "1h" ? *written : 0);
  }
  if (raw.input_tokens) out.input_tokens = sum(sum(raw.input_tokens, raw.cached_tokens), raw.cache_creation_tokens);
  out.output_tokens = raw.output_tokens;
  out.total_tokens = raw.total_tokens;
  if (!out.total_tokens && out.input_tokens && out.output_tokens)
    out.total_tokens = *out.input_tokens + *out.output_tokens;
  return out;
}

void append_member(std::string& head, std::string_view name, std::string_view json) {
  if (!head.empty()) head.push_back(',');
  json::append_quoted(head, name);
  head.append(":").append(json);
}

}  // namespace

FinishReason finish_reason(std::string_view stop_reason) {
  if (stop_reason == "end_turn" || stop_reason == "stop_sequence") return FinishReason::kStop;
  if (stop_reason == "tool_use") return FinishReason::kToolCalls;
  if (stop_reason == "max_tokens" || stop_reason == "model_context_window_exceeded") return FinishReason::kLength;
  if (stop_reason == "guardrail_intervened" || stop_reason == "content_filtered" || stop_reason == "refusal") {
    return FinishReason::kContentFilter;
  }
  if (stop_reason.starts_with("malformed_")) return FinishReason::kError;
  return FinishReason::kUnknown;
}

bool ConverseFold::open(int64_t index, Kind kind, int64_t& key) {
  key = (index & ((int64_t{1} << 48) - 1)) * kKinds + kind;
  if (acc_.has(key)) return true;
  if (++blocks_ <= kBlocksMax) return true;
  too_many_ = true;
  return false;
}

void ConverseFold::text(int64_t index, std::string_view delta, const EventSink& sink) {
  int64_t key = 0;
  if (open(index, kText, key)) acc_.text(key, delta, sink);
}

void ConverseFold::tool_use(int64_t index, const json::Value& tool, std::string_view input, const EventSink& sink) {
  int64_t key = 0;
  if (open(index, kTool, key))
    acc_.tool_call(key, tool["toolUseId"].string_or(""), tool["name"].string_or(""), input, sink);
}

// The union of a whole block ({reasoningText: {text, signature}} or {redactedContent}) and of a delta ({text},
// {signature} or {redactedContent}).
void ConverseFold::reasoning(int64_t index, const json::Value& content, const EventSink& sink) {
  const json::Value inside = content["reasoningText"].is_object() ? content["reasoningText"] : content;
  if (const auto data = content["redactedContent"].string()) redacted(index, *data);
  const auto text = inside["text"].string();
  const auto signature = inside["signature"].string();
  int64_t key = 0;
  if ((!text && !signature) || !open(index, kReasoning, key)) return;
  ReasoningPart* part = acc_.part<ReasoningPart>(key);
  part->provider = Provider::kAmazonBedrock;
  acc_.append(part->signature, signature.value_or(""));
  acc_.reasoning(key, text.value_or(""), sink);
}

void ConverseFold::redacted(int64_t index, std::string_view base64) {
  int64_t key = 0;
  if (!open(index, kRedacted, key)) return;
  ReasoningPart* part = acc_.part<ReasoningPart>(key);
  part->provider = Provider::kAmazonBedrock;
  part->redacted = true;
  std::string& held = part->signature;
  if (!held.ends_with('=') || held.size() < 4) return acc_.append(held, base64);
  const std::string more = joined_base64(std::string_view(held).substr(held.size() - 4), base64);
  held.resize(held.size() - 4);
  acc_.append(held, more);
}

// {format, source: {bytes}}; streamed as {format} and then {source}.
void ConverseFold::image(int64_t index, const json::Value& image) {
  int64_t key = 0;
  if (!open(index, kImage, key)) return;
  ImagePart* part = acc_.part<ImagePart>(key);
  if (const auto format = image["format"].string(); format && part->mime_type.empty()) {
    acc_.append(part->mime_type, "image/" + std::string(*format));
  }
  const json::Value source = image["source"];
  part->source.kind = MediaSource::Kind::kBase64;
  if (const auto bytes = source["bytes"].string()) acc_.append(part->source.value, *bytes);
  if (const auto uri = source["s3Location"]["uri"].string(); uri && part->source.value.empty()) {
    part->source.kind = MediaSource::Kind::kUrl;
    acc_.append(part->source.value, *uri);
  }
}

void ConverseFold::opaque(int64_t index, std::string_view json) {
  int64_t key = 0;
  if (open(index, kOther, key)) acc_.opaque(key, Provider::kAmazonBedrock, json);
}

// Kept on the text part as a JSON array that is whole after every citation.
void ConverseFold::citations(int64_t index, const json::Value& citation) {
  int64_t key = 0;
  if (!citation.is_object() || !open(index, kText, key)) return;
  TextPart* part = acc_.part<TextPart>(key);
  const bool first = part->annotations.empty();
  if (!first) part->annotations.pop_back();
  acc_.append(part->annotations, (first ? "[" : ",") + citation.to_json() + "]");
  if (!first && !part->annotations.ends_with(']')) part->annotations.push_back(']');  // past the bound: as it was
}

void ConverseFold::block(int64_t index, const json::Value& block, const EventSink& sink) {
  if (const auto words = block["text"].string()) return text(index, *words, sink);
  if (const json::Value tool = block["toolUse"]; tool.is_object() && tool["type"].string_or("") != "server_tool_use") {
    const json::Value input = tool["input"];
    return tool_use(index, tool,
                    input.is_missing_or_null() ? std::string()
                    : input.is_string()        ? input.text()
                                               : input.to_json(),
                    sink);
  }
  if (const json::Value content = block["reasoningContent"]; content.is_object())
    return reasoning(index, content, sink);
  if (const json::Value cited = block["citationsContent"]; cited.is_object()) {
    for (const json::Value piece : cited["content"].items()) text(index, piece["text"].string_or(""), sink);
    for (const json::Value citation : cited["citations"].items()) citations(index, citation);
    return;
  }
  if (const json::Value picture = block["image"]; picture.is_object()) return image(index, picture);
  if (block.is_object() && block.size() != 0) opaque(index, block.to_json());
}

void ConverseFold::start_block(int64_t index, const json::Value& start, const EventSink& sink) {
  const json::Value tool = start["toolUse"];
  const json::Value result = start["toolResult"];
  if (start["image"].is_object()) return image(index, start["image"]);
  const bool server_tool = tool["type"].string_or("") == "server_tool_use";
  if (tool.is_object() && !server_tool) return tool_use(index, tool, "", sink);
  if (!result.is_object() && !server_tool) return;
  int64_t key = 0;
  if (!open(index, kOther, key)) return;
  Opaque held{.is_result = !server_tool};
  for (const json::Member member : (server_tool ? tool : result).members()) {
    append_member(held.head, member.key, member.value.to_json());
  }
  opaque_.insert_or_assign(index, std::move(held));
  opaque(index, server_tool ? R"({"toolUse":{}})" : R"({"toolResult":{}})");  // its place among the blocks
}

void ConverseFold::delta(int64_t index, const json::Value& delta, const EventSink& sink) {
  if (const auto words = delta["text"].string()) return text(index, *words, sink);
  if (const json::Value tool = delta["toolUse"]; tool.is_object()) {
    const json::Value input = tool["input"];
    const std::string other = input.is_object() ? input.to_json() : std::string();
    const auto found = opaque_.find(index);
    if (found != opaque_.end()) return acc_.append(found->second.input, input.string_or(other));
    return tool_use(index, tool, input.string_or(other), sink);
  }
  if (const json::Value content = delta["reasoningContent"]; content.is_object())
    return reasoning(index, content, sink);
  if (const json::Value citation = delta["citation"]; citation.is_object()) return citations(index, citation);
  if (const json::Value picture = delta["image"]; picture.is_object()) return image(index, picture);
  const auto found = opaque_.find(index);
  if (found == opaque_.end()) return;
  for (const json::Value piece : delta["toolResult"].items()) {
    std::string& content = found->second.content;
    acc_.append(content, (content.empty() ? "" : ",") + piece.to_json());
  }
}

void ConverseFold::stop_block(int64_t index) {
  const auto found = opaque_.find(index);
  if (found == opaque_.end()) return;
  Opaque held = std::move(found->second);
  opaque_.erase(found);
  if (held.is_result) {
    append_member(held.head, "content", "[" + held.content + "]");
  } else {
    append_member(held.head, "input", json::is_valid(held.input) ? held.input : "{}");
  }
  opaque(index, (held.is_result ? R"({"toolResult":{)" : R"({"toolUse":{)") + held.head + "}}");
}

bool ConverseFold::has_tool_calls() const {
  for (const Part& part : acc_.result().message.parts) {
    if (part.as<ToolCallPart>() != nullptr) return true;
  }
  return false;
}

void ConverseFold::stop(const json::Value& event, const EventSink& sink) {
  if (const auto hit = event["additionalModelResponseFields"]["stop_sequence"].string()) {
    acc_.result().stop_sequence.assign(*hit);
  }
  const auto reason = event["stopReason"].string();
  if (!reason) return;
  FinishReason normal = finish_reason(*reason);
  // Some models behind Converse say that the turn ended although they ask for tools.
  if (normal == FinishReason::kStop && has_tool_calls()) normal = FinishReason::kToolCalls;
  acc_.finish(normal, *reason, sink);
}

void ConverseFold::metadata(const json::Value& event, const EventSink& sink) {
  if (const auto routed = event["trace"]["promptRouter"]["invokedModelId"].string())
    acc_.result().model.assign(*routed);
  const json::Value usage = event["usage"];
  if (!usage.is_object()) return;
  acc_.result().raw_usage = raw_usage_of(usage);
  acc_.usage(normalised(acc_.result().raw_usage, usage), sink);
}

void ConverseFold::seal() {
  while (!opaque_.empty()) stop_block(opaque_.begin()->first);
  acc_.seal();
}

}  // namespace tracia::llm::bedrock
