#include "active_words.h"

#include <gtest/gtest.h>

#include <set>

#include "active_segment.h"
#include "random_spans.h"
#include "sealed_fixture.h"
#include "span_engine_fixture.h"
#include "temp_dir.h"

namespace tracia::store_sqlite {
namespace {

Status go_on() { return {}; }

// An active segment of its own, and what was put into it.
class ActiveWordsTest : public ::testing::Test {
 protected:
  ActiveWordsTest() {
    std::optional<Error> damage;
    auto opened = ActiveSegment::open(dir_ / "000001.active.db", 1, {}, &damage);
    EXPECT_TRUE(opened && !damage);
    segment_ = std::move(*opened);
  }
  void insert(const std::string& project, const store::StoredSpan& span) {
    ASSERT_TRUE(segment_->begin());
    ASSERT_TRUE(segment_->insert(project, span, span_key(project, span.span.span_id), split(span.span)));
    ASSERT_TRUE(segment_->commit());
    spans_.push_back({project, span});
  }
  void insert_output(const std::string& output) {
    store::StoredSpan span;
    const auto n = static_cast<int64_t>(spans_.size());
    span.span.span_id = "sp_" + std::to_string(n);
    span.span.start_time = Timestamp{n};
    span.received = Timestamp{n};
    span.span.output = output;
    insert("p", span);
  }
  // What a search would have to read.
  std::vector<store::StoredSpan> candidates(const std::string& project, const std::vector<std::string>& words) const {
    const auto cursor = segment_->query(project, {.words = words}, std::nullopt);
    EXPECT_TRUE(cursor);
    return testing::drain(**cursor, Load::kAll);
  }
  static std::set<int64_t> matching(const std::vector<store::StoredSpan>& spans, const store::SpanFilter& filter) {
    PayloadMatcher matcher(filter);
    std::set<int64_t> stamps;
    for (const auto& span : spans) {
      if (matcher.matches(span.span)) stamps.insert(span.received.micros);
    }
    return stamps;
  }
  void insert_random(testing::SpanSource& source, int count) {
    for (int i = 0; i < count; ++i) insert(source.chance(30) ? "q" : "p", source.next());
  }
  // A beginning of a word of some text of some span, or what begins none.
  std::string some_word(testing::SpanSource& source) const {
    const auto& span = spans_[source.below(spans_.size())].span.span;
    const std::string& text = source.chance(50) ? span.output.value_or("") : span.input_json;
    if (text.empty() || source.chance(10)) return source.hex(1 + source.below(12));
    std::string word = text.substr(source.below(text.size()), 1 + source.below(12));
    if (source.chance(20)) word[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(word[0])));
    return word;
  }

  TempDir dir_;
  std::shared_ptr<ActiveSegment> segment_;
  std::vector<testing::InProject> spans_;
};

TEST_F(ActiveWordsTest, ASearchReadsOnlySpansThatMayHoldItsWords) {
  for (int i = 0; i < 300; ++i) insert_output(i == 77 ? "Refunds are due, Übergröße" : "nothing of the kind");
  EXPECT_EQ(candidates("p", {"zebra"}).size(), 300u) << "without the index each is read";
  EXPECT_EQ(segment_->unindexed_spans(), 300u);
  ASSERT_TRUE(segment_->index_words(go_on));
  EXPECT_EQ(segment_->unindexed_spans(), 0u);
  EXPECT_EQ(segment_->spans_to_index(), 0u);
  EXPECT_EQ(candidates("p", {"zebra"}).size(), 0u);
  EXPECT_EQ(candidates("p", {"nothing", "zebra"}).size(), 0u);
  EXPECT_EQ(candidates("p", {"nothing", "kind"}).size(), 299u);
  for (const char* word : {"refunds", "REFUND", "re", "due,", "Übergröße"}) {
    const auto found = candidates("p", {word});
    ASSERT_EQ(found.size(), 1u) << word;
    EXPECT_EQ(found[0].received.micros, 77) << word;
  }
  EXPECT_EQ(candidates("p", {"n"}).size(), 300u) << "one letter says too little";
  EXPECT_EQ(candidates("p", {",x"}).size(), 300u) << "the index holds words only";
}

TEST_F(ActiveWordsTest, FindsWhatReadingEverySpanFinds) {
  for (uint32_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE(seed);
    testing::SpanSource source(seed);
    segment_.reset();
    spans_.clear();
    std::optional<Error> damage;
    segment_ = *ActiveSegment::open(dir_.path() / (std::to_string(seed) + ".active.db"), 1, {}, &damage);
    insert_random(source, 300);
    ASSERT_TRUE(segment_->index_words(go_on));
    insert_random(source, 30);  // not indexed
    std::vector<store::StoredSpan> all;
    for (const auto& [project, span] : spans_) {
      if (project == "p") all.push_back(span);
    }
    size_t read = 0, searches = 0;
    for (int round = 0; round < 300; ++round) {
      std::vector<std::string> words{some_word(source)};
      while (source.chance(30)) words.push_back(some_word(source));
      const store::SpanFilter filter{.words = words};
      const auto found = candidates("p", words);
      EXPECT_EQ(matching(found, filter), matching(all, filter)) << words.front();
      read += found.size();
      ++searches;
    }
    EXPECT_LT(read, searches * all.size() / 2) << "else the index is of no use";
  }
}

TEST_F(ActiveWordsTest, IndexingGoesOnWhereItWasInterrupted) {
  for (int i = 0; i < 300; ++i) insert_output("word" + std::to_string(i));
  const auto stop = [] { return Status(fail({.code = ErrorCode::kAborted, .message = "enough"})); };
  EXPECT_FALSE(segment_->index_words(stop));
  EXPECT_GT(segment_->unindexed_spans(), 0u);
  EXPECT_LT(segment_->unindexed_spans(), 300u);
  EXPECT_GE(candidates("p", {"word299"}).size(), segment_->unindexed_spans());
  ASSERT_TRUE(segment_->index_words(go_on));
  for (const int i : {0, 127, 128, 299}) {
    const auto word = "word" + std::to_string(i);
    EXPECT_EQ(matching(candidates("p", {word}), {.words = {word}}).count(i), 1u);
  }
}

TEST(ActiveWords, WhatDoesNotFitIntoMemoryIsRead) {
  ActiveWords words(1);
  const WordQuery zebra({"zebra"});
  ASSERT_TRUE(words.add("name", {SearchedPiece{.text = "lion"}}, {}, {}));
  EXPECT_TRUE(words.look().may_match(0, zebra)) << "not shown yet";
  words.flush();
  EXPECT_TRUE(words.full());
  EXPECT_FALSE(words.look().may_match(0, zebra));
  EXPECT_TRUE(words.look().may_match(0, WordQuery({"lion", "NAME"})));
  EXPECT_TRUE(words.look().may_match(1, zebra));
}

TEST(ActiveWords, ASpanThatCouldNotBeReadMayHoldAnything) {
  ActiveWords words;
  words.add_unknown();
  ASSERT_TRUE(words.add("lion", {}, {}, {}));
  words.flush();
  EXPECT_TRUE(words.look().may_match(0, WordQuery({"zebra"})));
  EXPECT_FALSE(words.look().may_match(1, WordQuery({"zebra"})));
}

using EngineWordsTest = testing::SpanEngineTest;

TEST_F(EngineWordsTest, WordsAreIndexedBehindTheWriterAndAfterAStart) {
  open();
  std::vector<store::NewSpan> batch;
  for (uint64_t n = 1; n <= 1000; ++n) {
    batch.push_back(testing::make(n, static_cast<int64_t>(n)));
    batch.back().span.output = "word" + std::to_string(n);
  }
  ASSERT_TRUE(add(std::move(batch)));
  EXPECT_TRUE(eventually([&] { return engine_->stats().unindexed_spans == 0; }));
  open();
  EXPECT_TRUE(eventually([&] { return engine_->stats().unindexed_spans == 0; }));
  const auto page = engine_->list("p1", {.words = {"word777"}}, {.limit = 10});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->spans.size(), 1u);
  EXPECT_EQ(page->spans[0].span.span_id, testing::sp(777));
}

}  // namespace
}  // namespace tracia::store_sqlite
