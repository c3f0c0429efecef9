#include "tracia/service/workers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <optional>
#include <vector>

namespace tracia::service {
namespace {

TEST(Workers, run_everything_that_was_taken_before_they_end) {
  std::atomic<int> done{0};
  {
    Workers workers(3);
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(workers.submit([&] { ++done; }).has_value());
  }
  EXPECT_EQ(done, 500);
}

TEST(Workers, refuse_what_does_not_fit_their_queue) {
  std::promise<void> started, release;
  Workers workers(1, 2);
  ASSERT_TRUE(workers.submit([&] {
    started.set_value();
    release.get_future().wait();
  }));
  started.get_future().wait();
  EXPECT_TRUE(workers.submit([] {}).has_value());
  EXPECT_TRUE(workers.submit([] {}).has_value());
  EXPECT_EQ(workers.queued(), 2u);
  const Status refused = workers.submit([] { FAIL() << "was not taken"; });
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(refused.error().retry_after, std::chrono::milliseconds(1000));
  release.set_value();
}

TEST(Workers, work_at_the_same_time) {
  Workers workers(2);
  std::promise<void> first, second;
  std::promise<void> both;
  ASSERT_TRUE(workers.submit([&] {
    first.set_value();
    second.get_future().wait();
    both.set_value();
  }));
  ASSERT_TRUE(workers.submit([&] {
    first.get_future().wait();
    second.set_value();
  }));
  EXPECT_EQ(both.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
}

TEST(Workers, a_task_may_submit_another) {
  std::promise<void> done;
  Workers workers(1);
  ASSERT_TRUE(workers.submit([&] { EXPECT_TRUE(workers.submit([&] { done.set_value(); }).has_value()); }));
  EXPECT_EQ(done.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
}

}  // namespace
}  // namespace tracia::service
