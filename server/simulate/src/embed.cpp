#include "embed.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "hash.h"
#include "tracia/base/bytes.h"

namespace tracia::simulate {
namespace {

constexpr size_t kTextBytesMax = 64u << 10;
constexpr int kDirections = 8;

void add_feature(std::vector<float>& out, uint64_t feature, float weight) {
  for (int i = 0; i < kDirections; ++i) {
    const uint64_t bits = mix(feature + static_cast<uint64_t>(i));
    out[static_cast<size_t>((bits >> 1) % out.size())] += (bits & 1) != 0 ? weight : -weight;
  }
}

bool is_common(std::string_view word) {
  static constexpr std::array<std::string_view, 32> kWords = {
      "a",   "an", "and",  "are", "as",   "at",   "be",   "by",  "do",   "for",  "from",
      "how", "i",  "in",   "is",  "it",   "me",   "of",   "on",  "or",   "that", "the",
      "to",  "us", "very", "was", "what", "were", "with", "you", "this", "your"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

double length_of(const std::vector<float>& values) {
  double sum = 0;
  for (const float v : values) sum += static_cast<double>(v) * v;
  return std::sqrt(sum);
}

// A little of every direction, as real vectors have: no value is zero.
void add_noise(std::vector<float>& out, uint64_t feature, double length) {
  constexpr double kShare = 0.15;
  const auto scale = static_cast<float>(kShare * length * std::sqrt(3.0 / static_cast<double>(out.size())));
  for (size_t i = 0; i < out.size(); ++i) {
    const auto bits = static_cast<int32_t>(mix(feature + i) >> 32);
    out[i] += scale * (static_cast<float>(bits) + 0.5f) * 0x1.0p-31f;
  }
}

}  // namespace

std::vector<float> embed_text(std::string_view text, size_t dimensions, uint64_t seed) {
  std::vector<float> out(std::max<size_t>(dimensions, 1), 0.0f);
  const std::string lower = ascii_lower(text.substr(0, kTextBytesMax));
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
  };
  for (size_t i = 0; i < lower.size();) {
    if (!is_word(lower[i])) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < lower.size() && is_word(lower[end])) ++end;
    const std::string_view word = std::string_view(lower).substr(i, end - i);
    add_feature(out, hash_text(word, seed), is_common(word) ? 0.15f : 1.0f);
    if (!is_common(word)) {
      const std::string padded = "^" + std::string(word) + "$";  // beginnings and endings count: cat, cats
      for (size_t k = 0; k + 3 <= padded.size(); ++k) {
        add_feature(out, hash_text(std::string_view(padded).substr(k, 3), seed ^ 3), 0.35f);
      }
    }
    i = end;
  }
  if (length_of(out) == 0) add_feature(out, hash_text(text, seed ^ 7), 1.0f);  // no words: some direction of its own
  add_noise(out, hash_text(text, seed ^ 9), std::max(length_of(out), 1e-6));
  const double length = length_of(out);
  for (float& v : out) v = static_cast<float>(v / length);
  return out;
}

std::string base64_floats(const std::vector<float>& values) {
  std::string bytes;
  bytes.reserve(values.size() * 4);
  for (const float v : values) {
    const auto bits = std::bit_cast<uint32_t>(v);
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>((bits >> shift) & 0xFF));
  }
  return base64_encode(bytes);
}

std::vector<int> quantize(const std::vector<float>& values, bool is_unsigned) {
  float largest = 1e-9f;
  for (const float v : values) largest = std::max(largest, std::fabs(v));
  std::vector<int> out;
  out.reserve(values.size());
  for (const float v : values)
    out.push_back(static_cast<int>(std::lround(v / largest * 127)) + (is_unsigned ? 128 : 0));
  return out;
}

std::vector<int> pack_bits(const std::vector<float>& values, bool is_unsigned) {
  std::vector<int> out;
  out.reserve(values.size() / 8 + 1);
  for (size_t i = 0; i < values.size(); i += 8) {
    int byte = 0;
    for (size_t k = 0; k < 8; ++k) byte = byte * 2 + (i + k < values.size() && values[i + k] > 0 ? 1 : 0);
    out.push_back(is_unsigned ? byte : byte - 128);
  }
  return out;
}

}  // namespace tracia::simulate
