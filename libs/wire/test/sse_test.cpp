#include "tracia/wire/sse.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace tracia::wire {
namespace {

struct Seen {
  std::string event, data, id;
  friend bool operator==(const Seen&, const Seen&) = default;
};

template <typename Cut>
std::vector<Seen> parse(std::string_view bytes, Cut cut) {
  SseParser parser;
  std::vector<Seen> seen;
  while (!bytes.empty()) {
    const size_t size = std::min<size_t>(std::max<size_t>(cut(), 1), bytes.size());
    const std::string piece(bytes.substr(0, size));
    bytes.remove_prefix(size);
    EXPECT_TRUE(parser.feed(piece, [&](const SseEvent& e) {
      seen.push_back({std::string(e.event), std::string(e.data), std::string(e.id)});
      return true;
    }));
  }
  EXPECT_EQ(parser.events(), seen.size());
  return seen;
}

std::vector<Seen> parse(std::string_view bytes) {
  return parse(bytes, [&] { return bytes.size(); });
}

TEST(Sse, ReadsEventDataAndId) {
  EXPECT_EQ(parse("event: add\nid: 7\ndata: hello\n\ndata: next\n\n"),
            (std::vector<Seen>{{"add", "hello", "7"}, {"", "next", "7"}}));
}

TEST(Sse, TakesEveryLineEnd) {
  const std::vector<Seen> want{{"", "a\nb", ""}, {"", "c", ""}};
  EXPECT_EQ(parse("data: a\ndata: b\n\ndata: c\n\n"), want);
  EXPECT_EQ(parse("data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n"), want);
  EXPECT_EQ(parse("data: a\rdata: b\r\rdata: c\r\r"), want);
  EXPECT_EQ(parse("data: a\r\ndata: b\r\rdata: c\n\r\n"), want);
}

TEST(Sse, JoinsDataLinesAndTakesOneSpaceOff) {
  EXPECT_EQ(parse("data:x\ndata:  y\ndata\ndata:\n\n"), (std::vector<Seen>{{"", "x\n y\n\n", ""}}));
}

TEST(Sse, SkipsTheByteOrderMarkOnlyAtTheStart) {
  EXPECT_EQ(parse("\xEF\xBB\xBF"
                  "data: a\n\n\xEF\xBB\xBF"
                  "data: b\n\ndata: c\n\n"),
            (std::vector<Seen>{{"", "a", ""}, {"", "c", ""}}));
}

TEST(Sse, IgnoresCommentsUnknownFieldsAndEventsWithoutData) {
  EXPECT_EQ(parse(": ping\n\nevent: lonely\n\nretry: 10\nfoo: bar\n:\ndata: a\n\n\n\n"),
            (std::vector<Seen>{{"", "a", ""}}));
}

TEST(Sse, AnEventWithEmptyDataIsDispatched) {
  EXPECT_EQ(parse("data\n\ndata:\n\n"), (std::vector<Seen>{{"", "", ""}, {"", "", ""}}));
}

TEST(Sse, IgnoresAnIdWithANulByte) {
  EXPECT_EQ(parse(std::string_view("id: a\0b\ndata: x\n\n", 17)), (std::vector<Seen>{{"", "x", ""}}));
}

TEST(Sse, DispatchesNothingAtTheEndWithoutABlankLine) {
  for (const std::string_view cut : {"data: a", "data: a\n", "data: a\ndata: b\n", "event: x\n"}) {
    SseParser parser;
    ASSERT_TRUE(parser.feed(cut, [](const SseEvent&) { return ADD_FAILURE(), true; }));
    EXPECT_TRUE(parser.has_partial()) << cut;
  }
  SseParser parser;
  ASSERT_TRUE(parser.feed("data: a\n\n", [](const SseEvent&) { return true; }));
  EXPECT_FALSE(parser.has_partial());
}

TEST(Sse, StopsWhenTheSinkSaysSo) {
  SseParser parser;
  int count = 0;
  ASSERT_TRUE(parser.feed("data: a\n\ndata: b\n\n", [&](const SseEvent&) { return ++count < 1; }));
  EXPECT_EQ(count, 1);
}

TEST(Sse, FailsOnAnOversizeEventAndStaysFailed) {
  for (const std::string& bytes :
       {std::string(101, 'x'), "data: " + std::string(50, 'x') + "\ndata: " + std::string(50, 'x') + "\n\n"}) {
    SseParser parser(100);
    const auto status = parser.feed(bytes, [](const SseEvent&) { return true; });
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, ErrorKind::kTooLarge);
    EXPECT_FALSE(parser.feed("data: ok\n\n", [](const SseEvent&) { return true; }));
  }
  // The bound is for one event, not for the stream.
  SseParser parser(100);
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(parser.feed("data: " + std::string(80, 'x') + "\n\n", [](const SseEvent&) { return true; }));
}

TEST(Sse, AnyChunkingGivesTheSameEvents) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::vector<std::string> pieces{"data",
                                        ":",
                                        " ",
                                        "a",
                                        "\n",
                                        "\r",
                                        "\r\n",
                                        "\n\n",
                                        "event: e\n",
                                        "id: 1\r",
                                        "data: text\n\n",
                                        ": c\n",
                                        "\xEF\xBB\xBF",
                                        "\xC3\xA9"};
  for (int round = 0; round < 2000; ++round) {
    std::string bytes;
    const size_t count = random() % 40;
    for (size_t i = 0; i < count; ++i) bytes += pieces[random() % pieces.size()];
    const auto whole = parse(bytes);
    EXPECT_EQ(whole, parse(bytes, [] { return size_t{1}; })) << bytes;
    EXPECT_EQ(whole, parse(bytes, [&] { return random() % 7 + 1; })) << bytes;
  }
}

TEST(Sse, WhatIsAppendedIsReadBack) {
  std::string out;
  append_sse(out, "delta", "line one\nline two\n");
  append_sse(out, "", "");
  EXPECT_EQ(parse(out), (std::vector<Seen>{{"delta", "line one\nline two\n", ""}, {"", "", ""}}));
}

TEST(Sse, CarriageReturnsInAppendedDataDoNotForgeFields) {
  std::string out;
  append_sse(out, "de\nlta", "a\revent: forged\r\nb");
  EXPECT_EQ(parse(out), (std::vector<Seen>{{"delta", "a\nevent: forged\nb", ""}}));
}

}  // namespace
}  // namespace tracia::wire
