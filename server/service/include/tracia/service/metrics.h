// Counters, gauges and histograms in Prometheus' text form. Thread-safe; an increment is one relaxed atomic.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tracia::service {

using Labels = std::vector<std::pair<std::string, std::string>>;

// Seconds, in buckets from 100 µs to 300 s.
struct Histogram {
  static constexpr size_t kBounds = 20;
  std::array<std::atomic<uint64_t>, kBounds + 1> counts{};  // of each bucket alone; the last: beyond all
  std::atomic<uint64_t> sum_nanos{0};

  void add(double seconds);
};

class Metrics {
 public:
  Metrics();
  ~Metrics();

  // The counter of that name and labels, made at first use; the reference stays good. Keep it where it is used often.
  // At most 10,000 series: past that all go to one series with the label overflow="true".
  std::atomic<uint64_t>& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, const Labels& labels = {});  // likewise
  // Read when the page is made, on the thread that makes it. The same name and labels again replace it. A name that
  // ends in _total is shown as a counter: for counts that are kept elsewhere.
  void gauge(const std::string& name, std::string help, std::function<double()> read, const Labels& labels = {});

  std::string text() const;  // text/plain; version=0.0.4

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tracia::service
