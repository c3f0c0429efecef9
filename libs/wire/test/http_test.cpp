#include "tracia/wire/http.h"

#include <gtest/gtest.h>

namespace tracia::wire {
namespace {

TEST(HostOfAuthority, LeavesOutPortAndBrackets) {
  EXPECT_EQ(host_of_authority("example.com:80"), "example.com");
  EXPECT_EQ(host_of_authority("example.com"), "example.com");
  EXPECT_EQ(host_of_authority("[::1]:7070"), "::1");
  EXPECT_EQ(host_of_authority("[::1"), "::1");
  EXPECT_EQ(host_of_authority(""), "");
}

TEST(IsLoopbackHost, KnowsThisMachineAndNoLookalikes) {
  for (const char* host : {"127.0.0.1", "127.9.8.7", "::1", "localhost", "LOCALHOST"})
    EXPECT_TRUE(is_loopback_host(host));
  for (const char* host : {"127.evil.example", "localhost.example", "10.0.0.1", "", "12.7.0.1", "::2"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
}

}  // namespace
}  // namespace tracia::wire
