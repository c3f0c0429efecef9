#include "anthropic/anthropic.h"
#include "tracia/base/limits.h"
#include "tracia/llm/errors.h"
#include "vendor_text.h"

namespace tracia::llm::anthropic {
namespace {

std::optional<int64_t> sum(std::optional<int64_t> a, std::optional<int64_t> b) {
  if (!a) return b;
  return b ? *a + *b : *a;
}

// `block` with `key` replaced by, or given, the JSON text `value`.
std::string with_member(const json::Value& block, std::string_view key, std::string_view value) {
  json::Writer w;
  w.begin_object();
  for (const json::Member member : block.members()) {
    w.field_raw(member.key, member.key == key ? std::string(value) : member.value.to_json());
  }
  if (!block[key]) w.field_raw(key, value);
  w.end_object();
  return w.take();
}

RawUsage raw_usage_of(const json::Value& usage) {
  RawUsage raw;
  raw.input_tokens = token_count(usage["input_tokens"]);
  raw.output_tokens = token_count(usage["output_tokens"]);
  raw.cached_tokens = token_count(usage["cache_read_input_tokens"]);
  raw.cache_creation_tokens = token_count(usage["cache_creation_input_tokens"]);
  raw.reasoning_tokens = token_count(usage["output_tokens_details"]["thinking_tokens"]);
  return raw;
}

// The vendor's input_tokens leave out what was read from and written to the cache; ours include both.
Usage normalised(const RawUsage& raw, const json::Value& usage) {
  Usage out;
  const json::Value writes = usage["cache_creation"];
  out.cache_write_1h_tokens = token_count(writes["ephemeral_1h_input_tokens"]);
  out.cache_write_tokens = raw.cache_creation_tokens;
  if (!out.cache_write_tokens)
    out.cache_write_tokens = sum(out.cache_write_1h_tokens, token_count(writes["ephemeral_5m_input_tokens"]));
  out.cached_input_tokens = raw.cached_tokens;
  if (raw.input_tokens) out.input_tokens = sum(sum(raw.input_tokens, out.cache_write_tokens), out.cached_input_tokens);
  out.output_tokens = raw.output_tokens;
  out.reasoning_tokens = raw.reasoning_tokens;
  if (out.input_tokens && out.output_tokens) out.total_tokens = *out.input_tokens + *out.output_tokens;
  return out;
}

}  // namespace

FinishReason finish_reason(std::string_view stop_reason) {
  if (stop_reason == "end_turn" || stop_reason == "stop_sequence") return FinishReason::kStop;
  // A long server-side turn was paused; sending the answer back goes on. Nothing is asked of the caller's tools.
  if (stop_reason == "pause_turn" || stop_reason == "compaction") return FinishReason::kStop;
  if (stop_reason == "tool_use") return FinishReason::kToolCalls;
  if (stop_reason == "max_tokens" || stop_reason == "model_context_window_exceeded") return FinishReason::kLength;
  if (stop_reason == "refusal") return FinishReason::kContentFilter;
  return FinishReason::kUnknown;
}

void MessageFold::message(const json::Value& message, const EventSink& sink) {
  ChatResult& result = acc_.result();
  // Gateways that retry upstream may send message_start twice.
  if (result.id.empty()) acc_.append(result.id, message["id"].string_or(""));
  if (result.model.empty()) acc_.append(result.model, message["model"].string_or(""));
  int64_t index = 0;
  for (const json::Value block : message["content"].items()) {
    start_block(index, block, sink);
    stop_block(index, sink);
    ++index;
  }
  usage(message["usage"], sink);
  stop(message, sink);
}

void MessageFold::start_block(int64_t index, const json::Value& block, const EventSink& sink) {
  last_index_ = index;
  if (!block.is_object() || acc_.has(index)) return;
  if (++blocks_ > limits::kAnswerPartsMax) {
    acc_.set_overflowed();
    return;
  }
  const std::string_view type = block["type"].string_or("");
  OpenBlock open;
  if (type == "text") {
    acc_.part<TextPart>(index);
    acc_.text(index, block["text"].string_or(""), sink);
    for (const json::Value citation : block["citations"].items()) add_citation(index, citation);
  } else if (type == "thinking") {
    ReasoningPart* part = acc_.part<ReasoningPart>(index);
    part->provider = Provider::kAnthropic;
    acc_.append(part->signature, block["signature"].string_or(""));
    acc_.reasoning(index, block["thinking"].string_or(""), sink);
  } else if (type == "redacted_thinking") {
    ReasoningPart* part = acc_.part<ReasoningPart>(index);
    part->provider = Provider::kAnthropic;
    part->redacted = true;
    acc_.append(part->signature, block["data"].string_or(""));
  } else if (type == "tool_use") {
    // Streams start with {} and send the input in pieces; some gateways send it whole at the start.
    open.kind = OpenBlock::Kind::kToolUse;
    const json::Value input = block["input"];
    if (input.is_object() && input.size() != 0) open.input = input.to_json();
    acc_.tool_call(index, block["id"].string_or(""), block["name"].string_or(""), "", sink);
  } else {
    open.kind = OpenBlock::Kind::kOpaque;
    open.json = block.to_json();
    acc_.opaque(index, Provider::kAnthropic, open.json);
  }
  open_.insert_or_assign(index, std::move(open));
}

void MessageFold::delta(int64_t index, const json::Value& delta, const EventSink& sink) {
  const std::string_view type = delta["type"].string_or("");
  if (!acc_.has(index) && ++blocks_ > limits::kAnswerPartsMax) {
    acc_.set_overflowed();
    return;
  }
  if (type == "text_delta") {
    acc_.text(index, delta["text"].string_or(""), sink);
  } else if (type == "thinking_delta" || type == "signature_delta") {
    ReasoningPart* part = acc_.part<ReasoningPart>(index);
    if (part == nullptr) return;
    part->provider = Provider::kAnthropic;
    if (type == "thinking_delta")
      acc_.reasoning(index, delta["thinking"].string_or(""), sink);
    else
      acc_.append(part->signature, delta["signature"].string_or(""));
  } else if (type == "citations_delta") {
    add_citation(index, delta["citation"]);
  } else if (type == "input_json_delta") {
    const auto found = open_.find(index);
    const std::string_view piece = delta["partial_json"].string_or("");
    if (found == open_.end() || piece.empty()) return;
    found->second.has_deltas = true;
    if (found->second.kind == OpenBlock::Kind::kToolUse)
      acc_.tool_call(index, "", "", piece, sink);
    else if (found->second.kind == OpenBlock::Kind::kOpaque)
      acc_.append(found->second.input, piece);
  } else if (type == "compaction_delta") {
    const auto found = open_.find(index);
    if (found == open_.end() || found->second.kind != OpenBlock::Kind::kOpaque) return;
    found->second.has_content = true;
    acc_.append(found->second.content, delta["content"].string_or(""));
  }
}

void MessageFold::stop_block(int64_t index, const EventSink& sink) {
  const auto found = open_.find(index);
  if (found == open_.end()) return;
  const OpenBlock block = std::move(found->second);
  open_.erase(found);
  if (block.kind == OpenBlock::Kind::kToolUse && !block.has_deltas && !block.input.empty()) {
    acc_.tool_call(index, "", "", block.input, sink);
  } else if (block.kind == OpenBlock::Kind::kOpaque) {
    finish_opaque(index, block);
  }
}

void MessageFold::add_citation(int64_t index, const json::Value& citation) {
  TextPart* part = citation.is_object() ? acc_.part<TextPart>(index) : nullptr;
  if (part == nullptr) return;
  const bool first = part->annotations.empty();
  const size_t before = part->annotations.size();
  if (!first) part->annotations.pop_back();
  acc_.append(part->annotations, (first ? "[" : ",") + citation.to_json() + "]");
  if (acc_.overflowed() && !first && part->annotations.size() < before) part->annotations.push_back(']');
}

void MessageFold::finish_opaque(int64_t index, const OpenBlock& block) {
  if (!block.has_deltas && !block.has_content) return;
  json::Document document;
  const auto root = document.parse_lenient(block.json);
  if (!root) return;
  std::string patched;
  if (block.has_deltas) {
    json::Document input;
    const auto value = input.parse_lenient(block.input);
    if (!value) return;  // cut off: the block stays as it started
    patched = with_member(*root, "input", value->to_json());
  } else {
    patched = with_member(*root, "content", json::quoted(block.content));
  }
  acc_.opaque(index, Provider::kAnthropic, patched);
}

void MessageFold::stop(const json::Value& delta, const EventSink& sink) {
  ChatResult& result = acc_.result();
  if (const auto sequence = delta["stop_sequence"].string()) result.stop_sequence.assign(*sequence);
  if (const auto why = delta["stop_details"]["explanation"].string()) result.refusal.assign(*why);
  if (const auto reason = delta["stop_reason"].string()) acc_.finish(finish_reason(*reason), *reason, sink);
}

void MessageFold::usage(const json::Value& usage, const EventSink& sink) {
  if (!usage.is_object()) return;
  ChatResult& result = acc_.result();
  json::Document before, merged;
  std::string text = usage.to_json();
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

void MessageFold::seal(const EventSink& sink) {
  while (!open_.empty()) stop_block(open_.begin()->first, sink);
  acc_.seal();
}

Error read_error(const json::Value& root, int status, const wire::Headers& headers) {
  const json::Value error = root["error"];
  VendorError vendor{.message = error["message"].text(), .type = error["type"].text()};
  if (vendor.message.empty()) vendor.message = error.is_string() ? error.text() : root["message"].text();
  Error out = provider_error(Provider::kAnthropic, status, std::move(vendor), headers);
  if (out.provider.request_id.empty())
    out.provider.request_id = std::string(utf8_prefix(root["request_id"].string_or(""), 200));
  return out;
}

}  // namespace tracia::llm::anthropic
