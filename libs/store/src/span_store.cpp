#include "tracia/store/span_store.h"

#include <algorithm>

#include "tracia/store/trace_builder.h"

namespace tracia::store {
namespace {

// Sums stay at the largest number instead of wrapping: 2^63 tokens are no bill anyone can read.
int64_t sum(int64_t a, int64_t b) {
  int64_t result = 0;
  return __builtin_add_overflow(a, b, &result) ? INT64_MAX : result;
}
void add_count(std::optional<int64_t>& to, const std::optional<int64_t>& count) {
  if (count) to = sum(to.value_or(0), *count);
}
void add_usage(llm::Usage& to, const llm::Usage& usage) {
  add_count(to.input_tokens, usage.input_tokens);
  add_count(to.output_tokens, usage.output_tokens);
  add_count(to.total_tokens, usage.total_tokens);
  add_count(to.cached_input_tokens, usage.cached_input_tokens);
  add_count(to.cache_write_tokens, usage.cache_write_tokens);
  add_count(to.cache_write_1h_tokens, usage.cache_write_1h_tokens);
  add_count(to.reasoning_tokens, usage.reasoning_tokens);
  add_count(to.input_audio_tokens, usage.input_audio_tokens);
  add_count(to.output_audio_tokens, usage.output_audio_tokens);
}
// Model calls: what costs and tokens are summed over.
bool is_model_call(span::Kind kind) { return kind == span::Kind::kLlm || kind == span::Kind::kEmbedding; }

}  // namespace

std::string StoredSpan::id() const {
  static constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string digits(13, '0');
  auto rest = static_cast<uint64_t>(received.micros);
  for (size_t i = digits.size(); i-- > 0 && rest > 0; rest /= 36) digits[i] = kDigits[rest % 36];
  return digits;
}

void Totals::add(const StoredSpan& span) {
  add(span.span.kind, span.span.status, span.cost, span.cost_status, span.span.usage);
}

void Totals::add(span::Kind kind, span::SpanStatus status, const std::optional<llm::Decimal>& span_cost,
                 llm::CostStatus span_cost_status, const llm::Usage& span_usage) {
  ++span_count;
  if (status == span::SpanStatus::kError) ++error_count;
  if (!is_model_call(kind) || span_cost_status == llm::CostStatus::kIncluded) return;
  cost_status = std::max(cost_status, span_cost ? span_cost_status : llm::CostStatus::kUnknown);
  if (span_cost) {
    cost = cost + *span_cost;
    any_cost = true;
  }
  add_usage(usage, span_usage);
}

void Totals::add(const Totals& other) {
  span_count += other.span_count;
  error_count += other.error_count;
  cost = cost + other.cost;
  any_cost |= other.any_cost;
  cost_status = std::max(cost_status, other.cost_status);
  add_usage(usage, other.usage);
}

void TraceBuilder::First::offer(const std::string& candidate, const Position& at) {
  if (candidate.empty() || (!value.empty() && position <= at)) return;
  value = candidate;
  position = at;
}

void TraceBuilder::add(const StoredSpan& span) {
  const Position at{.start_us = span.start().micros, .received_us = span.received.micros};
  const int64_t latency_us = std::min<int64_t>(span.span.latency_ms, INT64_MAX / 1000) * 1000;
  const Timestamp end{sum(span.start().micros, latency_us)};
  const bool first = empty();
  if (first || at < summary_.position) {
    summary_.position = at;
    summary_.start = span.start();
  }
  summary_.end = first ? end : std::max(summary_.end, end);

  const bool root = span.span.parent_span_id.empty();
  if (first || (root && !head_.root) || (root == head_.root && at < head_.position)) {
    head_ = {.root = root, .position = at};
    summary_.trace_id = span.span.trace_id;
    summary_.prompt_id = span.prompt_id;
    summary_.status = span.span.status;
    // Without a name and a prompt the model has to do.
    const bool nameless = span.span.name.empty() && span.prompt_id.empty();
    summary_.name = nameless ? span.span.model : span.span.name;
  }
  user_.offer(span.span.user_id, at);
  session_.offer(span.span.session_id, at);
  tags_.insert(span.span.tags.begin(), span.span.tags.end());
  summary_.totals.add(span);
}

TraceSummary TraceBuilder::finish() const {
  TraceSummary summary = summary_;
  summary.user_id = user_.value;
  summary.session_id = session_.value;
  summary.tags.assign(tags_.begin(), tags_.end());
  return summary;
}

TraceSummary summarise(const std::vector<StoredSpan>& spans) {
  TraceBuilder builder;
  for (const auto& span : spans) builder.add(span);
  return builder.finish();
}

Result<uint64_t> SpanStore::remove_all(const std::string& project_id, const std::vector<StoredSpan>& spans) {
  uint64_t count = 0;
  for (const StoredSpan& span : spans) {
    const auto removed = remove(project_id, span.span.span_id, span.span.trace_id);
    if (!removed) return fail(removed.error());
    count += *removed ? 1 : 0;
  }
  return count;
}

}  // namespace tracia::store
