// The spans of one trace as a tree. Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "tracia/store/span_store.h"

namespace tracia::routes {

// Levels of a tree. A chain of agents can be thousands of spans deep, and JSON readers refuse such nesting: what lies
// deeper hangs from its ancestor at the last level but one. `parentSpanId` still tells the true parent.
inline constexpr size_t kTreeDepthMax = 100;

// Positions in the list that it was made from.
struct TraceTree {
  std::vector<size_t> roots;                  // in the order of the list
  std::vector<std::vector<size_t>> children;  // of each span, likewise
};

// `spans` are of one trace, sorted by start. A span whose parent is not among them is a root; of spans that are each
// other's ancestors the first becomes a root. Every span is in the tree once. O(spans).
TraceTree make_tree(const std::vector<store::StoredSpan>& spans);

}  // namespace tracia::routes
