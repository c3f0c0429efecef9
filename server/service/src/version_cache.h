// The versions last used, in memory: bounded by count and by bytes. Thread-safe; a lookup is one short lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tracia/prompt/prompt.h"

namespace tracia::service {

// About what a version takes in memory.
size_t bytes_of(const prompt::Version& version);

class VersionCache {
 public:
  VersionCache(size_t count_max, size_t bytes_max) : count_max_(count_max), bytes_max_(bytes_max) {}

  std::shared_ptr<const prompt::Version> find(std::string_view prompt_id, int64_t number);
  void put(std::shared_ptr<const prompt::Version> version);
  // All of one prompt. O(versions kept).
  void remove(std::string_view prompt_id);

  size_t count() const;
  size_t bytes() const;

 private:
  // Views into the entry's own version.
  struct Key {
    std::string_view prompt_id;
    int64_t number = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const {
      return std::hash<std::string_view>()(key.prompt_id) * 31 + static_cast<size_t>(key.number);
    }
  };
  struct Entry {
    std::shared_ptr<const prompt::Version> version;
    size_t bytes = 0;
  };
  using Entries = std::list<Entry>;

  void erase(Entries::iterator entry);

  const size_t count_max_, bytes_max_;
  mutable std::mutex mutex_;
  Entries entries_;  // last used first
  std::unordered_map<Key, Entries::iterator, KeyHash> index_;
  size_t bytes_ = 0;
};

}  // namespace tracia::service
