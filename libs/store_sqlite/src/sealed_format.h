// What the writer and the reader of sealed segments share: table names, meta entries, and how they are encoded.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record.h"
#include "segment.h"

namespace tracia::store_sqlite {

inline constexpr uint64_t kSealedFormat = 1;
inline constexpr size_t kRowsPerBlock = 64;

inline constexpr const char* kSealedTables =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE rows(first INTEGER PRIMARY KEY, data BLOB NOT NULL);"
    "CREATE TABLE details(first INTEGER PRIMARY KEY, data BLOB NOT NULL);"
    "CREATE TABLE contents(first INTEGER PRIMARY KEY, data BLOB NOT NULL);"
    "CREATE TABLE postings(key BLOB PRIMARY KEY, list BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE groups(key BLOB PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE rollups(key BLOB PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE words(key BLOB PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE word_units(project INTEGER PRIMARY KEY, data BLOB NOT NULL);";

// A project's spans stand together: positions first … first + spans - 1. Its number is its place in the list.
struct SealedProject {
  std::string id;
  uint32_t first = 0;
  uint32_t spans = 0;
};

// The least and the most of one number over a block; nothing seen: min > max.
struct Range {
  int64_t min = std::numeric_limits<int64_t>::max();
  int64_t max = std::numeric_limits<int64_t>::min();
  void add(int64_t value) {
    min = std::min(min, value);
    max = std::max(max, value);
  }
  bool meets(const std::optional<int64_t>& from, const std::optional<int64_t>& to) const {
    return min <= max && (!from || *from <= max) && (!to || min <= *to);
  }
};

// What is kept in memory of each block of rows: where it begins, and what no row in it can be.
struct RowBlock {
  uint32_t first = 0;        // position of its first row
  store::Position position;  // of its first row, the newest
  int64_t max_received = std::numeric_limits<int64_t>::min();
  Range latency, tokens, cost;  // cost in 1e-9 USD, rounded down

  void add(const Row& row);
  // Whether a row of it can pass the filter's bounds on numbers.
  bool may_match(const store::SpanFilter& filter) const;
};

struct SealedMeta {
  SegmentInfo info;  // but `bytes`
  uint64_t contents = 0;
  std::vector<SealedProject> projects;  // sorted by id
  std::vector<RowBlock> blocks;         // sorted by `first`; a block holds rows of one project
};
std::string encode_meta(const SealedMeta& meta);
// Checks that projects and blocks cover the spans without a gap.
Result<SealedMeta> decode_meta(std::string_view bytes);

// Numbers of segments, ascending.
std::string encode_replaces(const std::vector<uint64_t>& numbers);
Result<std::vector<uint64_t>> decode_replaces(std::string_view bytes);

class ByteReader;
class ByteWriter;
class Db;

// XXH3-128 of everything in the file but the contents of its blocks, which have checksums. Written as meta's `digest`.
Result<std::string> sealed_digest(Db& db);

void write_totals(ByteWriter& out, const store::Totals& totals);
Status read_totals(ByteReader& in, store::Totals& totals);

// Groups are found by kind, project and the position of their newest span.
std::string group_prefix(store::GroupBy by, uint64_t project);
std::string group_position_key(store::GroupBy by, uint64_t project, uint32_t position);
std::string encode_group(const GroupPart& part);
Status decode_group(std::string_view bytes, GroupPart& out);

}  // namespace tracia::store_sqlite
