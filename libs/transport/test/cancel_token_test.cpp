#include "tracia/transport/cancel_token.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace tracia::transport {
namespace {

using std::chrono::steady_clock;

TEST(CancelToken, CopiesShareOneState) {
  const CancelToken token;
  const CancelToken copy = token;
  EXPECT_FALSE(copy.cancelled());
  token.cancel();
  token.cancel();
  EXPECT_TRUE(copy.cancelled());
  EXPECT_FALSE(CancelToken().cancelled());
}

TEST(CancelToken, RunsEachWakeOnceAndNotAfterItsRegistrationEnded) {
  const CancelToken token;
  int first = 0;
  int second = 0;
  int third = 0;
  const auto a = token.on_cancel([&] { ++first; });
  auto b = token.on_cancel([&] { ++second; });
  const auto c = token.on_cancel([&] { ++third; });
  b.reset();
  token.cancel();
  token.cancel();
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 0);
  EXPECT_EQ(third, 1);
}

TEST(CancelToken, RunsALateWakeAtOnce) {
  const CancelToken token;
  token.cancel();
  int ran = 0;
  const auto registration = token.on_cancel([&] { ++ran; });
  EXPECT_EQ(ran, 1);
}

TEST(CancelToken, WakesASleeper) {
  const CancelToken token;
  EXPECT_FALSE(token.wait_until(steady_clock::now() + std::chrono::milliseconds(1)));
  std::thread canceller([&] { token.cancel(); });
  EXPECT_TRUE(token.wait_until(steady_clock::now() + std::chrono::seconds(60)));
  canceller.join();
  EXPECT_TRUE(token.wait_until(steady_clock::now()));
}

TEST(CancelToken, EndOfARegistrationWaitsForItsRunningWake) {
  const CancelToken token;
  std::atomic<bool> started{false};
  std::atomic<bool> finished{false};
  auto registration = token.on_cancel([&] {
    started = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    finished = true;
  });
  std::thread canceller([&] { token.cancel(); });
  while (!started) std::this_thread::yield();
  registration.reset();
  EXPECT_TRUE(finished);
  canceller.join();
}

TEST(CancelToken, MayBeLetGoByItsOwnWake) {
  auto token = std::make_unique<CancelToken>();
  std::unique_ptr<CancelToken::Registration> registration;
  registration = token->on_cancel([&] { token.reset(); });
  token->cancel();
  EXPECT_EQ(token, nullptr);
}

TEST(CancelToken, HoldsUnderManyThreads) {
  for (int round = 0; round < 200; ++round) {
    const CancelToken token;
    std::atomic<int> woken{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        if (i == 0) return token.cancel();
        const auto registration = token.on_cancel([&] { ++woken; });
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_LE(woken, 3);
  }
}

}  // namespace
}  // namespace tracia::transport
