#include "tracia/base/compress.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace tracia {
namespace {

constexpr size_t kNoBound = std::numeric_limits<size_t>::max();

RC_GTEST_PROP(Gzip, UnpackingGivesBackWhatWasPacked, (const std::string& bytes)) {
  const auto back = gunzip(gzip(bytes), bytes.size());
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == bytes);
}

TEST(Gzip, PacksLargeTextAtEveryLevel) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += "span " + std::to_string(i * 7919) + "; ";
  for (const int level : {0, 1, 6, 9}) {
    const std::string packed = gzip(text, level);
    if (level > 0) EXPECT_LT(packed.size(), text.size() / 2);
    EXPECT_EQ(gunzip(packed, kNoBound), text);
  }
}

TEST(Gunzip, ReadsSeveralMembersInARow) { EXPECT_EQ(gunzip(gzip("one ") + gzip("") + gzip("two"), 100), "one two"); }

TEST(Gunzip, StopsAtItsBoundAndSaysSo) {
  const std::string bomb = gzip(std::string(50'000'000, '\0'));
  EXPECT_LT(bomb.size(), 300'000u);
  const auto result = gunzip(bomb, 1'000'000);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kPayloadTooLarge);
  EXPECT_EQ(result.error().kind, ErrorKind::kTooLarge);
  EXPECT_NE(result.error().message.find("1000000"), std::string::npos);
}

TEST(Gunzip, AllowsExactlyTheBound) {
  const std::string packed = gzip(std::string(1000, 'x'));
  EXPECT_TRUE(gunzip(packed, 1000).has_value());
  EXPECT_EQ(gunzip(packed, 999).error().code, ErrorCode::kPayloadTooLarge);
  EXPECT_EQ(gunzip(gzip(""), 0), "");
}

TEST(Gunzip, RefusesWhatIsNotWholeGzip) {
  const std::string packed = gzip("a body of some length, so that it can be cut");
  for (size_t length = 0; length < packed.size(); ++length) {
    const auto result = gunzip(packed.substr(0, length), 1000);
    ASSERT_FALSE(result.has_value()) << length;
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidRequest);
  }
  EXPECT_FALSE(gunzip(packed + "trailing", 1000).has_value());
  EXPECT_FALSE(gunzip("{\"plain\":true}", 1000).has_value());
}

TEST(Gunzip, NoticesAChangedByte) {
  std::string packed = gzip("payload payload payload");
  packed[packed.size() - 6] = static_cast<char>(packed[packed.size() - 6] ^ 1);  // in the checksum
  EXPECT_FALSE(gunzip(packed, 1000).has_value());
}

RC_GTEST_PROP(Gunzip, AnyBytesAreReadOrRefused, (const std::string& bytes)) {
  const auto plain = gunzip(bytes, 1000);
  const auto headed = gunzip(gzip("x").substr(0, 10) + bytes, 1000);
  if (headed) RC_ASSERT(headed->size() <= 1000u);
  if (plain) RC_ASSERT(plain->size() <= 1000u);
}

}  // namespace
}  // namespace tracia
