// Work that comes round: one thread that runs each task at its interval.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "tracia/base/clock.h"

namespace tracia::app {

// Add tasks, then start(). The destructor lets a task that runs end, then joins; nothing is run after it.
class Periodic {
 public:
  Periodic() = default;
  ~Periodic();
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

  // First after `every`, then again that long after it ended. Tasks may block and must not throw.
  void add(Millis every, std::function<void()> task);
  void start();

 private:
  struct Task {
    Millis every;
    std::function<void()> run;
    SteadyTime next{};
  };
  void loop();

  std::vector<Task> tasks_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tracia::app
