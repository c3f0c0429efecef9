// Sealed segments: one SQLite file each, built in bulk, then never changed (docs/formats/segments.md draws it).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "reader_pool.h"
#include "segment.h"
#include "tracia/base/result.h"

namespace tracia::store_sqlite {

// Builds one sealed segment: create, add each span, finish. One thread at a time. Destroyed before finish() it removes
// what it wrote. Memory: some 150 bytes a span.
class SealedBuilder {
 public:
  // Gives the data of a content by its number in the details that are added. Called once for each number of a project,
  // and again for the few that are found in two roles.
  using FetchContent = std::function<Result<std::string>(uint64_t number)>;

  // Writes `file` + ".tmp" (an old one is overwritten). `vfs` as in Db::open().
  static Result<std::unique_ptr<SealedBuilder>> create(const std::filesystem::path& file, uint64_t number,
                                                       FetchContent fetch, const std::string& vfs = "");
  virtual ~SealedBuilder() = default;

  // `row` of encode_row(), `detail` of encode_detail(). Spans come sorted by project (bytes ascending), then by
  // position, newest first; anything else is an error.
  virtual Status add(std::string_view project_id, std::string_view row, std::string_view detail) = 0;

  // Writes the indexes, syncs the file, gives it its name and syncs the folder. Durable on return.
  virtual Status finish() = 0;
};

// Opens a finished file and loads what it keeps in memory (some 6 bytes a span). Errors: kUnavailable naming the file.
Result<std::shared_ptr<const Segment>> open_sealed(const std::filesystem::path& file, std::shared_ptr<ReaderPool> pool);

// Reads everything in the file and checks that it holds together, for doctor: the first thing wrong.
Status check_sealed(const std::filesystem::path& file, const std::string& vfs = "");

}  // namespace tracia::store_sqlite
