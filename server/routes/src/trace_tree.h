// The spans of one trace as a tree, and as the API answers it. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tracia/service/control_cache.h"
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

// Spans of one answered trace; of more, the first are answered, and that there are more.
inline constexpr size_t kTraceSpansMax = 10'000;

// Trace of api/openapi.yaml. `spans` as for make_tree(), at least one.
std::string trace_json(std::vector<store::StoredSpan> spans, const service::ControlCache& cache);

}  // namespace tracia::routes
