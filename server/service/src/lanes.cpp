#include "lanes.h"

#include <utility>

#include "tracia/llm/endpoint.h"

namespace tracia::service {
namespace {

// More wait for a model than any connection limit lets in; past it calls are refused rather than kept.
constexpr size_t kCallsMax = 10'000;
constexpr size_t kIdleConnectionsMax = 256;  // a busy server talks to few hosts over many connections

Error too_many() {
  return {.code = ErrorCode::kUnavailable,
          .message = "Too many runs at the same time",
          .retry_after = std::chrono::milliseconds(1000)};
}

}  // namespace

Error stopping_error() {
  return {.code = ErrorCode::kUnavailable,
          .message = "The server is stopping",
          .retry_after = std::chrono::milliseconds(1000)};
}

void Lanes::add(std::shared_ptr<transport::Reactor> reactor) {
  transport::Options options{
      .user_agent = "tracia-server", .idle_connections_max = kIdleConnectionsMax, .reactor = reactor};
  auto transport = std::make_shared<transport::Transport>(std::move(options));
  lanes_.push_back(
      {std::move(reactor), std::make_shared<calls::Driver>(std::move(transport), llm::process_env(), clock_)});
}

Status Lanes::enter() {
  const std::lock_guard lock(mutex_);
  if (closing_) return fail(stopping_error());
  if (running_ >= kCallsMax) return fail(too_many());
  ++running_;
  return {};
}

void Lanes::leave() {
  const std::lock_guard lock(mutex_);
  if (--running_ == 0) none_left_.notify_all();
}

const std::shared_ptr<calls::Driver>& Lanes::driver() const {
  for (const Lane& lane : lanes_) {
    if (lane.reactor && lane.reactor->on_reactor_thread()) return lane.driver;
  }
  return lanes_.front().driver;
}

bool Lanes::is_closing() const {
  const std::lock_guard lock(mutex_);
  return closing_;
}

void Lanes::close() {
  std::unique_lock lock(mutex_);
  closing_ = true;
  while (running_ > 0) {
    lock.unlock();
    for (const Lane& lane : lanes_) lane.driver->cancel_all(false);
    lock.lock();
    // A run that waits for its parent's trace starts its call later: it is cancelled in the next round.
    none_left_.wait_for(lock, Millis{100}, [&] { return running_ == 0; });
  }
  lock.unlock();
  for (const Lane& lane : lanes_) lane.driver->cancel_all(true);
  lanes_.clear();
}

}  // namespace tracia::service
