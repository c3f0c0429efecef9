// Lists, single spans, traces.
#include <algorithm>
#include <queue>
#include <unordered_set>

#include "engine_core.h"
#include "span_scan.h"
#include "tracia/store/trace_builder.h"

namespace tracia::store_sqlite {
namespace {

constexpr int64_t kTailUs = 3'600'000'000;  // how far back received_after() goes

bool by_start(const store::StoredSpan& a, const store::StoredSpan& b) {
  return std::pair(a.start(), a.received) < std::pair(b.start(), b.received);
}

}  // namespace

// The spans of a list of segments.
static Result<store::SpanPage> list_of(std::shared_ptr<const SegmentSet::List> segments, const Deletions& deletions,
                                       const Clock& clock, const std::string& project_id,
                                       const store::SpanFilter& filter, const store::ListOptions& options) {
  SpanScan scan(std::move(segments), deletions, project_id, filter, options.after);
  const bool reads_payloads = filter.needs_payloads();
  const Deadline deadline(clock, options.scan_budget);
  store::SpanPage page;
  std::optional<store::Position> last;  // the last one looked at
  while (true) {
    // At least one step is made, so that a cursor always gets further.
    if (reads_payloads && last && deadline.passed()) {
      page.next = last;
      break;
    }
    auto step = scan.step();
    if (!step) return fail(std::move(step).error());
    if (*step == SpanScan::Step::kEnd) return page;
    if (*step == SpanScan::Step::kMatch) {
      if (page.spans.size() >= options.limit) {
        page.next = last ? last : options.after;
        break;
      }
      auto span = scan.load(options.payloads ? Load::kAll : Load::kSummary);
      if (!span && !scan.skips(span.error())) return fail(std::move(span).error());
      if (span) page.spans.push_back(std::move(*span));
    }
    last = scan.position();
  }
  if (reads_payloads && last) page.scanned_to = Timestamp{last->start_us};
  return page;
}

Result<store::SpanPage> SpanEngine::list(const std::string& project_id, const store::SpanFilter& filter,
                                         const store::ListOptions& options) {
  return list_of(impl_->segments.list(), *impl_->deletions, *impl_->options.clock, project_id, filter, options);
}

std::vector<store::SpanPart> SpanEngine::parts() const {
  std::vector<store::SpanPart> parts;
  const auto list = impl_->segments.list();
  for (const auto& stored : *list) {
    const SegmentInfo info = stored->segment->info();
    if (info.spans == 0) continue;
    store::SpanPart part{.id = info.number,
                         .state = {},
                         .max_start = info.max_start,
                         .min_received = info.min_received,
                         .max_received = info.max_received,
                         .hold = stored};
    // Deletions are all that happens to a sealed segment, and none is taken back.
    if (stored->kind == SegmentKind::kSealed) {
      part.state = impl_->deletions->count_between(info.min_received, info.max_received);
    }
    parts.push_back(part);
  }
  std::sort(parts.begin(), parts.end(),
            [](const auto& a, const auto& b) { return std::pair(a.max_start, a.id) > std::pair(b.max_start, b.id); });
  return parts;
}

Result<store::SpanPage> SpanEngine::list_part(uint64_t part, const std::string& project_id,
                                              const store::SpanFilter& filter, const store::ListOptions& options) {
  auto only = std::make_shared<SegmentSet::List>();
  if (auto stored = impl_->segments.find(part)) only->push_back(std::move(stored));
  return list_of(std::move(only), *impl_->deletions, *impl_->options.clock, project_id, filter, options);
}

// A deleted span hides an older one of its id in another trace of the same segment: that one is looked for.
static Result<std::optional<store::StoredSpan>> find_older(const Segment& segment, const Deletions& deletions,
                                                           const std::string& project_id,
                                                           const store::StoredSpan& deleted) {
  const store::Position at{.start_us = deleted.start().micros, .received_us = deleted.received.micros};
  auto cursor = segment.query(project_id, {}, at);
  if (!cursor) return fail(std::move(cursor).error());
  const std::string packed = pack_id(deleted.span.span_id);
  while (true) {
    auto more = (*cursor)->next();
    if (!more) return fail(std::move(more).error());
    if (!*more) return std::nullopt;
    if ((*cursor)->row().span_id != packed || deletions.contains((*cursor)->row().received)) continue;
    auto span = (*cursor)->load(Load::kAll);
    if (!span) return fail(std::move(span).error());
    return std::optional(std::move(*span));
  }
}

Result<std::optional<store::StoredSpan>> SpanEngine::get(const std::string& project_id, const std::string& span_id,
                                                         const std::string& trace_id) {
  const uint64_t key = span_key(project_id, span_id);
  std::optional<store::StoredSpan> newest;
  std::optional<Error> unreadable;  // said when the span is nowhere else: it may be there
  const auto list = impl_->segments.list();
  for (const auto& stored : *list) {
    if (!stored->segment->may_have(key)) continue;
    auto found = stored->segment->find(project_id, span_id, trace_id, Load::kAll);
    if (!found && stored->skips(found.error())) {
      unreadable = std::move(found).error();
      continue;
    }
    if (!found) return fail(std::move(found).error());
    if (*found && impl_->deletions->contains((*found)->received)) {
      if (!trace_id.empty()) return std::nullopt;
      found = find_older(*stored->segment, *impl_->deletions, project_id, **found);
      if (!found) return fail(std::move(found).error());
    }
    if (*found && (!newest || by_start(*newest, **found))) newest = std::move(**found);
  }
  if (!newest && unreadable) return fail(std::move(*unreadable));
  return newest;
}

Result<std::vector<store::StoredSpan>> SpanEngine::trace(const std::string& project_id, const std::string& trace_id,
                                                         size_t limit) {
  const uint64_t key = trace_key(project_id, trace_id);
  std::vector<store::StoredSpan> spans;
  const auto list = impl_->segments.list();
  for (const auto& stored : *list) {
    if (!stored->segment->may_have(key)) continue;
    const SegmentInfo info = stored->segment->info();
    const size_t deleted = impl_->deletions->count_between(info.min_received, info.max_received);
    auto part = stored->segment->trace(project_id, trace_id, limit + deleted);
    if (!part && stored->skips(part.error())) continue;
    if (!part) return fail(std::move(part).error());
    for (auto& span : *part) {
      if (!impl_->deletions->contains(span.received)) spans.push_back(std::move(span));
    }
  }
  std::sort(spans.begin(), spans.end(), by_start);
  if (spans.size() > limit) spans.resize(limit);
  return spans;
}

// Traces come in the order of their earliest spans, but are found by any matching one, which is later or the same: a
// trace waits until the walk has come down to its earliest span, for nothing found after that can belong before it.
//
// Where the walk starts: of a trace that belongs after `after`, the matching spans may all be newer than `after`. Only
// when every span matches can the walk begin there.
Result<store::TracePage> SpanEngine::traces(const std::string& project_id, const store::SpanFilter& filter,
                                            const store::ListOptions& options) {
  const auto segments = impl_->segments.list();
  SpanScan scan(segments, *impl_->deletions, project_id, filter, is_plain(filter) ? options.after : std::nullopt);
  const auto later = [](const store::TraceSummary& a, const store::TraceSummary& b) { return a.position < b.position; };
  std::priority_queue<store::TraceSummary, std::vector<store::TraceSummary>, decltype(later)> waiting(later);
  std::unordered_set<std::string> seen;
  std::optional<Deadline> deadline;  // runs from where this page begins
  store::TracePage page;
  // One more than asked for is enough: it says that there is a next page.
  const auto settle = [&](const std::optional<store::Position>& down_to) {
    while (!waiting.empty() && page.traces.size() <= options.limit &&
           (!down_to || waiting.top().position >= *down_to)) {
      page.traces.push_back(waiting.top());
      waiting.pop();
    }
    return page.traces.size() > options.limit;
  };
  while (true) {
    auto step = scan.step();
    if (!step) return fail(std::move(step).error());
    if (*step == SpanScan::Step::kEnd) {
      settle(std::nullopt);
      break;
    }
    if (settle(store::Position{scan.position().start_us, scan.position().received_us + 1})) break;
    if (*step == SpanScan::Step::kMatch && seen.insert(std::string(scan.row().trace_id)).second) {
      auto summary = impl_->trace_summary(segments, project_id, unpack_id(scan.row().trace_id));
      if (!summary) return fail(std::move(summary).error());
      if (*summary && (!options.after || (*summary)->position < *options.after)) waiting.push(std::move(**summary));
    }
    if (settle(scan.position())) break;
    if (!options.after || scan.position() < *options.after) {
      if (!deadline) deadline.emplace(*impl_->options.clock, options.scan_budget);
      if (deadline->passed()) {
        page.next = scan.position();
        return page;
      }
    }
  }
  if (page.traces.size() > options.limit) {
    page.traces.resize(options.limit);
    page.next = page.traces.empty() ? options.after : page.traces.back().position;
  }
  return page;
}

Result<std::optional<store::TraceSummary>> SpanEngine::Impl::trace_summary(
    const std::shared_ptr<const SegmentSet::List>& list, const std::string& project_id,
    const std::string& trace_id) const {
  MergedCursor spans(list, *deletions, project_id, {.trace_id = trace_id}, std::nullopt);
  store::TraceBuilder builder;
  while (true) {
    auto more = spans.next();
    if (!more) return fail(std::move(more).error());
    if (!*more) break;
    auto span = spans.load(Load::kSummary);
    if (!span) return fail(std::move(span).error());
    builder.add(*span);
  }
  if (builder.empty()) return std::nullopt;
  return builder.finish();
}

Result<std::vector<store::StoredSpan>> SpanEngine::received_after(const std::string& project_id, Timestamp stamp,
                                                                  size_t limit) {
  const Timestamp from{std::max(stamp.micros, impl_->options.clock->now().micros - kTailUs)};
  std::vector<store::StoredSpan> spans;
  const auto list = impl_->segments.list();
  for (const auto& stored : *list) {
    const SegmentInfo info = stored->segment->info();
    if (info.spans == 0 || info.max_received <= from) continue;
    const size_t deleted = impl_->deletions->count_between(info.min_received, info.max_received);
    auto part = stored->segment->received_after(project_id, from, limit + deleted);
    if (!part && stored->skips(part.error())) continue;
    if (!part) return fail(std::move(part).error());
    for (auto& span : *part) {
      if (!impl_->deletions->contains(span.received)) spans.push_back(std::move(span));
    }
  }
  std::sort(spans.begin(), spans.end(), [](const auto& a, const auto& b) { return a.received < b.received; });
  if (spans.size() > limit) spans.resize(limit);
  return spans;
}

}  // namespace tracia::store_sqlite
