// Building sealed segments: what it refuses, what it leaves behind, how small the files are.
#include <gtest/gtest.h>

#include <cmath>

#include "bloom.h"
#include "postings.h"
#include "random_spans.h"
#include "sealed.h"
#include "sealed_fixture.h"

namespace tracia::store_sqlite {
namespace {

using store::StoredSpan;
using testing::build_sealed;
using testing::dump;
using testing::InProject;
using testing::SpanSource;

StoredSpan chat(SpanSource& source, int64_t at_us, std::string messages, std::string output) {
  StoredSpan stored;
  span::Span& span = stored.span;
  span.span_id = "sp_" + source.hex(16);
  span.trace_id = "tr_" + source.hex(16);
  span.model = "gpt-4o-mini";
  span.provider = "openai";
  span.start_time = Timestamp{1'790'000'000'000'000 + at_us};
  stored.received = Timestamp{1'790'000'001'000'000 + at_us};
  span.latency_ms = static_cast<int64_t>(300 + source.below(3'000));
  span.input_json = R"({"messages":[)" + std::move(messages) + "]}";
  span.output = std::move(output);
  span.finish_reason = "stop";
  span.usage = {.input_tokens = static_cast<int64_t>(source.below(2000)), .output_tokens = 120};
  stored.cost = llm::Decimal::from_units(llm::Int128{static_cast<int64_t>(source.below(100'000))} * 1'000'000'000);
  stored.cost_status = llm::CostStatus::kExact;
  return stored;
}

size_t json_bytes(const std::vector<InProject>& spans) {
  size_t bytes = 0;
  for (const InProject& entry : spans) bytes += span::to_json(entry.span.span).size();
  return bytes;
}

double ratio(const TempDir& folder, const std::vector<InProject>& spans) {
  const auto file = folder / "000001.sealed.db";
  const Status built = build_sealed(file, spans);
  EXPECT_TRUE(built) << built.error().message;
  const double times = static_cast<double>(json_bytes(spans)) / static_cast<double>(std::filesystem::file_size(file));
  std::cout << json_bytes(spans) / spans.size() << " bytes of JSON a span, " << times << " times smaller\n";
  return times;
}

// Words out of a few thousand, each about as often as its rank is small (Zipf's law), as in language.
class Language {
 public:
  explicit Language(SpanSource& source) : source_(source) {
    for (int i = 0; i < 4000; ++i) words_.push_back(source.prose(2 + source.below(8)));
  }
  std::string text(size_t bytes) {
    std::string all;
    while (all.size() < bytes) {
      const double place = static_cast<double>(source_.below(1'000'000)) / 1e6;
      all += words_[static_cast<size_t>(std::pow(static_cast<double>(words_.size()), place)) - 1];
    }
    return all;
  }

 private:
  SpanSource& source_;
  std::vector<std::string> words_;
};

TEST(SealedSize, PlainChatsAreHalfTheirJson) {
  TempDir folder;
  SpanSource source(11);
  Language language(source);
  const auto text = [&](size_t bytes) { return language.text(bytes); };
  std::vector<InProject> spans;
  for (int i = 0; i < 2000; ++i) {
    const std::string user = R"({"role":"user","content":")" + text(900) + R"("})";
    spans.push_back({"prj", chat(source, i * 1000, user, text(800))});
  }
  EXPECT_GE(ratio(folder, spans), 2.0);
}

// Each turn sends the whole conversation again: the JSON grows with the square of the turns, the file does not.
TEST(SealedSize, AgentsOfThirtyTurnsAreATenthOfTheirJson) {
  TempDir folder;
  SpanSource source(12);
  Language language(source);
  const auto message = [&](const char* role, size_t bytes) {
    return std::string(R"({"role":")") + role + R"(","content":")" + language.text(bytes) + R"("})";
  };
  std::vector<InProject> spans;
  int64_t at = 0;
  for (int agent = 0; agent < 8; ++agent) {
    std::string messages = message("system", 1500);
    for (int turn = 0; turn < 30; ++turn) {
      messages += "," + message("user", 700);
      const std::string answer = language.text(700);
      spans.push_back({"prj", chat(source, at += 1000, messages, answer)});
      messages += R"(,{"role":"assistant","content":")" + answer + R"("})";
    }
  }
  EXPECT_GE(ratio(folder, spans), 10.0);
}

TEST(SealedBuilder, EmptySegmentsCanBeBuiltAndRead) {
  TempDir folder;
  ASSERT_TRUE(build_sealed(folder / "e.sealed.db", {}));
  const auto segment = open_sealed(folder / "e.sealed.db", std::make_shared<ReaderPool>());
  ASSERT_TRUE(segment) << segment.error().message;
  EXPECT_EQ((*segment)->info().spans, 0u);
  EXPECT_FALSE((*segment)->query("prj", {}, std::nullopt).value()->next().value());
  EXPECT_TRUE(check_sealed(folder / "e.sealed.db"));
}

TEST(SealedBuilder, OneHugeMessageComesBack) {
  TempDir folder;
  SpanSource source(13);
  const StoredSpan span = chat(source, 5, source.message("user", 5'000'000), "short");
  ASSERT_TRUE(build_sealed(folder / "h.sealed.db", {{"prj", span}}));
  const auto segment = open_sealed(folder / "h.sealed.db", std::make_shared<ReaderPool>());
  ASSERT_TRUE(segment);
  const auto found = (*segment)->find("prj", span.span.span_id, "", Load::kAll);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ(dump(**found), dump(span));
}

TEST(SealedBuilder, RefusesSpansOutOfOrder) {
  TempDir folder;
  SpanSource source(14);
  const StoredSpan older = source.next(), newer = [&] {
    StoredSpan span = source.next();
    span.span.start_time = Timestamp{INT64_MAX / 2};
    return span;
  }();
  testing::Contents contents;
  auto builder = SealedBuilder::create(folder / "o.sealed.db", 1, contents.fetch()).value();
  ASSERT_TRUE(builder->add("b", encode_row(older), contents.detail("b", older)));
  EXPECT_FALSE(builder->add("b", encode_row(newer), contents.detail("b", newer)));
  EXPECT_FALSE(builder->add("b", encode_row(older), contents.detail("b", older)));
  EXPECT_FALSE(builder->add("a", encode_row(older), contents.detail("a", older)));
}

TEST(SealedBuilder, LeavesNothingBehindWhenAbandoned) {
  TempDir folder;
  const auto temporary = folder / "a.sealed.db.tmp";
  {
    auto builder = SealedBuilder::create(folder / "a.sealed.db", 1, {});
    ASSERT_TRUE(builder);
    EXPECT_TRUE(std::filesystem::exists(temporary));
  }
  EXPECT_FALSE(std::filesystem::exists(temporary));
  EXPECT_FALSE(std::filesystem::exists(folder / "a.sealed.db"));
}

TEST(SealedBuilder, AFailedFetchFailsTheSpan) {
  TempDir folder;
  SpanSource source(15);
  testing::Contents contents;
  const StoredSpan span = chat(source, 1, source.message("user", 200), "");
  auto builder = SealedBuilder::create(folder / "f.sealed.db", 1, [](uint64_t) -> Result<std::string> {
                   return fail(Error{.code = ErrorCode::kUnavailable, .message = "the disk is gone"});
                 }).value();
  const Status status = builder->add("p", encode_row(span), contents.detail("p", span));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "the disk is gone");
}

TEST(SealedBuilder, ContentsOfProjectsAreKeptApart) {
  TempDir folder;
  SpanSource source(16);
  const StoredSpan span = chat(source, 1, source.message("user", 20'000), "");
  ASSERT_TRUE(build_sealed(folder / "one.db", {{"a", span}}));
  ASSERT_TRUE(build_sealed(folder / "two.db", {{"a", span}, {"b", span}}));
  const auto pool = std::make_shared<ReaderPool>();
  for (const char* project : {"a", "b"}) {
    const auto found = open_sealed(folder / "two.db", pool).value()->find(project, span.span.span_id, "", Load::kAll);
    ASSERT_TRUE(found && *found);
    EXPECT_EQ(dump(**found), dump(span));
  }
}

TEST(ReaderPool, ClosesWhatASegmentLeaves) {
  TempDir folder;
  SpanSource source(17);
  ASSERT_TRUE(build_sealed(folder / "p.db", {{"a", source.next()}}));
  const auto pool = std::make_shared<ReaderPool>();
  auto segment = open_sealed(folder / "p.db", pool).value();
  (void)testing::drain(*segment->query("a", {}, std::nullopt).value(), Load::kAll);
  EXPECT_EQ(pool->idle(), 1u);
  segment.reset();
  EXPECT_EQ(pool->idle(), 0u);
}

TEST(Bloom, NeverDeniesAKeyAndSeldomInventsOne) {
  SpanSource source(18);
  Bloom bloom(5000);
  std::vector<uint64_t> keys;
  for (int i = 0; i < 5000; ++i) keys.push_back(stable_hash(source.hex(16)));
  for (const uint64_t key : keys) bloom.add(key);
  const auto again = Bloom::decode(bloom.encode());
  ASSERT_TRUE(again);
  for (const uint64_t key : keys) EXPECT_TRUE(again->may_have(key));
  int invented = 0;
  for (int i = 0; i < 20'000; ++i) invented += again->may_have(stable_hash(source.hex(17))) ? 1 : 0;
  EXPECT_LT(invented, 60);
  EXPECT_FALSE(Bloom::decode("short"));
  EXPECT_FALSE(Bloom::decode(""));
}

TEST(Positions, SparseAndDenseListsComeBack) {
  SpanSource source(19);
  for (const size_t percent : {0, 1, 10, 50, 100}) {
    for (const uint32_t spans : {0u, 1u, 7u, 8u, 1000u}) {
      std::vector<uint32_t> positions;
      for (uint32_t at = 0; at < spans; ++at) {
        if (source.chance(percent)) positions.push_back(at);
      }
      auto list = PositionList::decode(encode_positions(positions, spans), spans);
      ASSERT_TRUE(list) << list.error().message;
      EXPECT_EQ(list->all(), positions);
      EXPECT_EQ(list->size(), positions.size());
      for (uint32_t at = 0; at < spans; at += 3) {
        const auto next = std::lower_bound(positions.begin(), positions.end(), at);
        EXPECT_EQ(list->seek(at), next == positions.end() ? spans : *next);
      }
    }
  }
}

TEST(Positions, BadListsAreErrors) {
  using namespace std::string_view_literals;
  for (const std::string_view bytes :
       {""sv, "\0\x05\0"sv, "\0\x0a"sv, "\0\xff"sv, "\1\xff"sv, "\1\xff\xff"sv, "\2"sv}) {
    EXPECT_FALSE(PositionList::decode(bytes, 10)) << bytes.size();
  }
}

TEST(PostingKeys, LongValuesAreCutButStayApart) {
  const std::string shared(100, 'x');
  EXPECT_NE(posting_key(Field::kTag, 1, shared + "a"), posting_key(Field::kTag, 1, shared + "b"));
  EXPECT_LT(posting_key(Field::kTag, 1, shared).size(), 40u);
  EXPECT_EQ(project_of_key(posting_key(Field::kTag, 300, "x")), 300u);
}

}  // namespace
}  // namespace tracia::store_sqlite
