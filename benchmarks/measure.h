// Timing for benchmarks that compare whole calls in one run: rounds of each variant are interleaved, so that a noisy
// machine is noisy for all of them; medians are compared. And the rows that a program hands to the suite (report.py).
#pragma once

#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "tracia/json/writer.h"

namespace tracia::bench {

inline double seconds(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// CPU time of all threads of another process, to the nanosecond (that of /proc counts in hundredths of a second).
inline double cpu_seconds_of(pid_t process) {
  clockid_t clock{};
  return ::clock_getcpuclockid(process, &clock) == 0 ? seconds(clock) : 0;
}

// CPU time of what a process does behind its answers: of the store's thread that seals, merges and indexes
// ("tracia-seal"), as long as it lives.
inline double background_cpu_seconds_of(pid_t process) {
  double sum = 0;
  std::error_code gone;
  const std::filesystem::directory_iterator threads("/proc/" + std::to_string(process) + "/task", gone), end;
  for (auto thread = threads; !gone && thread != end; thread.increment(gone)) {
    std::string name;
    std::ifstream(thread->path() / "comm") >> name;
    uint64_t ns = 0;  // on a processor: the first figure
    if (name != "tracia-seal") continue;
    std::ifstream(thread->path() / "schedstat") >> ns;
    sum += static_cast<double>(ns) * 1e-9;
  }
  return sum;
}

inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

inline double percentile(std::vector<double> values, size_t percent) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, values.size() * percent / 100)];
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

// One figure for the suite. `metric` is its name for good: runs are compared by it.
struct Row {
  std::string metric;
  std::string unit;
  double value = 0;
  std::optional<double> baseline = {};  // the same of the cheapest way there is, measured in the same run
  std::optional<double> target = {};    // of the value, or with `of_ratio` of value over baseline
  bool of_ratio = false;
  bool more_is_better = false;
  std::string note = {};  // the conditions, when they can differ: "1,000,000 spans"
  std::string goal = {};  // rows of one target share a line on the page; the metric, where it is alone
};

// Adds a row. At the program's end all are written to the file that TRACIA_BENCH_ROWS names; without it, nowhere.
inline void row(Row added) {
  struct Rows {
    std::vector<Row> all;
    ~Rows() {
      const char* path = std::getenv("TRACIA_BENCH_ROWS");
      std::FILE* file = path != nullptr ? std::fopen(path, "w") : nullptr;
      if (file == nullptr) return;
      json::Writer w;
      w.begin_object().key("rows").begin_array();
      for (const Row& each : all) {
        w.begin_object().field("metric", each.metric).field("unit", each.unit).field("value", each.value);
        w.field("baseline", each.baseline).field("target", each.target);
        if (each.of_ratio) w.field("of", "ratio");
        if (each.more_is_better) w.field("better", "more");
        w.field_if("note", each.note).field_if("goal", each.goal).end_object();
      }
      w.end_array().end_object();
      std::fputs(w.str().c_str(), file);
      std::fclose(file);
    }
  };
  static Rows rows;
  rows.all.push_back(std::move(added));
}

// A table against the first variant.
inline void report(const std::string& title, const std::vector<Variant>& variants) {
  const double wall = median(variants.front().wall_us);
  const double cpu = median(variants.front().cpu_us);
  std::printf("\n%s\n%-52s %12s %8s %12s %8s\n", title.c_str(), "", "wall p50 us", "ratio", "cpu us", "ratio");
  for (const Variant& v : variants) {
    std::printf("%-52s %12.2f %8.3f %12.2f %8.3f\n", v.name.c_str(), median(v.wall_us), median(v.wall_us) / wall,
                median(v.cpu_us), median(v.cpu_us) / cpu);
  }
}

}  // namespace tracia::bench
