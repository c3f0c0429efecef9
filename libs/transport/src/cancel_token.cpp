#include "tracia/transport/cancel_token.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace tracia::transport {

struct CancelToken::State {
  std::atomic<bool> cancelled{false};
  std::mutex mutex;
  std::condition_variable changed;  // cancelled, or a wake has returned
  Registration* first = nullptr;
  const Registration* running = nullptr;  // the one whose wake runs now, outside the mutex
  std::thread::id running_on;

  void unlink(Registration& entry) {
    (entry.previous_ != nullptr ? entry.previous_->next_ : first) = entry.next_;
    if (entry.next_ != nullptr) entry.next_->previous_ = entry.previous_;
    entry.listed_ = false;
  }
};

CancelToken::CancelToken() : state_(std::make_shared<State>()) {}

void CancelToken::cancel() const {
  if (!state_) return;                          // moved from
  const std::shared_ptr<State> state = state_;  // a wake may let go of the last copy of this token
  std::unique_lock lock(state->mutex);
  if (state->cancelled.exchange(true, std::memory_order_acq_rel)) return;
  state->changed.notify_all();
  while (Registration* entry = state->first) {
    state->unlink(*entry);
    state->running = entry;
    state->running_on = std::this_thread::get_id();
    lock.unlock();
    entry->wake_();
    lock.lock();
    state->running = nullptr;
    state->changed.notify_all();
  }
}

bool CancelToken::cancelled() const { return state_ && state_->cancelled.load(std::memory_order_acquire); }

bool CancelToken::wait_until(SteadyTime until) const {
  if (!state_) {
    std::this_thread::sleep_until(until);
    return false;
  }
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_until(lock, until, [&] { return state_->cancelled.load(std::memory_order_acquire); });
}

std::unique_ptr<CancelToken::Registration> CancelToken::on_cancel(std::function<void()> wake) const {
  std::unique_ptr<Registration> entry(new Registration(state_, std::move(wake)));  // its constructor is private
  if (!state_) return entry;
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->cancelled.load(std::memory_order_acquire)) {
      entry->next_ = state_->first;
      if (entry->next_ != nullptr) entry->next_->previous_ = entry.get();
      state_->first = entry.get();
      entry->listed_ = true;
      return entry;
    }
  }
  entry->wake_();
  return entry;
}

CancelToken::Registration::Registration(std::shared_ptr<State> state, std::function<void()> wake)
    : state_(std::move(state)), wake_(std::move(wake)) {}

CancelToken::Registration::~Registration() {
  if (!state_) return;
  std::unique_lock lock(state_->mutex);
  if (listed_) {
    state_->unlink(*this);
    return;
  }
  // Destroyed inside its own wake against the contract: waiting would hang for ever, so do not.
  if (state_->running == this && state_->running_on == std::this_thread::get_id()) return;
  state_->changed.wait(lock, [&] { return state_->running != this; });
}

}  // namespace tracia::transport
