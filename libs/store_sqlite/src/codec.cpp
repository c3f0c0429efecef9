#include "codec.h"

namespace tracia::store_sqlite {
namespace {

__extension__ using Uint128 = unsigned __int128;

}  // namespace

void ByteWriter::zigzag128(llm::Int128 value) {
  wide((static_cast<Uint128>(value) << 1) ^ static_cast<Uint128>(value >> 127));
}

void ByteWriter::fixed64(uint64_t value) {
  for (int i = 0; i < 8; ++i) byte(static_cast<uint8_t>(value >> (8 * i)));
}

uint64_t ByteReader::long_varint() {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const uint8_t part = byte();
    value |= static_cast<uint64_t>(part & 0x7f) << shift;
    if ((part & 0x80) == 0) {
      if (shift == 63 && part > 1) return fail();
      return value;
    }
  }
  return fail();
}

llm::Int128 ByteReader::zigzag128() {
  Uint128 raw = 0;
  for (unsigned shift = 0; shift < 128; shift += 7) {
    const uint8_t part = byte();
    raw |= static_cast<Uint128>(part & 0x7f) << shift;
    if ((part & 0x80) == 0) return static_cast<llm::Int128>((raw >> 1) ^ (~(raw & 1) + 1));
  }
  return fail();
}

uint64_t ByteReader::fixed64() {
  const std::string_view raw = bytes(8);
  uint64_t value = 0;
  for (size_t i = 0; i < raw.size(); ++i) value |= static_cast<uint64_t>(static_cast<uint8_t>(raw[i])) << (8 * i);
  return value;
}

}  // namespace tracia::store_sqlite
