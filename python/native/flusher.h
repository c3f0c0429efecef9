// Flushes that somebody awaits: one thread for all of a client's, there only while there are any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "events.h"
#include "process.h"
#include "tracia/client/client.h"
#include "tracia/client/completion_queue.h"

namespace tracia::native {

// Thread-safe, but for the destructor. After fork() the child's has nothing to do.
class Flusher {
 public:
  // flush(deadline): blocks; false at the deadline, or earlier when it cannot succeed any more.
  explicit Flusher(std::function<bool(SteadyTime)> flush);
  Flusher(const Flusher&) = delete;
  Flusher& operator=(const Flusher&) = delete;
  ~Flusher();

  // Completes with "true" or "false", or with ABORTED once cancelled.
  CallHandle start(SteadyTime deadline, std::shared_ptr<CompletionQueue> queue, uint64_t id);
  // Answers what is left with "false" and waits for the thread. Nothing may be started any more.
  void stop();

 private:
  struct Request {
    SteadyTime deadline;
    std::shared_ptr<CompletionQueue> queue;
    uint64_t id;
    CancelToken cancel;
  };
  struct State {
    std::vector<Request> waiting;
    bool runs = false, stopping = false;
    std::thread thread;
  };
  void run();
  // Answers the request if it is time: whether it did.
  static bool settle(const Request& request, bool flushed, bool stopping);

  const std::function<bool(SteadyTime)> flush_;
  PerProcess<State> state_;
};

}  // namespace tracia::native
