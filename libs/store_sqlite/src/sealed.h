// Sealed segments: one SQLite file each, built in bulk, then never changed (docs/formats/segments.md draws it).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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

  // The segments that it takes the place of: Segment::replaces().
  virtual void set_replaces(std::vector<uint64_t> numbers) = 0;

  // Writes the indexes, syncs the file, gives it its name and syncs the folder. Durable on return.
  virtual Status finish() = 0;
};

// Adds the spans of sealed files to a builder, as one: sorted, each content once. `pause` is called now and then, and
// ends it with an error. Errors are kDamage, naming the file, where one cannot be read.
class SealedMerge {
 public:
  static Result<std::unique_ptr<SealedMerge>> open(const std::vector<std::filesystem::path>& files,
                                                   const std::string& vfs);
  virtual ~SealedMerge() = default;
  virtual SealedBuilder::FetchContent fetch() = 0;  // for the builder; must not outlive this
  virtual Status add_all(SealedBuilder& builder, const std::function<Status()>& pause) = 0;
  virtual uint64_t spans() const = 0;
};

// Opens a finished file and loads what it keeps in memory, but for its bloom filter (some 6 bytes a span): until
// load_filter() is through, may_have() says "perhaps" to everything. Errors: kUnavailable naming the file.
Result<std::shared_ptr<const Segment>> open_sealed(const std::filesystem::path& file, std::shared_ptr<ReaderPool> pool);
// Of a sealed segment; with others there is nothing to do. Thread-safe, once is enough. Errors as above.
Status load_filter(const Segment& segment);

// Reads everything in the file and checks that it holds together, for doctor: the first thing wrong.
Status check_sealed(const std::filesystem::path& file, const std::string& vfs = "");

}  // namespace tracia::store_sqlite
