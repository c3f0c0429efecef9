// `tracia serve` from outside, beside an upstream that answers at once with fixed bytes: what a call costs and adds.
// `server_bench --help` lists its parts.
// Added latency is p99 through the server minus p99 straight to the upstream at the same open-loop rate in the same
// run.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "generate.h"
#include "load.h"
#include "measure.h"
#include "responder.h"
#include "slow_clients.h"
#include "tracia/base/ids.h"

namespace {

using namespace tracia;
namespace fs = std::filesystem;

const std::string kKey = "tr_" + std::string(43, 'b');
double wall_now() { return bench::seconds(CLOCK_MONOTONIC); }

std::string answer_of(size_t text_bytes, bench::Generator& generator) {
  return R"({"id":"chatcmpl-1","object":"chat.completion","created":1790000000,"model":"gpt-4o-2024-08-06","choices":[{"index":0,)"
         R"("message":{"role":"assistant","content":)" +
         json::quoted(generator.prose(text_bytes)) +
         R"(,"refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":120,"completion_tokens":80,)"
         R"("total_tokens":200,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}})";
}

std::string post(const std::string& path, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + kKey +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

uint16_t port_of(const std::string& url) { return static_cast<uint16_t>(std::atoi(url.c_str() + url.rfind(':') + 1)); }

struct Settings {
  fs::path binary, folder;
  double seconds = 3;
  std::vector<double> rates{500, 1000, 2000, 5000};
  std::string only;
  bool wants(const char* what) const { return only.empty() || only == what; }
};

// The server over a folder of its own, with the upstream as OpenAI.
struct Server {
  Server(const Settings& settings, const std::string& name, const std::string& upstream)
      : port(bench::free_port()),
        child({settings.binary.string(), "serve", "--data", (settings.folder / name).string(), "--listen",
               "127.0.0.1:" + std::to_string(port), "--log-level", "warn"},
              {"OPENAI_BASE_URL=" + upstream + "/v1", "OPENAI_API_KEY=sk-bench-0123456789abcdef",
               "TRACIA_BOOTSTRAP_API_KEY=" + kKey, "PATH=/usr/bin:/bin"},
              (settings.folder / (name + ".log")).string()) {
    const double began = wall_now();
    if (!bench::wait_ready("127.0.0.1", port, "/readyz")) {
      std::fprintf(stderr, "server_bench: the server did not start; see %s\n",
                   (settings.folder / (name + ".log")).c_str());
      std::exit(1);
    }
    start_ms = (wall_now() - began) * 1e3;
  }
  std::string ask(const std::string& request) const { return bench::http_once("127.0.0.1", port, request); }
  void create_prompt() const {
    const std::string made = ask(post(
        "/api/v1/prompts", R"({"name":"Bench","slug":"bench","model":"gpt-4o","provider":"openai","content":[)"
                           R"({"id":"a","role":"system","content":"You answer questions about {{topic}}, briefly."},)"
                           R"({"id":"b","role":"user","content":"{{question}}"}]})"));
    if (!made.starts_with("HTTP/1.1 201")) {
      std::fprintf(stderr, "server_bench: %s\n", made.c_str());
      std::exit(1);
    }
  }
  uint16_t port;
  bench::Child child;
  double start_ms = 0;
};

struct Step {
  bench::LoadReport report;
  double cpu_us = 0;         // of the server, a request; without
  double background_us = 0;  // sealing and indexing, which no answer waits for
};
Step drive(uint16_t port, std::vector<std::string> requests, double rate, const Settings& settings,
           const bench::Child* server = nullptr, const std::string& unique = "") {
  Step step;
  const double before = server != nullptr ? server->cpu_seconds() : 0;
  const double background_before = server != nullptr ? server->background_cpu_seconds() : 0;
  step.report = bench::run_load(
      {.port = port, .requests = std::move(requests), .unique = unique, .rate = rate, .seconds = settings.seconds});
  if (server != nullptr && step.report.sent > 0) {
    const auto sent = static_cast<double>(step.report.sent);
    step.background_us = (server->background_cpu_seconds() - background_before) * 1e6 / sent;
    step.cpu_us = (server->cpu_seconds() - before) * 1e6 / sent - step.background_us;
  }
  return step;
}

void warn_failures(const Step& step) {
  if (step.report.failed > 0) {
    std::printf("    %llu of %llu failed: %.300s\n", static_cast<unsigned long long>(step.report.failed),
                static_cast<unsigned long long>(step.report.sent), step.report.first_failure.c_str());
  }
}

void start_up(const Settings& settings) {
  bench::Responder upstream("{}");
  std::printf("\nStart, memory, size (targets: <= 100 ms clean, <= 40 MB idle, <= 25 MB)\n");
  const double binary_mb = static_cast<double>(fs::file_size(settings.binary)) / 1e6;
  std::printf("  binary: %.1f MB as built, not stripped of its symbols\n", binary_mb);
  bench::row({.metric = "binary, not stripped", .unit = "MB", .value = binary_mb, .target = 25});
  for (const char* what : {"new directory", "again, clean"}) {
    Server server(settings, "start", upstream.url());
    const double resident_mb = static_cast<double>(server.child.resident_bytes()) / 1e6;
    std::printf("  %-14s ready after %4.0f ms, resident %.1f MB\n", what, server.start_ms, resident_mb);
    bench::row({.metric = std::string("start to ready, ") + what,
                .unit = "ms",
                .value = server.start_ms,
                .target = 100,
                .goal = "start to ready"});
    bench::row({.metric = std::string("resident, idle, ") + what,
                .unit = "MB",
                .value = resident_mb,
                .target = 40,
                .goal = "resident, idle"});
  }
}

// The middle of 100 small writes that were made durable, in the folder of the measurement.
double fsync_ms(const fs::path& folder) {
  const int file = ::open((folder / "fsync").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const std::string page(4096, 'x');
  std::vector<double> ms;
  for (int i = 0; i < 100; ++i) {
    const double before = wall_now();
    if (::write(file, page.data(), page.size()) < 0 || ::fdatasync(file) != 0) std::exit(1);
    ms.push_back((wall_now() - before) * 1e3);
  }
  ::close(file);
  return bench::median(ms);
}

struct Compared {
  const char* name;
  double rate_divisor = 1;  // large bodies come less often
  std::optional<double> cpu_target_us = {};
};

// The same calls straight to the upstream and through the server. What CPU counts against is the upstream's own: the
// least that a process does which reads such a request and writes such an answer.
void compare(const Compared& what, const Settings& settings, const Server& server, const std::string& path,
             const std::string& body, const bench::Responder& upstream, const std::string& direct_body) {
  const double fsync = fsync_ms(settings.folder);
  std::printf("\n%s (one fsync: %.2f ms)\n  %8s %22s %22s %10s %10s %12s %14s\n", what.name, fsync, "calls/s",
              "direct p50 / p99 ms", "through p50 / p99", "added p99", "CPU us", "background", "upstream's CPU");
  for (const double each : settings.rates) {
    const double rate = each / what.rate_divisor, upstream_before = upstream.cpu_seconds();
    const Step direct = drive(port_of(upstream.url()), {post("/v1/chat/completions", direct_body)}, rate, settings);
    const double bare_us = (upstream.cpu_seconds() - upstream_before) * 1e6 /
                           static_cast<double>(std::max<uint64_t>(direct.report.sent, 1));
    const Step through = drive(server.port, {post(path, body)}, rate, settings, &server.child);
    const double added = through.report.percentile(99) - direct.report.percentile(99);
    std::printf("  %8.0f %11.2f / %8.2f %11.2f / %8.2f %7.2f ms %10.1f %12.1f %14.1f\n", rate,
                direct.report.percentile(50), direct.report.percentile(99), through.report.percentile(50),
                through.report.percentile(99), added, through.cpu_us, through.background_us, bare_us);
    warn_failures(direct);
    warn_failures(through);
    const std::string at = std::string(what.name) + ", " + std::to_string(static_cast<int>(rate)) + "/s: ";
    bench::row({.metric = at + "CPU a call over a bare responder's",
                .unit = "us",
                .value = through.cpu_us,
                .baseline = bare_us,
                .target = what.cpu_target_us,
                .goal = "gateway and `prompts.run`: CPU a call"});
    bench::row({.metric = at + "CPU a call in the background", .unit = "us", .value = through.background_us});
    bench::row({.metric = at + "added p50",
                .unit = "ms",
                .value = through.report.percentile(50) - direct.report.percentile(50)});
    bench::row({.metric = at + "added p99",
                .unit = "ms",
                .value = added,
                .target = 1 + fsync,
                .goal = "gateway and `prompts.run`, also with 300 KB: added p99"});
  }
}

void runs(const Settings& settings) {
  bench::Generator generator(1);
  if (settings.wants("run")) {
    bench::Responder upstream(answer_of(400, generator));
    Server server(settings, "run", upstream.url());
    server.create_prompt();
    const std::string direct = R"({"model":"gpt-4o","messages":[{"role":"user","content":"hello"}]})";
    compare({.name = "prompts.run", .cpu_target_us = 80}, settings, server, "/api/v1/prompts/bench/run",
            R"({"variables":{"topic":"rivers","question":"How long is the Rhine?"},"tags":["bench"],"userId":"u1"})",
            upstream, direct);
  }
  if (settings.wants("gateway")) {
    bench::Responder upstream(answer_of(400, generator));
    Server server(settings, "gateway", upstream.url());
    const std::string body = R"({"model":"gpt-4o","user":"u1","messages":[{"role":"system","content":"Be brief."},)"
                             R"({"role":"user","content":"How long is the Rhine?"}]})";
    compare({.name = "gateway", .cpu_target_us = 80}, settings, server, "/v1/chat/completions", body, upstream, body);
  }
  if (settings.wants("gateway_large")) {
    bench::Responder upstream(answer_of(4000, generator));
    Server server(settings, "gateway_large", upstream.url());
    const std::string body =
        R"({"model":"gpt-4o","messages":[{"role":"user","content":)" + json::quoted(generator.prose(300'000)) + "}]}";
    compare({.name = "gateway, 300 KB", .rate_divisor = 10}, settings, server, "/v1/chat/completions", body, upstream,
            body);
  }
  if (settings.wants("large")) {
    bench::Responder upstream(answer_of(4000, generator));
    Server server(settings, "large", upstream.url());
    server.create_prompt();
    const std::string messages =
        R"("messages":[{"role":"user","content":)" + json::quoted(generator.prose(300'000)) + "}]";
    compare({.name = "prompts.run, 300 KB", .rate_divisor = 10}, settings, server, "/api/v1/prompts/bench/run",
            "{" + messages + "}", upstream, R"({"model":"gpt-4o",)" + messages + "}");
  }
}

void compare_streams(const char* title, const Settings& settings, const Server& server, uint16_t upstream_port,
                     const std::string& path, const std::string& body, const std::string& direct_body) {
  std::printf("\n%s over an upstream with 5 ms between chunks\n  %8s %22s %22s %22s %12s\n", title, "calls/s",
              "direct gap p50/p99 ms", "through gap p50/p99", "whole p99: added", "CPU us/call");
  for (const double rate : {20.0, 50.0, 100.0, 200.0}) {
    const Step direct = drive(upstream_port, {post("/v1/chat/completions", direct_body)}, rate, settings);
    const Step through = drive(server.port, {post(path, body)}, rate, settings, &server.child);
    std::printf("  %8.0f %11.2f / %8.2f %11.2f / %8.2f %19.2f ms %12.1f\n", rate, direct.report.gap_percentile(50),
                direct.report.gap_percentile(99), through.report.gap_percentile(50), through.report.gap_percentile(99),
                through.report.percentile(99) - direct.report.percentile(99), through.cpu_us);
    warn_failures(through);
    const std::string at = std::string(title) + ", " + std::to_string(static_cast<int>(rate)) + "/s: ";
    bench::row({.metric = at + "p99 between chunks, added",
                .unit = "ms",
                .value = through.report.gap_percentile(99) - direct.report.gap_percentile(99),
                .target = 1,
                .goal = "streams: p99 between chunks, added"});
    bench::row({.metric = at + "CPU a stream", .unit = "us", .value = through.cpu_us});
  }
}

void streams(const Settings& settings) {
  const uint16_t upstream_port = bench::free_port();
  bench::Child upstream({settings.binary.string(), "simulate", "--listen", "127.0.0.1:" + std::to_string(upstream_port),
                         "--quiet", "--chunk-delay", "5ms"},
                        {});
  bench::wait_ready("127.0.0.1", upstream_port, "/_simulator/requests");
  Server server(settings, "stream", "http://127.0.0.1:" + std::to_string(upstream_port));
  server.create_prompt();
  const std::string body = R"({"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"hello"}]})";
  compare_streams("prompts.run, streams", settings, server, upstream_port, "/api/v1/prompts/bench/run",
                  R"({"stream":true,"variables":{"topic":"rivers","question":"hello"}})", body);
  compare_streams("gateway, streams", settings, server, upstream_port, "/v1/chat/completions", body, body);
}

// The target is for spans that come in batches, as clients send them.
void span_rows(const std::string& how, double spans_a_second, const Step& step, int batch) {
  const std::string at = how + std::to_string(static_cast<int>(spans_a_second)) + " spans/s: ";
  bench::row({.metric = at + "CPU a span to acknowledgement",
              .unit = "us",
              .value = step.cpu_us / batch,
              .target = batch > 1 ? std::optional(20.0) : std::nullopt,
              .goal = "ingest over HTTP, 200 spans a request: CPU a span to durable acknowledgement"});
  bench::row({.metric = at + "CPU a span in the background", .unit = "us", .value = step.background_us / batch});
  bench::row({.metric = at + "p99", .unit = "ms", .value = step.report.percentile(99)});
}

void spans(const Settings& settings) {
  bench::Responder upstream("{}");
  Server server(settings, "spans", upstream.url());
  bench::Generator generator(2);
  std::printf("\nDurable ingest over HTTP, 2 KB spans (target: <= 20 us CPU a span to acknowledgement, in batches)\n");
  std::printf("  %-22s %10s %22s %14s %12s\n", "", "spans/s", "p50 / p99 ms", "CPU us/span", "background");
  const std::string placeholder = "@@@@@@@@@@@@@@@@";
  std::string body = generator.chat(static_cast<int64_t>(std::time(nullptr)) * 1'000'000);
  body.replace(body.find("sp_") + 3, 16, placeholder);
  for (const double rate : {1000.0, 2000.0, 5000.0}) {
    const Step step = drive(server.port, {post("/api/v1/spans", body)}, rate, settings, &server.child, placeholder);
    std::printf("  %-22s %10.0f %11.2f / %8.2f %14.1f %12.1f\n", "one a request",
                static_cast<double>(step.report.latency_ms.size()) / step.report.seconds, step.report.percentile(50),
                step.report.percentile(99), step.cpu_us, step.background_us);
    warn_failures(step);
    span_rows("one span a request, ", rate, step, 1);
  }
  constexpr int kBatch = 200;
  for (const double rate : {25.0, 50.0, 100.0}) {
    std::vector<std::string> requests;
    for (int i = 0; i < static_cast<int>(rate * settings.seconds) + 1; ++i) {
      std::string batch = "[";
      for (int n = 0; n < kBatch; ++n)
        batch += (n ? "," : "") + generator.chat(static_cast<int64_t>(std::time(nullptr)) * 1'000'000 + n);
      requests.push_back(post("/api/v1/spans/batch", batch + "]"));
    }
    const Step step = drive(server.port, std::move(requests), rate, settings, &server.child);
    std::printf("  %-22s %10.0f %11.2f / %8.2f %14.1f %12.1f\n", "200 a request",
                static_cast<double>(step.report.latency_ms.size()) * kBatch / step.report.seconds,
                step.report.percentile(50), step.report.percentile(99), step.cpu_us / kBatch,
                step.background_us / kBatch);
    warn_failures(step);
    span_rows("200 spans a request, ", rate * kBatch, step, kBatch);
  }
}

// Until the server has done what it was asked for; 20 s at most.
void wait_until_idle(const bench::Child& server) {
  for (int tries = 0; tries < 20; ++tries) {
    const double before = server.cpu_seconds();
    std::this_thread::sleep_for(std::chrono::seconds(1));
    if (server.cpu_seconds() - before < 0.02) return;
  }
}

// What others feel of 50 clients that read or write one byte a second: the same calls without and with them, in turn.
void slow_clients(const Settings& settings) {
  constexpr int kClients = 50, kRounds = 3;
  bench::Responder upstream("{}");
  Server server(settings, "slow", upstream.url());
  bench::Generator generator(4);
  for (int n = 0; n < 20; ++n) {  // some 8 MB, so that an export is long
    std::string batch = "[";
    for (int i = 0; i < 200; ++i) {
      batch += (i ? "," : "") + generator.chat(static_cast<int64_t>(std::time(nullptr)) * 1'000'000 + n * 200 + i);
    }
    server.ask(post("/api/v1/spans/batch", batch + "]"));
  }
  const std::string placeholder = "@@@@@@@@@@@@@@@@";
  std::string body = generator.chat(static_cast<int64_t>(std::time(nullptr)) * 1'000'000);
  body.replace(body.find("sp_") + 3, 16, placeholder);
  const std::string request = "GET /api/v1/spans/export HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " + kKey +
                              "\r\nX-Padding: " + std::string(4000, 'x') + "\r\n\r\n";
  const double rate = settings.rates.front();
  std::printf("\nA span a request at %.0f/s, beside %d clients of one byte a second\n", rate, kClients);
  std::printf("  %-10s %24s %24s %10s\n", "", "alone p50 / p99 ms", "beside them p50 / p99 ms", "p99 ratio");
  double alone_p99 = 0, beside_p99 = 0;
  for (int round = 1; round <= kRounds; ++round) {
    const Step alone = drive(server.port, {post("/api/v1/spans", body)}, rate, settings, &server.child, placeholder);
    bench::SlowClients slow(server.port, request, kClients);
    std::this_thread::sleep_for(std::chrono::seconds(2));  // all are there
    wait_until_idle(server.child);                         // what their answers begin with is made once
    const Step beside = drive(server.port, {post("/api/v1/spans", body)}, rate, settings, &server.child, placeholder);
    std::printf("  round %-4d %13.2f / %8.2f %13.2f / %8.2f %10.2f   (%d there, %d came back)\n", round,
                alone.report.percentile(50), alone.report.percentile(99), beside.report.percentile(50),
                beside.report.percentile(99), beside.report.percentile(99) / alone.report.percentile(99),
                slow.connected(), slow.returned());
    alone_p99 += alone.report.percentile(99) / kRounds;
    beside_p99 += beside.report.percentile(99) / kRounds;
    warn_failures(alone);
    warn_failures(beside);
  }
  std::printf("  mean p99 %.2f ms alone, %.2f ms beside them\n", alone_p99, beside_p99);
  bench::row({.metric = "p99 of a span beside 50 clients of one byte a second, over alone",
              .unit = "ms",
              .value = beside_p99,
              .baseline = alone_p99});
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  Settings settings;
  settings.binary = fs::canonical("/proc/self/exe").parent_path().parent_path() / "tracia";
  settings.folder = fs::temp_directory_path() / ("tracia-server-bench-" + std::to_string(::getpid()));
  CLI::App app("The real server under open loops: start and memory, durable ingest, runs, the gateway, streams");
  app.add_option("--only", settings.only, "One part")
      ->check(CLI::IsMember({"start", "spans", "run", "gateway", "gateway_large", "large", "stream", "slow"}));
  app.add_option("--rates", settings.rates, "Calls a second, one after the other: 500,2000")->delimiter(',');
  app.add_option("--seconds", settings.seconds, "How long each rate is offered")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  fs::create_directories(settings.folder);
  if (settings.wants("start")) start_up(settings);
  if (settings.wants("spans")) spans(settings);
  runs(settings);
  if (settings.wants("stream")) streams(settings);
  if (settings.wants("slow")) slow_clients(settings);
  fs::remove_all(settings.folder);
  return 0;
}
