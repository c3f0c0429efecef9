#include "tracia/service/workers.h"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "tracia/base/clock.h"

namespace tracia::service {

struct Workers::Impl {
  mutable std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> queue;
  size_t queue_max = 0;
  bool stopping = false;
  std::vector<std::thread> threads;

  void run() {
    ::pthread_setname_np(::pthread_self(), "tracia-work");
    std::unique_lock lock(mutex);
    for (;;) {
      wake.wait(lock, [this] { return stopping || !queue.empty(); });
      if (queue.empty()) return;
      std::function<void()> task = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      task();
      task = nullptr;  // what it holds may take this lock on its way out
      lock.lock();
    }
  }
};

Workers::Workers(int threads, size_t queue_max) : impl_(std::make_unique<Impl>()) {
  impl_->queue_max = queue_max;
  for (int i = 0; i < std::max(threads, 1); ++i) impl_->threads.emplace_back([impl = impl_.get()] { impl->run(); });
}

Workers::~Workers() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  for (std::thread& thread : impl_->threads) thread.join();
}

Status Workers::submit(std::function<void()> task) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->queue.size() >= impl_->queue_max) {
      return fail(Error{.code = ErrorCode::kUnavailable,
                        .message = "The server is busy: too many requests wait for the disk. Try again in a moment.",
                        .retry_after = Millis(1000)});
    }
    impl_->queue.push_back(std::move(task));
  }
  impl_->wake.notify_one();
  return {};
}

size_t Workers::queued() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->queue.size();
}

}  // namespace tracia::service
