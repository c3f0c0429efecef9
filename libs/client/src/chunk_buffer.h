// What a stream's loop and its reader share: the chunks on their way, and who waits for them. Private to libs/client.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tracia/client/types.h"

namespace tracia::client {

// The loop's thread pushes and finishes; one thread reads; the rest is for any thread. What the loop wrote before
// finish() may be read by others, without a lock, once is_finished() is true or wait_finished() has returned.
// Not bounded by itself: the sources are (limits::kStreamBufferBytesMax for a whole answer).
class ChunkBuffer {
 public:
  // `interrupted`: see ClientOptions; asked by next() and wait_finished(), where true aborts.
  explicit ChunkBuffer(std::function<bool()> interrupted) : interrupted_(std::move(interrupted)) {}

  // Before the buffer has a reader: what abort() cancels.
  void set_cancel(CancelToken cancel) { cancel_ = std::move(cancel); }

  // The loop's.
  void push(StreamChunk chunk);  // dropped after an abort
  // The call is about to end, `by_cancel` or by itself. The text delivered, which is final then, when it was aborted.
  std::optional<std::string> stop(bool by_cancel);
  void finish();  // last; wakes everybody

  // The reader's; what they mean is said at LocalStream.
  std::optional<StreamChunk> next();
  std::vector<StreamChunk> take();
  bool ended() const;
  void on_ready(std::function<void()> ready);
  void on_finished(std::function<void()> finished);
  void abort();
  // Waits for finish(); true when the stream was aborted. The end counts as seen then.
  bool wait_finished();
  // The stream is gone: forgets the callbacks and aborts. A callback that has begun may outlast this.
  void leave();

  bool is_finished() const;
  bool is_aborted() const;
  std::string delivered() const;    // text handed out so far
  std::string text_so_far() const;  // and what is buffered

 private:
  void mark_aborted(std::unique_lock<std::mutex>& lock);
  template <typename Predicate>
  void wait(std::unique_lock<std::mutex>& lock, Predicate predicate);

  const std::function<bool()> interrupted_;
  CancelToken cancel_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<StreamChunk> chunks_;
  std::string delivered_;
  bool finished_ = false, aborted_ = false;
  mutable bool end_seen_ = false;  // the reader knows: an abort changes nothing any more
  std::function<void()> on_ready_, on_finished_;
};

}  // namespace tracia::client
