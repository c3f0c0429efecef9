// Decides what the simulated model says: tool calls, JSON that fits a schema, or prose; then stop sequences, the token
// limit and the usage.
#include <algorithm>

#include "ask.h"
#include "hash.h"
#include "schema.h"
#include "text.h"
#include "tracia/base/bytes.h"
#include "tracia/json/writer.h"

namespace tracia::simulate {
namespace {

constexpr size_t kCallsMax = 4;
constexpr int64_t kCacheablePromptTokens = 1024;
constexpr int64_t kCacheBlockTokens = 128;

SchemaHints hints_of(const Ask& ask) {
  return {.user_text = ask.user_text,
          .nouns = proper_nouns(ask.user_text),
          .numbers = numbers_in(ask.user_text),
          .first_noun = 0};
}

// How many words of the tool's name and description the user said.
size_t relevance(const Tool& tool, std::string_view user_text) {
  size_t score = 0;
  std::string word;
  const auto close = [&](size_t weight) {
    if (word.size() > 3 && contains_word(user_text, word)) score += weight;
    word.clear();
  };
  for (const char c : tool.name) {
    if (c == '_' || c == '-' || c == '.' || (c >= 'A' && c <= 'Z')) close(4);
    if (c != '_' && c != '-' && c != '.') word.push_back(c);
  }
  close(4);
  for (const char c : std::string_view(tool.description).substr(0, 400)) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter)
      word.push_back(c);
    else
      close(1);
  }
  close(1);
  if (contains_word(user_text, tool.name)) score += 100;
  return score;
}

const Tool& best_tool(const Ask& ask, Rng& rng) {
  for (const Tool& tool : ask.tools) {
    if (tool.name == ask.forced_tool) return tool;
  }
  size_t best = rng.below(ask.tools.size()), best_score = 0;
  for (size_t i = 0; i < ask.tools.size(); ++i) {
    const size_t score = relevance(ask.tools[i], ask.user_text);
    if (score > best_score) {
      best = i;
      best_score = score;
    }
  }
  return ask.tools[best];
}

bool wants_call(const Ask& ask) {
  if (ask.tools.empty() || ask.tool_mode == ToolMode::kNone) return false;
  return ask.tool_mode == ToolMode::kRequired || ask.last_role == Role::kUser;
}

size_t call_count(const Ask& ask, const SchemaHints& hints) {
  if (!ask.parallel_tools) return 1;
  bool several = false;
  for (const std::string_view word : {"both", "each", "several", "all", "compare", "respectively"}) {
    several = several || contains_word(ask.user_text, word);
  }
  if (hints.nouns.size() >= 2 && contains_word(ask.user_text, "and")) several = true;
  if (!several) return 1;
  return std::clamp<size_t>(hints.nouns.size(), 2, kCallsMax);
}

void add_calls(const Ask& ask, Rng& rng, Reply& reply) {
  SchemaHints hints = hints_of(ask);
  std::vector<const Tool*> chosen;
  if (ask.forced_tool.empty() && ask.parallel_tools) {  // tools that the user named
    for (const Tool& tool : ask.tools) {
      if (contains_word(ask.user_text, tool.name) && chosen.size() < kCallsMax) chosen.push_back(&tool);
    }
  }
  if (chosen.size() < 2) {
    const Tool& tool = best_tool(ask, rng);
    chosen.assign(call_count(ask, hints), &tool);
  }
  for (const Tool* tool : chosen) {
    std::string arguments = tool->schema.is_object() ? fit_schema(tool->schema, hints, rng) : "{}";
    if (!arguments.starts_with('{')) arguments = "{}";  // a schema that does not describe an object
    reply.calls.push_back({tool->name, std::move(arguments), rng.next()});
    ++hints.first_noun;
  }
  reply.finish = Finish::kToolCalls;
  if (rng.chance(0.25)) reply.text = write_tool_preface(ask, rng);
}

std::string write_json_object(const Ask& ask, Rng& rng) {
  json::Writer w;
  w.begin_object().field("topic", topic_of(ask.user_text)).field("answer", write_answer(ask, rng));
  w.field("confidence", static_cast<double>(50 + rng.below(50)) / 100).end_object();
  return w.take();
}

void apply_stops(const Ask& ask, Reply& reply) {
  size_t first = std::string::npos;
  for (const std::string& stop : ask.stops) {
    if (stop.empty()) continue;
    const size_t at = reply.text.find(stop);
    if (at >= first) continue;
    first = at;
    reply.stop_sequence = stop;
  }
  if (first == std::string::npos) return;
  reply.text.resize(first);
  reply.finish = Finish::kStopSequence;
}

void apply_limit(const Ask& ask, Reply& reply) {
  if (ask.max_tokens <= 0 || !reply.calls.empty()) return;
  int64_t left = ask.max_tokens;
  if (ask.max_includes_reasoning) {
    reply.reasoning_tokens = std::min(reply.reasoning_tokens, left);
    left -= reply.reasoning_tokens;
  }
  if (estimate_tokens(reply.text) <= left) return;
  reply.text = std::string(utf8_prefix(reply.text, static_cast<size_t>(left) * 4));
  reply.finish = Finish::kLength;
  reply.stop_sequence.clear();
}

}  // namespace

Reply compose(const Ask& ask, uint64_t seed, bool cache) {
  Reply reply;
  reply.hash = mix(ask.hash ^ mix(seed) ^ mix(ask.variant + 0x0A11) ^ hash_text(ask.model));
  Rng rng(reply.hash);
  if (ask.reasoning) {
    reply.reasoning = write_reasoning(ask, rng);
    reply.reasoning_tokens = estimate_tokens(reply.reasoning);
  }
  if (wants_call(ask)) {
    add_calls(ask, rng, reply);
  } else if (ask.output_schema.is_object()) {
    reply.text = fit_schema(ask.output_schema, hints_of(ask), rng);
  } else if (ask.json_object) {
    reply.text = write_json_object(ask, rng);
  } else {
    reply.text = write_answer(ask, rng);
  }
  if (reply.calls.empty()) apply_stops(ask, reply);
  apply_limit(ask, reply);

  reply.input_tokens = std::max<int64_t>(1, ask.prompt_tokens);
  if (cache && reply.input_tokens > kCacheablePromptTokens) {
    reply.cached_tokens = reply.input_tokens / kCacheBlockTokens * kCacheBlockTokens;
  }
  reply.output_tokens = estimate_tokens(reply.text) + reply.reasoning_tokens;
  for (const ToolCall& call : reply.calls) {
    reply.output_tokens += estimate_tokens(call.name) + estimate_tokens(call.arguments) + kMessageTokens;
  }
  return reply;
}

}  // namespace tracia::simulate
