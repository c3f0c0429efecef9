// Measures by group and time: sums made at seal where they know what is asked, rows everywhere else.
#include <algorithm>
#include <map>
#include <set>

#include "engine_core.h"
#include "span_scan.h"

namespace tracia::store_sqlite {
namespace {

using Segments = std::shared_ptr<const SegmentSet::List>;

// How many rows are read between two looks at the clock.
constexpr size_t kRowsPerLook = 32;

store::DimensionTexts texts_of(const Row& row) {
  return {.model = row.model,
          .provider = row.provider,
          .prompt_id = row.prompt_id,
          .prompt_slug = row.prompt_slug,
          .label = row.label,
          .experiment = row.experiment_id,
          .variant = row.variant,
          .user = row.user_id,
          .session = row.session_id,
          .version = row.prompt_version,
          .kind = row.kind,
          .status = row.status};
}

// A segment whose sums are read, but for the slots that are cut by the query's time or have lost spans.
struct Summed {
  const StoredSegment* stored;
  Rollup rollup;
  std::set<int64_t> read_by_row;
  int64_t slot_of(Timestamp stamp) const { return store_sqlite::slot_of(stamp.micros, rollup.slot()); }
  bool begins_slot(Timestamp stamp) const { return stamp.micros % length_us(rollup.slot()) == 0; }
};

// One call of analytics().
class Analysis {
 public:
  Analysis(Segments segments, const Deletions& deletions, const std::string& project_id,
           const store::AnalyticsQuery& query, const Clock& clock)
      : segments_(std::move(segments)),
        deletions_(deletions),
        project_id_(project_id),
        query_(query),
        from_(query.filter.start_from.value_or(Timestamp{INT64_MIN})),
        clock_(clock),
        builder_(query) {}

  Result<store::AnalyticsResult> run(const std::vector<store::SpanScore>& scores) {
    TRACIA_TRY(divide());
    TRACIA_TRY(scan());
    for (const Summed& summed : summed_) TRACIA_TRY(add_sums(summed));
    TRACIA_TRY(add_scores(scores));
    store::AnalyticsResult result = builder_.finish();
    result.scanned_from = scanned_from_;
    result.scores_complete = scores_complete_;
    return result;
  }

 private:
  bool starts_within(const SegmentInfo& info) const {
    return info.spans > 0 && info.max_start >= from_ &&
           (!query_.filter.start_before || info.min_start < *query_.filter.start_before);
  }

  // Decides of each segment what is read as sums and what by row.
  Status divide() {
    const auto view = view_for(query_);
    for (const auto& stored : *segments_) {
      const SegmentInfo info = stored->segment->info();
      if (!starts_within(info)) continue;
      in_time_.push_back(stored.get());
      std::optional<Summed> summed;
      if (view && takes_days(query_)) {
        TRACIA_TRY(sum(*stored, info, *view, RollupSlot::kDay, summed));
        // Half hours that are cut are soon read by row, days are not.
        if (summed && !summed->read_by_row.empty()) summed.reset();
      }
      if (view && !summed) TRACIA_TRY(sum(*stored, info, *view, RollupSlot::kHalfHour, summed));
      if (!summed) {
        parts_.push_back({.stored = stored.get(), .from = {}, .before = {}});
        continue;
      }
      for (const int64_t slot : summed->read_by_row) add_part(*summed, slot, from_);
      summed_.push_back(std::move(*summed));
    }
    return {};
  }

  // Leaves `out` empty where a segment has no such sums.
  Status sum(const StoredSegment& stored, const SegmentInfo& info, RollupView view, RollupSlot slot,
             std::optional<Summed>& out) const {
    auto rollup = stored.segment->rollup(project_id_, view, slot);
    if (!rollup && !stored.skips(rollup.error())) return fail(std::move(rollup).error());
    if (rollup && *rollup) out = divided(stored, info, std::move(**rollup));
    return {};
  }

  // nullopt: all of it must be read by row.
  std::optional<Summed> divided(const StoredSegment& stored, const SegmentInfo& info, Rollup rollup) const {
    Summed summed{.stored = &stored, .rollup = std::move(rollup), .read_by_row = {}};
    const auto lost = deletions_.starts_between(info.min_received, info.max_received);
    if (!lost) return std::nullopt;
    const auto& before = query_.filter.start_before;
    for (const Timestamp start : *lost) {
      if (start >= from_ && (!before || start < *before)) summed.read_by_row.insert(summed.slot_of(start));
    }
    // The first and the last slot, when they are only partly asked for.
    if (from_ > info.min_start && !summed.begins_slot(from_)) summed.read_by_row.insert(summed.slot_of(from_));
    if (before && *before <= info.max_start && !summed.begins_slot(*before)) {
      summed.read_by_row.insert(summed.slot_of(*before));
    }
    return summed;
  }

  static int64_t begin_of(int64_t slot, int64_t length) {
    return slot < INT64_MIN / length ? INT64_MIN : slot * length;
  }

  void add_part(const Summed& summed, int64_t slot, Timestamp from) {
    const int64_t length = length_us(summed.rollup.slot()), begin = begin_of(slot, length);
    const int64_t end = begin > INT64_MAX - length ? INT64_MAX : begin + length;
    const auto& before = query_.filter.start_before;
    parts_.push_back({.stored = summed.stored,
                      .from = std::max(from, Timestamp{begin}),
                      .before = before ? std::min(*before, Timestamp{end}) : Timestamp{end}});
  }

  // Reads parts_ by row, newest first, while the budget lasts.
  Status scan() {
    SpanScan scan(MergedCursor(segments_, parts_, deletions_, project_id_, query_.filter), query_.filter);
    const Deadline deadline(clock_, query_.scan_budget);
    const size_t look = query_.filter.needs_payloads() ? 1 : kRowsPerLook;
    std::optional<Timestamp> last;  // start
    for (size_t steps = 0;; ++steps) {
      auto step = scan.step();
      if (!step) return fail(std::move(step).error());
      if (*step == SpanScan::Step::kEnd) return {};
      const Timestamp start = scan.row().start;
      // Between two starts only, so that what is said of it is exact.
      if (late_ && start != *last) break;
      last = start;
      if (*step == SpanScan::Step::kMatch) add(scan.row());
      if (steps % look == 0 && !late_) late_ = deadline.passed();
    }
    scanned_from_ = last;
    return read_cut_slots();
  }

  // Where the scan stopped in the middle of a slot, the sums of that slot reach too far back.
  Status read_cut_slots() {
    const Timestamp from = *scanned_from_;
    parts_.clear();
    for (Summed& summed : summed_) {
      if (summed.begins_slot(from) || !summed.read_by_row.insert(summed.slot_of(from)).second) continue;
      add_part(summed, summed.slot_of(from), from);
    }
    SpanScan scan(MergedCursor(segments_, parts_, deletions_, project_id_, query_.filter), query_.filter);
    while (true) {
      auto step = scan.step();
      if (!step) return fail(std::move(step).error());
      if (*step == SpanScan::Step::kEnd) return {};
      if (*step == SpanScan::Step::kMatch) add(scan.row());
    }
  }

  void add(const Row& row) {
    builder_.keys_of(texts_of(row), keys_, made_);
    builder_.each_group(row.start, keys_, row.tags, [&](store::Measures& measures) {
      measures.add(row.kind, row.status, row.cost, row.cost_status, row.usage, row.latency_ms,
                   row.time_to_first_token_ms);
    });
  }

  Status add_sums(const Summed& summed) {
    store::SpanFilter timeless = query_.filter;
    timeless.start_from.reset();
    timeless.start_before.reset();
    const RowMatcher matcher(std::move(timeless));
    struct Group {
      bool matches = false;
      store::AnalyticsBuilder::Keys keys;
      std::vector<std::string> made;
      store::Measures* measures = nullptr;  // in the bucket at hand
    };
    std::vector<Group> groups(summed.rollup.combinations().size());
    for (size_t i = 0; i < groups.size(); ++i) {
      const Row& row = summed.rollup.combinations()[i];
      groups[i].matches = matcher.matches(row);
      if (groups[i].matches) builder_.keys_of(texts_of(row), groups[i].keys, groups[i].made);
    }
    const Timestamp from = scanned_from_ ? std::max(*scanned_from_, from_) : from_;
    const auto& before = query_.filter.start_before;
    std::optional<int64_t> last_slot;
    std::optional<Timestamp> bucket;  // that the measures are of
    bool wanted = false;              // of the slot
    auto status = summed.rollup.each_cell([&](int64_t slot, size_t combination) -> store::Measures* {
      const Timestamp begin{begin_of(slot, length_us(summed.rollup.slot()))};
      if (slot != last_slot) {
        last_slot = slot;
        wanted = !summed.read_by_row.contains(slot) && slot >= summed.slot_of(from) && !(before && begin >= *before);
        const Timestamp now = query_.bucket == store::TimeBucket::kNone
                                  ? Timestamp{}
                                  : store::bucket_begin(begin, query_.bucket, query_.utc_offset_minutes);
        if (now != bucket) {
          for (Group& group : groups) group.measures = nullptr;
        }
        bucket = now;
      }
      Group& group = groups[combination];
      if (!wanted || !group.matches) return nullptr;
      if (group.measures == nullptr) group.measures = &builder_.at(begin, group.keys);
      return group.measures;
    });
    if (!status && summed.stored->skips(status.error())) return {};
    return status;
  }

  Status add_scores(const std::vector<store::SpanScore>& scores) {
    const RowMatcher matcher(query_.filter);
    PayloadMatcher payloads(query_.filter);
    const Load what = query_.filter.needs_payloads() ? Load::kAll : Load::kSummary;
    const Deadline deadline(clock_, query_.scan_budget);
    for (const store::SpanScore& score : scores) {
      if (deadline.passed()) {
        scores_complete_ = false;
        return {};
      }
      auto found = find(score, what);
      if (!found) return fail(std::move(found).error());
      if (!*found || (scanned_from_ && (*found)->start() < *scanned_from_)) continue;
      const std::string encoded = encode_row(**found);
      Row row;
      TRACIA_TRY(decode_row(encoded, row));
      if (!matcher.matches(row) || (what == Load::kAll && !payloads.matches((*found)->span))) continue;
      builder_.add(**found, score);
    }
    return {};
  }

  Result<std::optional<store::StoredSpan>> find(const store::SpanScore& score, Load what) const {
    const uint64_t key = span_key(project_id_, score.span_id);
    for (const StoredSegment* stored : in_time_) {
      if (!stored->segment->may_have(key)) continue;
      auto found = stored->segment->find(project_id_, score.span_id, score.trace_id, what);
      if (!found && stored->skips(found.error())) continue;
      if (!found) return found;
      if (*found && !deletions_.contains((*found)->received)) return found;
    }
    return std::nullopt;
  }

  const Segments segments_;
  const Deletions& deletions_;
  const std::string& project_id_;
  const store::AnalyticsQuery& query_;
  const Timestamp from_;
  const Clock& clock_;
  store::AnalyticsBuilder builder_;
  std::vector<const StoredSegment*> in_time_;  // of which a span may match
  std::vector<SegmentPart> parts_;             // read by row
  std::vector<Summed> summed_;
  bool late_ = false;
  std::optional<Timestamp> scanned_from_;
  bool scores_complete_ = true;
  store::AnalyticsBuilder::Keys keys_;  // reused
  std::vector<std::string> made_;
};

Status check(const store::AnalyticsQuery& query) {
  const std::set<store::Dimension> distinct(query.group_by.begin(), query.group_by.end());
  if (query.group_by.size() > store::kGroupByMax || distinct.size() != query.group_by.size()) {
    return fail(
        Error::invalid("groupBy must name at most " + std::to_string(store::kGroupByMax) + " things, each once"));
  }
  if (query.utc_offset_minutes <= -24 * 60 || query.utc_offset_minutes >= 24 * 60) {
    return fail(Error::invalid("utcOffset must be less than a day"));
  }
  return {};
}

}  // namespace

Result<store::AnalyticsResult> SpanEngine::analytics(const std::string& project_id, const store::AnalyticsQuery& query,
                                                     const std::vector<store::SpanScore>& scores) {
  TRACIA_TRY(check(query));
  return Analysis(impl_->segments.list(), *impl_->deletions, project_id, query, *impl_->options.clock).run(scores);
}

}  // namespace tracia::store_sqlite
