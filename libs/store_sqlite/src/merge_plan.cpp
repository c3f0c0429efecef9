#include "merge_plan.h"

#include <algorithm>

namespace tracia::store_sqlite {
namespace {

struct Run {
  size_t end = 0;
  uint64_t spans = 0, largest = 0;
  bool closed = false;  // the next neighbour would be too much: the run never grows
};

// The longest run from `begin` on.
Run run_from(const std::vector<MergeCandidate>& segments, size_t begin, const MergeLimits& limits) {
  Run run{.end = begin};
  uint64_t bytes = 0;
  for (; run.end < segments.size() && segments[run.end].sealed; ++run.end) {
    const SegmentInfo& info = segments[run.end].info;
    const Micros age(info.max_received.micros - segments[begin].info.min_received.micros);
    run.closed =
        run.spans + info.spans > limits.spans_max || bytes + info.bytes > limits.bytes_max || age > limits.age_max;
    if (run.closed) return run;
    run.spans += info.spans;
    run.largest = std::max(run.largest, info.spans);
    bytes += info.bytes;
  }
  return run;
}

}  // namespace

std::optional<std::pair<size_t, size_t>> merge_next(const std::vector<MergeCandidate>& segments,
                                                    const MergeLimits& limits) {
  for (size_t begin = 0; begin < segments.size(); ++begin) {
    const Run run = run_from(segments, begin, limits);
    const size_t files = run.end - begin;
    const bool due = files >= kMergedFilesMin || (run.closed && files > 1);
    if (due && run.largest <= run.spans / 2) return std::pair(begin, run.end);
  }
  return std::nullopt;
}

}  // namespace tracia::store_sqlite
