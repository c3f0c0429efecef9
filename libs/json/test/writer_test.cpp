#include "tracia/json/writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "tracia/base/bytes.h"
#include "tracia/json/reader.h"

namespace tracia::json {
namespace {

TEST(JsonWriter, PutsCommasAndKeysInPlace) {
  Writer w;
  w.begin_object()
      .field("a", 1)
      .key("list")
      .begin_array()
      .value("x")
      .begin_object()
      .end_object()
      .null()
      .begin_array()
      .end_array()
      .end_array();
  w.field("b", true).field_raw("raw", "[1, 2]").field_raw("empty", "").end_object();
  EXPECT_EQ(w.str(), R"({"a":1,"list":["x",{},null,[]],"b":true,"raw":[1, 2],"empty":null})");
}

TEST(JsonWriter, OptionalFieldsAreLeftOut) {
  Writer w;
  w.begin_object()
      .field("no", std::optional<int64_t>())
      .field("yes", std::optional<double>(0.1))
      .field_if("none", "")
      .field_if("some", "x")
      .end_object();
  EXPECT_EQ(w.str(), R"({"yes":0.1,"some":"x"})");
}

TEST(JsonWriter, WritesNumbersShortest) {
  const auto text = [](auto n) { return Writer().value(n).take(); };
  EXPECT_EQ(text(0.1), "0.1");
  EXPECT_EQ(text(1.0), "1");
  EXPECT_EQ(text(0.1F), "0.1");
  EXPECT_EQ(text(std::numeric_limits<int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(text(std::numeric_limits<uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(text(std::nan("")), "null");
  EXPECT_EQ(text(-std::numeric_limits<double>::infinity()), "null");
}

TEST(JsonWriter, LargeNumbersReadBack) {
  for (const double number : {0x1p63, -0x1p63, 0x1p64, 123456789012345678901.0, -1e20, 1e300}) {
    Document document;
    const auto text = Writer().begin_array().value(number).end_array().take();
    const auto root = document.parse(text);
    ASSERT_TRUE(root) << text;
    EXPECT_EQ(root->at(0).number(), number) << text;
  }
}

TEST(JsonWriter, EscapesWhatMustBeEscaped) {
  EXPECT_EQ(quoted(std::string_view("q\" b\\ n\n r\r t\t b\b f\f \0 \x1F / \x7F", 28)),
            "\"q\\\" b\\\\ n\\n r\\r t\\t b\\b f\\f \\u0000 \\u001f / \x7F\"");
  EXPECT_EQ(quoted("\xF0\x9F\x98\x80\xC3\xA9"), "\"\xF0\x9F\x98\x80\xC3\xA9\"");
}

TEST(JsonWriter, AnyBytesGiveTextThatParsesBack) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  Document document;
  for (int round = 0; round < 2000; ++round) {
    std::string bytes;
    const size_t size = random() % 60;
    for (size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(random() % (round % 2 == 0 ? 256 : 128)));
    const auto root = document.parse(json::quoted(bytes));
    ASSERT_TRUE(root) << root.error().message;
    EXPECT_EQ(root->string_or(""), to_valid_utf8(bytes));
  }
}

TEST(JsonWriter, FindsTheOneByteThatNeedsCareInAnyPlace) {
  Document document;
  for (size_t size = 1; size <= 24; ++size) {
    for (size_t at = 0; at < size; ++at) {
      for (const char byte : std::string_view("\x00\x1F\"\\\x7F\x80\xFF", 7)) {
        std::string text(size, 'a');
        text[at] = byte;
        const auto root = document.parse(json::quoted(text));
        ASSERT_TRUE(root) << size << " " << at << ": " << root.error().message;
        EXPECT_EQ(root->string_or(""), to_valid_utf8(text)) << size << " " << at;
      }
    }
  }
}

TEST(JsonWriter, ReusesItsBuffer) {
  std::string buffer = "old";
  buffer.reserve(1000);
  Writer w(std::move(buffer));
  w.value("x");
  EXPECT_EQ(w.size(), 3u);
  EXPECT_EQ(w.take(), "\"x\"");
}

}  // namespace
}  // namespace tracia::json
