// Bytes in and out: varints, zigzag, length-prefixed text. Both kinds of segments are written with it. A reader is
// total: past the end, or after anything malformed, it gives zeros and empty texts, and ok() stays false.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "tracia/llm/decimal.h"

namespace tracia::store_sqlite {

// Appends to a string that the caller owns.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(&out) {}

  void byte(uint8_t value) { out_->push_back(static_cast<char>(value)); }
  void bytes(std::string_view value) { out_->append(value); }
  // 7 bits a byte, low ones first; the high bit says that more follow (LEB128).
  void varint(uint64_t value) { wide(value); }
  // Signed, small magnitudes short: 0, -1, 1, -2, … become 0, 1, 2, 3, …
  void zigzag(int64_t value) { varint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63)); }
  void zigzag128(llm::Int128 value);
  void fixed64(uint64_t value);  // little end first
  void real(double value) {
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    fixed64(bits);
  }
  void text(std::string_view value) {
    varint(value.size());
    bytes(value);
  }

 private:
  template <typename T>
  void wide(T value) {
    while (value >= 0x80) {
      byte(static_cast<uint8_t>(value) | 0x80);
      value >>= 7;
    }
    byte(static_cast<uint8_t>(value));
  }
  std::string* out_;
};

// Reads from bytes that must outlive it and the views it gives.
class ByteReader {
 public:
  explicit ByteReader(std::string_view data) : at_(data.data()), end_(data.data() + data.size()) {}

  bool ok() const { return ok_; }
  bool at_end() const { return at_ == end_; }
  size_t left() const { return static_cast<size_t>(end_ - at_); }
  std::string_view rest() const { return {at_, left()}; }

  uint8_t byte() {
    if (at_ == end_) return fail();
    return static_cast<uint8_t>(*at_++);
  }
  uint64_t varint() {
    if (at_ != end_ && (static_cast<uint8_t>(*at_) & 0x80) == 0) return static_cast<uint8_t>(*at_++);
    return long_varint();
  }
  int64_t zigzag() {
    const uint64_t raw = varint();
    return static_cast<int64_t>((raw >> 1) ^ (~(raw & 1) + 1));
  }
  llm::Int128 zigzag128();
  uint64_t fixed64();
  double real() {
    const uint64_t bits = fixed64();
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
  std::string_view bytes(uint64_t count) {
    if (count > left()) {
      fail();
      return {};
    }
    const std::string_view value(at_, static_cast<size_t>(count));
    at_ += count;
    return value;
  }
  std::string_view text() { return bytes(varint()); }
  // A count of things that take at least one byte each: never more than what is left.
  size_t count() {
    const uint64_t value = varint();
    return value > left() ? fail() : static_cast<size_t>(value);
  }

 private:
  uint8_t fail() {
    ok_ = false;
    at_ = end_;
    return 0;
  }
  uint64_t long_varint();

  const char* at_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace tracia::store_sqlite
