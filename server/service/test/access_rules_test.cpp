#include "access_rules.h"

#include <gtest/gtest.h>

namespace tracia::service {
namespace {

TEST(AccessRules, NamesAreTrimmedAndBounded) {
  EXPECT_EQ(*check_name("name", "  Ada \n"), "Ada");
  EXPECT_EQ(*check_name("name", std::string(100, 'x')), std::string(100, 'x'));
  EXPECT_FALSE(check_name("name", std::string(101, 'x')));
  EXPECT_EQ(check_name("name", "   ").error().message, "name: must have 1 to 100 characters");
}

TEST(AccessRules, NamesCountCharactersNotBytes) {
  std::string umlauts;
  for (int i = 0; i < 100; ++i) umlauts += "\xC3\xBC";
  EXPECT_TRUE(check_name("name", umlauts));
}

TEST(AccessRules, NamesWithoutMeaningAreRefused) {
  EXPECT_FALSE(check_name("name", "a\x01z"));
  EXPECT_FALSE(check_name("name", "a\nz"));
  EXPECT_FALSE(check_name("name", "\xFF\xFE"));
}

TEST(AccessRules, EmailsAreCheckedSimply) {
  for (const char* good : {"a@b", "ada@example.com", " ada@example.com ", "a+b@x.y", "\xC3\xBC@example.com"}) {
    EXPECT_TRUE(check_email(good)) << good;
  }
  for (const char* bad : {"", "ada", "@x", "ada@", "a b@x", "a@b@c", "a@b\n.c", "\xFF@x"}) {
    const auto checked = check_email(bad);
    ASSERT_FALSE(checked) << bad;
    EXPECT_EQ(checked.error().message, "email: must be an address like name@example.com");
  }
  EXPECT_FALSE(check_email(std::string(250, 'a') + "@x.yz"));
}

TEST(AccessRules, ABootstrapKeyNeeds32Characters) {
  EXPECT_TRUE(check_bootstrap_key("tr_" + std::string(32, 'a')));
  EXPECT_TRUE(check_bootstrap_key("tr_0123456789abcdefABCDEF-_0123456789"));
  for (const std::string& weak :
       {std::string(), std::string("secret"), "tr_" + std::string(31, 'a'), "xx_" + std::string(40, 'a'),
        "tr_" + std::string(40, ' '), "tr_" + std::string(31, 'a') + "!", "tr_" + std::string(1000, 'a')}) {
    const Status checked = check_bootstrap_key(weak);
    ASSERT_FALSE(checked) << weak;
    EXPECT_EQ(checked.error().code, ErrorCode::kInvalidRequest);
    if (!weak.empty()) EXPECT_EQ(checked.error().message.find(weak), std::string::npos);
  }
}

TEST(AccessRules, BearerTokens) {
  EXPECT_EQ(bearer_token({}), std::nullopt);
  EXPECT_EQ(bearer_token({{"Authorization", "Bearer tr_x"}}), "tr_x");
  EXPECT_EQ(bearer_token({{"authorization", "bearer   tr_x "}}), "tr_x");
  for (const char* bad : {"", "Bearer", "Bearer ", "Basic abc", "tr_x"}) {
    EXPECT_EQ(bearer_token({{"Authorization", bad}}), "") << bad;
  }
  EXPECT_EQ(bearer_token({{"Authorization", "Bearer " + std::string(5000, 'x')}}), "");
}

TEST(AccessRules, SessionCookies) {
  EXPECT_EQ(session_cookie({}), "");
  EXPECT_EQ(session_cookie({{"Cookie", "tracia_session=abc"}}), "abc");
  EXPECT_EQ(session_cookie({{"cookie", "a=b; tracia_session=abc; c=d"}}), "abc");
  EXPECT_EQ(session_cookie({{"Cookie", "a=b"}, {"Cookie", "tracia_session=abc"}}), "abc");
  for (const std::string& none :
       {std::string(), std::string(";;;"), std::string("tracia_session"), std::string("xtracia_session=abc"),
        std::string("tracia_session="), "tracia_session=" + std::string(5000, 'x')}) {
    EXPECT_EQ(session_cookie({{"Cookie", none}}), "") << none;
  }
}

TEST(AccessRules, NetworksOfPeers) {
  EXPECT_EQ(network_of("127.0.0.1:50122"), "127.0.0.1");
  EXPECT_EQ(network_of("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(network_of("[2001:db8:1:2:3::4]:80"), network_of("2001:db8:1:2:ffff::1"));
  EXPECT_NE(network_of("[2001:db8:1:2::1]:80"), network_of("[2001:db8:1:3::1]:80"));
  EXPECT_EQ(network_of(""), "");
  EXPECT_EQ(network_of("["), "");
}

}  // namespace
}  // namespace tracia::service
