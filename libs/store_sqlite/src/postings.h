// The inverted index of sealed segments: for each value of a field, the positions of the spans that have it. Positions
// count from 0 within one project, newest first. Lists only narrow a search down: whoever reads them checks the rows.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record.h"
#include "tracia/base/result.h"

namespace tracia::store_sqlite {

// Stored: never renumber. The first three have about as many values as there are spans.
enum class Field : uint8_t {
  kSpan = 1,
  kTrace = 2,
  kParent = 3,
  kPrompt = 10,
  kSlug = 11,  // of spans without a known prompt
  kVersion = 12,
  kModel = 13,     // lower case
  kProvider = 14,  // lower case
  kUser = 15,
  kSession = 16,
  kTag = 17,
  kLabel = 18,
  kExperiment = 19,
  kVariant = 20,
  kName = 21,
  kKind = 22,
  kStatus = 23,
  kFinish = 24,
  kCostStatus = 25,
};

// The index key: field byte, project number varint, value; long values are cut and end with a hash of the whole.
std::string posting_key(Field field, uint64_t project, std::string_view value);

// The project number in a key.
std::optional<uint64_t> project_of_key(std::string_view key);

// What a row is found by: each non-empty value once (a tag that stands twice, twice).
using Term = std::function<void(Field field, std::string_view value)>;
void terms_of(const Row& row, const Term& term);
// What a filter can be looked up by. Wanting an absent value ("") is left to the check of rows.
void terms_of(const store::SpanFilter& filter, const Term& term);

// Positions, ascending and distinct, of `spans` in all: as differences, or as a bitmap where that is shorter.
//
//   0 | first varint | difference to the next varint | …
//   1 | bitmap, low bits first
std::string encode_positions(const std::vector<uint32_t>& positions, uint32_t spans);

class PositionList {
 public:
  // Errors: positions out of range or out of order.
  static Result<PositionList> decode(std::string_view bytes, uint32_t spans);
  static PositionList of(std::string bitmap, uint32_t spans);  // as it is stored, but without its first byte
  // The first position >= `at`; `spans` when there is none. `at` must not go backwards from call to call.
  uint32_t seek(uint32_t at);
  size_t size() const { return size_; }
  std::vector<uint32_t> all() const;

 private:
  std::vector<uint32_t> sparse_;
  std::string bitmap_;  // empty: sparse
  size_t next_ = 0;     // in sparse_
  size_t size_ = 0;
  uint32_t spans_ = 0;
};

}  // namespace tracia::store_sqlite
