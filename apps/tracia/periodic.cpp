#include "periodic.h"

#include <algorithm>
#include <utility>

namespace tracia::app {

Periodic::~Periodic() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Periodic::add(Millis every, std::function<void()> task) {
  tasks_.push_back({.every = every, .run = std::move(task)});
}

void Periodic::start() {
  if (tasks_.empty()) return;
  thread_ = std::thread([this] { loop(); });
}

void Periodic::loop() {
  const Clock& clock = system_clock();
  for (Task& task : tasks_) task.next = clock.steady() + task.every;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto due =
        std::min_element(tasks_.begin(), tasks_.end(), [](const Task& a, const Task& b) { return a.next < b.next; });
    if (wake_.wait_until(lock, due->next, [this] { return stopping_; })) return;
    lock.unlock();
    due->run();
    due->next = clock.steady() + due->every;
    lock.lock();
  }
}

}  // namespace tracia::app
