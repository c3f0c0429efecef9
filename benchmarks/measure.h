// Timing for benchmarks that compare whole calls in one run: rounds of each variant are interleaved, so that a noisy
// machine is noisy for all of them; medians are compared.
#pragma once

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace tracia::bench {

inline double seconds(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

struct Variant {
  std::string name;
  std::function<void()> call;
  std::vector<double> wall_us = {};  // per call
  std::vector<double> cpu_us = {};   // per call, all threads of the process, mean of each round
};

// Runs every variant `rounds` times, `calls` calls a round, in turn. The first round warms up and does not count.
inline void run_interleaved(std::vector<Variant>& variants, int rounds, int calls) {
  for (int round = 0; round <= rounds; ++round) {
    for (Variant& variant : variants) {
      const double cpu_before = seconds(CLOCK_PROCESS_CPUTIME_ID);
      for (int i = 0; i < calls; ++i) {
        const double before = seconds(CLOCK_MONOTONIC);
        variant.call();
        if (round > 0) variant.wall_us.push_back((seconds(CLOCK_MONOTONIC) - before) * 1e6);
      }
      if (round > 0) variant.cpu_us.push_back((seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_before) * 1e6 / calls);
    }
  }
}

// A table against the first variant, and one JSON line for the record.
inline void report(const std::string& title, const std::vector<Variant>& variants) {
  const double wall = median(variants.front().wall_us);
  const double cpu = median(variants.front().cpu_us);
  std::printf("\n%s\n%-52s %12s %8s %12s %8s\n", title.c_str(), "", "wall p50 us", "ratio", "cpu us", "ratio");
  for (const Variant& v : variants) {
    std::printf("%-52s %12.2f %8.3f %12.2f %8.3f\n", v.name.c_str(), median(v.wall_us), median(v.wall_us) / wall,
                median(v.cpu_us), median(v.cpu_us) / cpu);
  }
  for (const Variant& v : variants) {
    std::printf(
        "JSON "
        "{\"bench\":\"%s\",\"variant\":\"%s\",\"wall_p50_us\":%.3f,\"wall_ratio\":%.4f,\"cpu_us\":%.3f,\"cpu_ratio\":%."
        "4f}\n",
        title.c_str(), v.name.c_str(), median(v.wall_us), median(v.wall_us) / wall, median(v.cpu_us),
        median(v.cpu_us) / cpu);
  }
}

}  // namespace tracia::bench
