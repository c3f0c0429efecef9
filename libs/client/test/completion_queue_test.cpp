#include "tracia/client/completion_queue.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <set>
#include <thread>

namespace tracia {
namespace {

bool is_readable(int fd, int wait_ms = 0) {
  pollfd ready{fd, POLLIN, 0};
  return ::poll(&ready, 1, wait_ms) == 1;
}

std::shared_ptr<CompletionQueue> make_queue() { return *CompletionQueue::make(); }

TEST(CompletionQueue, IsReadableExactlyWhileThereAreCompletions) {
  const auto queue = make_queue();
  EXPECT_FALSE(is_readable(queue->fd()));
  EXPECT_TRUE(queue->drain().empty());
  const uint64_t one = queue->new_id();
  const uint64_t two = queue->new_id();
  EXPECT_NE(one, two);
  queue->push({one, std::string("a")});
  queue->push({two, fail(Error::invalid("no"))});
  EXPECT_TRUE(is_readable(queue->fd()));
  const auto got = queue->drain();
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].id, one);
  EXPECT_EQ(*got[0].value, "a");
  EXPECT_EQ(got[1].id, two);
  EXPECT_EQ(got[1].value.error().message, "no");
  EXPECT_FALSE(is_readable(queue->fd()));
  queue->push({one, std::string("b")});
  EXPECT_TRUE(is_readable(queue->fd()));
}

TEST(CompletionQueue, DropsEverythingOnceClosed) {
  const auto queue = make_queue();
  queue->push({1, std::string("a")});
  queue->close();
  EXPECT_FALSE(is_readable(queue->fd()));
  queue->push({2, std::string("b")});
  EXPECT_FALSE(is_readable(queue->fd()));
  EXPECT_TRUE(queue->drain().empty());
  queue->close();
}

TEST(CompletionQueue, LosesNothingAndNoWakeUpWhileManyThreadsPush) {
  constexpr size_t kThreads = 4, kEach = 2000;
  const auto queue = make_queue();
  std::vector<std::thread> threads;
  for (size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([queue] {
      for (size_t i = 0; i < kEach; ++i) queue->push({queue->new_id(), std::string()});
    });
  }
  std::set<uint64_t> seen;
  while (seen.size() < kThreads * kEach && is_readable(queue->fd(), 30'000)) {
    for (const Completion& completion : queue->drain()) EXPECT_TRUE(seen.insert(completion.id).second);
  }
  EXPECT_EQ(seen.size(), kThreads * kEach);
  for (auto& thread : threads) thread.join();
  EXPECT_FALSE(is_readable(queue->fd()));
}

TEST(CompletionQueue, MayBeClosedAndDroppedWhileOthersPush) {
  for (int round = 0; round < 50; ++round) {
    auto queue = make_queue();
    std::atomic<bool> started{false};
    std::thread pusher([held = queue, &started] {
      for (int i = 0; i < 200; ++i) {
        held->push({1, std::string("x")});
        started = true;
      }
    });
    while (!started) std::this_thread::yield();
    if (round % 2 == 0) queue->close();
    queue.reset();
    pusher.join();
  }
}

}  // namespace
}  // namespace tracia
