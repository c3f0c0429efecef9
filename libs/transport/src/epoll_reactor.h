// The Reactor that a transport makes when the host brings none: one thread on epoll.
#pragma once

#include <memory>
#include <thread>

#include "tracia/base/result.h"
#include "tracia/transport/transport.h"

namespace tracia::transport {

// The thread starts with the object, blocks all signals (they belong to the host's own threads) and sleeps when there
// is nothing to do. Thread-safe as Reactor says. The destructor stops the thread and waits for the callback that runs;
// tasks and timers still waiting are destroyed without being run. Destroyed on its own thread it cannot wait: the
// thread then ends by itself after the current callback.
class EpollReactor final : public Reactor {
 public:
  // Fails (kNetworkError) when the system is out of descriptors or threads.
  static Result<std::shared_ptr<EpollReactor>> create();
  ~EpollReactor() override;
  // What the destructor does; to be called by one thread. Later posts and timers are dropped unrun.
  void stop();

  void watch(int fd, int interest, std::function<void(int ready)> callback) override;
  uint64_t add_timer(Millis delay, std::function<void()> callback) override;
  void cancel_timer(uint64_t id) override;
  void post(std::function<void()> task) override;
  bool on_reactor_thread() const override;

 private:
  struct Core;  // shared with the thread, which may outlive this object
  explicit EpollReactor(std::shared_ptr<Core> core);

  std::shared_ptr<Core> core_;
  std::thread thread_;
};

}  // namespace tracia::transport
