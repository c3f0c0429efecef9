// A bounded pool of threads for work that blocks (disk reads, password hashes), so that no I/O thread ever does.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "tracia/base/result.h"

namespace tracia::service {

// Thread-safe. The destructor runs what is queued, then joins.
class Workers {
 public:
  explicit Workers(int threads, size_t queue_max = 1024);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // kUnavailable (retry_after 1 s) when the queue is full; `task` was then not taken. Tasks must not throw.
  Status submit(std::function<void()> task);
  size_t queued() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tracia::service
