// Where calls to models run: one driver for each reactor of the server, a bound on how many are under way, and an end
// that waits for all of them. Shared by Runs and Gateway. Private to the service.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/calls/driver.h"
#include "tracia/transport/transport.h"

namespace tracia::service {

// Thread-safe.
class Lanes {
 public:
  explicit Lanes(const Clock& clock) : clock_(clock) {}

  // Before the first call. nullptr: a thread of its own.
  void add(std::shared_ptr<transport::Reactor> reactor);

  // Counts a call in, and out again when everything of it is over. Errors: kUnavailable while closing, or when more
  // are under way than any connection limit lets in.
  Status enter();
  void leave();
  // The lane of the calling thread, so that a call stays on the thread of its connection. After enter() only.
  const std::shared_ptr<calls::Driver>& driver() const;

  bool is_closing() const;
  // Cancels what is under way, waits for its end, and gives the reactors back. Idempotent; not on a reactor's thread.
  void close();

 private:
  struct Lane {
    std::shared_ptr<transport::Reactor> reactor;
    std::shared_ptr<calls::Driver> driver;
  };
  const Clock& clock_;
  std::vector<Lane> lanes_;  // for those who entered
  mutable std::mutex mutex_;
  std::condition_variable none_left_;
  size_t running_ = 0;
  bool closing_ = false;
};

// "The server is stopping", kUnavailable.
Error stopping_error();

}  // namespace tracia::service
