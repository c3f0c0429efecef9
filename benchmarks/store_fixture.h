// What every part of store_bench needs: clocks, a store in a folder of its own, batches of chats, a bounded feeder.
#pragma once

#include <malloc.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <thread>

#include "generate.h"
#include "measure.h"
#include "tracia/ingest/ingest.h"
#include "tracia/store_sqlite/data_directory.h"

namespace store_bench {

using namespace tracia;
namespace fs = std::filesystem;

inline constexpr int64_t kFirstStart = 1'780'000'000'000'000;
inline constexpr uint64_t kBatch = 500;  // spans: what the recorder posts at once
inline constexpr Millis kDay{24 * 3'600'000};
inline constexpr int64_t kSegmentSpans = 50'000;

inline double cpu_now() { return bench::seconds(CLOCK_PROCESS_CPUTIME_ID); }
inline double background_cpu_now() { return bench::background_cpu_seconds_of(::getpid()); }
inline double thread_cpu_now() { return bench::seconds(CLOCK_THREAD_CPUTIME_ID); }
inline double wall_now() { return bench::seconds(CLOCK_MONOTONIC); }
inline void sleep_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }
inline std::string no_prompt(std::string_view) { return ""; }
inline const std::string kProject = "prj_0123456789abcdef";

[[noreturn]] inline void die(const Error& error) {
  std::fprintf(stderr, "store_bench: %s\n", error.to_string().c_str());
  std::exit(1);
}
template <typename T>
T must(Result<T> result) {
  if (!result) die(result.error());
  return std::move(*result);
}

// Appends batches and keeps a bounded number of them on the way.
class Feeder {
 public:
  explicit Feeder(store::SpanStore& spans) : spans_(spans) {}
  void append(std::vector<store::NewSpan> batch, std::function<void()> on_done = {}) {
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [&] { return under_way_ < 64; });
      ++under_way_;
    }
    spans_.append(std::move(batch), [this, on_done = std::move(on_done)](Result<std::vector<store::Appended>> done) {
      if (!done) die(done.error());
      if (on_done) on_done();
      std::lock_guard lock(mutex_);
      --under_way_;
      room_.notify_all();
    });
  }
  void wait() {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return under_way_ == 0; });
  }

 private:
  store::SpanStore& spans_;
  std::mutex mutex_;
  std::condition_variable room_;
  int under_way_ = 0;
};

// Files may go while it looks.
inline uint64_t bytes_under(const fs::path& folder, std::string_view in_name = "") {
  uint64_t sum = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::error_code gone;
    const auto bytes = entry.file_size(gone);
    if (!gone && entry.path().filename().string().find(in_name) != std::string::npos) sum += bytes;
  }
  return sum;
}

// What the process holds, without what malloc keeps for later.
inline double resident_mb() {
  ::malloc_trim(0);
  std::ifstream statm("/proc/self/statm");
  double size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

struct Store {
  explicit Store(const fs::path& path, int64_t segment_spans = kSegmentSpans, Millis segment_age = kDay)
      : directory(must(store_sqlite::DataDirectory::open(
            path, {.segment_spans_max = segment_spans, .segment_age_max = segment_age}))) {}
  store::SpanStore& spans() { return directory->spans(); }
  // Waits until full segments are sealed and merged. The writer hands a full one over at its next tick at the latest.
  void settle() {
    for (int quiet = 0; quiet < 2; ++quiet) {
      sleep_ms(400);
      if (spans().stats().seal_lag_ms > 0 || bytes_under(directory->path() / "segments", ".tmp") > 0) quiet = -1;
    }
  }
  std::unique_ptr<store_sqlite::DataDirectory> directory;
};

inline std::vector<store::NewSpan> decode(std::string_view batch) {
  auto decoded = must(ingest::read_batch(batch, ingest::BatchForm::kArray, kProject, no_prompt, system_clock().now()));
  if (!decoded.rejected.empty()) die(decoded.rejected.front().error);
  // What sums are made for: a prompt in three versions.
  for (store::NewSpan& one : decoded.spans) {
    one.span.prompt_slug = one.span.name;
    one.span.prompt_version = 1 + one.span.latency_ms % 3;
  }
  return std::move(decoded.spans);
}

// A batch of chats as a client posts it, a quarter of a second between starts.
inline std::string chats(bench::Generator& generator, uint64_t from, uint64_t count) {
  std::string batch = "[";
  for (uint64_t i = from; i < from + count; ++i) {
    if (batch.size() > 1) batch += ',';
    batch += generator.chat(kFirstStart + static_cast<int64_t>(i) * 250'000);
  }
  return batch + "]";
}

}  // namespace store_bench
