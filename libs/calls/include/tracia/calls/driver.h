// Moves bytes between a transport and a Call: once for the caller's thread, once for the loop. The client library and
// the server drive every call of a model through this.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <atomic>
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

using Interrupted = std::function<bool()>;  // see transport::ExchangeOptions::interrupted

// Thread-safe. Asynchronous calls hold the driver until they have ended; cancel_all() ends them, and whatever else is
// entered as an Activity. The destructor itself waits for nothing.
class Driver {
  struct Registry;  // of what is under way

 public:
  // `env` is where AWS credentials are looked for.
  Driver(std::shared_ptr<transport::Transport> transport, llm::EnvReader env, const Clock& clock = system_clock());
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // Something under way, from construction to destruction, that cancel_all() ends by its token. The token is its own:
  // ending one call leaves the caller's, which others may hold, alone.
  class Activity {
   public:
    // `callers`: cancels this activity too. May outlive the driver.
    Activity(Driver& driver, const transport::CancelToken& callers);
    ~Activity();
    Activity(const Activity&) = delete;
    Activity& operator=(const Activity&) = delete;
    const transport::CancelToken& cancel() const { return cancel_; }

   private:
    friend class Driver;
    const std::shared_ptr<Registry> registry_;
    transport::CancelToken cancel_;
    std::unique_ptr<transport::CancelToken::Registration> on_callers_cancel_;
  };

  // Runs the call to its end on this thread. Not entered by itself: the caller may hold an Activity around it.
  void run_blocking(llm::Call& call, const transport::CancelToken& cancel, const Interrupted& interrupted = {});

  // Cancels what is under way; `wait` blocks until the last has ended, its `done` was released and it let go of the
  // driver. Waiting inside a callback would be for ever: ask in_callback().
  void cancel_all(bool wait);
  // On the loop's thread while a callback of one of this driver's calls runs there.
  bool in_callback() const;

  AwsCredentialCache& aws() const { return aws_; }
  const Clock& clock() const { return clock_; }

 private:
  friend class AsyncRun;
  friend transport::CancelToken start_exchange(const std::shared_ptr<Driver>&, wire::HttpRequest,
                                               transport::ExchangeOptions, std::shared_ptr<transport::ResponseHandler>,
                                               transport::DoneCallback);

  std::shared_ptr<transport::Transport> transport_;
  mutable AwsCredentialCache aws_;  // locks for itself
  const Clock& clock_;
  struct Registry {
    const pid_t process = ::getpid();
    std::mutex mutex;
    std::condition_variable all_done;
    std::set<Activity*> running;
  };
  using SharedRegistry = std::shared_ptr<Registry>;
  SharedRegistry registry();

  // Owned; replaced in a forked child only.
  std::atomic<const SharedRegistry*> registry_;
};

// Runs the call on the transport's loop; `done` is called there exactly once. `driver` and `call` are kept alive until
// then. Cancelled by `cancel` and by the token that is returned, which is of this call alone.
transport::CancelToken run_async(std::shared_ptr<Driver> driver, std::shared_ptr<llm::Call> call,
                                 const transport::CancelToken& cancel, std::function<void()> done);

// One exchange of another kind on the transport's loop, under the driver's cancel_all(), with callbacks as Transport's
// start() has them. `driver` is kept alive until `done` was called. Cancelled by options.cancel and by the token that
// is returned, which is of this exchange alone.
transport::CancelToken start_exchange(const std::shared_ptr<Driver>& driver, wire::HttpRequest request,
                                      transport::ExchangeOptions options,
                                      std::shared_ptr<transport::ResponseHandler> handler,
                                      transport::DoneCallback done);

// [0, 1), per thread: the jitter of retries (llm::Call::Options::uniform).
double uniform_random();

}  // namespace tracia::calls
