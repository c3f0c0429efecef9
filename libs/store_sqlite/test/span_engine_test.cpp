// What is the embedded engine's own: files, recovery, sealing by age, backups, bounds.
#include <fstream>

#include "span_engine_fixture.h"

namespace tracia::store_sqlite {
namespace {

namespace fs = std::filesystem;
using store::contract::make;
using store::contract::sp;
using testing::SpanEngineTest;

TEST_F(SpanEngineTest, ASegmentIsSealedWhenItIsOld) {
  options_.clock = &clock_;
  open();
  add(1, 3);
  EXPECT_EQ(engine_->stats().segments, 0u);
  clock_.micros += 3'600'000'000;
  EXPECT_TRUE(eventually([&] { return engine_->stats().segments == 1; }));
  EXPECT_EQ(count(*engine_), 3u);
}

// More spans than the active segment collects from an index: then it walks.
TEST_F(SpanEngineTest, ASessionOfMoreSpansThanAnIndexIsReadForIsListedAndSummedUpWhole) {
  constexpr uint64_t kSpans = 17'000;
  open();
  std::vector<store::NewSpan> spans;
  for (uint64_t n = 1; n <= kSpans; ++n) {
    spans.push_back(make(n, static_cast<int64_t>(n)));
    spans.back().span.session_id = n % 1'000 == 0 ? "short" : "long";
  }
  ASSERT_TRUE(add(std::move(spans)));
  for (const bool reopened : {false, true}) {
    if (reopened) open();
    const auto all = engine_->list("p1", {.session_id = "long"}, {.limit = 20'000});
    ASSERT_TRUE(all);
    EXPECT_EQ(all->spans.size(), kSpans - kSpans / 1'000);
    const auto few = engine_->list("p1", {.session_id = "short"}, {.limit = 20'000});
    ASSERT_TRUE(few);
    EXPECT_EQ(few->spans.size(), kSpans / 1'000);
    const auto groups = engine_->groups("p1", store::GroupBy::kSession, {}, {.limit = 10});
    ASSERT_TRUE(groups);
    ASSERT_EQ(groups->groups.size(), 2u);
    EXPECT_EQ(groups->groups[0].key, "short");  // the last span is of it
    EXPECT_EQ(groups->groups[1].totals.span_count, static_cast<int64_t>(kSpans - kSpans / 1'000));
  }
}

TEST_F(SpanEngineTest, StampsGrowWhenTheClockJumpsBack) {
  options_.clock = &clock_;
  open();
  const auto first = add({make(1, 0)});
  clock_.micros -= 3'600'000'000;
  const auto second = add({make(2, 0)});
  open();
  const auto third = add({make(3, 0)});
  EXPECT_LT(first->at(0).id, second->at(0).id);
  EXPECT_LT(second->at(0).id, third->at(0).id);
  // Also when the segment that held the newest stamp is gone.
  ASSERT_EQ(engine_->drop_before(Timestamp{INT64_MAX}).value(), 3u);
  open();
  EXPECT_LT(third->at(0).id, add({make(4, 0)})->at(0).id);
}

TEST_F(SpanEngineTest, ASegmentOfWhichEverySpanWasRemovedGoes) {
  open();
  add(1, 5);
  ASSERT_TRUE(engine_->seal());
  add(6, 7);
  const auto page = engine_->list("p1", {}, {.limit = 100});
  ASSERT_TRUE(page);
  std::vector<store::StoredSpan> old(page->spans.end() - 5, page->spans.end());
  ASSERT_EQ(engine_->remove_all("p1", {old.begin() + 1, old.end()}).value(), 4u);
  ASSERT_EQ(engine_->drop_before(Timestamp{INT64_MIN}).value(), 0u);
  EXPECT_TRUE(fs::exists(segment("000001.sealed.db"))) << "one span is still there";
  ASSERT_EQ(engine_->remove_all("p1", old).value(), 1u);
  ASSERT_EQ(engine_->drop_before(Timestamp{INT64_MIN}).value(), 0u);
  EXPECT_TRUE(eventually([&] { return !fs::exists(segment("000001.sealed.db")); }));
  const auto rest = engine_->list("p1", {}, {.limit = 100});
  EXPECT_EQ(rest->spans.size(), page->spans.size() - 5);
}

TEST_F(SpanEngineTest, TheActiveFileGoesWhenTheSealedOneIsThere) {
  open();
  add(1, 5);
  ASSERT_TRUE(engine_->seal());
  EXPECT_TRUE(eventually([&] { return !fs::exists(segment("000001.active.db")); }));
  EXPECT_TRUE(fs::exists(segment("000001.sealed.db")));
}

TEST_F(SpanEngineTest, ASealedFileBeatsTheActiveOneThatACrashLeftBesideIt) {
  open();
  add(1, 5);
  engine_.reset();
  fs::copy_file(segment("000001.active.db"), dir_ / "kept");
  open();
  ASSERT_TRUE(engine_->seal());
  engine_.reset();
  fs::copy_file(dir_ / "kept", segment("000001.active.db"));
  open();
  EXPECT_EQ(count(*engine_), 5u);
  EXPECT_FALSE(fs::exists(segment("000001.active.db")));
}

TEST_F(SpanEngineTest, SeveralActiveFilesAreSealedButForTheLast) {
  options_.segment_spans_max = 1000;
  open();
  add(1, 5);
  engine_.reset();
  fs::rename(segment("000001.active.db"), dir_ / "kept");
  open();
  add(6, 9);
  engine_.reset();
  fs::rename(segment("000001.active.db"), segment("000002.active.db"));
  fs::rename(dir_ / "kept", segment("000001.active.db"));
  open();
  EXPECT_EQ(count(*engine_), 9u);
  EXPECT_TRUE(eventually([&] { return engine_->stats().segments == 1; }));
  EXPECT_EQ(count(*engine_), 9u);
  EXPECT_FALSE(add({make(2, 2)})->at(0).stored);
  EXPECT_FALSE(add({make(7, 7)})->at(0).stored);
}

TEST_F(SpanEngineTest, LeftoversOfACrashAreSweptUp) {
  open();
  add(1, 2);
  engine_.reset();
  for (const char* name : {"000007.sealed.db.tmp", "000009.active.db-wal", "000009.active.db-shm"}) {
    std::ofstream(segment(name)) << "half";
  }
  open();
  EXPECT_EQ(count(*engine_), 2u);
  engine_.reset();
  EXPECT_THAT(files(), ::testing::ElementsAre("000001.active.db"));
}

TEST_F(SpanEngineTest, ALogThatWasLengthenedAheadHoldsWhatWasCommittedAndNoMore) {
  open();
  add(1, 20);
  const fs::path log = dir_ / "segments/000001.active.db-wal";
  ASSERT_TRUE(eventually([&] { return fs::file_size(log) >= 1u << 20; }));
  const fs::path copy = dir_ / "as-a-crash-leaves-it";
  fs::create_directories(copy);
  fs::copy(dir_ / "segments", copy / "segments");
  auto recovered = SpanEngine::open(copy, options_);
  ASSERT_TRUE(recovered) << recovered.error().message;
  EXPECT_EQ(count(**recovered), 20u);
}

TEST_F(SpanEngineTest, SpansThatCameDuringACommitShareTheNext) {
  constexpr int kSpans = 50;
  open();
  std::atomic<int> answered{0};
  engine_->append({make(1, 1)}, [&](auto) {  // on the writer's thread: nothing is committed while it runs
    for (int i = 0; i < kSpans; ++i) engine_->append({make(100 + i, 100 + i)}, [&](auto) { ++answered; });
  });
  ASSERT_TRUE(eventually([&] { return answered == kSpans; }));
  EXPECT_EQ(engine_->stats().commits, 2u);
  EXPECT_EQ(count(*engine_), size_t{kSpans + 1});
}

TEST_F(SpanEngineTest, ADamagedSealedFileIsNamedAndTheOthersAreRead) {
  open();
  add(1, 5);
  ASSERT_TRUE(engine_->seal());
  add(6, 9);
  ASSERT_TRUE(engine_->seal());
  engine_.reset();
  std::ofstream(segment("000001.sealed.db"), std::ios::in | std::ios::out) << "this is no database";
  open();
  EXPECT_TRUE(happened("segment_unreadable"));
  EXPECT_EQ(count(*engine_), 4u);
  EXPECT_TRUE(add({make(20, 20)})->at(0).stored);
}

TEST_F(SpanEngineTest, ADamagedActiveFileServesWhatCanBeReadAndIsLeftAlone) {
  open();
  add(1, 50);
  engine_.reset();
  const auto size = fs::file_size(segment("000001.active.db"));
  // The pages after the first: rows and payloads lie there.
  std::fstream file(segment("000001.active.db"), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(8192);
  file << std::string(size - 8192, '\xff');
  file.close();
  open();
  EXPECT_TRUE(happened("segment_damaged"));
  EXPECT_TRUE(add({make(100, 100)})->at(0).stored);
  EXPECT_TRUE(engine_->list("p1", {}, {}));
  EXPECT_TRUE(fs::exists(segment("000002.active.db")));
  engine_.reset();
  EXPECT_TRUE(fs::exists(segment("000001.active.db"))) << "doctor may want it";
}

TEST_F(SpanEngineTest, ABackupHoldsAllThatWasAcknowledgedBefore) {
  options_.segment_spans_max = 20;
  open();
  add(1, 50);
  ASSERT_TRUE(engine_->remove("p1", sp(3), "").value());
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (uint64_t n = 1000; !stop; ++n) engine_->append({make(n, 500)}, [](const auto&) {});
  });
  const fs::path copy = dir_ / "copy";
  fs::create_directories(copy);
  uint64_t bytes = 0;
  const auto done = engine_->backup_to(copy, [&](const fs::path& file, uint64_t size) {
    EXPECT_EQ(fs::file_size(copy / file), size);
    bytes += size;
  });
  stop = true;
  writer.join();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_GT(bytes, 0u);
  auto opened = SpanEngine::open(copy, {});
  ASSERT_TRUE(opened) << opened.error().message;
  for (uint64_t n = 1; n <= 50; ++n) {
    const auto span = (*opened)->get("p1", sp(n), "");
    ASSERT_TRUE(span);
    EXPECT_EQ(span->has_value(), n != 3) << n;
  }
}

TEST_F(SpanEngineTest, AFullQueueRefusesAndSaysWhenToComeBack) {
  open();
  std::promise<void> release;
  const auto released = release.get_future().share();
  engine_->append({make(1, 0)}, [released](const auto&) { released.wait(); });  // holds up the writer
  ASSERT_TRUE(eventually([&] { return engine_->stats().appended == 1; }));
  std::atomic<size_t> stored{0};
  std::optional<Error> refusal;
  for (uint64_t part = 0; part < 4; ++part) {
    std::vector<store::NewSpan> spans(store::kAppendQueueSpansMax / 4);
    for (size_t i = 0; i < spans.size(); ++i) {
      spans[i].project_id = "p1";
      spans[i].span.span_id = sp(1'000'000 * (part + 1) + i);
    }
    engine_->append(std::move(spans), [&](const auto& result) { stored += result ? result->size() : 0; });
  }
  engine_->append({make(2, 0)}, [&](const auto& result) {
    if (!result) refusal = result.error();
  });
  EXPECT_EQ(engine_->stats().refused, 1u);
  EXPECT_EQ(engine_->stats().queued_spans, store::kAppendQueueSpansMax);
  release.set_value();
  open();  // closing waits for all answers
  EXPECT_EQ(stored, store::kAppendQueueSpansMax);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code, ErrorCode::kUnavailable);
  EXPECT_EQ(refusal->retry_after, Millis{1'000});
  EXPECT_EQ(engine_->stats().spans, store::kAppendQueueSpansMax + 1);
}

TEST_F(SpanEngineTest, PartsAreTheSegmentsAndASealedOnesStateChangesWithDeletions) {
  open();
  add(1, 4);
  EXPECT_FALSE(engine_->parts().at(0).state) << "it takes new spans";
  ASSERT_TRUE(engine_->seal());
  add(5, 6);
  auto parts = engine_->parts();
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_FALSE(parts[0].state);
  ASSERT_TRUE(parts[1].state);
  const auto spans_of = [&](uint64_t part) { return engine_->list_part(part, "p1", {}, {.limit = 100})->spans.size(); };
  EXPECT_EQ(spans_of(parts[0].id), 2u);
  EXPECT_EQ(spans_of(parts[1].id), 4u);
  EXPECT_EQ(spans_of(99), 0u);
  EXPECT_EQ(engine_->list_part(parts[1].id, "p1", {}, {.limit = 3})->next.has_value(), true);
  ASSERT_TRUE(*engine_->remove("p1", sp(5), ""));
  EXPECT_EQ(engine_->parts()[1].state, parts[1].state) << "another's deletion";
  ASSERT_TRUE(*engine_->remove("p1", sp(2), ""));
  EXPECT_NE(engine_->parts()[1].state, parts[1].state);
  EXPECT_EQ(spans_of(parts[1].id), 3u);
}

}  // namespace
}  // namespace tracia::store_sqlite
