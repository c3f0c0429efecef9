#include "tracia/client/completion_queue.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <utility>

namespace tracia {
inline namespace v0 {

// The descriptor is open as long as the queue exists, also once it is closed: a number that is free again may be given
// to something else while the host's loop still watches it.
struct CompletionQueue::Impl {
  explicit Impl(int opened) : fd(opened) {}
  ~Impl() { ::close(fd); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // Under the mutex, so that the descriptor is readable exactly while there are completions.
  void signal() const {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
  }
  std::vector<Completion> take() {
    if (waiting.empty()) return {};
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(fd, &count, sizeof count);
    return std::exchange(waiting, {});
  }

  const int fd;
  std::atomic<uint64_t> ids{0};
  std::mutex mutex;
  std::vector<Completion> waiting;
  bool closed = false;
};

Result<std::shared_ptr<CompletionQueue>> CompletionQueue::make() {
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) {
    return fail({.message = "Could not make a completion queue: the process has no file descriptor left"});
  }
  return std::shared_ptr<CompletionQueue>(new CompletionQueue(std::make_unique<Impl>(fd)));  // private constructor
}

CompletionQueue::CompletionQueue(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CompletionQueue::~CompletionQueue() = default;

int CompletionQueue::fd() const { return impl_->fd; }

uint64_t CompletionQueue::new_id() { return impl_->ids.fetch_add(1, std::memory_order_relaxed) + 1; }

void CompletionQueue::push(Completion completion) {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->closed) return;
  impl_->waiting.push_back(std::move(completion));
  if (impl_->waiting.size() == 1) impl_->signal();
}

std::vector<Completion> CompletionQueue::drain() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->take();
}

void CompletionQueue::close() {
  std::vector<Completion> dropped;  // freed after the mutex is
  const std::lock_guard lock(impl_->mutex);
  impl_->closed = true;
  dropped = impl_->take();
}

}  // namespace v0
}  // namespace tracia
