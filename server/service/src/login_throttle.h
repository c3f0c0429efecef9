// Slows down guessing: after some free failures, each next try has to wait longer. Bounded: the key that was seen
// longest ago is forgotten first.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tracia/base/clock.h"

namespace tracia::service {

// Thread-safe. A try counts as a failure until forgive() says otherwise, so that tries made at once count too.
class LoginThrottle {
 public:
  explicit LoginThrottle(const Clock& clock, size_t keys_max = 10'000) : clock_(clock), keys_max_(keys_max) {}

  static constexpr int kFreeFailures = 5;
  static constexpr Millis kWaitMax{60'000};
  static constexpr Millis kForgetAfter{15 * 60'000};  // without a try, a key starts afresh

  // How long `key` has to wait; zero: it may try, and the try is counted.
  Millis count_try(std::string_view key);
  void forgive(std::string_view key);    // the try succeeded: the key starts afresh
  void take_back(std::string_view key);  // the try was never decided: it does not count
  size_t size() const;

 private:
  struct Entry {
    std::string key;
    int failures = 0;
    SteadyTime next_try{}, last_try{};
  };
  using Entries = std::list<Entry>;
  Entry& entry(std::string_view key);

  const Clock& clock_;
  const size_t keys_max_;
  mutable std::mutex mutex_;
  Entries entries_;                                                 // most recently tried first
  std::unordered_map<std::string_view, Entries::iterator> by_key_;  // views into entries_
};

}  // namespace tracia::service
