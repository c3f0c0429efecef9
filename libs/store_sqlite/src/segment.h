// What the span store asks of a segment, active or sealed. Reads only. Lists go by store::Position, newest first.
//
// Segments are thread-safe: many readers at once. A cursor belongs to one thread at a time and must not outlive its
// segment. Segments know nothing of deletions: their callers leave deleted spans out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "record.h"
#include "rollup.h"
#include "tracia/base/result.h"
#include "tracia/store/span_store.h"

namespace tracia::store_sqlite {

struct SegmentInfo {
  uint64_t number = 0;
  uint64_t spans = 0;              // over all projects
  Timestamp min_start, max_start;  // of its spans; meaningless when there are none
  Timestamp min_received, max_received;
  uint64_t bytes = 0;  // on disk
};

// How much of a span to fill in.
enum class Load {
  kSummary,
  kWithError,  // the summary and `error`, as traces want it
  kAll,
};

class SegmentCursor {
 public:
  virtual ~SegmentCursor() = default;
  // Goes to the first, then to each next span. False at the end, and from then on.
  virtual Result<bool> next() = 0;
  // Of the span it stands on; row() is valid until next().
  virtual const Row& row() const = 0;
  store::Position position() const { return row().position(); }
  virtual Result<store::StoredSpan> load(Load what) = 0;
};

// What one segment knows of one session or end user.
struct GroupPart {
  std::string key;
  std::string user_id;  // sessions: the newest span's
  Timestamp first, last;
  store::Totals totals;
  store::Position position;        // of the newest span
  std::vector<uint64_t> traces;    // trace_key() of each, sorted, distinct: counts add up by union
  std::vector<uint64_t> sessions;  // users: group_key() of each session, likewise
};

class GroupCursor {
 public:
  virtual ~GroupCursor() = default;
  virtual Result<bool> next() = 0;
  virtual const GroupPart& part() const = 0;  // until next()
};

class Segment {
 public:
  virtual ~Segment() = default;
  virtual SegmentInfo info() const = 0;
  virtual uint64_t unindexed_spans() const = 0;  // that no index of words holds: searches read each of them
  // The numbers of the segments that it was merged from, and of those that these were.
  virtual const std::vector<uint64_t>& replaces() const {
    static const std::vector<uint64_t> none;
    return none;
  }

  // Spans that match all of `filter` but what needs payloads (PayloadMatcher's part), newest first, after `after`.
  virtual Result<std::unique_ptr<SegmentCursor>> query(const std::string& project_id, const store::SpanFilter& filter,
                                                       const std::optional<store::Position>& after) const = 0;

  // The earliest `limit` spans of a trace, by start, with `error`.
  virtual Result<std::vector<store::StoredSpan>> trace(const std::string& project_id, const std::string& trace_id,
                                                       size_t limit) const = 0;

  // trace_id "" = the newest span of that id.
  virtual Result<std::optional<store::StoredSpan>> find(const std::string& project_id, const std::string& span_id,
                                                        const std::string& trace_id, Load what) const = 0;

  // Summaries of the `limit` spans received first after `stamp`, oldest first.
  virtual Result<std::vector<store::StoredSpan>> received_after(const std::string& project_id, Timestamp stamp,
                                                                size_t limit) const = 0;

  // False: certainly not here. True: perhaps. In memory and quick. `key` of span_key(), trace_key(), group_key().
  virtual bool may_have(uint64_t key) const = 0;

  // Sessions or end users, most recently active (in this segment) first; and one of them.
  virtual Result<std::unique_ptr<GroupCursor>> groups(const std::string& project_id, store::GroupBy by) const = 0;
  virtual Result<std::optional<GroupPart>> group(const std::string& project_id, store::GroupBy by,
                                                 const std::string& key) const = 0;

  // Sums made beforehand; nullopt: none here, its rows must be read.
  virtual Result<std::optional<Rollup>> rollup(const std::string&, RollupView, RollupSlot) const {
    return std::nullopt;
  }
};

}  // namespace tracia::store_sqlite
