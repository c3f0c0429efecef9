// One list out of many segments: spans by position, newest first, deleted ones left out.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "deletions.h"
#include "segment_set.h"

namespace tracia::store_sqlite {

// A stretch of time of one segment.
struct SegmentPart {
  const StoredSegment* stored;
  std::optional<Timestamp> from, before;
};

// Opens a segment only when the list comes to its time, and not at all when it cannot matter. A damaged one is left
// where it cannot be read further. One thread.
class MergedCursor {
 public:
  MergedCursor(std::shared_ptr<const SegmentSet::List> segments, const Deletions& deletions, std::string project_id,
               store::SpanFilter filter, std::optional<store::Position> after);
  // Only these parts, which do not overlap; their segments are among `segments`.
  MergedCursor(std::shared_ptr<const SegmentSet::List> segments, const std::vector<SegmentPart>& parts,
               const Deletions& deletions, std::string project_id, store::SpanFilter filter);

  Result<bool> next();
  const Row& row() const { return current_->row(); }
  store::Position position() const { return current_->position(); }
  Result<store::StoredSpan> load(Load what) { return current_->load(what); }
  // As StoredSegment::skips(), after load().
  bool skips(const Error& error) const { return current_stored_->skips(error); }

 private:
  struct Waiting {
    SegmentPart part;
    Timestamp max_start;
  };
  struct Open {
    const StoredSegment* stored;
    std::unique_ptr<SegmentCursor> cursor;
  };
  void add(const SegmentPart& part);
  void sort_waiting();
  bool may_matter(const Segment& segment, const SegmentInfo& info) const;
  Status advance(size_t index);
  Status open_due();
  void choose();

  std::shared_ptr<const SegmentSet::List> segments_;
  const Deletions& deletions_;
  const std::string project_id_;
  const store::SpanFilter filter_;
  std::optional<store::Position> after_;  // the last one given out
  std::vector<Waiting> waiting_;          // the newest last
  std::vector<Open> open_;
  SegmentCursor* current_ = nullptr;  // among open_
  const StoredSegment* current_stored_ = nullptr;
};

}  // namespace tracia::store_sqlite
