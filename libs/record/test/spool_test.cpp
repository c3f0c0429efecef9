#include "spool.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "fake_sender.h"
#include "hooks.h"

namespace tracia::record {
namespace {

namespace fs = std::filesystem;
constexpr Millis kLong{10'000};

class SteppingClock final : public Clock {
 public:
  Timestamp now() const override { return {micros++}; }
  SteadyTime steady() const override { return {}; }
  mutable int64_t micros = 1'795'169'730'000'000;
};

class SpoolTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "tracia-spool-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
    dir_ = root_ / "a" / "spool";
  }
  void TearDown() override { fs::remove_all(root_); }

  Spool open(size_t bytes_max = 1 << 20) { return std::move(*Spool::open(dir_.string(), bytes_max, clock_)); }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(dir_)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
  static std::string line(int n) { return span::to_json(span_of(n)) + "\n"; }
  void write(const std::string& name, const std::string& content) { std::ofstream(dir_ / name) << content; }
  static mode_t mode(const fs::path& path) {
    struct stat info{};
    EXPECT_EQ(stat(path.c_str(), &info), 0);
    return info.st_mode & 0777;
  }

  SteppingClock clock_;
  fs::path root_, dir_;
  std::vector<std::string> evicted_;
};

TEST_F(SpoolTest, KeepsFilesPrivateAndGivesThemOutOldestFirst) {
  Spool spool = open();
  ASSERT_TRUE(spool.append("1\n", evicted_));
  ASSERT_TRUE(spool.append("2\n", evicted_));
  EXPECT_EQ(mode(dir_), 0700u);
  EXPECT_EQ(mode(dir_ / files()[0]), 0600u);
  auto first = spool.claim_oldest();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->read(), "1\n");
  EXPECT_NE(files()[0].find(".claimed-" + std::to_string(getpid())), std::string::npos);
  auto second = open().claim_oldest();  // somebody else gets the next one
  ASSERT_TRUE(second);
  EXPECT_EQ(second->read(), "2\n");
  EXPECT_FALSE(open().claim_oldest());
  first->remove();
  first.reset();
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(SpoolTest, AClaimThatIsNotRemovedGivesTheFileBack) {
  Spool spool = open();
  ASSERT_TRUE(spool.append("1\n", evicted_));
  const auto before = files();
  {
    const auto claim = spool.claim_oldest();
  }
  EXPECT_EQ(files(), before);
}

TEST_F(SpoolTest, TakesOverClaimsOfDeadProcessesOnly) {
  Spool spool = open();
  write("00000000000000000001-1-aa.ndjson.claimed-1", "dead\n");  // pid 1 lives, but holds no lock
  auto claim = spool.claim_oldest();
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->read(), "dead\n");
}

TEST_F(SpoolTest, IgnoresWhatIsNotOurs) {
  Spool spool = open();
  write("notes.txt", "x");
  write("00000000000000000001-1-aa.ndjson.bak", "x");
  write("00000000000000000002-1-aa.ndjson.tmp", "being written\n");
  fs::create_directory(dir_ / "00000000000000000003-1-aa.ndjson");
  fs::create_symlink("/etc/passwd", dir_ / "00000000000000000004-1-aa.ndjson");
  ASSERT_EQ(mkfifo((dir_ / "00000000000000000005-1-aa.ndjson").c_str(), 0600), 0);
  clock_.micros = 0;
  EXPECT_FALSE(spool.claim_oldest());
}

TEST_F(SpoolTest, TakesOverAWritersLeftoversAfterAWhile) {
  Spool spool = open();
  write("00000000000000000002-1-aa.ndjson.tmp", "left\n");
  clock_.micros = 4'000'000'000'000'000;
  auto claim = spool.claim_oldest();
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->read(), "left\n");
}

TEST_F(SpoolTest, DeletesTheOldestToMakeRoom) {
  Spool spool = open(100);
  for (const char c : {'a', 'b', 'c'}) ASSERT_TRUE(spool.append(std::string(40, c), evicted_));
  EXPECT_EQ(evicted_, std::vector<std::string>{std::string(40, 'a')});
  EXPECT_EQ(files().size(), 2u);
  EXPECT_FALSE(spool.append(std::string(101, 'd'), evicted_));
}

TEST_F(SpoolTest, ReportsAFolderThatCannotBe) {
  std::ofstream(root_ / "file") << "x";
  EXPECT_FALSE(Spool::open((root_ / "file" / "spool").string(), 100, clock_));
  EXPECT_FALSE(Spool::open((root_ / "file").string(), 100, clock_));
}

Options spooling(const fs::path& dir) {
  Options options{.batch_delay = kLong, .tries = 1};
  options.spool_dir = dir.string();
  return options;
}

TEST_F(SpoolTest, SpansOfADeadServerAreSentByTheNextProcessWithTheirOwnTime) {
  const auto dead =
      std::make_shared<FakeSender>([](const Posted&, size_t) { return PostResult{.message = "refused"}; });
  {
    Recorder recorder(dead, spooling(dir_));
    recorder.record(span_of(1));
    recorder.record(span_of(2));
    EXPECT_TRUE(recorder.flush(kLong));
    recorder.record(span_of(3));
    EXPECT_TRUE(recorder.shutdown(kLong));
    EXPECT_EQ(recorder.stats().spooled, 3u);
    EXPECT_EQ(recorder.stats().dropped_unreachable, 0u);
  }
  EXPECT_EQ(files().size(), 2u);
  const auto alive = std::make_shared<FakeSender>();
  Recorder next(alive, spooling(dir_));
  ASSERT_TRUE(alive->wait_for_posts(2));
  EXPECT_EQ(alive->ids(), ids_from(1, 3));
  EXPECT_TRUE(alive->posts()[0].body[0].contains("startTime"));
  EXPECT_TRUE(next.shutdown(kLong));
  EXPECT_EQ(next.stats().respooled, 3u);
  EXPECT_TRUE(files().empty());
}

TEST_F(SpoolTest, TheSameProcessSendsThemWhenTheServerIsBack) {
  std::atomic<bool> up{false};
  const auto sender = std::make_shared<FakeSender>(
      [&](const Posted&, size_t) { return up ? FakeSender::ok() : PostResult{.status = 503}; });
  Recorder recorder(sender, spooling(dir_));
  recorder.record(span_of(1));
  EXPECT_TRUE(recorder.flush(kLong));
  EXPECT_EQ(recorder.stats().spooled, 1u);
  up = true;
  recorder.record(span_of(2));
  ASSERT_TRUE(sender->wait_for_posts(1));
  EXPECT_TRUE(recorder.flush(kLong));
  ASSERT_TRUE(sender->wait_for_posts(3));
  EXPECT_EQ(sender->ids().back(), id_of(1));
  EXPECT_TRUE(recorder.shutdown(kLong));
  EXPECT_EQ(recorder.stats().respooled, 1u);
  EXPECT_TRUE(files().empty());
}

TEST_F(SpoolTest, AStuckServerAtShutdownLeavesEverythingOnDisk) {
  const auto sender = std::make_shared<FakeSender>();
  sender->stick(true);
  Recorder recorder(sender, spooling(dir_));
  for (int n = 1; n <= 3; ++n) recorder.record(span_of(n));
  EXPECT_FALSE(recorder.shutdown(Millis{30}));
  EXPECT_EQ(recorder.stats().spooled, 3u);
}

TEST_F(SpoolTest, AWrongKeyKeepsSpansToo) {
  const auto sender = std::make_shared<FakeSender>([](const Posted&, size_t) { return PostResult{.status = 401}; });
  Recorder recorder(sender, spooling(dir_));
  recorder.record(span_of(1));
  EXPECT_TRUE(recorder.flush(kLong));
  EXPECT_EQ(recorder.stats().spooled, 1u);
  EXPECT_EQ(sender->posts().size(), 1u);
}

TEST_F(SpoolTest, SkipsCountsAndReportsLinesThatAreNoSpans) {
  open();
  write("00000000000000000001-1-aa.ndjson", "garbage\n" + line(1) + "[]\n\n{\"spanId\":5}\n" + line(2).substr(0, 20));
  Failures failures;
  const auto sender = std::make_shared<FakeSender>();
  Options options = spooling(dir_);
  options.on_error = failures.collector();
  Recorder recorder(sender, options);
  ASSERT_TRUE(sender->wait_for_posts(1));
  EXPECT_TRUE(recorder.shutdown(kLong));
  EXPECT_EQ(sender->ids(), std::vector<std::string>{id_of(1)});
  EXPECT_EQ(recorder.stats().spool_corrupt, 4u);
  EXPECT_EQ(failures.ids().size(), 4u);
  EXPECT_TRUE(files().empty());
}

TEST_F(SpoolTest, AFullSpoolReportsEverySpanItLost) {
  Failures failures;
  const auto dead =
      std::make_shared<FakeSender>([](const Posted&, size_t) { return PostResult{.message = "refused"}; });
  Options options = spooling(dir_);
  options.spool_bytes_max = 2 * line(1).size() + 200;
  options.on_error = failures.collector();
  Recorder recorder(dead, options);
  for (int n = 1; n <= 4; ++n) {
    recorder.record(span_of(n));
    EXPECT_TRUE(recorder.flush(kLong));
  }
  const Stats stats = recorder.stats();
  EXPECT_EQ(stats.spooled, 4u);
  EXPECT_EQ(stats.dropped_spool_full, failures.ids().size());
  ASSERT_GE(failures.ids().size(), 1u);
  EXPECT_EQ(failures.ids()[0], id_of(1));
}

TEST_F(SpoolTest, AFolderThatCannotBeIsReportedAndSpansStillGo) {
  fs::create_directories(root_);
  std::ofstream(root_ / "file") << "x";
  Failures failures;
  const auto sender = std::make_shared<FakeSender>();
  Options options = spooling(root_ / "file" / "spool");
  options.on_error = failures.collector();
  Recorder recorder(sender, options);
  recorder.record(span_of(1));
  EXPECT_TRUE(recorder.flush(kLong));
  EXPECT_EQ(recorder.stats().sent, 1u);
  EXPECT_EQ(failures.ids().size(), 1u);
}

}  // namespace
}  // namespace tracia::record
