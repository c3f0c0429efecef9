#include "login_throttle.h"

#include <gtest/gtest.h>

namespace tracia::service {
namespace {

class ManualClock : public Clock {
 public:
  Timestamp now() const override { return {}; }
  SteadyTime steady() const override { return now_; }
  void advance(Millis by) { now_ += by; }

 private:
  SteadyTime now_{};
};

class LoginThrottleTest : public ::testing::Test {
 protected:
  void fail_times(const std::string& key, int times) {
    for (int i = 0; i < times; ++i) {
      clock.advance(LoginThrottle::kWaitMax);
      ASSERT_EQ(throttle.count_try(key), Millis(0)) << i;
    }
  }
  ManualClock clock;
  LoginThrottle throttle{clock, 100};
};

TEST_F(LoginThrottleTest, FiveFailuresAreFree) {
  for (int i = 0; i < LoginThrottle::kFreeFailures; ++i) EXPECT_EQ(throttle.count_try("a"), Millis(0));
  EXPECT_GT(throttle.count_try("a"), Millis(0));
}

TEST_F(LoginThrottleTest, WaitsDoubleUpToAMinute) {
  for (int i = 0; i < LoginThrottle::kFreeFailures; ++i) throttle.count_try("a");
  for (const int64_t seconds : {1, 2, 4, 8, 16, 32, 60, 60, 60}) {
    EXPECT_EQ(throttle.count_try("a"), Millis(seconds * 1000));
    clock.advance(Millis(seconds * 1000));
    EXPECT_EQ(throttle.count_try("a"), Millis(0));
  }
}

TEST_F(LoginThrottleTest, ATryThatHasToWaitDoesNotProlongTheWait) {
  fail_times("a", 8);
  const Millis wait = throttle.count_try("a");
  EXPECT_EQ(throttle.count_try("a"), wait);
  clock.advance(wait);
  EXPECT_EQ(throttle.count_try("a"), Millis(0));
}

TEST_F(LoginThrottleTest, OneKeySlowsNoOther) {
  fail_times("a", 8);
  EXPECT_EQ(throttle.count_try("b"), Millis(0));
}

TEST_F(LoginThrottleTest, SuccessStartsAfresh) {
  fail_times("a", 8);
  throttle.forgive("a");
  EXPECT_EQ(throttle.count_try("a"), Millis(0));
  EXPECT_EQ(throttle.size(), 1u);
}

TEST_F(LoginThrottleTest, ATryTakenBackDoesNotCount) {
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(throttle.count_try("a"), Millis(0));
    throttle.take_back("a");
  }
}

TEST_F(LoginThrottleTest, AQuietKeyIsForgotten) {
  fail_times("a", 20);
  clock.advance(LoginThrottle::kForgetAfter + Millis(1));
  for (int i = 0; i < LoginThrottle::kFreeFailures; ++i) EXPECT_EQ(throttle.count_try("a"), Millis(0));
}

TEST_F(LoginThrottleTest, KeepsTheKeysTriedLast) {
  fail_times("old", 8);
  for (int i = 0; i < 1000; ++i) throttle.count_try("key" + std::to_string(i));
  EXPECT_EQ(throttle.size(), 100u);
  EXPECT_EQ(throttle.count_try("old"), Millis(0));
}

}  // namespace
}  // namespace tracia::service
