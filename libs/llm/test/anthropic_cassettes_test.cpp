// Every recorded exchange of Anthropic, read whole and in pieces.
#include <gtest/gtest.h>

#include <random>

#include "cassettes.h"
#include "chunked.h"

namespace tracia::llm::testing {
namespace {

class AnthropicCassettes : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto shared = shared_folder(TRACIA_SOURCE_DIR);
    if (!shared) GTEST_SKIP() << "no shared folder: set TRACIA_SHARED to the one with cassettes/";
    cases_ = load_cassettes(*shared / "cassettes" / "anthropic");
    ASSERT_FALSE(cases_.empty());
  }

  void expect_match(const Cassette& c, const Reading& reading, const std::string& how) {
    for (const Mismatch& m : compare(c, reading))
      ADD_FAILURE() << c.id << " " << how << ": " << m.field << " should be " << m.expected << ", is " << m.got;
  }

  std::vector<Cassette> cases_;
};

TEST_F(AnthropicCassettes, ReadWholeGiveWhatACorrectReaderFinds) {
  for (const Cassette& c : cases_) expect_match(c, read_with_codec(c), "whole");
}

TEST_F(AnthropicCassettes, ReadInPiecesGiveTheSame) {
  const uint32_t seed = std::random_device{}();
  std::mt19937 random(seed);
  for (const Cassette& c : cases_) {
    if (!c.is_stream() || c.response.status >= 400) continue;
    expect_match(c, read_with_codec(c, [](size_t) { return size_t{1}; }), "byte by byte");
    expect_match(c, read_with_codec(c, [&](size_t) { return size_t{1 + random() % 300}; }),
                 "seed " + std::to_string(seed));
    EXPECT_EQ(chunking_difference(anthropic_codec(), {c.response.status, c.response.headers}, c.response.body, seed),
              "")
        << c.id;
  }
}

TEST_F(AnthropicCassettes, CutShortNeverEndWell) {
  const uint32_t seed = std::random_device{}();
  std::mt19937 random(seed);
  for (const Cassette& c : cases_) {
    if (!c.is_stream() || c.response.status >= 400 || c.expected.contains("error")) continue;
    // What follows the last event's text may be a second line end.
    const std::string_view body =
        std::string_view(c.response.body).substr(0, c.response.body.find_last_not_of("\r\n") + 1);
    for (int i = 0; i < 20; ++i) {
      const StreamReading cut = read_whole(anthropic_codec(), {c.response.status, c.response.headers},
                                           body.substr(0, random() % body.size()));
      EXPECT_FALSE(cut.error.empty()) << c.id << " seed " << seed;
    }
  }
}

}  // namespace
}  // namespace tracia::llm::testing
