// What tests replace: the clock, the random number of the jitter, and the waits between tries.
#pragma once

#include <functional>

#include "tracia/base/clock.h"

namespace tracia::record {

struct Hooks {
  const Clock* clock = &system_clock();
  // A number in [0, 1). Empty: a generator seeded from the operating system.
  std::function<double()> uniform = {};
  // Called in place of waiting between tries. Empty: wait, until shutdown says that there is no time left.
  std::function<void(Millis)> sleep = {};
};

}  // namespace tracia::record
