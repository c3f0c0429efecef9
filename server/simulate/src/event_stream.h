// AWS event stream framing, the writing side. Source: "Amazon event stream encoding" in the AWS documentation.
//
//   total length u32 | headers length u32 | CRC32 of those 8 bytes | headers | payload | CRC32 of all before
//   header: name length u8 | name | 7 (string) | value length u16 | value          (all big-endian)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tracia::simulate {

uint32_t crc32(std::string_view bytes);  // IEEE 802.3, reflected, as in gzip

// An event of type `name` with a JSON payload.
std::string event_frame(std::string_view name, std::string_view json);
// An exception that ends the stream: ":message-type" is "exception".
std::string exception_frame(std::string_view name, std::string_view json);

}  // namespace tracia::simulate
