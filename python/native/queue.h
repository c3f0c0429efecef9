// Python's side of a CompletionQueue, and of a call whose end comes through one.
#pragma once

#include <cstdint>
#include <memory>

#include "gil.h"
#include "tracia/client/client.h"
#include "tracia/client/completion_queue.h"

namespace tracia::native {

// In a child after fork() it is inert: nothing comes, and the parent's descriptor is not read.
class Queue {
 public:
  Queue();
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  int fd() const { return queue_->fd(); }
  nb::list drain();
  void close();

  const std::shared_ptr<CompletionQueue>& shared() const { return queue_; }
  // Ids of completions that only say that a stream is ready.
  uint64_t new_ready_id() const;

 private:
  bool is_foreign() const;

  uint64_t epoch_;
  std::shared_ptr<CompletionQueue> queue_;
};

// A started call.
class Call {
 public:
  Call(uint64_t id, CallHandle handle);
  uint64_t id() const { return id_; }
  void cancel();

 private:
  uint64_t id_;
  uint64_t epoch_;
  CallHandle handle_;
};

void bind_queue(nb::module_& module);

}  // namespace tracia::native
