// One model call, two spans: an application's framework and its provider's client are often both instrumented, and each
// reports the call with its tokens. The inner span is nearer to the provider and counts; the outer one is marked
// kIncluded. Spans are stored for good, so a span that comes when its twin was counted already is the one marked.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/store/span_store.h"

namespace tracia::ingest {

// Two spans are of one call when they are model calls of one kind and of models that may be the same, one is an
// ancestor of the other with no other work (an agent, a tool, a retrieval) between them, and the inner one is not
// longer.
//
// Twins find each other across requests: spans are remembered for kRememberedFor, at most twice that, and the newest
// kRememberedSpansMax of them, some 350 bytes each. Thread-safe.
class NestedCalls {
 public:
  NestedCalls();
  ~NestedCalls();

  // Marks what must not count twice: cost_status kIncluded, no cost, the attribute "tracia.counted_in" with the span
  // that counts. Spans of one request, of any projects.
  // `now` is when they came.
  void mark(std::vector<store::NewSpan>& spans, SteadyTime now);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

inline constexpr size_t kRememberedSpansMax = 100'000;
inline constexpr std::chrono::minutes kRememberedFor{5};  // exporters send within a minute, and try again for some more

}  // namespace tracia::ingest
