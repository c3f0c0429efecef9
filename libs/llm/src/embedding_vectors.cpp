#include "embedding_vectors.h"

#include <bit>
#include <cstdint>

#include "tracia/base/bytes.h"

namespace tracia::llm {
namespace {

bool read_base64(std::string_view text, std::vector<float>& out) {
  const auto bytes = base64_decode(text);
  if (!bytes || bytes->empty() || bytes->size() % 4 != 0) return false;
  out.reserve(bytes->size() / 4);
  for (size_t i = 0; i < bytes->size(); i += 4) {
    uint32_t bits = 0;
    for (size_t k = 4; k-- > 0;) bits = bits << 8 | static_cast<uint8_t>((*bytes)[i + k]);
    out.push_back(std::bit_cast<float>(bits));
  }
  return true;
}

}  // namespace

bool read_vector(const json::Value& value, std::vector<float>& out) {
  out.clear();
  if (const auto text = value.string()) return read_base64(*text, out);
  if (!value.is_array()) return false;
  out.reserve(value.size());
  for (const json::Value item : value.items()) {
    const auto number = item.number();
    if (!number) {
      out.clear();
      return false;
    }
    out.push_back(static_cast<float>(*number));
  }
  return !out.empty();
}

}  // namespace tracia::llm
