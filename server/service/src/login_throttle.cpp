#include "login_throttle.h"

#include <algorithm>

namespace tracia::service {

LoginThrottle::Entry& LoginThrottle::entry(std::string_view key) {
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front();
  }
  if (entries_.size() >= keys_max_) {
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  entries_.push_front({.key = std::string(key)});
  by_key_.emplace(entries_.front().key, entries_.begin());
  return entries_.front();
}

Millis LoginThrottle::count_try(std::string_view key) {
  const SteadyTime now = clock_.steady();
  const std::lock_guard lock(mutex_);
  Entry& e = entry(key);
  if (e.failures > 0 && now - e.last_try > kForgetAfter) e.failures = 0;
  if (e.failures >= kFreeFailures && now < e.next_try) {
    return std::max(Millis(1), std::chrono::ceil<Millis>(e.next_try - now));
  }
  e.failures = std::min(e.failures + 1, 1000);
  e.last_try = now;
  const int doublings = std::clamp(e.failures - kFreeFailures, 0, 10);
  e.next_try = now + std::min(Millis(1000LL << doublings), kWaitMax);
  return Millis(0);
}

void LoginThrottle::forgive(std::string_view key) {
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return;
  const auto position = found->second;
  by_key_.erase(found);
  entries_.erase(position);
}

void LoginThrottle::take_back(std::string_view key) {
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return;
  Entry& e = *found->second;
  e.failures = std::max(0, e.failures - 1);
  e.next_try = e.last_try;
}

size_t LoginThrottle::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace tracia::service
