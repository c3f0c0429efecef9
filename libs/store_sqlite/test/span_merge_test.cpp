// Sealed segments that become one: what readers, writers, retention and a crash see of it.
#include <fstream>

#include "span_engine_fixture.h"

namespace tracia::store_sqlite {
namespace {

namespace fs = std::filesystem;
using store::contract::make;
using store::contract::sp;

class SpanMergeTest : public testing::SpanEngineTest {
 protected:
  // So many segments of five spans each, sealed one by one.
  void seal_segments(uint64_t first, uint64_t count) {
    for (uint64_t i = first; i < first + count; ++i) {
      add(5 * i + 1, 5 * i + 5);
      ASSERT_TRUE(engine_->seal());
    }
  }
  size_t sealed_files() const {
    const auto names = files();
    return static_cast<size_t>(
        std::count_if(names.begin(), names.end(), [](const auto& name) { return name.ends_with(".sealed.db"); }));
  }
};

TEST_F(SpanMergeTest, EightSegmentsBecomeOneThatHoldsAllTheirSpans) {
  open();
  seal_segments(0, 7);
  EXPECT_EQ(sealed_files(), 7u);
  EXPECT_FALSE(happened("merged"));
  seal_segments(7, 1);
  EXPECT_TRUE(happened("merged"));
  for (const bool reopened : {false, true}) {
    if (reopened) open();
    EXPECT_TRUE(eventually([&] { return sealed_files() == 1; }));
    EXPECT_EQ(engine_->stats().spans, 40u);
    EXPECT_EQ(engine_->stats().segments, 1u);
    EXPECT_EQ(count(*engine_), 40u);
    const auto span = engine_->get("p1", sp(7), "");
    ASSERT_TRUE(span && *span);
    EXPECT_EQ((*span)->span.output, "answer 7");
    EXPECT_FALSE(add({make(7, 7)})->at(0).stored) << "a duplicate is still one";
    EXPECT_EQ(engine_->list("p1", {.words = {"question"}}, {.limit = 100})->spans.size(), 40u);
    const auto sums = engine_->analytics("p1", {.group_by = {store::Dimension::kModel}}, {});
    ASSERT_TRUE(sums);
    EXPECT_EQ(sums->total.totals.span_count, 40);
  }
}

TEST_F(SpanMergeTest, TheActiveSegmentGoesOnAfterAMerge) {
  open();
  seal_segments(0, 8);
  add(100, 102);
  const auto before = files();
  open();
  EXPECT_EQ(files(), before);
  add(103, 104);
  EXPECT_EQ(count(*engine_), 45u);
  EXPECT_EQ(files(), before);
}

TEST_F(SpanMergeTest, WhatACrashLeavesOfTheOldFilesIsRemovedUnread) {
  open();
  seal_segments(0, 7);
  const fs::path kept = dir_ / "kept";
  fs::create_directories(kept);
  for (const auto& name : files()) {
    if (name.ends_with(".sealed.db")) fs::copy_file(segment(name), kept / name);
  }
  add(36, 40);
  ASSERT_TRUE(engine_->seal());
  engine_.reset();
  ASSERT_EQ(sealed_files(), 1u);
  for (const auto& entry : fs::directory_iterator(kept)) {
    fs::copy_file(entry.path(), segment(entry.path().filename().string()));
  }
  std::ofstream(segment("000003.active.db")) << "what it was sealed from";
  open();
  EXPECT_EQ(sealed_files(), 1u);
  EXPECT_FALSE(fs::exists(segment("000003.active.db")));
  EXPECT_EQ(engine_->stats().unreadable_segments, 0u);
  EXPECT_EQ(engine_->stats().spans, 40u);
  EXPECT_EQ(count(*engine_), 40u);
}

TEST_F(SpanMergeTest, DeletedSpansStayDeleted) {
  open();
  seal_segments(0, 7);
  ASSERT_TRUE(engine_->remove("p1", sp(3), "").value());
  seal_segments(7, 1);
  ASSERT_TRUE(engine_->remove("p1", sp(4), "").value());
  for (const bool reopened : {false, true}) {
    if (reopened) open();
    EXPECT_EQ(engine_->stats().spans, 38u);
    EXPECT_EQ(count(*engine_), 38u);
    EXPECT_FALSE(engine_->get("p1", sp(3), "").value());
    EXPECT_FALSE(engine_->get("p1", sp(4), "").value());
    EXPECT_FALSE(add({make(3, 3)})->at(0).stored) << "its key stays taken";
    EXPECT_EQ(engine_->analytics("p1", {}, {})->total.totals.span_count, 38);
  }
}

TEST_F(SpanMergeTest, APartThatIsHeldCanBeListedAfterItWasMerged) {
  open();
  seal_segments(0, 7);
  auto parts = engine_->parts();
  ASSERT_EQ(parts.size(), 7u);
  seal_segments(7, 1);
  ASSERT_TRUE(happened("merged"));
  EXPECT_EQ(sealed_files(), 8u) << "the old files are held";
  for (const auto& part : parts) {
    EXPECT_EQ(engine_->list_part(part.id, "p1", {}, {.limit = 100})->spans.size(), 5u);
  }
  const uint64_t id = parts[0].id;
  parts.clear();
  EXPECT_EQ(engine_->list_part(id, "p1", {}, {.limit = 100})->spans.size(), 0u);
  EXPECT_EQ(sealed_files(), 1u);
}

TEST_F(SpanMergeTest, SegmentsMoreThanADayApartStayTwoSoThatRetentionCanDropTheOlder) {
  options_.clock = &clock_;
  open();
  for (uint64_t day = 0; day < 8; ++day) {
    seal_segments(day, 1);
    clock_.micros += 25 * 3'600'000'000ll;
  }
  EXPECT_EQ(sealed_files(), 8u);
  EXPECT_FALSE(happened("merged"));
}

TEST_F(SpanMergeTest, NothingIsMergedWhileAFileCannotBeRead) {
  open();
  seal_segments(0, 3);
  engine_.reset();
  std::ofstream(segment("000002.sealed.db"), std::ios::in | std::ios::out) << "this is no database";
  open();
  seal_segments(3, 8);
  EXPECT_FALSE(happened("merged"));
  EXPECT_EQ(count(*engine_), 50u);
}

// Pages 1, 2, … of two of the files to be merged: then the merge fails, is told of, and reads go on.
TEST_F(SpanMergeTest, AFileThatTurnsOutDamagedIsNamedAndTheOthersStay) {
  open();
  seal_segments(0, 7);
  engine_.reset();
  const auto size = fs::file_size(segment("000002.sealed.db"));
  std::fstream file(segment("000002.sealed.db"), std::ios::in | std::ios::out | std::ios::binary);
  for (uint64_t at = 2 * 16384 + 100; at + 64 < size; at += 200) {
    file.seekp(static_cast<std::streamoff>(at));
    file << std::string(64, '\xff');
  }
  file.close();
  open();
  ASSERT_EQ(engine_->stats().unreadable_segments, 0u) << "its head is whole";
  add(36, 40);
  // The merge finds it; or, before that, the loading of filters: then none is tried.
  if (!engine_->seal()) {
    EXPECT_TRUE(happened("merge_failed"));
  }
  EXPECT_EQ(engine_->stats().unreadable_segments, 1u);
  EXPECT_GE(count(*engine_), 35u);
  EXPECT_EQ(sealed_files(), 8u);
}

TEST_F(SpanMergeTest, ABackupTakenWhileSegmentsAreMergedIsWhole) {
  options_.segment_spans_max = 5;
  open();
  add(1, 60);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (uint64_t n = 1000; !stop; ++n) (void)add({make(n, 500)});
  });
  for (int round = 0; round < 3; ++round) {
    const fs::path copy = dir_ / ("copy" + std::to_string(round));
    fs::create_directories(copy);
    const auto done = engine_->backup_to(copy, {});
    ASSERT_TRUE(done) << done.error().message;
    auto opened = SpanEngine::open(copy, {});
    ASSERT_TRUE(opened) << opened.error().message;
    for (uint64_t n = 1; n <= 60; ++n) EXPECT_TRUE((*opened)->get("p1", sp(n), "").value()) << n;
  }
  stop = true;
  writer.join();
  EXPECT_TRUE(eventually([&] { return happened("merged"); }));
}

}  // namespace
}  // namespace tracia::store_sqlite
