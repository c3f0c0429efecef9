// A bloom filter in blocks of 256 bits, one bit in each of a block's eight words: a question touches one cache line.
// The scheme is Parquet's split block filter (apache/parquet-format, BloomFilter.md). At kBitsPerKey about one question
// in a thousand about an absent key is answered with "perhaps".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tracia::store_sqlite {

class Bloom {
 public:
  static constexpr size_t kBitsPerKey = 16;

  explicit Bloom(size_t keys);
  void add(uint64_t key);
  bool may_have(uint64_t key) const;
  size_t bytes() const { return words_.size() * sizeof(uint32_t); }

  std::string encode() const;  // the words, little end first
  static std::optional<Bloom> decode(std::string_view bytes);

 private:
  Bloom() = default;
  size_t block_of(uint64_t key) const;
  std::vector<uint32_t> words_;  // eight a block
};

}  // namespace tracia::store_sqlite
