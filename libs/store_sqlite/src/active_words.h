// Which words may begin in the texts of each span of an active segment: what lets a search pass over most of its spans
// without reading them. In memory only, and made behind the writer's back: the spans that are not in it yet are read.
// Like the index of sealed segments (words.h) it may give a span too many, never one too few.
//
// A unit is one content in one form, or what a span holds in none, as in words.h; of each there is a bloom filter of
// the beginnings of its words, of the lengths in kBeginnings. A word that is looked for must have all of its own
// beginnings in one unit of a span.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bloom.h"
#include "record.h"

namespace tracia::store_sqlite {

// The words of a filter, prepared.
class WordQuery {
 public:
  WordQuery() = default;
  explicit WordQuery(const std::vector<std::string>& words);
  bool empty() const { return words_.empty(); }  // nothing that the index could tell
  // Of each word the keys of its beginnings, the longest first.
  const std::vector<std::vector<uint64_t>>& words() const { return words_; }

 private:
  std::vector<std::vector<uint64_t>> words_;
};

// Readers: any number. add() and flush(): one thread at a time.
class ActiveWords {
 public:
  // Some 0.4 bytes a byte of text. A segment with more text is read from where this is full.
  static constexpr size_t kBytesMax = 64u << 20;

  explicit ActiveWords(size_t bytes_max = kBytesMax) : bytes_max_(bytes_max) {}

  // Spans come in the order of their numbers, from 0. `numbers` of the span's contents, `content(place)` gives the
  // content at a place of that list and is asked once for each content and form. Errors are those of `content`; then
  // the span was not added.
  using ContentAt = std::function<Result<std::string>(size_t place)>;
  Status add(std::string_view name, const std::vector<SearchedPiece>& pieces, const std::vector<uint64_t>& numbers,
             const ContentAt& content);
  // A span that could not be read: every search looks at it.
  void add_unknown();
  void flush();                            // shows readers what was added
  size_t added() const { return added_; }  // flushed or not; for the adding thread
  // Of any thread: how many spans readers see, and whether there will be no more.
  size_t spans() const { return spans_.load(std::memory_order_relaxed); }
  bool full() const { return full_.load(std::memory_order_relaxed); }

  // False: the span cannot match. True for spans that are not in it.
  class Look {
   public:
    bool may_match(size_t span, const WordQuery& query) const;

   private:
    friend class ActiveWords;
    explicit Look(const ActiveWords& words) : words_(&words), lock_(words.mutex_) {}
    const ActiveWords* words_;
    std::shared_lock<std::shared_mutex> lock_;
  };
  Look look() const { return Look(*this); }  // holds up flush() as long as it lives

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  // Distinct keys: a set that is emptied in the time of what it holds.
  class Keys {
   public:
    void add(uint64_t key);
    void clear();
    const std::vector<uint64_t>& all() const { return keys_; }

   private:
    void grow();
    std::vector<uint64_t> slots_ = std::vector<uint64_t>(1024);  // 0: free
    std::vector<uint64_t> keys_;
  };
  void collect(std::string_view text);
  uint32_t add_unit();

  const size_t bytes_max_;

  // The adding thread's own: what readers do not see yet, and what it needs to go on.
  Keys keys_;
  json::Document document_;
  std::unordered_map<uint64_t, uint32_t> content_unit_;  // by number and form
  std::vector<Bloom> new_units_;
  std::vector<uint32_t> new_uses_, new_ends_;
  size_t units_added_ = 0, uses_added_ = 0, added_ = 0, bytes_ = 0;

  mutable std::shared_mutex mutex_;
  std::vector<Bloom> units_;
  std::vector<uint32_t> uses_;  // the units of one span after another; kNone: not known
  std::vector<uint32_t> ends_;  // of each span, in uses_
  std::atomic<size_t> spans_{0};
  std::atomic<bool> full_{false};
};

}  // namespace tracia::store_sqlite
