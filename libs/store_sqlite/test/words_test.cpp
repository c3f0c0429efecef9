#include "words.h"

#include <gtest/gtest.h>

#include <random>

#include "block.h"
#include "sealed_fixture.h"
#include "sealed_reader.h"
#include "temp_dir.h"

namespace tracia::store_sqlite {
namespace {

using Positions = std::vector<uint32_t>;

TEST(RangeOf, IsTheBeginningOfWhatTheIndexHolds) {
  EXPECT_EQ(range_of("ReFund")->begin, "refund");
  EXPECT_FALSE(range_of("refund")->exact);
  EXPECT_EQ(range_of("e-mail")->begin, "e");
  EXPECT_TRUE(range_of("e-mail")->exact) << "what follows in the text is no letter";
  EXPECT_EQ(range_of(std::string(50, 'w'))->begin, std::string(kWordBytesMax, 'w'));
  EXPECT_FALSE(range_of(std::string(50, 'w') + "-x")->exact) << "the index cut the word";
  EXPECT_FALSE(range_of("-mail"));
  EXPECT_FALSE(range_of(""));
}

// One project in a sealed file of its own, its spans numbered from the newest.
class WordsTest : public ::testing::Test {
 protected:
  static store::StoredSpan span(int64_t second, const std::string& output) {
    store::StoredSpan span;
    span.span.span_id = "sp_" + std::string(15, '0') + "1";
    span.span.trace_id = "t" + std::to_string(second);
    span.span.start_time = Timestamp{-second * 1'000'000};
    span.received = Timestamp{1'000'000 - second};
    span.span.output = output;
    return span;
  }
  void seal(const std::vector<store::StoredSpan>& spans) {
    std::vector<testing::InProject> all;
    for (const auto& one : spans) all.push_back({"p", one});
    ASSERT_TRUE(testing::build_sealed(dir_ / "s.db", all));
    ASSERT_TRUE(check_sealed(dir_ / "s.db"));
    auto opened = SealedFile::open(dir_ / "s.db", std::make_shared<ReaderPool>());
    ASSERT_TRUE(opened);
    file_ = std::move(*opened);
  }
  Positions find(std::string_view word) const {
    const auto units = file_->word_units(0);
    EXPECT_TRUE(units);
    const auto lists = file_->word_lists(0, word);
    EXPECT_TRUE(lists && *lists);
    const auto list = file_->positions_of(*units, {**lists});
    EXPECT_TRUE(list);
    return list->all();
  }

  TempDir dir_;
  std::unique_ptr<SealedFile> file_;
};

TEST_F(WordsTest, WordsAndTheirBeginningsNameTheirSpans) {
  seal({span(0, "Refund the order"), span(1, "no refunds, please"), span(2, "order 42")});
  EXPECT_TRUE(file_->has_words());
  EXPECT_EQ(find("refund"), (Positions{0, 1}));
  EXPECT_EQ(find("refunds"), (Positions{1}));
  EXPECT_EQ(find("ORDER"), (Positions{0, 2}));
  EXPECT_EQ(find("efund"), (Positions{}));
  EXPECT_EQ(find("refund-"), (Positions{0})) << "a whole word, to be checked";
  EXPECT_EQ(find("4"), (Positions{2}));
}

TEST_F(WordsTest, ALongConversationIsIndexedOnce) {
  std::vector<store::StoredSpan> turns;
  std::string messages;
  for (int64_t turn = 0; turn < 100; ++turn) {
    const std::string text = "turn" + std::to_string(turn) + " " + std::string(80, 'x');
    messages += std::string(messages.empty() ? "" : ",") + R"({"role":"user","content":")" + text + R"("})";
    auto one = span(100 - turn, "");
    one.span.output.reset();
    one.span.input_json = R"({"messages":[)" + messages + "]}";
    turns.push_back(std::move(one));
  }
  seal(turns);
  EXPECT_EQ(file_->word_units(0)->size(), 100u);
  EXPECT_EQ(find("turn99").size(), 1u);
  EXPECT_EQ(find("turn0").size(), 100u);
  EXPECT_EQ(find("turn50").size(), 50u);
}

TEST_F(WordsTest, AContentInTwoRolesIsFoundInBoth) {
  const std::string message = R"({"role":"user","content":"inside )" + std::string(80, 'y') + R"("})";
  auto as_input = span(0, "");
  as_input.span.output.reset();
  as_input.span.input_json = R"({"messages":[)" + message + "]}";
  seal({as_input, span(1, message)});
  EXPECT_EQ(find("inside"), (Positions{0, 1}));
  EXPECT_EQ(find("role"), (Positions{1})) << "as an output it is plain text";
}

TEST_F(WordsTest, WhatDoesNotFitIntoMemoryIsWrittenInParts) {
  auto db = Db::open(dir_ / "w.db", OpenMode::kReadWrite);
  ASSERT_TRUE(db && db->exec("CREATE TABLE words(key BLOB PRIMARY KEY, list BLOB) WITHOUT ROWID;"
                             "CREATE TABLE word_units(project INTEGER PRIMARY KEY, data BLOB);"));
  auto words = db->prepare("INSERT INTO words VALUES(?, ?)");
  auto units = db->prepare("INSERT INTO word_units VALUES(?, ?)");
  WordCollector collector(1);
  for (uint32_t i = 0; i < 10; ++i) {
    const SearchedPiece piece{.text = i % 2 == 0 ? "even all" : "odd all"};
    ASSERT_TRUE(collector.add(0, i, "", {piece}, {}, {}, *words));
  }
  ASSERT_TRUE(collector.flush(0, *words, *units));
  EXPECT_EQ(db->integer("SELECT count(*) FROM words"), 10);
  auto select = db->prepare("SELECT data FROM word_units");
  ASSERT_TRUE(select && select->step());
  const auto decoded = WordUnits::decode(select->blob(0), 10);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->parts(), 10u);
  EXPECT_EQ(decoded->size(), 10u);
}

TEST(WordUnits, DamagedBytesAreAnErrorOrUnitsWithinBounds) {
  std::mt19937 random(3);
  for (int round = 0; round < 5000; ++round) {
    BlockPacker packer(1);
    for (int item = 0; item < 3; ++item) {
      std::string bytes(item == 0 ? 2 : random() % 20, '\0');
      for (char& byte : bytes) byte = static_cast<char>(random() % 12);
      packer.add(bytes);
    }
    const auto units = WordUnits::decode(*packer.pack(), 50);
    if (!units) {
      EXPECT_TRUE(is_damage(units.error()));
      continue;
    }
    auto marked = units->none();
    std::string list(random() % 6, '\0');
    for (char& byte : list) byte = static_cast<char>(random());
    EXPECT_EQ(units->mark(list, marked), units->valid(list));
    for (const uint32_t at : PositionList::of(units->spans_with(marked), 50).all()) EXPECT_LT(at, 50u);
  }
}

}  // namespace
}  // namespace tracia::store_sqlite
