#include "tracia/base/bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace tracia {
namespace {

TEST(Base64, EncodesTheVectorsOfRfc4648) {
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foo"), "Zm9v");
  EXPECT_EQ(base64_encode("foob"), "Zm9vYg==");
  EXPECT_EQ(base64_encode("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
}

TEST(Base64, UrlFormHasItsOwnTwoSymbolsAndNoPadding) {
  EXPECT_EQ(base64_encode("\xFB\xFF\xFE"), "+//+");
  EXPECT_EQ(base64url_encode("\xFB\xFF\xFE"), "-__-");
  EXPECT_EQ(base64url_encode("f"), "Zg");
}

TEST(Base64, DecodesEitherAlphabetWithOrWithoutPaddingAndOverLineBreaks) {
  EXPECT_EQ(base64_decode("+//+"), "\xFB\xFF\xFE");
  EXPECT_EQ(base64_decode("-__-"), "\xFB\xFF\xFE");
  EXPECT_EQ(base64_decode("Zg"), "f");
  EXPECT_EQ(base64_decode("Zg=="), "f");
  EXPECT_EQ(base64_decode(" Zm9v\r\n\tYmFy \n"), "foobar");
  EXPECT_EQ(base64_decode(""), "");
}

TEST(Base64, RefusesWhatIsNotBase64) {
  for (const char* text :
       {"Z", "Zm9vY", "Zm9v!", "Zg=a", "Zg=", "Zm8==", "====", "=", "Zm9v=", "Zg===", "Zm9v\xC3\xA9"}) {
    EXPECT_EQ(base64_decode(text), std::nullopt) << text;
  }
  EXPECT_EQ(base64_decode(std::string_view("Zg\0=", 4)), std::nullopt);
}

RC_GTEST_PROP(Base64, DecodingGivesBackWhatWasEncoded, (const std::string& bytes)) {
  RC_ASSERT(base64_decode(base64_encode(bytes)) == bytes);
  RC_ASSERT(base64_decode(base64url_encode(bytes)) == bytes);
  RC_ASSERT(base64_encode(bytes).size() == (bytes.size() + 2) / 3 * 4);
}

TEST(Hex, WritesLowerCase) {
  EXPECT_EQ(hex_encode(std::string("\x00\x0F\xA0\xFF", 4)), "000fa0ff");
  EXPECT_EQ(hex_encode(""), "");
}

TEST(Ascii, ChangesAndComparesAsciiLettersOnly) {
  EXPECT_EQ(ascii_lower("Content-Type: \xC3\x84@[Z"), "content-type: \xC3\x84@[z");
  EXPECT_EQ(ascii_upper("openai `{z\xC3\xA4"), "OPENAI `{Z\xC3\xA4");
  EXPECT_TRUE(ascii_iequals("X-Request-ID", "x-request-id"));
  EXPECT_FALSE(ascii_iequals("@", "`"));  // 32 apart, but no letters
  EXPECT_FALSE(ascii_iequals("a", "ab"));
}

TEST(Trim, TakesWhiteSpaceOffBothEnds) {
  EXPECT_EQ(trim("\t a b \r\n"), "a b");
  EXPECT_EQ(trim(" \v\f "), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Utf8, AcceptsEverySequenceLengthAndRefusesWhatRfc3629Forbids) {
  for (const char* good : {"", "a", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_valid_utf8(good)) << hex_encode(good);
  }
  for (const char* bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\xFF", "\xC2", "\xE2\x82", "\xF0\x9F\x98", "a\xC2z"}) {
    EXPECT_FALSE(is_valid_utf8(bad)) << hex_encode(bad);
  }
}

TEST(Utf8, MendingReplacesEachBadByte) {
  for (size_t before = 0; before < 20; ++before) {  // eight bytes are looked at at once
    const std::string x(before, 'x'), y(20 - before, 'y');
    EXPECT_TRUE(is_valid_utf8(x + "\xE2\x82\xAC" + y)) << before;
    EXPECT_FALSE(is_valid_utf8(x + "\x80" + y)) << before;
    EXPECT_FALSE(is_valid_utf8(x + "\xE2")) << before;
    EXPECT_EQ(to_valid_utf8(x + "\xFF" + y), x + "\xEF\xBF\xBD" + y);
  }
  EXPECT_EQ(to_valid_utf8("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(to_valid_utf8("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(to_valid_utf8("\xE2\x82\xAC"), "\xE2\x82\xAC");
}

RC_GTEST_PROP(Utf8, MendedTextIsValidAndMendingValidTextChangesNothing, (const std::string& bytes)) {
  const std::string mended = to_valid_utf8(bytes);
  RC_ASSERT(is_valid_utf8(mended));
  RC_ASSERT(to_valid_utf8(mended) == mended);
  RC_ASSERT(is_valid_utf8(bytes) == (mended == bytes));
}

TEST(Utf8, APrefixNeverCutsASequence) {
  const std::string euro = "ab\xE2\x82\xAC";
  EXPECT_EQ(utf8_prefix(euro, 5), euro);
  EXPECT_EQ(utf8_prefix(euro, 4), "ab");
  EXPECT_EQ(utf8_prefix(euro, 3), "ab");
  EXPECT_EQ(utf8_prefix(euro, 2), "ab");
  EXPECT_EQ(utf8_prefix(euro, 0), "");
}

TEST(Utf8, APrefixOfGarbageIsAlmostAsLongAsAsked) {
  const std::string garbage(1000, '\x80');
  EXPECT_EQ(utf8_prefix(garbage, 500).size(), 500u);
}

RC_GTEST_PROP(Utf8, APrefixOfValidTextIsValidAndMissesAtMostThreeBytes, (const std::string& bytes)) {
  const std::string text = to_valid_utf8(bytes);
  const size_t max = *rc::gen::inRange<size_t>(0, text.size() + 2);
  const std::string_view prefix = utf8_prefix(text, max);
  RC_ASSERT(is_valid_utf8(prefix));
  RC_ASSERT(prefix.size() <= max);
  RC_ASSERT(prefix.size() + 3 >= std::min(max, text.size()));
  RC_ASSERT(text.substr(0, prefix.size()) == prefix);
}

}  // namespace
}  // namespace tracia
