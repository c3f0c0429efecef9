// Sessions and end users.
#include <algorithm>
#include <queue>
#include <unordered_set>

#include "engine_core.h"
#include "span_scan.h"

namespace tracia::store_sqlite {
namespace {

using Segments = std::shared_ptr<const SegmentSet::List>;

store::Group group_from(GroupPart part) {
  return {.key = std::move(part.key),
          .user_id = std::move(part.user_id),
          .first = part.first,
          .last = part.last,
          .trace_count = static_cast<int64_t>(part.traces.size()),
          .session_count = static_cast<int64_t>(part.sessions.size()),
          .totals = part.totals,
          .position = part.position};
}

// One call of groups().
class GroupList {
 public:
  GroupList(Segments segments, const Deletions& deletions, const std::string& project_id, store::GroupBy by,
            const store::SpanFilter& filter, const store::ListOptions& options, const Clock& clock)
      : segments_(std::move(segments)),
        deletions_(deletions),
        project_id_(project_id),
        by_(by),
        filter_(filter),
        options_(options),
        deadline_(clock, options.scan_budget) {}

  Result<store::GroupPage> run() {
    TRACIA_TRY(is_plain(filter_) ? merge() : walk());
    if (page_.groups.size() > options_.limit) {
      page_.groups.resize(options_.limit);
      page_.next = page_.groups.empty() ? options_.after : page_.groups.back().position;
    }
    return std::move(page_);
  }

 private:
  // One more than asked for says that there is a next page.
  bool full() const { return page_.groups.size() > options_.limit; }
  bool is_due(const store::Position& position) const { return !options_.after || position < *options_.after; }

  // Over the spans that match: found newest first, so a group comes at its newest span.
  Status walk() {
    SpanScan scan(segments_, deletions_, project_id_, filter_, options_.after);
    std::unordered_set<std::string> seen;
    while (!full()) {
      auto step = scan.step();
      if (!step) return fail(std::move(step).error());
      if (*step == SpanScan::Step::kEnd) return {};
      const std::string key(group_of(scan.row(), by_));
      if (*step == SpanScan::Step::kMatch && !key.empty() && seen.insert(key).second) {
        auto part = sum_up(key);
        if (!part) return fail(std::move(part).error());
        // With a newer span it was on an earlier page.
        if (*part && is_due((*part)->position)) page_.groups.push_back(group_from(std::move(**part)));
      }
      if (deadline_.passed() && !full()) {
        page_.next = scan.position();
        return {};
      }
    }
    return {};
  }

  // One group, span by span.
  Result<std::optional<GroupPart>> sum_up(const std::string& key) const {
    SpanScan scan(segments_, deletions_, project_id_, group_filter(filter_, by_, key), std::nullopt);
    GroupCollector collector(project_id_, by_);
    while (true) {
      auto step = scan.step();
      if (!step) return fail(std::move(step).error());
      if (*step == SpanScan::Step::kEnd) return collector.only();
      if (*step == SpanScan::Step::kMatch) collector.add(scan.row());
    }
  }

  // Over what the segments have summed up, newest group first. Groups that lost spans are summed up again; what is
  // left of them may be older than the segments say, so they wait for their turn.
  Status merge() {
    TRACIA_TRY(open_cursors());
    while (!full()) {
      const auto newest = std::max_element(cursors_.begin(), cursors_.end(), [](const auto& a, const auto& b) {
        return a.cursor->part().position < b.cursor->part().position;
      });
      settle(newest == cursors_.end() ? std::nullopt : std::optional(newest->cursor->part().position));
      if (newest == cursors_.end()) return {};
      TRACIA_TRY(consider(newest->cursor->part()));
      auto more = newest->cursor->next();
      if (!more && !newest->stored->skips(more.error())) return fail(std::move(more).error());
      if (!more || !*more) cursors_.erase(newest);
    }
    return {};
  }

  Status open_cursors() {
    for (const auto& stored : *segments_) {
      auto cursor = stored->segment->groups(project_id_, by_);
      if (!cursor && stored->skips(cursor.error())) continue;
      if (!cursor) return fail(std::move(cursor).error());
      auto more = (*cursor)->next();
      if (!more && stored->skips(more.error())) continue;
      if (!more) return fail(std::move(more).error());
      if (*more) cursors_.push_back({stored.get(), std::move(*cursor)});
    }
    return {};
  }

  void settle(const std::optional<store::Position>& down_to) {
    while (!waiting_.empty() && !full() && (!down_to || waiting_.top().position > *down_to)) {
      page_.groups.push_back(waiting_.top());
      waiting_.pop();
    }
  }

  Status consider(const GroupPart& found) {
    const uint64_t key = group_key(project_id_, by_, found.key);
    const bool lost_spans = deletions_.touches(key);
    if (!lost_spans && !is_due(found.position)) return {};
    if (lost_spans && !summed_up_.insert(found.key).second) return {};
    auto part = lost_spans ? sum_up(found.key) : combine(found.key, key);
    if (!part) return fail(std::move(part).error());
    if (!*part || !is_due((*part)->position)) return {};
    // Elsewhere it is newer, so it has come already.
    if (!lost_spans && (*part)->position != found.position) return {};
    if (lost_spans) {
      waiting_.push(group_from(std::move(**part)));
    } else {
      page_.groups.push_back(group_from(std::move(**part)));
    }
    return {};
  }

  // One group, from its parts.
  Result<std::optional<GroupPart>> combine(const std::string& name, uint64_t key) const {
    std::optional<GroupPart> whole;
    for (const auto& stored : *segments_) {
      if (!stored->segment->may_have(key)) continue;
      auto part = stored->segment->group(project_id_, by_, name);
      if (!part && stored->skips(part.error())) continue;
      if (!part) return fail(std::move(part).error());
      if (!*part) continue;
      if (whole) {
        merge_part(*whole, **part);
      } else {
        whole = std::move(**part);
      }
    }
    return whole;
  }

  struct Open {
    const StoredSegment* stored;
    std::unique_ptr<GroupCursor> cursor;
  };
  struct Older {
    bool operator()(const store::Group& a, const store::Group& b) const { return a.position < b.position; }
  };
  const Segments segments_;
  const Deletions& deletions_;
  const std::string& project_id_;
  const store::GroupBy by_;
  const store::SpanFilter& filter_;
  const store::ListOptions& options_;
  const Deadline deadline_;
  store::GroupPage page_;
  std::vector<Open> cursors_;
  std::priority_queue<store::Group, std::vector<store::Group>, Older> waiting_;
  std::unordered_set<std::string> summed_up_;
};

}  // namespace

Result<store::GroupPage> SpanEngine::groups(const std::string& project_id, store::GroupBy by,
                                            const store::SpanFilter& filter, const store::ListOptions& options) {
  return GroupList(impl_->segments.list(), *impl_->deletions, project_id, by, filter, options, *impl_->options.clock)
      .run();
}

}  // namespace tracia::store_sqlite
