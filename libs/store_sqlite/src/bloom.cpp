#include "bloom.h"

#include <algorithm>
#include <cstring>

namespace tracia::store_sqlite {
namespace {

constexpr size_t kWords = 8;
constexpr size_t kBlockBits = 256;
// Parquet's multipliers, one a word.
constexpr uint32_t kSalts[kWords] = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
                                     0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U};

uint32_t bit_of(uint64_t key, size_t word) { return 1u << (static_cast<uint32_t>(key) * kSalts[word] >> 27); }

}  // namespace

Bloom::Bloom(size_t keys) : words_(std::max<size_t>(1, (keys * kBitsPerKey + kBlockBits - 1) / kBlockBits) * kWords) {}

size_t Bloom::block_of(uint64_t key) const { return ((key >> 32) * (words_.size() / kWords)) >> 32; }

void Bloom::add(uint64_t key) {
  uint32_t* block = &words_[block_of(key) * kWords];
  for (size_t i = 0; i < kWords; ++i) block[i] |= bit_of(key, i);
}

bool Bloom::may_have(uint64_t key) const {
  const uint32_t* block = &words_[block_of(key) * kWords];
  uint32_t missing = 0;
  for (size_t i = 0; i < kWords; ++i) missing |= ~block[i] & bit_of(key, i);
  return missing == 0;
}

std::string Bloom::encode() const {
  std::string bytes;
  bytes.reserve(words_.size() * 4);
  for (const uint32_t word : words_) {
    for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(word >> shift);
  }
  return bytes;
}

std::optional<Bloom> Bloom::decode(std::string_view bytes) {
  if (bytes.empty() || bytes.size() % (kWords * 4) != 0) return std::nullopt;
  Bloom bloom;
  bloom.words_.resize(bytes.size() / 4);
  for (size_t i = 0; i < bytes.size(); ++i) {
    bloom.words_[i / 4] |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[i])) << (i % 4 * 8);
  }
  return bloom;
}

}  // namespace tracia::store_sqlite
