// What goes wrong under the embedded engine: pages that cannot be read, files that cannot be opened, old spans that
// come while retention runs. Nothing acknowledged may vanish unseen.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <thread>

#include "segment_set.h"
#include "span_engine.h"
#include "span_store_fixture.h"
#include "temp_dir.h"

namespace tracia::store_sqlite {
namespace {

namespace fs = std::filesystem;
using store::contract::make;
using store::contract::sp;

class SpanDamageTest : public testing::Test {
 protected:
  SpanDamageTest() {
    options_.on_event = [this](std::string_view event, std::string_view detail) {
      {
        const std::lock_guard lock(mutex_);
        events_.emplace_back(std::string(event) + " " + std::string(detail));
      }
      if (event == "segment_dropped" && on_dropped_) on_dropped_();
    };
  }
  void open() {
    engine_.reset();
    auto opened = SpanEngine::open(dir_.path(), options_);
    ASSERT_TRUE(opened) << opened.error().message;
    engine_ = std::move(*opened);
  }
  Result<std::vector<store::Appended>> add(std::vector<store::NewSpan> spans) {
    std::promise<Result<std::vector<store::Appended>>> promise;
    auto future = promise.get_future();
    engine_->append(std::move(spans), [&](auto result) { promise.set_value(std::move(result)); });
    return future.get();
  }
  void add(uint64_t first, uint64_t last) {
    std::vector<store::NewSpan> spans;
    for (uint64_t n = first; n <= last; ++n) spans.push_back(make(n, static_cast<int64_t>(n)));
    ASSERT_TRUE(add(std::move(spans)));
  }
  size_t times(const std::string& event) {
    const std::lock_guard lock(mutex_);
    return static_cast<size_t>(
        std::count_if(events_.begin(), events_.end(), [&](const auto& e) { return e.starts_with(event + " "); }));
  }
  fs::path segment(const std::string& name) const { return dir_.path() / "segments" / name; }
  // Spoils all but the first `kept` pages: what is read at the start stays whole.
  void spoil(const std::string& name, size_t kept) const {
    constexpr size_t kPage = 16384;
    const auto size = fs::file_size(segment(name));
    ASSERT_GT(size, kept * kPage);
    std::fstream file(segment(name), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(kept * kPage));
    file << std::string(size - kept * kPage, '\xff');
  }

  // Spoils the one page through which all rows are found; the file still opens.
  void spoil_rows(const std::string& name) const {
    auto db = Db::open(segment(name), OpenMode::kImmutable);
    ASSERT_TRUE(db);
    const auto page = db->integer("SELECT rootpage FROM sqlite_schema WHERE name='rows'");
    ASSERT_TRUE(page);
    std::fstream file(segment(name), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp((*page - 1) * 16384);
    file << std::string(16384, '\xff');
  }

  TempDir dir_;
  Options options_;
  std::mutex mutex_;
  std::vector<std::string> events_;
  std::function<void()> on_dropped_;
  std::unique_ptr<SpanEngine> engine_;
};

TEST_F(SpanDamageTest, RetentionNeverTakesTheSegmentThatIsWritten) {
  open();
  add(1, 5);
  ASSERT_TRUE(engine_->seal());
  // An old span comes while the old segment goes: now the active one holds nothing but old spans.
  on_dropped_ = [this] { add(6, 6); };
  ASSERT_TRUE(engine_->drop_before(Timestamp{store::contract::kBase + 100 * store::contract::kSecond}));
  EXPECT_EQ(times("segment_dropped"), 1u);
  add(1000, 1000);
  EXPECT_TRUE(engine_->get("p1", sp(1000), "").value());
  open();
  EXPECT_TRUE(engine_->get("p1", sp(1000), "").value());
}

TEST_F(SpanDamageTest, ListsGoOnWithoutAPageThatCannotBeReadAndSaySo) {
  open();
  add(1, 400);
  ASSERT_TRUE(engine_->seal());
  add(401, 500);
  ASSERT_TRUE(engine_->seal());
  engine_.reset();
  spoil_rows("000001.sealed.db");
  open();
  const auto page = engine_->list("p1", {}, {.limit = 1000});
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->spans.size(), 100u);
  const auto whole = engine_->list("p1", {}, {.limit = 1000, .payloads = true});
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(whole->spans.size(), 100u);
  EXPECT_TRUE(engine_->traces("p1", {}, {.limit = 1000}));
  EXPECT_TRUE(engine_->groups("p1", store::GroupBy::kUser, {}, {.limit = 1000}));
  EXPECT_TRUE(engine_->received_after("p1", {}, 1000));
  EXPECT_EQ(engine_->stats().unreadable_segments, 1u);
  EXPECT_THAT(engine_->stats().unreadable, testing::StartsWith("000001.sealed.db: "));
  EXPECT_EQ(times("segment_unreadable"), 1u) << "said once, not at each read";
  EXPECT_FALSE(engine_->get("p1", sp(7), "")) << "it may be there: 'no such span' would be a lie";
  EXPECT_TRUE(engine_->get("p1", sp(450), "").value());
  EXPECT_TRUE(add({make(9, 9)})) << "one bad page does not stop all writing";
  EXPECT_TRUE(engine_->health());
}

TEST_F(SpanDamageTest, ABackupTakesAlongWhatCannotBeRead) {
  open();
  add(1, 100);
  ASSERT_TRUE(engine_->seal());
  add(101, 400);
  engine_.reset();
  spill(segment("000001.sealed.db"), "this is no database");
  spoil("000002.active.db", 1);
  open();
  add(1001, 1005);
  EXPECT_EQ(engine_->stats().unreadable_segments, 2u);
  const fs::path copy = dir_.path() / "copy";
  fs::create_directories(copy);
  const auto done = engine_->backup_to(copy, {});
  ASSERT_TRUE(done) << done.error().message;
  for (const char* name : {"000001.sealed.db", "000002.active.db"}) {
    EXPECT_EQ(slurp(copy / "segments" / name), slurp(segment(name))) << name;
  }
  auto opened = SpanEngine::open(copy, {});
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_TRUE((*opened)->get("p1", sp(1003), "").value());
}

// --- files that somebody takes away ---

TEST_F(SpanDamageTest, NothingIsAcknowledgedWhileTheActiveFileIsNotInItsPlace) {
  open();
  add(1, 3);
  for (const char* name : {"000001.active.db", "000001.active.db-wal"}) {
    fs::rename(segment(name), dir_.path() / "away");
    const auto refused = add({make(10, 10)});
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
    EXPECT_NE(refused.error().message.find(std::string(name) + " was removed"), std::string::npos)
        << refused.error().message;
    EXPECT_FALSE(engine_->health());
    fs::rename(dir_.path() / "away", segment(name));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!engine_->health() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  }
  EXPECT_TRUE(add({make(10, 10)})->at(0).stored) << "what was refused was not stored";
  open();
  EXPECT_EQ(engine_->stats().spans, 4u);
}

TEST_F(SpanDamageTest, ALostActiveFileIsReportedWithoutAnybodyWriting) {
  open();
  add(1, 3);
  fs::remove(segment("000001.active.db"));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (times("store_failing") == 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(times("store_failing"), 1u);
  EXPECT_FALSE(engine_->health());
}

TEST_F(SpanDamageTest, ALostSealedFileIsReportedAndTheOthersAreRead) {
  options_.segment_spans_max = 3;
  open();
  add(1, 3);
  ASSERT_TRUE(engine_->seal());
  add(4, 5);
  fs::remove(segment("000001.sealed.db"));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (times("segment_unreadable") == 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(times("segment_unreadable"), 1u);
  EXPECT_EQ(engine_->stats().unreadable_segments, 1u);
  EXPECT_TRUE(engine_->health()) << "new spans are taken";
  EXPECT_TRUE(add({make(6, 6)}));
}

}  // namespace
}  // namespace tracia::store_sqlite
