// The embedded span store: CPU a span to a durable acknowledgement and until it is sealed (all threads), disk against
// the JSON that came in, what sealing does to acknowledgements, memory, starting again (clean, and after kill -9), and
// list / filter / open / trace over everything stored. No HTTP: server_bench has that.
// `store_bench --help` lists what it can be told.
// Reads have targets, which are those for 10 M spans: each row says its own and whether it was met.
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <thread>

#include "generate.h"
#include "measure.h"
#include "raw_sqlite.h"
#include "store_fixture.h"
#include "tracia/ingest/ingest.h"
#include "tracia/store/analytics.h"
#include "tracia/store_sqlite/data_directory.h"

namespace {

using namespace tracia;
using namespace store_bench;
namespace fs = std::filesystem;

// Stores chats, each chunk of them made before it is stored. Returns what the JSON took: bytes, and CPU to make it.
struct Made {
  uint64_t bytes = 0;
  double cpu = 0;
};
Made store_chats(Store& store, bench::Generator& generator, uint64_t count) {
  Made made;
  Feeder feeder(store.spans());
  for (uint64_t done = 0; done < count;) {
    const double before = thread_cpu_now();
    std::vector<std::string> batches;
    for (; batches.size() < 40 && done < count; done += kBatch) {
      batches.push_back(chats(generator, done, std::min(kBatch, count - done)));
      made.bytes += batches.back().size();
    }
    made.cpu += thread_cpu_now() - before;
    for (const std::string& batch : batches) feeder.append(decode(batch));
    feeder.wait();
    while (store.spans().stats().seal_lag_ms > 10'000) sleep_ms(20);  // spans are refused when sealing is far behind
  }
  return made;
}

void ingest_chats(Store& store, bench::Generator& generator, uint64_t count) {
  const double cpu = cpu_now(), wall = wall_now();
  const Made made = store_chats(store, generator, count);
  store.settle();
  const double spans = static_cast<double>(count), json_mb = static_cast<double>(made.bytes) / 1e6;
  const double used = cpu_now() - cpu - made.cpu, took = wall_now() - wall;
  const auto stats = store.spans().stats();
  const double disk_mb = static_cast<double>(stats.disk_bytes) / 1e6;
  std::printf("\nIngest of %.0f chats of %.2f KB, in batches of %llu, until sealed\n", spans,
              json_mb * 1e3 / spans / 1.024, static_cast<unsigned long long>(kBatch));
  std::printf("  CPU a span, sealing included, all threads: %.1f us (target: <= 100)\n", used * 1e6 / spans);
  std::printf("  %.0f s for all, %.0f s of CPU to make the JSON among it; %llu commits; %llu sealed segments\n", took,
              made.cpu, static_cast<unsigned long long>(stats.commits),
              static_cast<unsigned long long>(stats.segments));
  std::printf("  disk %.0f MB for %.0f MB of JSON: %.2fx smaller (target: >= 2)\n", disk_mb, json_mb,
              json_mb / disk_mb);
  std::printf("  resident: %.0f MB\n", resident_mb());
  bench::row(
      {"CPU a span until sealed", "us", used * 1e6 / spans, {}, 100, false, false, std::to_string(count) + " spans"});
  bench::row(
      {"chats: disk over their JSON", "MB", disk_mb, json_mb, 0.5, true, false, std::to_string(count) + " spans"});
}

// To acknowledgement alone: nothing is sealed meanwhile, and what is indexed in the background is left out. Beside it
// SQLite alone with the same bodies, not looked at.
void acknowledge_only(const fs::path& path, bench::Generator& generator) {
  std::vector<std::string> batches;
  std::vector<std::vector<std::string>> raw;
  for (uint64_t at = 0; at < 100'000; at += kBatch) {
    std::vector<std::string>& bodies = raw.emplace_back();
    for (uint64_t i = at; i < at + kBatch; ++i) {
      bodies.push_back(generator.chat(kFirstStart + static_cast<int64_t>(i) * 250'000));
      batches.resize(raw.size());
      batches.back() += (batches.back().empty() ? "[" : ",") + bodies.back();
    }
    batches.back() += ']';
  }
  Store store(path, 10 * kSegmentSpans);
  const bench::RawSqlite bare = bench::insert_raw(path / "raw.sqlite", raw);
  Feeder feeder(store.spans());
  const double cpu = cpu_now() - background_cpu_now(), wall = wall_now();
  for (const std::string& batch : batches) feeder.append(decode(batch));
  feeder.wait();
  const double cpu_us = (cpu_now() - background_cpu_now() - cpu) * 1e6 / 1e5;
  std::printf("\nTo durable acknowledgement, 100000 chats: %.1f us CPU a span (target: <= 20), %.0f spans/s; ", cpu_us,
              1e5 / (wall_now() - wall));
  std::printf("rows of SQLite with the same text: %.1f us, %.0f/s\n", bare.cpu_us, 1e6 / bare.wall_us);
  bench::row({"CPU a span to durable acknowledgement over a raw SQLite insert", "us", cpu_us, bare.cpu_us, 20});
}

// Appends of one span each, `together` at once and then a wait for all: what a commit costs that few share.
void acknowledge_few(const fs::path& path, bench::Generator& generator, uint64_t together) {
  const uint64_t rounds = 2'000 / together;
  Store store(path, 10 * kSegmentSpans);
  Feeder feeder(store.spans());
  std::vector<double> waits;
  double cpu = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    std::vector<std::vector<store::NewSpan>> spans;
    for (uint64_t i = 0; i < together; ++i) spans.push_back(decode(chats(generator, round * together + i, 1)));
    const double cpu_before = cpu_now(), before = wall_now();
    for (auto& one : spans) feeder.append(std::move(one));
    feeder.wait();
    waits.push_back((wall_now() - before) * 1e3);
    cpu += cpu_now() - cpu_before;
  }
  std::printf("%llu at once, one span each: %.1f us CPU a span, acknowledged after %.2f ms (p50), %.2f (p99)\n",
              static_cast<unsigned long long>(together), cpu * 1e6 / static_cast<double>(rounds * together),
              bench::percentile(waits, 50), bench::percentile(waits, 99));
}

void acknowledge(const fs::path& dir, bench::Generator& generator) {
  acknowledge_only(dir / "acknowledge", generator);
  for (const uint64_t together : {1, 5}) acknowledge_few(dir / ("few" + std::to_string(together)), generator, together);
  for (const char* used : {"acknowledge", "few1", "few5"}) fs::remove_all(dir / used);
}

void memory_of_active(const fs::path& path, bench::Generator& generator) {
  const double before = resident_mb();
  Store store(path, 10 * kSegmentSpans);
  const double open = resident_mb();
  store_chats(store, generator, kSegmentSpans);
  std::printf(
      "\nResident: %.0f MB with nothing open, %.0f MB with an empty store, %.0f MB with a full active segment\n",
      before, open, resident_mb());
}

// Fills an active segment in another process, which kills itself. Before this process has threads.
void killed_process(const fs::path& path) {
  const pid_t child = ::fork();
  if (child == 0) {
    bench::Generator generator(7);
    Store store(path, 10 * kSegmentSpans);
    store_chats(store, generator, kSegmentSpans);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFSIGNALED(status)) std::exit(1);
  const double before = wall_now(), cpu = cpu_now();
  Store store(path);
  const double took_ms = (wall_now() - before) * 1e3;
  std::printf("\nStart after kill -9 with a full active segment: %.0f ms, %.0f ms of CPU (target: <= 1000)\n", took_ms,
              (cpu_now() - cpu) * 1e3);
  bench::row({"start after kill -9, a full active segment (50,000 spans)", "ms", took_ms, {}, 1000});
  if (store.spans().stats().spans != kSegmentSpans) std::exit(1);
}

// Batches of 100 offered at 10,000 spans a second, whatever the store does; the time of each from when it was due to
// its acknowledgement, while a segment is sealed and while none is.
void acknowledge_beside_sealing(const fs::path& path, bench::Generator& generator) {
  constexpr uint64_t kSpans = 400'000, kBatchSpans = 100;
  std::vector<std::string> batches;
  for (uint64_t at = 0; at < kSpans; at += kBatchSpans) batches.push_back(chats(generator, at, kBatchSpans));
  Store store(path, 100'000);
  std::mutex mutex;
  std::vector<double> quiet_ms, sealing_ms;
  Feeder feeder(store.spans());
  double lag_ms = 0;
  const double start = wall_now();
  for (size_t i = 0; i < batches.size(); ++i) {
    const double due = start + static_cast<double>(i * kBatchSpans) / 10'000;
    if (const double early = due - wall_now(); early > 0)
      std::this_thread::sleep_for(std::chrono::duration<double>(early));
    const auto behind_ms = static_cast<double>(store.spans().stats().seal_lag_ms);
    const bool sealing = behind_ms > 0;
    lag_ms = std::max(lag_ms, behind_ms);
    feeder.append(decode(batches[i]), [&, due, sealing] {
      const std::lock_guard lock(mutex);
      (sealing ? sealing_ms : quiet_ms).push_back((wall_now() - due) * 1e3);
    });
  }
  feeder.wait();
  std::printf("\nAcknowledgement of batches of 100 offered at 10,000 spans/s\n");
  for (const auto& [name, ms] :
       {std::pair("nothing is sealed", &quiet_ms), std::pair("a segment is sealed", &sealing_ms)}) {
    std::printf("  while %-20s p50 %7.2f ms  p99 %7.2f ms  max %7.2f ms  (%zu batches)\n", name,
                bench::percentile(*ms, 50), bench::percentile(*ms, 99), bench::percentile(*ms, 100), ms->size());
  }
  std::printf("  sealing was behind by %.0f ms at most (target: < 5000)\n", lag_ms);
  bench::row({"10,000 spans/s for 40 s: sealing behind by", "ms", lag_ms, {}, 5000});
  bench::row({"acknowledgement at 10,000 spans/s, p99 beside sealing over without", "ms",
              bench::percentile(sealing_ms, 99), bench::percentile(quiet_ms, 99)});
}

// The JSON of the agents' spans, stored.
uint64_t store_agents(const fs::path& path, bench::Generator& generator, int agents) {
  Store store(path, 10'000);
  uint64_t json_bytes = 0;
  Feeder feeder(store.spans());
  for (int agent = 0; agent < agents; ++agent) {
    std::string batch = "[";
    for (const std::string& body : generator.agent(kFirstStart + agent * 100'000'000ll, 30)) {
      json_bytes += body.size();
      batch += (batch.size() > 1 ? "," : "") + body;
    }
    feeder.append(decode(batch + "]"));
  }
  feeder.wait();
  store.settle();
  return json_bytes;
}

void agents(const fs::path& path, bench::Generator& generator) {
  constexpr int kAgents = 1000;
  const uint64_t json_bytes = store_agents(path, generator, kAgents);
  // The last segment, which is not full, is sealed for its age.
  Store aged(path, kSegmentSpans, Millis(1));
  aged.settle();
  const uint64_t disk = bytes_under(path / "segments");
  std::printf("\n%d agents of 30 turns: disk %.0f MB for %.0f MB of JSON: %.1fx smaller (target: >= 10)\n", kAgents,
              static_cast<double>(disk) / 1e6, static_cast<double>(json_bytes) / 1e6,
              static_cast<double>(json_bytes) / static_cast<double>(disk));
  bench::row({"agents of 30 turns: disk over their JSON", "MB", static_cast<double>(disk) / 1e6,
              static_cast<double>(json_bytes) / 1e6, 0.1, true});
}

std::string reads_over;  // "1000000 spans"

// Of p99, in milliseconds; 0 = none.
constexpr double kReadTarget = 20, kSearchTarget = 150, kSumTarget = 100, kNoTarget = 0;

// The machine may be busy: CPU says what a query costs, time what it took here, and time is what is promised.
template <typename Query>
void time_queries(const char* name, int rounds, double target_ms, const Query& query) {
  std::vector<double> ms, cpu_ms;
  for (int i = 0; i < rounds; ++i) {
    const double before = wall_now(), cpu = thread_cpu_now();
    query(i);
    ms.push_back((wall_now() - before) * 1e3);
    cpu_ms.push_back((thread_cpu_now() - cpu) * 1e3);
  }
  const double p99 = bench::percentile(ms, 99);
  std::printf("  %-34s wall p50 %8.2f p99 %8.2f ms   CPU p50 %8.2f p99 %8.2f ms   (%d)", name,
              bench::percentile(ms, 50), p99, bench::percentile(cpu_ms, 50), bench::percentile(cpu_ms, 99), rounds);
  if (target_ms > 0) std::printf("   <= %.0f ms: %s", target_ms, p99 <= target_ms ? "met" : "NOT MET");
  std::printf("\n");
  const auto target = target_ms > 0 ? std::optional(target_ms) : std::nullopt;
  const char* goal = target_ms == kSearchTarget ? "search for words and their beginnings: p99"
                     : target_ms == kSumTarget  ? "sums of 30 days: p99"
                                                : "pages, filters, a span, a trace: p99";
  bench::row({std::string(name) + ", p99", "ms", p99, {}, target, false, false, reads_over, goal});
  bench::row({std::string(name) + ", CPU p50", "ms", bench::percentile(cpu_ms, 50), {}, {}, false, false, reads_over});
}

// A word as often as the prose has it.
std::string any_word(bench::Generator& generator) {
  std::string word = generator.prose(1);
  while (word.back() == ' ' || word.back() == '.') word.pop_back();
  return word;
}

// Pages of 50, the newest first; the budget is the server's.
void search(store::SpanStore& spans, bench::Generator& generator) {
  size_t short_pages = 0;
  const auto find = [&](std::vector<std::string> words) {
    const auto page = must(spans.list(kProject, {.words = std::move(words)}, {.limit = 50}));
    if (page.next && page.spans.size() < 50) ++short_pages;
  };
  time_queries("search: a word", 20, kSearchTarget, [&](int) { find({any_word(generator)}); });
  time_queries("search: three words", 20, kSearchTarget,
               [&](int) { find({any_word(generator), any_word(generator), any_word(generator)}); });
  time_queries("search: six words (few or no spans)", 20, kSearchTarget, [&](int) {
    std::vector<std::string> words;
    for (int i = 0; i < 6; ++i) words.push_back(any_word(generator));
    find(words);
  });
  time_queries("search: two beginnings of words", 20, kSearchTarget,
               [&](int) { find({any_word(generator).substr(0, 3), any_word(generator).substr(0, 3)}); });
  time_queries("search: a word that is nowhere", 20, kSearchTarget, [&](int) { find({generator.id("w")}); });
  std::printf("  (%zu searches ran out of their 2 s)\n", short_pages);
}

void sum_up(store::SpanStore& spans, uint64_t stored) {
  using enum store::Dimension;
  const Timestamp end{kFirstStart + static_cast<int64_t>(stored) * 250'000};
  const Timestamp begin{end.micros - 30 * 86'400'000'000};
  size_t cut = 0;
  const auto sums = [&](const char* name, int rounds, std::vector<store::Dimension> group_by, store::TimeBucket bucket,
                        double target = kSumTarget) {
    const store::AnalyticsQuery query{
        .filter = {.start_from = begin, .start_before = end}, .group_by = std::move(group_by), .bucket = bucket};
    time_queries(name, rounds, target, [&](int) {
      if (must(spans.analytics(kProject, query, {})).scanned_from) ++cut;
    });
  };
  sums("sums: 30 days by day", 20, {}, store::TimeBucket::kDay);
  sums("sums: 30 days by hour and model", 20, {kModel, kProvider}, store::TimeBucket::kHour);
  sums("sums: 30 days by day and version", 20, {kPrompt, kVersion}, store::TimeBucket::kDay);
  sums("sums: 30 days, model and version", 20, {kModel, kPrompt, kVersion}, store::TimeBucket::kDay);
  sums("sums: 30 days by user (2 s at most)", 3, {kUser}, store::TimeBucket::kNone, kNoTarget);
  std::printf("  (%zu sums ran out of their 2 s)\n", cut);
}

void queries(Store& store, bench::Generator& generator, uint64_t stored) {
  auto& spans = store.spans();
  const auto list = [&](const store::SpanFilter& filter, std::optional<store::Position> after = {}) {
    return must(spans.list(kProject, filter, {.after = after, .limit = 50}));
  };
  std::vector<store::StoredSpan> sample;
  for (int i = 0; i < 40; ++i) {
    const int64_t at = kFirstStart + static_cast<int64_t>(generator.below(stored)) * 250'000;
    for (auto& span : list({}, store::Position{at, INT64_MAX}).spans) sample.push_back(std::move(span));
  }
  const auto any = [&]() -> const store::StoredSpan& { return sample[generator.below(sample.size())]; };
  time_queries("newest page", 200, kReadTarget, [&](int) { list({}); });
  time_queries("a page anywhere", 200, kReadTarget,
               [&](int) { list({}, store::Position{any().start().micros, any().received.micros}); });
  time_queries("filter: user", 200, kReadTarget, [&](int) { list({.user_id = any().span.user_id}); });
  time_queries("filter: session", 200, kReadTarget, [&](int) { list({.session_id = any().span.session_id}); });
  time_queries("filter: model", 100, kReadTarget, [&](int) { list({.model = any().span.model}); });
  time_queries("filter: status ERROR and a tag", 100, kNoTarget,
               [&](int) { list({.status = span::SpanStatus::kError, .tags = {any().span.tags.back()}}); });
  time_queries("filter: name and a day", 100, kReadTarget, [&](int) {
    const auto start = any().start();
    list({.start_from = start, .start_before = Timestamp{start.micros + 86'400'000'000}, .name = any().span.name});
  });
  time_queries("filter: slower than all but a few", 20, kNoTarget, [&](int) { list({.min_latency_ms = 4'199}); });
  time_queries("filter: slower than all", 20, kNoTarget, [&](int) { list({.min_latency_ms = 10'000}); });
  time_queries("filter: a user who does not exist", 100, kReadTarget,
               [&](int) { list({.user_id = generator.id("nobody_")}); });
  time_queries("open a span by its id", 400, kReadTarget,
               [&](int) { must(spans.get(kProject, any().span.span_id, "")); });
  time_queries("open a span by id and trace", 400, kReadTarget, [&](int) {
    const auto& span = any().span;
    must(spans.get(kProject, span.span_id, span.trace_id));
  });
  time_queries("open a trace", 200, kReadTarget,
               [&](int) { must(spans.trace(kProject, any().span.trace_id, 10'000)); });
  search(spans, generator);
  sum_up(spans, stored);
  time_queries("newest traces", 50, kNoTarget, [&](int) { must(spans.traces(kProject, {}, {.limit = 50})); });
  time_queries("newest sessions", 20, kNoTarget,
               [&](int) { must(spans.groups(kProject, store::GroupBy::kSession, {}, {.limit = 50})); });
}

void all_but_chats(const fs::path& dir, bench::Generator& generator) {
  killed_process(dir / "killed");
  fs::remove_all(dir / "killed");
  memory_of_active(dir / "active", generator);
  fs::remove_all(dir / "active");
  acknowledge(dir, generator);
  acknowledge_beside_sealing(dir / "sealing", generator);
  fs::remove_all(dir / "sealing");
  agents(dir / "agents", generator);
  fs::remove_all(dir / "agents");
}

// Small stores are sealed for the most part too, as large ones are: the index of words is made then.
int64_t segment_spans_of(uint64_t count) {
  return std::clamp<int64_t>(static_cast<int64_t>(count) / 4, 1'000, kSegmentSpans);
}

void reopen_and_read(const fs::path& path, bench::Generator& generator, uint64_t count, bool only_search) {
  const double resident = resident_mb(), before = wall_now(), cpu = cpu_now();
  Store store(path, segment_spans_of(count));
  const double took_ms = (wall_now() - before) * 1e3;
  bench::row({"opening, clean", "ms", took_ms, {}, 100, false, false, std::to_string(count) + " spans"});
  std::printf("\nOpening the directory: %.0f ms, %.0f ms of CPU (target: <= 100 clean); %llu sealed segments\n",
              took_ms, (cpu_now() - cpu) * 1e3, static_cast<unsigned long long>(store.spans().stats().segments));
  std::printf("  resident: %.0f MB before, %.0f MB open\n", resident, resident_mb());
  reads_over = std::to_string(count) + " spans";
  std::printf("\nReads over %s\n", reads_over.c_str());
  if (only_search) sleep_ms(3'000);  // the words of the active segment are indexed in the first second
  only_search ? search(store.spans(), generator) : queries(store, generator, count);
  std::printf("  resident after the reads: %.0f MB\n", resident_mb());
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t count = 1'000'000;
  fs::path dir = fs::temp_directory_path() / ("tracia-store-bench-" + std::to_string(::getpid()));
  std::string only;
  bool keep = false;
  CLI::App app("The embedded span store, without HTTP");
  app.add_option("--spans", count, "Chats to store")
      ->envname("TRACIA_BENCH_SPANS")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--dir", dir, "Where; a new folder for temporary files otherwise");
  app.add_option("--only", only, "chats (and reads over them), search (of words in them), acknowledge, or sealing")
      ->check(CLI::IsMember({"chats", "search", "acknowledge", "sealing"}));
  app.add_flag("--keep", keep, "Leave the store of chats in --dir; a later run over it with as many only reads");
  CLI11_PARSE(app, argc, argv);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  bench::Generator generator(42);
  if (!fs::exists(dir / "chats")) {
    fs::create_directories(dir);
    if (only.empty()) all_but_chats(dir, generator);
    if (only == "sealing" || only == "acknowledge") {
      only == "sealing" ? acknowledge_beside_sealing(dir / "sealing", generator) : acknowledge(dir, generator);
      fs::remove_all(dir);
      return 0;
    }
    Store store(dir / "chats", segment_spans_of(count));
    ingest_chats(store, generator, count);
  }
  reopen_and_read(dir / "chats", generator, count, only == "search");
  if (!keep) fs::remove_all(dir);
  return 0;
}
