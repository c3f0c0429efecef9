#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <string>

#include "tracia/transport/transport.h"

namespace tracia::transport {
namespace {

struct Block4 {
  uint32_t network;
  int bits;
};
// What IANA's registry does not call globally reachable, multicast, and the future-use block.
constexpr Block4 kNotPublic4[] = {
    {0x00000000, 8},   // this network
    {0x0A000000, 8},   // private
    {0x64400000, 10},  // shared (CGNAT)
    {0x7F000000, 8},   // loopback
    {0xA9FE0000, 16},  // link-local, and the clouds' metadata services
    {0xAC100000, 12},  // private
    {0xC0000000, 24},  // IETF protocol assignments
    {0xC0000200, 24},  // documentation
    {0xC0586300, 24},  // 6to4 relays
    {0xC0A80000, 16},  // private
    {0xC6120000, 15},  // benchmarking
    {0xC6336400, 24},  // documentation
    {0xCB007100, 24},  // documentation
    {0xE0000000, 3},   // multicast, reserved, broadcast
};

bool is_public_4(uint32_t address) {
  for (const Block4& block : kNotPublic4) {
    if ((address ^ block.network) >> (32 - block.bits) == 0) return false;
  }
  // Azure's metadata and key service, which is reached by a public number from inside only.
  return address != 0xA83F8110;
}

uint32_t word(const std::array<uint8_t, 16>& bytes, size_t at) {
  return uint32_t{bytes[at]} << 24 | uint32_t{bytes[at + 1]} << 16 | uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
}

bool is_public_6(const std::array<uint8_t, 16>& b) {
  if (word(b, 0) == 0x0064FF9B && word(b, 4) == 0 && word(b, 8) == 0) return is_public_4(word(b, 12));  // NAT64
  if (b[0] >> 5 != 1) return false;                                  // all global unicast is in 2000::/3
  if (b[0] == 0x20 && b[1] == 0x02) return is_public_4(word(b, 2));  // 6to4
  if (word(b, 0) >> 9 == 0x20010000 >> 9) return false;              // protocol assignments, Teredo
  if (word(b, 0) == 0x20010DB8) return false;                        // documentation
  return !(b[0] == 0x3F && b[1] == 0xFF && b[2] < 0x10);             // documentation, RFC 9637
}

}  // namespace

bool is_public_address(std::string_view address) {
  const std::string text(address);
  in_addr four{};
  if (::inet_pton(AF_INET, text.c_str(), &four) == 1) return is_public_4(ntohl(four.s_addr));
  std::array<uint8_t, 16> six{};
  return ::inet_pton(AF_INET6, text.c_str(), six.data()) == 1 && is_public_6(six);
}

}  // namespace tracia::transport
