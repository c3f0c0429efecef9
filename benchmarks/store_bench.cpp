// The embedded span store: CPU a span to a durable acknowledgement and until it is sealed (all threads), disk against
// the JSON that came in, and list / filter / open / trace over everything stored. No HTTP: server_bench has that.
//   store_bench [--spans N]        chats to store (1,000,000)
//               [--dir DIR]        where (a new folder under /tmp)
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <thread>

#include "generate.h"
#include "measure.h"
#include "tracia/ingest/ingest.h"
#include "tracia/store_sqlite/data_directory.h"

namespace {

using namespace tracia;
namespace fs = std::filesystem;

double cpu_now() { return bench::seconds(CLOCK_PROCESS_CPUTIME_ID); }
double wall_now() { return bench::seconds(CLOCK_MONOTONIC); }
std::string no_prompt(std::string_view) { return ""; }
const std::string kProject = "prj_0123456789abcdef";

[[noreturn]] void die(const Error& error) {
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
  void append(std::vector<store::NewSpan> batch) {
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [&] { return under_way_ < 64; });
      ++under_way_;
    }
    spans_.append(std::move(batch), [this](Result<std::vector<store::Appended>> done) {
      if (!done) die(done.error());
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

uint64_t bytes_under(const fs::path& folder) {
  uint64_t sum = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) sum += entry.file_size();
  return sum;
}

struct Store {
  explicit Store(const fs::path& path, int64_t segment_spans = 250'000)
      : directory(must(store_sqlite::DataDirectory::open(path, {.segment_spans_max = segment_spans}))) {}
  store::SpanStore& spans() { return directory->spans(); }
  // Waits until full segments are sealed.
  void settle() {
    while (spans().stats().seal_lag_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  std::unique_ptr<store_sqlite::DataDirectory> directory;
};

// Decode, price and append, in batches of 500 as the recorder posts them. The JSON is made outside the clock.
void ingest_chats(Store& store, bench::Generator& generator, uint64_t count, int64_t first_start) {
  double cpu = 0, wall = 0;
  uint64_t json_bytes = 0, done = 0;
  Feeder feeder(store.spans());
  while (done < count) {
    std::vector<std::string> bodies;
    for (uint64_t i = 0; i < 20'000 && done + i < count; ++i) {
      bodies.push_back(generator.chat(first_start + static_cast<int64_t>((done + i) * 250'000)));
      json_bytes += bodies.back().size();
    }
    const double cpu_before = cpu_now(), wall_before = wall_now();
    for (size_t at = 0; at < bodies.size(); at += 500) {
      std::string batch = "[";
      for (size_t i = at; i < std::min(at + 500, bodies.size()); ++i) {
        if (i > at) batch += ',';
        batch += bodies[i];
      }
      batch += ']';
      auto decoded =
          must(ingest::read_batch(batch, ingest::BatchForm::kArray, kProject, no_prompt, system_clock().now()));
      if (!decoded.rejected.empty()) die(decoded.rejected.front().error);
      feeder.append(std::move(decoded.spans));
    }
    feeder.wait();
    cpu += cpu_now() - cpu_before;
    wall += wall_now() - wall_before;
    done += bodies.size();
  }
  const double cpu_before = cpu_now();
  store.settle();
  const double sealing = cpu_now() - cpu_before;
  const auto stats = store.spans().stats();
  std::printf(
      "\nIngest of %llu chats of %.2f KB, in batches of 500 (target: <= 20 us to acknowledgement, <= 100 us sealed)\n",
      static_cast<unsigned long long>(count), static_cast<double>(json_bytes) / static_cast<double>(count) / 1024);
  std::printf(
      "  CPU a span while ingesting, sealing in the background included: %.1f us; with the last seals: %.1f us\n",
      cpu * 1e6 / static_cast<double>(count), (cpu + sealing) * 1e6 / static_cast<double>(count));
  std::printf("  %.0f spans/s; %llu commits; %llu sealed segments\n", static_cast<double>(count) / wall,
              static_cast<unsigned long long>(stats.commits), static_cast<unsigned long long>(stats.segments));
  std::printf("  disk %.0f MB for %.0f MB of JSON: %.2fx smaller (target: >= 2)\n",
              static_cast<double>(stats.disk_bytes) / 1e6, static_cast<double>(json_bytes) / 1e6,
              static_cast<double>(json_bytes) / static_cast<double>(stats.disk_bytes));
}

// To acknowledgement alone: nothing is sealed meanwhile.
void acknowledge_only(const fs::path& path, bench::Generator& generator) {
  Store store(path, 10'000'000);
  constexpr uint64_t kCount = 100'000;
  std::vector<std::string> batches;
  for (uint64_t at = 0; at < kCount; at += 500) {
    std::string batch = "[";
    for (uint64_t i = 0; i < 500; ++i)
      batch += (i ? "," : "") + generator.chat(1'790'000'000'000'000 + static_cast<int64_t>(at + i));
    batches.push_back(batch + "]");
  }
  Feeder feeder(store.spans());
  const double cpu = cpu_now(), wall = wall_now();
  for (const std::string& batch : batches) {
    feeder.append(
        must(ingest::read_batch(batch, ingest::BatchForm::kArray, kProject, no_prompt, system_clock().now())).spans);
  }
  feeder.wait();
  std::printf("\nTo durable acknowledgement, %llu chats: %.1f us CPU a span (target: <= 20), %.0f spans/s\n",
              static_cast<unsigned long long>(kCount), (cpu_now() - cpu) * 1e6 / kCount, kCount / (wall_now() - wall));
}

void agents(const fs::path& path, bench::Generator& generator) {
  Store store(path, 10'000);
  uint64_t json_bytes = 0, count = 0;
  Feeder feeder(store.spans());
  for (int agent = 0; agent < 1000; ++agent) {
    std::string batch = "[";
    for (const std::string& body : generator.agent(1'790'000'000'000'000 + agent * 100'000'000ll, 30)) {
      json_bytes += body.size();
      ++count;
      batch += (batch.size() > 1 ? "," : "") + body;
    }
    feeder.append(
        must(ingest::read_batch(batch + "]", ingest::BatchForm::kArray, kProject, no_prompt, system_clock().now()))
            .spans);
  }
  feeder.wait();
  store.settle();
  const uint64_t disk = bytes_under(path / "segments");
  std::printf(
      "\n1,000 agents of 30 turns, %llu spans: disk %.0f MB for %.0f MB of JSON: %.1fx smaller (target: >= 10)\n",
      static_cast<unsigned long long>(count), static_cast<double>(disk) / 1e6, static_cast<double>(json_bytes) / 1e6,
      static_cast<double>(json_bytes) / static_cast<double>(disk));
}

template <typename Query>
void time_queries(const char* name, int rounds, const Query& query) {
  std::vector<double> ms;
  for (int i = 0; i < rounds; ++i) {
    const double before = wall_now();
    query(i);
    ms.push_back((wall_now() - before) * 1e3);
  }
  std::sort(ms.begin(), ms.end());
  std::printf("  %-44s p50 %8.2f ms   p99 %8.2f ms   (%d queries)\n", name, ms[ms.size() / 2],
              ms[std::min(ms.size() - 1, ms.size() * 99 / 100)], rounds);
}

void queries(Store& store, bench::Generator& generator, uint64_t stored) {
  std::printf("\nReads over %llu spans (target: p99 <= 20 ms for list, open and indexed filters)\n",
              static_cast<unsigned long long>(stored));
  auto& spans = store.spans();
  const auto list = [&](const store::SpanFilter& filter, std::optional<store::Position> after = {}) {
    return must(spans.list(kProject, filter, {.after = after, .limit = 50}));
  };
  std::vector<store::StoredSpan> sample;
  for (int i = 0; i < 40; ++i) {
    const int64_t at = 1'780'000'000'000'000 + static_cast<int64_t>(generator.below(stored)) * 250'000;
    for (auto& span : list({}, store::Position{at, INT64_MAX}).spans) sample.push_back(std::move(span));
  }
  const auto any = [&]() -> const store::StoredSpan& { return sample[generator.below(sample.size())]; };
  time_queries("newest page", 200, [&](int) { list({}); });
  time_queries("a page anywhere", 200,
               [&](int) { list({}, store::Position{any().start().micros, any().received.micros}); });
  time_queries("filter: user", 200, [&](int) { list({.user_id = any().span.user_id}); });
  time_queries("filter: session", 200, [&](int) { list({.session_id = any().span.session_id}); });
  time_queries("filter: model", 100, [&](int) { list({.model = any().span.model}); });
  time_queries("filter: status ERROR and a tag", 100,
               [&](int) { list({.status = span::SpanStatus::kError, .tags = {any().span.tags.back()}}); });
  time_queries("filter: name and a day", 100, [&](int) {
    const auto start = any().start();
    list({.start_from = start, .start_before = Timestamp{start.micros + 86'400'000'000}, .name = any().span.name});
  });
  time_queries("filter: a user who does not exist", 100, [&](int) { list({.user_id = generator.id("nobody_")}); });
  time_queries("open a span by its id", 400, [&](int) { must(spans.get(kProject, any().span.span_id, "")); });
  time_queries("open a span by id and trace", 400, [&](int) {
    const auto& span = any().span;
    must(spans.get(kProject, span.span_id, span.trace_id));
  });
  time_queries("open a trace", 200, [&](int) { must(spans.trace(kProject, any().span.trace_id, 10'000)); });
  time_queries("newest traces", 50, [&](int) { must(spans.traces(kProject, {}, {.limit = 50})); });
  time_queries("newest sessions", 20,
               [&](int) { must(spans.groups(kProject, store::GroupBy::kSession, {}, {.limit = 50})); });
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t count = 1'000'000;
  fs::path dir = fs::temp_directory_path() / ("tracia-store-bench-" + std::to_string(::getpid()));
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--spans") == 0) count = std::strtoull(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--dir") == 0) dir = argv[i + 1];
  }
  fs::create_directories(dir);
  bench::Generator generator(42);
  acknowledge_only(dir / "acknowledge", generator);
  fs::remove_all(dir / "acknowledge");
  agents(dir / "agents", generator);
  fs::remove_all(dir / "agents");
  {
    Store store(dir / "chats");
    ingest_chats(store, generator, count, 1'780'000'000'000'000);
    queries(store, generator, count);
  }
  const double before = wall_now();
  Store again(dir / "chats");
  std::printf("\nOpening the directory again: %.0f ms (target: <= 100 clean)\n", (wall_now() - before) * 1e3);
  fs::remove_all(dir);
  return 0;
}
