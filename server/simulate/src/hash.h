// Everything that looks random here: drawn from a hash of the request and the seed.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tracia::simulate {

inline uint64_t hash_text(std::string_view text, uint64_t seed = 0) {
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
inline uint64_t mix(uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

class Rng {
 public:
  explicit Rng(uint64_t seed) : state_(seed) {}
  uint64_t next() { return mix(state_++); }
  // In [0, n); n > 0. The bias of the modulus does not matter for prose.
  size_t below(size_t n) { return static_cast<size_t>(next() % n); }
  double uniform() { return (static_cast<double>(next() >> 11) + 0.5) * 0x1.0p-53; }  // in (0, 1)
  bool chance(double p) { return uniform() < p; }
  template <typename T, size_t N>
  const T& pick(const std::array<T, N>& from) {
    return from[below(N)];
  }

 private:
  uint64_t state_;
};

// prefix + `count` characters of [0-9A-Za-z].
inline std::string make_id(std::string_view prefix, Rng& rng, size_t count) {
  static constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string id(prefix);
  for (size_t i = 0; i < count; ++i) id.push_back(kAlphabet[rng.below(kAlphabet.size())]);
  return id;
}

inline std::string make_hex(Rng& rng, size_t count) {
  std::string id;
  for (size_t i = 0; i < count; ++i) id.push_back("0123456789abcdef"[rng.below(16)]);
  return id;
}

inline std::string make_uuid(Rng& rng) {
  std::string id = make_hex(rng, 32);
  id[12] = '4';
  id[16] = "89ab"[rng.below(4)];
  for (const size_t at : {8u, 13u, 18u, 23u}) id.insert(at, "-");
  return id;
}

}  // namespace tracia::simulate
