// 128 bits that say which values a span's fields may have: a filter's bits are all set in each span it matches, so that
// a scan passes over most others without decoding them. Never decides alone: RowMatcher does.
#pragma once

#include <cstdint>

#include "record.h"

namespace tracia::store_sqlite {

struct Signature {
  uint64_t low = 0, high = 0;
  bool covers(const Signature& needed) const {
    return (low & needed.low) == needed.low && (high & needed.high) == needed.high;
  }
};

Signature signature_of(const Row& row);
Signature signature_of(const store::SpanFilter& filter);

}  // namespace tracia::store_sqlite
