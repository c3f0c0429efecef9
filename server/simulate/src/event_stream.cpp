#include "event_stream.h"

#include <array>

namespace tracia::simulate {
namespace {

constexpr std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1) != 0 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
    table[i] = c;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kTable = make_table();

void append_u32(std::string& out, uint32_t n) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>((n >> shift) & 0xFF));
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.push_back(static_cast<char>(name.size()));
  out.append(name);
  out.push_back(7);
  out.push_back(static_cast<char>((value.size() >> 8) & 0xFF));
  out.push_back(static_cast<char>(value.size() & 0xFF));
  out.append(value);
}

std::string frame(std::string_view kind_header, std::string_view name, std::string_view type,
                  std::string_view payload) {
  std::string headers;
  append_header(headers, kind_header, name);
  append_header(headers, ":content-type", "application/json");
  append_header(headers, ":message-type", type);
  std::string out;
  out.reserve(16 + headers.size() + payload.size());
  append_u32(out, static_cast<uint32_t>(16 + headers.size() + payload.size()));
  append_u32(out, static_cast<uint32_t>(headers.size()));
  append_u32(out, crc32(out));
  out.append(headers).append(payload);
  append_u32(out, crc32(out));
  return out;
}

}  // namespace

uint32_t crc32(std::string_view bytes) {
  uint32_t c = 0xFFFFFFFFu;
  for (const char byte : bytes) c = kTable[(c ^ static_cast<unsigned char>(byte)) & 0xFF] ^ (c >> 8);
  return c ^ 0xFFFFFFFFu;
}

std::string event_frame(std::string_view name, std::string_view json) {
  return frame(":event-type", name, "event", json);
}
std::string exception_frame(std::string_view name, std::string_view json) {
  return frame(":exception-type", name, "exception", json);
}

}  // namespace tracia::simulate
