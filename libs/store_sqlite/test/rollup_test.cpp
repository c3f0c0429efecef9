#include "rollup.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "db.h"
#include "random_spans.h"
#include "temp_dir.h"

namespace tracia::store_sqlite {
namespace {

using testing::SpanSource;

// A table of sums in a file of its own.
class RollupTest : public ::testing::Test {
 protected:
  RollupTest() : db_(*Db::open(dir_ / "sums.db", OpenMode::kReadWrite)) {
    EXPECT_TRUE(db_.exec("CREATE TABLE rollups(key BLOB PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID"));
  }
  void write(RollupCollector& collector, uint64_t project) {
    auto insert = db_.prepare("INSERT INTO rollups(key, data) VALUES(?, ?)");
    ASSERT_TRUE(insert);
    ASSERT_TRUE(collector.flush(project, *insert));
  }
  std::optional<std::string> stored(RollupView view, uint64_t project, RollupSlot slot = RollupSlot::kHalfHour) {
    auto select = db_.prepare("SELECT data FROM rollups WHERE key = ?");
    EXPECT_TRUE(select);
    const std::string key = rollup_key(view, slot, project);
    const auto row = select->bind_blob(0, key).step();
    EXPECT_TRUE(row);
    return *row ? std::optional<std::string>(select->blob(0)) : std::nullopt;
  }
  std::map<int64_t, int64_t> spans_by_slot(RollupView view, uint64_t project, RollupSlot slot = RollupSlot::kHalfHour) {
    std::map<int64_t, int64_t> counts;
    const auto rollup = Rollup::decode(stored(view, project, slot).value_or(""), slot);
    EXPECT_TRUE(rollup) << rollup.error().message;
    std::map<int64_t, store::Measures> slots;
    EXPECT_TRUE(rollup->each_cell([&](int64_t at, size_t) { return &slots[at]; }));
    for (const auto& [at, measures] : slots) counts[at] = measures.totals.span_count;
    return counts;
  }

  TempDir dir_;
  Db db_;
};

constexpr int64_t kHalfHourUs = length_us(RollupSlot::kHalfHour);

Row row_at(int64_t start_us, std::string_view model = "gpt-4o") {
  Row row;
  row.start = Timestamp{start_us};
  row.model = model;
  row.latency_ms = 7;
  return row;
}

TEST_F(RollupTest, EveryViewHoldsEverySpanInItsHalfHour) {
  RollupCollector collector;
  for (const int64_t slot : {5, 5, 3, 0, -1}) collector.add(row_at(slot * kHalfHourUs + 1));
  write(collector, 0);
  collector.add(row_at(9 * kHalfHourUs));
  write(collector, 1);
  for (const RollupView view : kRollupViews) {
    EXPECT_EQ(spans_by_slot(view, 0), (std::map<int64_t, int64_t>{{-1, 1}, {0, 1}, {3, 1}, {5, 2}}));
    EXPECT_EQ(spans_by_slot(view, 1), (std::map<int64_t, int64_t>{{9, 1}}));
  }
}

TEST_F(RollupTest, EveryViewHoldsEverySpanInItsDay) {
  RollupCollector collector;
  for (const int64_t half_hour : {49, 48, 47, 5, 5, 0, -1, -48, -49})
    collector.add(row_at(half_hour * kHalfHourUs + 1));
  write(collector, 0);
  collector.add(row_at(9 * kHalfHourUs));
  write(collector, 1);
  for (const RollupView view : kRollupViews) {
    EXPECT_EQ(spans_by_slot(view, 0, RollupSlot::kDay), (std::map<int64_t, int64_t>{{-2, 1}, {-1, 2}, {0, 4}, {1, 2}}));
    EXPECT_EQ(spans_by_slot(view, 1, RollupSlot::kDay), (std::map<int64_t, int64_t>{{0, 1}}));
  }
}

TEST_F(RollupTest, AViewOfManyCombinationsIsLeftOutUnlessItSavesSomething) {
  constexpr size_t kCells = RollupCollector::kCellsMin + 1;
  RollupCollector collector;
  for (size_t i = 0; i < kCells; ++i) collector.add(row_at(0, std::to_string(i)));
  write(collector, 0);
  EXPECT_FALSE(stored(RollupView::kAll, 0));
  EXPECT_FALSE(stored(RollupView::kModels, 0));
  EXPECT_FALSE(stored(RollupView::kModels, 0, RollupSlot::kDay));
  EXPECT_EQ(spans_by_slot(RollupView::kPrompts, 0).at(0), static_cast<int64_t>(kCells));
  for (size_t i = 0; i < 4 * kCells; ++i) collector.add(row_at(0, std::to_string(i % kCells)));
  write(collector, 1);
  EXPECT_TRUE(stored(RollupView::kAll, 1)) << "the next project begins anew, with four spans in each cell";
}

TEST_F(RollupTest, DamagedBytesAreAnErrorOrSums) {
  SpanSource source(1);
  std::vector<store::StoredSpan> spans;
  for (int i = 0; i < 200; ++i) spans.push_back(source.next());
  std::sort(spans.begin(), spans.end(), [](const auto& a, const auto& b) { return a.start() > b.start(); });
  RollupCollector collector;
  for (const auto& span : spans) {
    const std::string encoded = encode_row(span);
    Row row;
    ASSERT_TRUE(decode_row(encoded, row));
    collector.add(row);
  }
  write(collector, 0);
  const Block whole = *Block::unpack(*stored(RollupView::kAll, 0));
  std::mt19937 random(2);
  for (int round = 0; round < 500; ++round) {
    BlockPacker packer(1);
    for (size_t i = 0; i < whole.items(); ++i) {
      std::string item(whole.item(i));
      if (!item.empty() && random() % 2 == 0) item[random() % item.size()] = static_cast<char>(random());
      if (random() % 10 == 0) item.resize(random() % (item.size() + 1));
      packer.add(item);
    }
    const auto rollup = Rollup::decode(*packer.pack(), RollupSlot::kHalfHour);
    if (!rollup) {
      EXPECT_TRUE(is_damage(rollup.error()));
      continue;
    }
    store::Measures all;
    (void)rollup->each_cell([&](int64_t, size_t) { return &all; });
  }
}

TEST(TakesDays, WhenItsBucketsAreDaysOfUtcOrThereAreNone) {
  EXPECT_TRUE(takes_days({}));
  EXPECT_TRUE(takes_days({.bucket = store::TimeBucket::kDay}));
  EXPECT_FALSE(takes_days({.bucket = store::TimeBucket::kDay, .utc_offset_minutes = 60}));
  EXPECT_FALSE(takes_days({.bucket = store::TimeBucket::kHour}));
}

TEST(ViewFor, IsTheSmallestThatKnowsAllThatIsAsked) {
  using store::Dimension;
  EXPECT_EQ(view_for({}), RollupView::kTime);
  EXPECT_EQ(view_for({.filter = {.status = span::SpanStatus::kError}, .group_by = {Dimension::kKind}}),
            RollupView::kTime);
  EXPECT_EQ(view_for({.filter = {.provider = "openai"}}), RollupView::kModels);
  EXPECT_EQ(view_for({.group_by = {Dimension::kVariant}}), RollupView::kPrompts);
  EXPECT_EQ(view_for({.filter = {.prompt_id = "p"}, .group_by = {Dimension::kModel}}), RollupView::kAll);
  EXPECT_EQ(view_for({.group_by = {Dimension::kUser}}), std::nullopt);
  EXPECT_EQ(view_for({.filter = {.words = {"w"}}}), std::nullopt);
  EXPECT_EQ(view_for({.bucket = store::TimeBucket::kMinute}), std::nullopt);
  EXPECT_EQ(view_for({.bucket = store::TimeBucket::kDay, .utc_offset_minutes = 330}), RollupView::kTime);
  EXPECT_EQ(view_for({.bucket = store::TimeBucket::kDay, .utc_offset_minutes = 345}), std::nullopt);
}

}  // namespace
}  // namespace tracia::store_sqlite
