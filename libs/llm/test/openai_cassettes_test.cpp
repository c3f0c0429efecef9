// Every recorded OpenAI exchange, read whole and in pieces, against what a correct reader finds in it.
#include <gtest/gtest.h>

#include <random>

#include "cassettes.h"
#include "stream_recorder.h"

namespace tracia::llm::testing {
namespace {

std::vector<Cassette> openai_cassettes() {
  const auto folder = shared_folder(TRACIA_SOURCE_DIR);
  if (!folder) return {};
  std::vector<Cassette> cases = load_cassettes(*folder / "cassettes" / "openai");
  return cases;
}

void expect_no_mismatch(const Cassette& c, const Reading& reading, const std::string& how) {
  for (const Mismatch& m : compare(c, reading)) {
    ADD_FAILURE() << c.id << " (" << how << "): " << m.field << "\n  expected " << m.expected.substr(0, 500)
                  << "\n  got      " << m.got.substr(0, 500);
  }
}

class OpenAiCassettes : public ::testing::Test {
 protected:
  void SetUp() override {
    cases_ = openai_cassettes();
    if (cases_.empty()) GTEST_SKIP() << "no recorded exchanges: set TRACIA_SHARED";
  }
  std::vector<Cassette> cases_;
};

TEST_F(OpenAiCassettes, ReadWholeAsRecorded) {
  for (const Cassette& c : cases_) expect_no_mismatch(c, read_with_codec(c), "whole");
}

TEST_F(OpenAiCassettes, ReadByteByByte) {
  for (const Cassette& c : cases_) {
    if (c.is_stream()) expect_no_mismatch(c, read_with_codec(c, [](size_t) { return size_t{1}; }), "byte by byte");
  }
}

TEST_F(OpenAiCassettes, ReadInRandomPieces) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (const Cassette& c : cases_) {
    if (!c.is_stream()) continue;
    for (int i = 0; i < 5; ++i) {
      std::uniform_int_distribution<size_t> size(1, i == 0 ? 16 : 4096);
      expect_no_mismatch(c, read_with_codec(c, [&](size_t) { return size(random); }), "random pieces");
    }
  }
}

TEST_F(OpenAiCassettes, EventsAndResultDoNotDependOnTheCut) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (const Cassette& c : cases_) {
    if (!c.is_stream() || c.response.status >= 300) continue;
    const wire::HttpResponseHead head{c.response.status, c.response.headers};
    const ChatCodec& codec = chat_codec_for(c);
    const StreamRun whole = run_stream(codec, c.response.body, [](size_t left) { return left; }, head);
    std::uniform_int_distribution<size_t> size(1, 300);
    for (int i = 0; i < 3; ++i) {
      const StreamRun cut = run_stream(codec, c.response.body, [&](size_t) { return i == 0 ? 1 : size(random); }, head);
      EXPECT_EQ(whole.log, cut.log) << c.id;
      EXPECT_EQ(describe(whole.result), describe(cut.result)) << c.id;
      EXPECT_EQ(whole.error.has_value(), cut.error.has_value()) << c.id;
    }
    // What was streamed is what is kept.
    if (!whole.error) {
      EXPECT_EQ(whole.log.text, whole.result.text()) << c.id;
      EXPECT_EQ(whole.log.refusal, whole.result.refusal) << c.id;
      EXPECT_EQ(whole.log.reasoning, whole.result.reasoning_text()) << c.id;
      EXPECT_EQ(whole.log.calls.size(), whole.result.tool_calls().size()) << c.id;
      EXPECT_EQ(whole.log.finishes, 1u) << c.id;
      EXPECT_TRUE(whole.done) << c.id;
    }
  }
}

// The final event of a Responses stream holds the whole answer: reading that alone must give the same result.
TEST_F(OpenAiCassettes, StreamedAndPlainAnswersAreEqual) {
  size_t compared = 0;
  for (const Cassette& c : cases_) {
    if (c.endpoint != "responses_stream" || c.response.status >= 300) continue;
    const StreamRun streamed = run_whole(chat_codec_for(c), c.response.body);
    if (streamed.error) continue;
    const size_t last = c.response.body.rfind("\ndata:");
    const auto event = nlohmann::ordered_json::parse(c.response.body.substr(last + 6));  // keeps the order of members
    const auto plain = chat_codec_for(c).decode({200, {}, event.at("response").dump()});
    ASSERT_TRUE(plain) << c.id;
    EXPECT_EQ(describe(plain->message.parts), describe(streamed.result.message.parts)) << c.id;
    EXPECT_EQ(plain->finish_reason, streamed.result.finish_reason) << c.id;
    EXPECT_EQ(plain->usage.input_tokens, streamed.result.usage.input_tokens) << c.id;
    ++compared;
  }
  EXPECT_GT(compared, 0u);
}

// A connection that breaks anywhere gives an error or the whole answer, never a crash and never a silent half.
TEST_F(OpenAiCassettes, TruncationIsNeverTakenForTheEnd) {
  for (const Cassette& c : cases_) {
    if (!c.is_stream() || c.response.status >= 300 || c.response.body.size() > 12000) continue;
    const StreamRun whole = run_whole(chat_codec_for(c), c.response.body);
    for (size_t length = 0; length < c.response.body.size(); length += 7) {
      const StreamRun cut = run_whole(chat_codec_for(c), std::string_view(c.response.body).substr(0, length));
      if (cut.error) continue;
      EXPECT_EQ(cut.result.text(), whole.result.text()) << c.id << " at " << length;
      EXPECT_EQ(cut.result.tool_calls().size(), whole.result.tool_calls().size()) << c.id << " at " << length;
    }
  }
}

}  // namespace
}  // namespace tracia::llm::testing
