// Walks the spans that match a filter, payloads included, one step at a time, so that its user can stop at a deadline.
#pragma once

#include <optional>
#include <string>

#include "merge.h"

namespace tracia::store_sqlite {

// Whether a filter lets every span pass.
bool is_plain(const store::SpanFilter& filter);

// One thread.
class SpanScan {
 public:
  SpanScan(std::shared_ptr<const SegmentSet::List> segments, const Deletions& deletions, const std::string& project_id,
           const store::SpanFilter& filter, std::optional<store::Position> after);
  SpanScan(MergedCursor cursor, const store::SpanFilter& filter);

  enum class Step { kMatch, kMiss, kEnd };
  Result<Step> step();  // one span further; a miss: its payload does not match
  const Row& row() const { return cursor_.row(); }
  store::Position position() const { return cursor_.position(); }
  Result<store::StoredSpan> load(Load what);  // of a match
  bool skips(const Error& error) const { return cursor_.skips(error); }

 private:
  MergedCursor cursor_;
  std::optional<PayloadMatcher> matcher_;
  std::optional<store::StoredSpan> loaded_;  // read already, to match
};

// When a scan has to stop.
class Deadline {
 public:
  Deadline(const Clock& clock, Millis budget) : clock_(clock), end_(clock.steady() + budget) {}
  bool passed() const { return clock_.steady() >= end_; }

 private:
  const Clock& clock_;
  SteadyTime end_;
};

}  // namespace tracia::store_sqlite
