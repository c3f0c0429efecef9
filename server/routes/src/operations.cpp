// /healthz, /readyz, /metrics and /openapi.yaml: for load balancers, supervisors and Prometheus. No key is asked for.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "api_files.h"
#include "tracia/json/writer.h"
#include "tracia/routes/routes.h"
#include "tracia/service/metrics.h"

namespace tracia::routes {
namespace {

using service::Services;

double resident_bytes() {
  std::ifstream in("/proc/self/statm");
  double total_pages = 0, resident_pages = 0;
  in >> total_pages >> resident_pages;
  return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double open_descriptors() {
  std::error_code ec;
  double count = 0;
  for (auto it = std::filesystem::directory_iterator("/proc/self/fd", ec);
       !ec && it != std::filesystem::directory_iterator(); it.increment(ec)) {
    ++count;
  }
  return count;
}

// One figure of the span store's.
template <typename Read>
void add_store_gauge(Services& services, const std::string& name, std::string help, Read read) {
  services.metrics->gauge(name, std::move(help),
                          [spans = services.spans, read] { return static_cast<double>(read(spans->stats())); });
}

void add_store_gauges(Services& services) {
  using Stats = store::SpanStoreStats;
  add_store_gauge(services, "tracia_spans", "Spans stored now.", [](const Stats& s) { return s.spans; });
  add_store_gauge(services, "tracia_spans_appended_total", "Spans made durable since start.",
                  [](const Stats& s) { return s.appended; });
  add_store_gauge(services, "tracia_spans_duplicate_total", "Spans that were stored already, since start.",
                  [](const Stats& s) { return s.duplicates; });
  add_store_gauge(services, "tracia_spans_refused_total", "Spans refused since start: queue full or disk failing.",
                  [](const Stats& s) { return s.refused; });
  add_store_gauge(services, "tracia_spans_queued", "Spans accepted and not yet on disk.",
                  [](const Stats& s) { return s.queued_spans; });
  add_store_gauge(services, "tracia_spans_queued_bytes", "Bytes accepted and not yet on disk.",
                  [](const Stats& s) { return s.queued_bytes; });
  add_store_gauge(services, "tracia_commits_total", "Commits of the span store since start.",
                  [](const Stats& s) { return s.commits; });
  add_store_gauge(services, "tracia_segments", "Sealed segment files.", [](const Stats& s) { return s.segments; });
  add_store_gauge(services, "tracia_disk_bytes", "Bytes of the span store's files.",
                  [](const Stats& s) { return s.disk_bytes; });
  add_store_gauge(services, "tracia_segments_unreadable", "Segment files that cannot be read: lists lack their spans.",
                  [](const Stats& s) { return s.unreadable_segments; });
  add_store_gauge(services, "tracia_seal_lag_seconds", "Age of the oldest segment that waits to be sealed.",
                  [](const Stats& s) { return static_cast<double>(s.seal_lag_ms) / 1000; });
  add_store_gauge(services, "tracia_index_lag_seconds", "How long full segments have waited for their index of words.",
                  [](const Stats& s) { return static_cast<double>(s.index_lag_ms) / 1000; });
  add_store_gauge(services, "tracia_unindexed_spans", "Spans that searches have to read: no index of words holds them.",
                  [](const Stats& s) { return s.unindexed_spans; });
}

void add_gauges(Services& services) {
  if (!services.metrics) return;
  service::Metrics& metrics = *services.metrics;
  metrics.gauge("process_resident_memory_bytes", "Resident memory.", resident_bytes);
  metrics.gauge("process_open_fds", "Open file descriptors.", open_descriptors);
  metrics.gauge("tracia_build_info", "1; the version is a label.", [] { return 1.0; }, {{"version", TRACIA_VERSION}});
  if (services.workers) {
    metrics.gauge("tracia_workers_queued", "Tasks that wait for a worker thread.",
                  [workers = services.workers] { return static_cast<double>(workers->queued()); });
  }
  if (services.spans) add_store_gauges(services);
}

void ready(Services& services, const http::ExchangePtr& exchange) {
  const Status health = services.spans ? services.spans->health() : Status();
  const bool stopping = services.stopping && *services.stopping;
  json::Writer w;
  w.begin_object();
  if (stopping) {
    w.field("status", "stopping").field("reason", "The server is stopping.");
  } else if (!services.spans) {
    w.field("status", "starting").field("reason", "The store is being opened.");
  } else if (!health) {
    w.field("status", "degraded").field("reason", health.error().message);
  } else if (const auto stats = services.spans->stats(); stats.unreadable_segments > 0) {
    // It serves, and takes spans: taking it out of service would mend nothing.
    w.field("status", "degraded");
    w.field("reason", "Spans cannot be read: " + stats.unreadable + ". Run tracia doctor.");
  } else {
    w.field("status", "ready").key("reason").null();
  }
  w.end_object();
  const bool is_ready = !stopping && services.spans && health;
  exchange->json(is_ready ? 200 : 503, w.str(), is_ready ? wire::Headers() : wire::Headers{{"Retry-After", "1"}});
}

// On a worker: the figures take locks and read /proc.
void metrics_page(Services& services, const http::ExchangePtr& exchange) {
  const Status taken = services.workers->submit([&services, exchange] {
    exchange->writer.post([exchange, text = services.metrics->text()] {
      exchange->json(200, text, {{"Content-Type", "text/plain; version=0.0.4"}});
    });
  });
  if (!taken) exchange->error(taken.error());
}

}  // namespace

void add_operations(http::Router& router, Services& services) {
  add_gauges(services);
  router.add("GET", "/healthz", [](const http::ExchangePtr& exchange) { exchange->json(200, R"({"status":"ok"})"); });
  router.add("GET", "/readyz", [&services](const http::ExchangePtr& exchange) { ready(services, exchange); });
  router.add("GET", "/openapi.yaml", [](const http::ExchangePtr& exchange) {
    exchange->json(200, embedded::openapi_yaml, {{"Content-Type", "application/yaml"}});
  });
  if (services.metrics && services.workers) {
    router.add("GET", "/metrics", [&services](const http::ExchangePtr& exchange) { metrics_page(services, exchange); });
  }
}

}  // namespace tracia::routes
