// Reading spans out of one sealed file: what is in memory of it, and the blocks of one reader.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "block.h"
#include "bloom.h"
#include "postings.h"
#include "reader_pool.h"
#include "rollup.h"
#include "sealed_format.h"
#include "segment.h"
#include "words.h"

namespace tracia::store_sqlite {

// What a sealed file keeps in memory. Never changes once open; thread-safe.
class SealedFile {
 public:
  static Result<std::unique_ptr<SealedFile>> open(const std::filesystem::path& path, std::shared_ptr<ReaderPool> pool);
  SealedFile(const SealedFile&) = delete;
  SealedFile& operator=(const SealedFile&) = delete;
  ~SealedFile();

  const SealedMeta& meta() const { return meta_; }
  const Bloom& bloom() const { return bloom_; }
  const std::filesystem::path& path() const { return path_; }

  Result<ReaderPool::Lease> borrow() const { return pool_->borrow(owner_, path_); }
  // The project's place in meta().projects.
  std::optional<size_t> project(std::string_view id) const;
  // Of one value, positions within the project; an empty list when there is none.
  Result<PositionList> positions(size_t project, Field field, std::string_view value) const;
  // Whether there is an index of words.
  bool has_words() const { return has_words_; }
  // The positions, within the project, of all spans that may hold a word as SpanFilter.words means it; nullopt: the
  // index does not tell. Needs has_words().
  Result<std::optional<PositionList>> positions_of_word(size_t project, const WordUnits& units,
                                                        std::string_view word) const;
  Result<WordUnits> word_units(size_t project) const;
  // nullopt: the file does not have it.
  Result<std::optional<Rollup>> rollup(size_t project, RollupView view) const;

  // `error` with the file's name.
  Error named(Error error) const;
  Error damaged(std::string_view what) const;

 private:
  SealedFile(std::filesystem::path path, std::shared_ptr<ReaderPool> pool, uint64_t owner, SealedMeta meta, Bloom bloom,
             bool has_words)
      : path_(std::move(path)),
        pool_(std::move(pool)),
        owner_(owner),
        meta_(std::move(meta)),
        bloom_(std::move(bloom)),
        has_words_(has_words) {}

  Status mark_words(Statement& select, size_t project, uint64_t part, const WordRange& range, const WordUnits& units,
                    std::vector<bool>& marked) const;

  const std::filesystem::path path_;
  const std::shared_ptr<ReaderPool> pool_;
  const uint64_t owner_;
  const SealedMeta meta_;
  const Bloom bloom_;
  const bool has_words_;
};

// Reads rows and spans by their position in the file, and keeps the blocks it unpacked last: going on to a neighbour is
// cheap. One thread at a time.
class SpanReader {
 public:
  explicit SpanReader(const SealedFile& file) : file_(&file) {}

  // The place in meta().blocks of the block that holds a position.
  size_t block_of(uint32_t position) const;
  // `out` has views into this reader's block: valid until the next row().
  Status row(uint32_t position, Row& out);
  // Of the span at `position`, whose row is `row`.
  Result<store::StoredSpan> load(uint32_t position, const Row& row, Load what);

 private:
  // A block and the number of its first item.
  struct Numbered {
    uint64_t first = 0;
    Block block;
    bool has(uint64_t number) const { return number >= first && number - first < block.items(); }
  };
  enum class Table { kRows, kDetails, kContents };

  // The block that holds item `number`.
  Result<Numbered> read(Table table, uint64_t number) const;
  Status contents_of(const std::vector<uint64_t>& numbers, std::vector<std::string_view>& out);

  const SealedFile* file_;
  std::optional<Numbered> rows_, details_;
  std::map<uint64_t, Numbered> contents_;  // by first number: what the last load() used
};

// The groups of one project, most recently active first; none for a project that is not there.
class GroupReader final : public GroupCursor {
 public:
  GroupReader(const SealedFile& file, size_t project, store::GroupBy by)
      : file_(&file), prefix_(group_prefix(by, project)), key_(prefix_) {}
  Result<bool> next() override;
  const GroupPart& part() const override { return part_; }

 private:
  const SealedFile* file_;
  const std::string prefix_;
  std::string key_;  // of the group it stands on
  GroupPart part_;
  bool done_ = false;
};

}  // namespace tracia::store_sqlite
