// Completions of asynchronous calls, carried to a host's own event loop by a file descriptor: the loop reads drain()
// when fd() is readable. Nothing of the host runs on a thread of this library.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tracia/base/result.h"

namespace tracia {
inline namespace v0 {

// What one registration came to: a result, an error, or (streams) the mere fact that there is something to take.
struct Completion {
  uint64_t id = 0;
  Result<std::string> value;
};

// push() is thread-safe; the rest belongs to the thread of the host's loop. Copies of the shared_ptr are held by calls
// under way, so that a queue may be dropped at any time: what comes later goes nowhere.
class CompletionQueue {
 public:
  // Error: kInternal when the process has no descriptor left.
  static Result<std::shared_ptr<CompletionQueue>> make();
  ~CompletionQueue();
  CompletionQueue(const CompletionQueue&) = delete;
  CompletionQueue& operator=(const CompletionQueue&) = delete;

  int fd() const;  // an eventfd: readable while there are completions
  uint64_t new_id();
  // Cost: one lock; one system call when the queue was empty.
  void push(Completion completion);
  // All that came since the last call, in order; the descriptor is not readable any more.
  std::vector<Completion> drain();
  void close();  // drops what is there and what comes

 private:
  struct Impl;
  explicit CompletionQueue(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace v0
}  // namespace tracia
