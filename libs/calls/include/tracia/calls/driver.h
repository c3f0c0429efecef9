// Moves bytes between a transport and a Call: once for the caller's thread, once for the loop. The client library and
// the server drive every call of a model through this.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>

#include "tracia/base/clock.h"
#include "tracia/calls/credentials.h"
#include "tracia/llm/call.h"
#include "tracia/llm/endpoint.h"
#include "tracia/transport/transport.h"

namespace tracia::calls {

// Thread-safe. Asynchronous calls hold the driver until they have ended; cancel_all() ends them. The destructor itself
// waits for nothing.
class Driver {
 public:
  // `env` is where AWS credentials are looked for.
  Driver(std::shared_ptr<transport::Transport> transport, llm::EnvReader env, const Clock& clock = system_clock());
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // Runs the call to its end on this thread.
  void run_blocking(llm::Call& call, const transport::CancelToken& cancel);

  // Cancels the asynchronous calls under way; `wait` blocks until the last has ended and its `done` was released.
  // Waiting inside a `done` would be for ever: ask in_callback().
  void cancel_all(bool wait);
  // On the loop's thread while the `done` of one of this driver's calls runs there.
  bool in_callback() const;

  AwsCredentialCache& aws() const { return aws_; }
  const Clock& clock() const { return clock_; }

 private:
  friend class AsyncRun;
  struct Running {
    transport::CancelToken cancel;  // its own: ending the call leaves the caller's token, which others may hold, alone
    const pid_t process = ::getpid();  // in a forked child the parent's calls do not run, and never end
  };
  void enter(Running* call);
  void leave(Running* call);

  std::shared_ptr<transport::Transport> transport_;
  mutable AwsCredentialCache aws_;  // locks for itself
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable all_done_;
  std::set<Running*> running_;
};

// Runs the call on the transport's loop; `done` is called there exactly once. `driver` and `call` are kept alive until
// then. Cancelled by `cancel` and by the token that is returned, which is of this call alone.
transport::CancelToken run_async(std::shared_ptr<Driver> driver, std::shared_ptr<llm::Call> call,
                                 const transport::CancelToken& cancel, std::function<void()> done);

// [0, 1), per thread: the jitter of retries (llm::Call::Options::uniform).
double uniform_random();

}  // namespace tracia::calls
