#include "span_scan.h"

namespace tracia::store_sqlite {

bool is_plain(const store::SpanFilter& filter) {
  // Named one by one, so that a new member does not compile until it is here.
  const auto& [start_from, start_before, prompt_id, prompt_slug, status, kind, cost_status, trace_id, parent_span_id,
               user_id, session_id, label, experiment_id, variant, name, model, provider, finish_reason, prompt_version,
               tags, min_cost, max_cost, min_latency, max_latency, min_tokens, max_tokens, variables, attributes, words,
               contains] = filter;
  const bool any = start_from || start_before || prompt_id || prompt_slug || status || kind || cost_status ||
                   trace_id || parent_span_id || user_id || session_id || label || experiment_id || variant || name ||
                   model || provider || finish_reason || prompt_version || !tags.empty() || min_cost || max_cost ||
                   min_latency || max_latency || min_tokens || max_tokens || !variables.empty() ||
                   !attributes.empty() || !words.empty() || !contains.empty();
  return !any;
}

SpanScan::SpanScan(std::shared_ptr<const SegmentSet::List> segments, const Deletions& deletions,
                   const std::string& project_id, const store::SpanFilter& filter, std::optional<store::Position> after)
    : SpanScan(MergedCursor(std::move(segments), deletions, project_id, filter, after), filter) {}

SpanScan::SpanScan(MergedCursor cursor, const store::SpanFilter& filter) : cursor_(std::move(cursor)) {
  if (filter.needs_payloads()) matcher_.emplace(filter);
}

Result<SpanScan::Step> SpanScan::step() {
  loaded_.reset();
  auto more = cursor_.next();
  if (!more) return fail(std::move(more).error());
  if (!*more) return Step::kEnd;
  if (!matcher_) return Step::kMatch;
  auto span = cursor_.load(Load::kAll);
  if (!span && cursor_.skips(span.error())) return Step::kMiss;
  if (!span) return fail(std::move(span).error());
  if (!matcher_->matches(span->span)) return Step::kMiss;
  loaded_ = std::move(*span);
  return Step::kMatch;
}

Result<store::StoredSpan> SpanScan::load(Load what) {
  if (what == Load::kAll && loaded_) return std::move(*loaded_);
  return cursor_.load(what);
}

}  // namespace tracia::store_sqlite
