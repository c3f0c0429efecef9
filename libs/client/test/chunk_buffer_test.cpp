#include "chunk_buffer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

namespace tracia::client {
namespace {

StreamChunk text(std::string text) { return {.text = std::move(text)}; }

class ChunkBufferTest : public testing::Test {
 protected:
  ChunkBufferTest() { buffer_.set_cancel(cancel_); }
  CancelToken cancel_;
  ChunkBuffer buffer_{nullptr};
  int ready_ = 0, finished_ = 0;
  std::function<void()> count_ready_ = [this] { ++ready_; };
  std::function<void()> count_finished_ = [this] { ++finished_; };
};

TEST_F(ChunkBufferTest, TakesWhatIsThereAndSaysWhenNothingWillCome) {
  EXPECT_TRUE(buffer_.take().empty());
  EXPECT_FALSE(buffer_.ended());
  buffer_.push(text("a"));
  buffer_.push(text("b"));
  EXPECT_FALSE(buffer_.stop(false));
  buffer_.finish();
  EXPECT_FALSE(buffer_.ended());  // two chunks are left
  EXPECT_EQ(buffer_.take().size(), 2u);
  EXPECT_TRUE(buffer_.ended());
  EXPECT_FALSE(buffer_.wait_finished());
  EXPECT_EQ(buffer_.delivered(), "ab");
}

TEST_F(ChunkBufferTest, CallsReadyOnceForEachRegistration) {
  buffer_.on_ready(count_ready_);
  EXPECT_EQ(ready_, 0);
  buffer_.push(text("a"));
  buffer_.push(text("b"));
  EXPECT_EQ(ready_, 1);
  buffer_.on_ready(count_ready_);  // something waits
  EXPECT_EQ(ready_, 2);
  buffer_.take();
  buffer_.on_ready(count_ready_);
  EXPECT_EQ(ready_, 2);
  buffer_.finish();
  EXPECT_EQ(ready_, 3);
  buffer_.on_ready(count_ready_);  // the end stays
  EXPECT_EQ(ready_, 4);
}

TEST_F(ChunkBufferTest, CallsFinishedAtTheEndOnly) {
  buffer_.on_finished(count_finished_);
  buffer_.push(text("a"));
  EXPECT_EQ(finished_, 0);
  buffer_.finish();
  EXPECT_EQ(finished_, 1);
  buffer_.on_finished(count_finished_);
  EXPECT_EQ(finished_, 2);
}

TEST_F(ChunkBufferTest, ASecondRegistrationReplacesTheFirst) {
  int first = 0;
  buffer_.on_ready([&] { ++first; });
  buffer_.on_ready(count_ready_);
  buffer_.push(text("a"));
  EXPECT_EQ(first, 0);
  EXPECT_EQ(ready_, 1);
}

TEST_F(ChunkBufferTest, ACallbackMayUseTheBufferAndRegisterAgain) {
  std::string got;
  std::function<void()> again = [&] {
    for (const StreamChunk& chunk : buffer_.take()) got += chunk.text;
    if (!buffer_.ended()) buffer_.on_ready(again);
  };
  buffer_.on_ready(again);
  buffer_.push(text("a"));
  buffer_.push(text("b"));
  buffer_.finish();
  EXPECT_EQ(got, "ab");
}

TEST_F(ChunkBufferTest, AnAbortDropsWhatIsBufferedAndIsReadyWhenTheCallHasEnded) {
  buffer_.push(text("a"));
  ASSERT_TRUE(buffer_.next());
  buffer_.push(text("b"));
  buffer_.abort();
  EXPECT_TRUE(cancel_.cancelled());
  EXPECT_FALSE(buffer_.next());
  EXPECT_TRUE(buffer_.take().empty());
  EXPECT_FALSE(buffer_.ended());  // result() would still wait
  buffer_.on_ready(count_ready_);
  buffer_.push(text("c"));
  EXPECT_EQ(ready_, 0);
  EXPECT_EQ(buffer_.stop(true), "a");
  buffer_.finish();
  EXPECT_EQ(ready_, 1);
  EXPECT_TRUE(buffer_.ended());
  EXPECT_TRUE(buffer_.wait_finished());
}

TEST_F(ChunkBufferTest, AnAbortAfterTheEndWasSeenDoesNothing) {
  buffer_.push(text("a"));
  buffer_.finish();
  buffer_.take();
  ASSERT_TRUE(buffer_.ended());
  buffer_.abort();
  EXPECT_FALSE(buffer_.is_aborted());
  EXPECT_FALSE(buffer_.wait_finished());
}

TEST_F(ChunkBufferTest, ForgetsTheCallbacksOfAReaderThatLeft) {
  buffer_.on_ready(count_ready_);
  buffer_.on_finished(count_finished_);
  buffer_.leave();
  buffer_.push(text("a"));
  buffer_.finish();
  EXPECT_EQ(ready_, 0);
  EXPECT_EQ(finished_, 0);
  EXPECT_TRUE(cancel_.cancelled());
}

TEST_F(ChunkBufferTest, ALaggingReaderGetsLongerPieces) {
  constexpr size_t kPieces = 100'000;
  for (size_t i = 0; i < kPieces; ++i) buffer_.push(text("x"));
  buffer_.push({.type = StreamChunk::Type::kToolCall, .text = "{", .tool_id = "call_1", .tool_name = "f"});
  buffer_.push({.type = StreamChunk::Type::kToolCall, .text = "}"});
  EXPECT_EQ(buffer_.text_so_far().size(), kPieces);
  const auto chunks = buffer_.take();
  EXPECT_LT(chunks.size(), 5000u);
  EXPECT_EQ(buffer_.delivered().size(), kPieces);
  EXPECT_EQ(chunks.back().tool_id, "call_1");
  EXPECT_EQ(chunks.back().text, "{}");
}

TEST_F(ChunkBufferTest, NoWakeUpIsLostBetweenTwoThreads) {
  constexpr int kChunks = 5000;
  std::thread loop([&] {
    for (int i = 0; i < kChunks; ++i) buffer_.push(text("x"));
    buffer_.finish();
  });
  size_t got = 0;
  while (!buffer_.ended()) {
    std::promise<void> ready;
    buffer_.on_ready([&] { ready.set_value(); });
    ready.get_future().wait();
    for (const StreamChunk& chunk : buffer_.take()) got += chunk.text.size();
  }
  loop.join();
  EXPECT_EQ(got, static_cast<size_t>(kChunks));
}

TEST(ChunkBuffer, AnInterruptionOfAWaitAborts) {
  for (const bool in_next : {true, false}) {
    std::atomic<int> asks{0};
    ChunkBuffer buffer([&] { return ++asks == 2; });
    CancelToken cancel;
    buffer.set_cancel(cancel);
    const auto loop = cancel.on_cancel([&] { buffer.finish(); });
    if (in_next) {
      EXPECT_FALSE(buffer.next());
    } else {
      EXPECT_TRUE(buffer.wait_finished());
    }
    EXPECT_TRUE(buffer.is_aborted());
    EXPECT_EQ(asks, 2);
  }
}

}  // namespace
}  // namespace tracia::client
