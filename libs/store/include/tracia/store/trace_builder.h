// Sums up one trace from its spans, whatever the order they come in: engines feed it while they read, without holding a
// long trace in memory.
#pragma once

#include <set>
#include <string>

#include "tracia/store/span_store.h"

namespace tracia::store {

// Not thread-safe; plain value.
class TraceBuilder {
 public:
  void add(const StoredSpan& span);
  bool empty() const { return summary_.totals.span_count == 0; }
  // At least one span must have been added.
  TraceSummary finish() const;

 private:
  // Who speaks for the trace: the first root span, or the first span while no root is known.
  struct Head {
    bool root = false;
    Position position;
  };
  // The first value that is set, by start.
  struct First {
    std::string value;
    Position position;
    void offer(const std::string& candidate, const Position& at);
  };
  TraceSummary summary_;
  Head head_;
  First user_, session_;
  std::set<std::string> tags_;
};

}  // namespace tracia::store
