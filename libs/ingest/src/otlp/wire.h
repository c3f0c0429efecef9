// Protocol buffers on the wire, as far as OTLP needs them: a reader of one message's fields and an appender. Total on
// any bytes: a length beyond the message, an over-long varint or an unknown wire type ends the reading with ok() false.
// Source: the encoding guide of Protocol Buffers.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tracia::ingest::otlp {

class MessageReader {
 public:
  explicit MessageReader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  // The next field; false at the end and on damage.
  bool next() {
    if (at_ == end_ || !ok_) return false;
    const uint64_t tag = varint();
    field_ = static_cast<uint32_t>(tag >> 3);
    type_ = static_cast<unsigned>(tag & 7);
    if (!ok_ || field_ == 0 || tag > UINT32_MAX) return damaged();
    switch (type_) {
      case 0: number_ = varint(); break;
      case 1: number_ = fixed(8); break;
      case 2: take_bytes(); break;
      case 5: number_ = fixed(4); break;
      default: return damaged();  // groups are not used by OTLP
    }
    return ok_;
  }
  bool ok() const { return ok_; }
  uint32_t field() const { return field_; }

  // The field's value; zero or empty when it has another wire type.
  std::string_view bytes() const { return type_ == 2 ? bytes_ : std::string_view(); }
  uint64_t number() const { return type_ == 2 ? 0 : number_; }
  double real() const { return type_ == 1 ? std::bit_cast<double>(number_) : 0; }
  bool is_message() const { return type_ == 2; }

 private:
  bool damaged() {
    ok_ = false;
    return false;
  }
  uint64_t varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      if (at_ == end_ || shift == 70) break;
      const auto byte = static_cast<unsigned char>(*at_++);
      if (shift < 64) value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    ok_ = false;
    return 0;
  }
  uint64_t fixed(unsigned size) {
    if (static_cast<size_t>(end_ - at_) < size) {
      ok_ = false;
      return 0;
    }
    uint64_t value = 0;
    for (unsigned i = 0; i < size; ++i) value |= static_cast<uint64_t>(static_cast<unsigned char>(at_[i])) << (8 * i);
    at_ += size;
    return value;
  }
  void take_bytes() {
    const uint64_t size = varint();
    if (!ok_ || size > static_cast<uint64_t>(end_ - at_)) {
      ok_ = false;
      return;
    }
    bytes_ = std::string_view(at_, static_cast<size_t>(size));
    at_ += size;
  }

  const char* at_;
  const char* end_;
  uint32_t field_ = 0;
  unsigned type_ = 0;
  uint64_t number_ = 0;
  std::string_view bytes_;
  bool ok_ = true;
};

inline void append_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}
inline void append_number_field(std::string& out, uint32_t field, uint64_t value) {
  append_varint(out, static_cast<uint64_t>(field) << 3);
  append_varint(out, value);
}
inline void append_bytes_field(std::string& out, uint32_t field, std::string_view bytes) {
  append_varint(out, static_cast<uint64_t>(field) << 3 | 2);
  append_varint(out, bytes.size());
  out.append(bytes);
}

}  // namespace tracia::ingest::otlp
