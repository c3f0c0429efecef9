// Reading spans out of one sealed file: what is in memory of it, and the blocks of one reader.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
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

// What a sealed file keeps in memory. Never changes once open, but for the filter that comes later; thread-safe.
class SealedFile {
 public:
  static Result<std::unique_ptr<SealedFile>> open(const std::filesystem::path& path, std::shared_ptr<ReaderPool> pool);
  SealedFile(const SealedFile&) = delete;
  SealedFile& operator=(const SealedFile&) = delete;
  ~SealedFile();

  const SealedMeta& meta() const { return meta_; }
  // False: certainly not in it. Always true before load_filter().
  bool may_have(uint64_t key) const {
    const Bloom* filter = filter_.load(std::memory_order_acquire);
    return filter == nullptr || filter->may_have(key);
  }
  Status load_filter() const;
  const std::vector<uint64_t>& replaces() const { return replaces_; }
  const std::filesystem::path& path() const { return path_; }

  Result<ReaderPool::Lease> borrow() const { return pool_->borrow(owner_, path_); }
  // The project's place in meta().projects.
  std::optional<size_t> project(std::string_view id) const;
  // Of one value, positions within the project; an empty list when there is none.
  Result<PositionList> positions(size_t project, Field field, std::string_view value) const;
  // Whether there is an index of words.
  bool has_words() const { return has_words_; }
  // Lists of the units that may hold a word as SpanFilter.words means it: none, when no span does; nullopt: the index
  // does not tell. Needs has_words(), as do the next two.
  using WordLists = std::vector<std::string>;
  Result<std::optional<WordLists>> word_lists(size_t project, std::string_view word) const;
  Result<WordUnits> word_units(size_t project) const;
  // The positions, within the project, of the spans that have a unit of the lists of each word.
  Result<PositionList> positions_of(const WordUnits& units, std::vector<WordLists> words) const;
  // nullopt: the file does not have it.
  Result<std::optional<Rollup>> rollup(size_t project, RollupView view, RollupSlot slot) const;

  // `error` with the file's name.
  Error named(Error error) const;
  Error damaged(std::string_view what) const;

 private:
  // What is read of it when it is opened.
  struct Head {
    SealedMeta meta;
    std::vector<uint64_t> replaces;
    bool has_words = false;
  };
  SealedFile(std::filesystem::path path, std::shared_ptr<ReaderPool> pool, uint64_t owner, Head head)
      : path_(std::move(path)),
        pool_(std::move(pool)),
        owner_(owner),
        meta_(std::move(head.meta)),
        replaces_(std::move(head.replaces)),
        has_words_(head.has_words) {}
  static Result<Head> read_head(const std::filesystem::path& path, const std::string& vfs);

  Result<bool> collect_lists(Statement& select, size_t project, uint64_t part, const WordRange& range,
                             WordLists& lists) const;

  const std::filesystem::path path_;
  const std::shared_ptr<ReaderPool> pool_;
  const uint64_t owner_;
  const SealedMeta meta_;
  mutable std::mutex filter_mutex_;
  mutable std::unique_ptr<const Bloom> bloom_;
  mutable std::atomic<const Bloom*> filter_{nullptr};  // bloom_, once it is there
  const std::vector<uint64_t> replaces_;
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
  // The encoded row and detail of a span: views into this reader's blocks, as above.
  Result<std::string_view> row_bytes(uint32_t position);
  Result<Detail> detail(uint32_t position);
  // Valid until the next call.
  Status contents_of(const std::vector<uint64_t>& numbers, std::vector<std::string_view>& out);
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
