// The pieces of a span store, of which most never change again: for readers that keep what they made of one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/store/span_store.h"

namespace tracia::store {

struct SpanPart {
  uint64_t id = 0;                // not given again while the store is open
  std::optional<uint64_t> state;  // the same as at another look: the same spans as then. nullopt: it takes new ones
  Timestamp max_start;            // of its spans
  Timestamp min_received, max_received;
  std::shared_ptr<const void> hold;  // while somebody has it, list_part() gives its spans, whatever became of the part
};

// What a store that is made of pieces offers beside SpanStore. Thread-safe; list_part() blocks on the disk.
class SpanParts {
 public:
  virtual ~SpanParts() = default;

  // Those that hold spans, the one with the latest start first. Each span is in exactly one.
  virtual std::vector<SpanPart> parts() const = 0;

  // As SpanStore::list(), of one part alone. Empty when the part is gone and nobody held it.
  virtual Result<SpanPage> list_part(uint64_t part, const std::string& project_id, const SpanFilter& filter,
                                     const ListOptions& options) = 0;
};

}  // namespace tracia::store
