// A multimap from 64-bit keys to the numbers 0, 1, 2, … in the order they were added: 16 bytes an item, no allocation
// for each. Chained hashing over flat arrays. An item may have no key: it takes a number and is never found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tracia::store_sqlite {

// Plain value; keys must be well mixed (hashes).
class KeyIndex {
 public:
  static constexpr uint32_t kNone = 0xffffffff;
  static constexpr uint64_t kNoKey = 0;

  size_t size() const { return keys_.size(); }

  // Adds item number size().
  void push(uint64_t key) {
    if (keys_.size() >= heads_.size()) grow();
    keys_.push_back(key);
    next_.push_back(0);
    link(static_cast<uint32_t>(keys_.size() - 1));
  }
  // Takes the last item back.
  void pop() {
    if (keys_.back() != kNoKey) heads_[slot(keys_.back())] = next_.back();
    keys_.pop_back();
    next_.pop_back();
  }
  // The newest item of that key, and the next older one; kNone: no more.
  uint32_t first(uint64_t key) const { return heads_.empty() ? kNone : skip(heads_[slot(key)], key); }
  uint32_t next(uint32_t item) const { return skip(next_[item], keys_[item]); }

 private:
  size_t slot(uint64_t key) const { return key & (heads_.size() - 1); }
  void link(uint32_t item) {
    if (keys_[item] == kNoKey) return;
    uint32_t& head = heads_[slot(keys_[item])];
    next_[item] = head;
    head = item;
  }
  uint32_t skip(uint32_t item, uint64_t key) const {
    while (item != kNone && keys_[item] != key) item = next_[item];
    return item;
  }
  void grow() {
    heads_.assign(heads_.empty() ? 1024 : heads_.size() * 2, kNone);
    for (uint32_t i = 0; i < keys_.size(); ++i) link(i);
  }

  std::vector<uint32_t> heads_;  // a power of two of them
  std::vector<uint64_t> keys_;
  std::vector<uint32_t> next_;
};

}  // namespace tracia::store_sqlite
