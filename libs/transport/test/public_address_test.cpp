// Which addresses a stranger's URL may lead to, and that an exchange keeps to it.
#include <gtest/gtest.h>

#include "exchange_fixture.h"
#include "tracia/transport/transport.h"

namespace tracia::transport {
namespace {

TEST(PublicAddressTest, private_local_and_reserved_addresses_are_not_public) {
  for (const char* address : {"127.0.0.1",
                              "127.9.9.9",
                              "0.0.0.0",
                              "10.1.2.3",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "169.254.169.254",
                              "100.64.0.1",
                              "168.63.129.16",
                              "192.0.2.1",
                              "198.18.0.1",
                              "224.0.0.1",
                              "255.255.255.255",
                              "240.0.0.1",
                              "::",
                              "::1",
                              "::ffff:127.0.0.1",
                              "::ffff:8.8.8.8",
                              "fe80::1",
                              "fc00::1",
                              "fd00:ec2::254",
                              "ff02::1",
                              "2001:db8::1",
                              "2001::1",
                              "2002:7f00:1::",
                              "64:ff9b::7f00:1",
                              "64:ff9b:1::1",
                              "3fff::1",
                              "",
                              "localhost",
                              "1.2.3",
                              "8.8.8.8 "}) {
    EXPECT_FALSE(is_public_address(address)) << address;
  }
}

TEST(PublicAddressTest, addresses_of_the_internet_are_public) {
  for (const char* address : {"8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "104.18.6.192",
                              "2606:4700::6812:7c0", "2001:4860:4860::8888", "2a00:1450::1", "64:ff9b::808:808"}) {
    EXPECT_TRUE(is_public_address(address)) << address;
  }
}

using namespace test;

class PublicAddressesOnly : public ExchangeTest {};

TEST_P(PublicAddressesOnly, refuses_a_private_address_before_connecting) {
  std::atomic<int> connections{0};
  RawServer server([&](Peer& peer) {
    ++connections;
    while (!peer.read_request().empty()) peer.send(ok("x"));
  });
  Transport transport;
  EXPECT_FAILS(run(transport, post(server.url()), {.public_addresses_only = true}), kForbidden, kPermission);
  EXPECT_EQ(connections, 0);
  EXPECT_EQ(last->heads, 0);
}

TEST_P(PublicAddressesOnly, refuses_a_kept_connection_that_another_exchange_opened) {
  std::atomic<int> requests{0};
  RawServer server([&](Peer& peer) {
    while (!peer.read_request().empty()) {
      ++requests;
      peer.send(ok("x"));
    }
  });
  Transport transport({.use_proxy_env = false});
  ASSERT_TRUE(run(transport, post(server.url())).status);
  EXPECT_FAILS(run(transport, post(server.url()), {.public_addresses_only = true}), kForbidden, kPermission);
  EXPECT_EQ(requests, 1);
  EXPECT_TRUE(run(transport, post(server.url())).status) << "the next exchange is free again";
}

TRACIA_BOTH_WAYS(PublicAddressesOnly);

}  // namespace
}  // namespace tracia::transport
