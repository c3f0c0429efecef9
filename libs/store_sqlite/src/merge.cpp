#include "merge.h"

#include <algorithm>

namespace tracia::store_sqlite {

MergedCursor::MergedCursor(std::shared_ptr<const SegmentSet::List> segments, const Deletions& deletions,
                           std::string project_id, store::SpanFilter filter, std::optional<store::Position> after)
    : segments_(std::move(segments)),
      deletions_(deletions),
      project_id_(std::move(project_id)),
      filter_(std::move(filter)),
      after_(after) {
  for (const auto& stored : *segments_) add({.stored = stored.get(), .from = {}, .before = {}});
  sort_waiting();
}

MergedCursor::MergedCursor(std::shared_ptr<const SegmentSet::List> segments, const std::vector<SegmentPart>& parts,
                           const Deletions& deletions, std::string project_id, store::SpanFilter filter)
    : segments_(std::move(segments)),
      deletions_(deletions),
      project_id_(std::move(project_id)),
      filter_(std::move(filter)) {
  for (const SegmentPart& part : parts) add(part);
  sort_waiting();
}

void MergedCursor::add(const SegmentPart& part) {
  const SegmentInfo info = part.stored->segment->info();
  if (!may_matter(*part.stored->segment, info)) return;
  // A part's last start is before its end.
  const Timestamp max_start = part.before ? std::min(info.max_start, *part.before) : info.max_start;
  waiting_.push_back({.part = part, .max_start = max_start});
}

void MergedCursor::sort_waiting() {
  std::sort(waiting_.begin(), waiting_.end(),
            [](const Waiting& a, const Waiting& b) { return a.max_start < b.max_start; });
}

bool MergedCursor::may_matter(const Segment& segment, const SegmentInfo& info) const {
  if (info.spans == 0) return false;
  if (filter_.start_from && info.max_start < *filter_.start_from) return false;
  if (filter_.start_before && info.min_start >= *filter_.start_before) return false;
  if (after_ && info.min_start.micros > after_->start_us) return false;
  if (filter_.trace_id && !segment.may_have(trace_key(project_id_, *filter_.trace_id))) return false;
  const auto may_group = [&](store::GroupBy by, const std::optional<std::string>& key) {
    return !key || key->empty() || segment.may_have(group_key(project_id_, by, *key));
  };
  return may_group(store::GroupBy::kSession, filter_.session_id) && may_group(store::GroupBy::kUser, filter_.user_id);
}

// Cursors at their end leave.
Status MergedCursor::advance(size_t index) {
  auto more = open_[index].cursor->next();
  if (!more && !open_[index].stored->skips(more.error())) return fail(std::move(more).error());
  if (!more || !*more) open_.erase(open_.begin() + static_cast<ptrdiff_t>(index));
  return {};
}

void MergedCursor::choose() {
  current_ = nullptr;
  for (const Open& open : open_) {
    if (current_ != nullptr && current_->position() >= open.cursor->position()) continue;
    current_ = open.cursor.get();
    current_stored_ = open.stored;
  }
}

Status MergedCursor::open_due() {
  choose();
  while (!waiting_.empty()) {
    const Waiting next = waiting_.back();
    if (current_ != nullptr && next.max_start.micros < current_->position().start_us) break;
    waiting_.pop_back();
    // Not before the last one given out: the active segment may have grown since.
    store::SpanFilter filter = filter_;
    if (next.part.from) filter.start_from = next.part.from;
    if (next.part.before) filter.start_before = next.part.before;
    auto cursor = next.part.stored->segment->query(project_id_, filter, after_);
    if (!cursor && next.part.stored->skips(cursor.error())) continue;
    if (!cursor) return fail(std::move(cursor).error());
    open_.push_back({next.part.stored, std::move(*cursor)});
    TRACIA_TRY(advance(open_.size() - 1));
    choose();
  }
  return {};
}

Result<bool> MergedCursor::next() {
  while (true) {
    if (current_ != nullptr) {
      const auto it =
          std::find_if(open_.begin(), open_.end(), [&](const Open& open) { return open.cursor.get() == current_; });
      TRACIA_TRY(advance(static_cast<size_t>(it - open_.begin())));
    }
    TRACIA_TRY(open_due());
    if (current_ == nullptr) return false;
    after_ = current_->position();
    if (!deletions_.contains(current_->row().received)) return true;
  }
}

}  // namespace tracia::store_sqlite
