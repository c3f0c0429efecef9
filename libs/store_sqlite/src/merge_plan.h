// Which sealed segments are made into one. Small ones come about by the hour or by 50,000 spans; each costs every read
// a look, so that neighbours are merged until they are large. A merge at least doubles the file that a span is in: it
// is written again log2(large / small) times at most, and once or twice where much comes in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "segment.h"

namespace tracia::store_sqlite {

// So many small ones are worth a merge.
inline constexpr size_t kMergedFilesMin = 8;

struct MergeCandidate {
  SegmentInfo info;
  bool sealed = false;  // others are not touched, and not merged around
};
// What a merged segment may become.
struct MergeLimits {
  uint64_t spans_max = 0, bytes_max = 0;
  Micros age_max{0};  // from the first to the last span that it received
};

// The first run of neighbours that are due, as [begin, end); nullopt: none. `segments` go by receive stamp, which those
// of no two overlap. Pure.
std::optional<std::pair<size_t, size_t>> merge_next(const std::vector<MergeCandidate>& segments,
                                                    const MergeLimits& limits);

}  // namespace tracia::store_sqlite
