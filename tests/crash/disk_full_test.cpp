// A full disk: appends say so and lose nothing acknowledged; with space back, service is back.
#include <future>

#include "crash_fixture.h"

namespace tracia::crash {
namespace {

Result<std::vector<store::Appended>> append(store_sqlite::DataDirectory& data, uint64_t n) {
  std::promise<Result<std::vector<store::Appended>>> promise;
  auto future = promise.get_future();
  data.spans().append({make_span(n)}, [&](Result<std::vector<store::Appended>> r) { promise.set_value(std::move(r)); });
  return future.get();
}

bool eventually(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

TEST(DiskFull, AppendsAreRefusedUntilThereIsSpaceAndNothingIsLost) {
  power::install();
  Folder folder;
  store_sqlite::Options options;
  options.vfs = power::kVfsName;
  options.segment_spans_max = 10;
  Promises promises;
  uint64_t n = 0;
  {
    auto data = store_sqlite::DataDirectory::open(folder.path(), options);
    ASSERT_TRUE(data) << data.error().message;
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 15; ++i) {
        ASSERT_TRUE(append(**data, ++n));
        promises.keep(n);
      }
      power::set_full(true);
      const uint64_t refused = n + 1;
      for (int i = 0; i < 5; ++i) {
        const auto answer = append(**data, ++n);
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
        EXPECT_TRUE(answer.error().retry_after);
        EXPECT_NE(answer.error().message.find("disk is full"), std::string::npos) << answer.error().message;
      }
      EXPECT_FALSE((*data)->spans().health());
      EXPECT_GE((*data)->spans().stats().refused, 5u);
      EXPECT_EQ(broken_promise(**data, promises, n), "") << "reading goes on";
      power::set_full(false);
      // It finds out by itself, without anybody writing.
      ASSERT_TRUE(eventually([&] { return (*data)->spans().health().has_value(); }));
      for (uint64_t again = refused; again <= n; ++again) {
        const auto answer = append(**data, again);
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_TRUE(answer->at(0).stored) << "what was refused was not stored";
        promises.keep(again);
      }
    }
    EXPECT_EQ(broken_promise(**data, promises, n), "");
  }
  auto data = store_sqlite::DataDirectory::open(folder.path(), options);
  ASSERT_TRUE(data) << data.error().message;
  EXPECT_EQ(broken_promise(**data, promises, n), "");
  data->reset();
  power::revive();
}

}  // namespace
}  // namespace tracia::crash
