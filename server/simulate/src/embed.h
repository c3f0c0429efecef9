// Vectors in which similar texts lie close: words and letter trigrams, hashed to signed directions, normalised.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tracia::simulate {

// `dimensions` values of Euclidean length 1. O(text). At most 64 KiB of the text count.
std::vector<float> embed_text(std::string_view text, size_t dimensions, uint64_t seed);

// Little-endian IEEE 754 singles in base64: what encoding_format=base64 means.
std::string base64_floats(const std::vector<float>& values);
// Scaled to a signed byte (or, plus 128, an unsigned one).
std::vector<int> quantize(const std::vector<float>& values, bool is_unsigned);
// One bit a value, eight to a byte, most significant first; signed bytes carry an offset of -128 (Voyage, Cohere).
std::vector<int> pack_bits(const std::vector<float>& values, bool is_unsigned);

}  // namespace tracia::simulate
