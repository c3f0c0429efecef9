// Every recorded exchange of Amazon Bedrock and Voyage, read as a correct reader would.
#include <gtest/gtest.h>

#include <random>

#include "cassettes.h"
#include "stream_log.h"

namespace tracia::llm::testing {
namespace {

std::vector<Cassette> load(const char* vendor) {
  const auto folder = shared_folder(TRACIA_SOURCE_DIR);
  if (!folder || !std::filesystem::is_directory(*folder / "cassettes" / vendor)) return {};
  return load_cassettes(*folder / "cassettes" / vendor);
}

void expect_match(const Cassette& c, const Reading& reading, const std::string& how) {
  for (const Mismatch& m : compare(c, reading)) {
    ADD_FAILURE() << c.id << " (" << how << ") " << m.field << "\n  expected " << m.expected.substr(0, 600)
                  << "\n  got      " << m.got.substr(0, 600);
  }
}

class BedrockCassettes : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Vendors, BedrockCassettes, ::testing::Values("amazon_bedrock", "voyage"));

TEST_P(BedrockCassettes, AreReadWhole) {
  const auto cases = load(GetParam());
  if (cases.empty()) GTEST_SKIP() << "the shared folder of recorded exchanges is absent";
  for (const Cassette& c : cases) expect_match(c, read_with_codec(c), "whole");
}

TEST_P(BedrockCassettes, AreReadTheSameInAnyPieces) {
  const auto cases = load(GetParam());
  if (cases.empty()) GTEST_SKIP() << "the shared folder of recorded exchanges is absent";
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  for (const Cassette& c : cases) {
    if (!c.is_stream()) continue;
    const std::string whole = result_text(*read_with_codec(c).chat);
    const auto check = [&](const Cutter& cut, const std::string& how) {
      const Reading reading = read_with_codec(c, cut);
      expect_match(c, reading, how);
      EXPECT_EQ(result_text(*reading.chat), whole) << c.id << " " << how;
    };
    check([](size_t) { return 1; }, "1-byte pieces");
    for (int round = 0; round < 5; ++round) {
      check([&](size_t left) { return std::uniform_int_distribution<size_t>(1, std::min<size_t>(left, 400))(random); },
            "random pieces, seed " + std::to_string(seed));
    }
  }
}

TEST_P(BedrockCassettes, GiveTheSameEventsInAnyPieces) {
  const auto cases = load(GetParam());
  if (cases.empty()) GTEST_SKIP() << "the shared folder of recorded exchanges is absent";
  for (const Cassette& c : cases) {
    if (!c.is_stream()) continue;
    const auto listen = [&](size_t piece) {
      StreamLog log;
      const auto decoder = chat_codec_for(c).stream_decoder({c.response.status, c.response.headers});
      Status status;
      for (size_t i = 0; i < c.response.body.size() && status; i += piece) {
        status = decoder->feed(std::string(c.response.body.substr(i, piece)), log.sink());
      }
      if (status) status = decoder->finish(log.sink());
      return log.lines();
    };
    const auto whole = listen(c.response.body.size());
    EXPECT_EQ(listen(1), whole) << c.id;
    EXPECT_EQ(listen(97), whole) << c.id;
  }
}

// What the recordings show of the vendor's numbers: cached and written tokens are not in inputTokens but in
// totalTokens.
TEST(BedrockUsage, NormalisedUsageAddsUpToTheVendorsTotal) {
  const auto cases = load("amazon_bedrock");
  if (cases.empty()) GTEST_SKIP() << "the shared folder of recorded exchanges is absent";
  for (const Cassette& c : cases) {
    const Reading reading = read_with_codec(c);
    if (!reading.chat || !reading.chat->usage.total_tokens) continue;
    const Usage& usage = reading.chat->usage;
    EXPECT_EQ(*usage.input_tokens + *usage.output_tokens, *usage.total_tokens) << c.id;
  }
}

}  // namespace
}  // namespace tracia::llm::testing
