// Cancellation that crosses threads: one flag, callers that sleep on it, and wake-ups that it runs.
#pragma once

#include <functional>
#include <memory>

#include "tracia/base/clock.h"

namespace tracia::transport {

// Cancels whatever holds it, from any thread, any number of times; copies share one state. A default-made token is
// live. Cancelling wakes a perform() and ends a start()ed exchange; the connection is closed, not kept.
class CancelToken {
 public:
  CancelToken();
  // Runs the registered wakes on this thread before it returns. Later calls do nothing.
  void cancel() const;
  bool cancelled() const;
  // Blocks until cancelled or `until`; true when cancelled. For waiting between retries.
  bool wait_until(SteadyTime until) const;
  // Runs `wake` once, on the cancelling thread, or at once when already cancelled. The registration ends with the
  // returned handle, which must not be destroyed inside `wake` itself; its destructor waits for a running `wake`.
  // `wake` must be short, must not throw, and may not touch this token beyond cancelled().
  class Registration;
  [[nodiscard]] std::unique_ptr<Registration> on_cancel(std::function<void()> wake) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Move-less handle of one on_cancel(); see there.
class CancelToken::Registration {
 public:
  ~Registration();
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;

 private:
  friend class CancelToken;
  friend struct CancelToken::State;
  Registration(std::shared_ptr<State> state, std::function<void()> wake);

  std::shared_ptr<State> state_;
  std::function<void()> wake_;
  Registration* previous_ = nullptr;  // the token's list, guarded by its mutex
  Registration* next_ = nullptr;
  bool listed_ = false;
};

}  // namespace tracia::transport
