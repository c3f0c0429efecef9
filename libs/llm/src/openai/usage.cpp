#include "openai/common.h"

namespace tracia::llm::openai {
namespace {

std::optional<int64_t> count(const json::Value& value) {
  const auto n = value.integer();
  return n && *n >= 0 ? n : std::nullopt;
}

std::optional<int64_t> either(const json::Value& object, std::string_view first, std::string_view second) {
  const auto n = count(object[first]);
  return n ? n : count(object[second]);
}

std::optional<int64_t> some(std::optional<int64_t> n) { return n && *n > 0 ? n : std::nullopt; }

}  // namespace

void read_usage(const json::Value& usage, Usage& normalised, RawUsage& raw) {
  if (!usage.is_object()) return;
  json::Value in = usage["prompt_tokens_details"];
  if (!in.is_object()) in = usage["input_tokens_details"];
  json::Value out = usage["completion_tokens_details"];
  if (!out.is_object()) out = usage["output_tokens_details"];

  raw = {};
  raw.input_tokens = either(usage, "prompt_tokens", "input_tokens");
  raw.output_tokens = either(usage, "completion_tokens", "output_tokens");
  raw.total_tokens = count(usage["total_tokens"]);
  raw.cached_tokens = count(in["cached_tokens"]);
  // DeepSeek and Moonshot beside or instead of the details.
  if (!raw.cached_tokens) raw.cached_tokens = either(usage, "prompt_cache_hit_tokens", "cached_tokens");
  raw.cache_creation_tokens = count(in["cache_write_tokens"]);
  raw.reasoning_tokens = count(out["reasoning_tokens"]);
  raw.json = usage.to_json();

  normalised = {};
  normalised.input_tokens = raw.input_tokens;
  normalised.output_tokens = raw.output_tokens;
  normalised.cached_input_tokens = raw.cached_tokens;
  normalised.cache_write_tokens = raw.cache_creation_tokens;
  normalised.reasoning_tokens = raw.reasoning_tokens;
  normalised.input_audio_tokens = some(count(in["audio_tokens"]));
  normalised.output_audio_tokens = some(count(out["audio_tokens"]));
  normalised.total_tokens = raw.total_tokens;
  const int64_t input = raw.input_tokens.value_or(0);
  const int64_t output = raw.output_tokens.value_or(0);
  const int64_t reasoning = raw.reasoning_tokens.value_or(0);
  // xAI counts reasoning beside completion_tokens; its total gives it away.
  if (raw.output_tokens && reasoning > 0 && raw.total_tokens == input + output + reasoning) {
    normalised.output_tokens = output + reasoning;
  }
  if (!normalised.total_tokens && (raw.input_tokens || raw.output_tokens)) normalised.total_tokens = input + output;
}

}  // namespace tracia::llm::openai
