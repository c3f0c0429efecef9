// Reading one embedding as several vendors write it.
#pragma once

#include <vector>

#include "tracia/json/reader.h"

namespace tracia::llm {

// An array of numbers, or the base64 of little-endian 32-bit floats. False, with `out` empty, for anything else and for
// an empty vector. O(values).
bool read_vector(const json::Value& value, std::vector<float>& out);

}  // namespace tracia::llm
