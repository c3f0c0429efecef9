// The access log and the metrics of requests.
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <tuple>

#include "tracia/routes/routes.h"
#include "tracia/service/log.h"
#include "tracia/service/metrics.h"

namespace tracia::routes {
namespace {

using service::Level;

Level level_of(int status) { return status >= 500 ? Level::kWarn : Level::kInfo; }

// The series of each kind of request, found by its labels as they come: making their text costs more than counting.
class RequestMetrics {
 public:
  explicit RequestMetrics(service::Metrics& metrics) : metrics_(metrics) {}

  void count(const http::Finished& finished) {
    const Series series = find(finished);
    series.requests->fetch_add(1, std::memory_order_relaxed);
    series.seconds->add(std::chrono::duration<double>(finished.duration).count());
  }

 private:
  struct Series {
    std::atomic<uint64_t>* requests;
    service::Histogram* seconds;
  };

  Series find(const http::Finished& finished) {
    const std::tuple key(finished.status, finished.method, finished.route);
    {
      const std::shared_lock lock(mutex_);
      if (const auto found = series_.find(key); found != series_.end()) return found->second;
    }
    const std::string route(finished.route.empty() ? "none" : finished.route), method(finished.method);
    const Series series{
        .requests =
            &metrics_.counter("tracia_http_requests_total", "HTTP requests answered; status 0: the peer left first.",
                              {{"route", route}, {"method", method}, {"status", std::to_string(finished.status)}}),
        .seconds = &metrics_.histogram("tracia_http_request_seconds", "From the whole request to the whole answer.",
                                       {{"route", route}})};
    const std::unique_lock lock(mutex_);
    series_.emplace(key, series);
    return series;
  }

  service::Metrics& metrics_;
  std::shared_mutex mutex_;                                                          // of the map
  std::map<std::tuple<int, std::string, std::string>, Series, std::less<>> series_;  // by status, method, route
};

void log(service::Log& log, const http::Finished& finished) {
  const Level level = level_of(finished.status);
  if (!log.enabled(level)) return;
  log.write(level, "request",
            {{"method", finished.method},
             {"route", finished.route},
             {"status", int64_t{finished.status}},
             {"durationMs", static_cast<double>(finished.duration.count()) / 1000},
             {"bytesIn", static_cast<int64_t>(finished.bytes_in)},
             {"requestId", finished.request_id},
             {"peer", finished.peer}});
}

}  // namespace

std::function<void(const http::Finished&)> make_observer(service::Services& services) {
  const auto metrics = services.metrics ? std::make_shared<RequestMetrics>(*services.metrics) : nullptr;
  return [&services, metrics](const http::Finished& finished) {
    if (metrics) metrics->count(finished);
    if (services.log) log(*services.log, finished);
  };
}

void add_server_gauges(service::Services& services, const http::Server& server) {
  if (!services.metrics) return;
  const auto add = [&](const char* name, const char* help, auto member) {
    services.metrics->gauge(name, help, [&server, member] { return static_cast<double>(server.stats().*member); });
  };
  using Stats = http::ServerStats;
  add("tracia_connections_open", "Connections open now.", &Stats::open);
  add("tracia_connections_accepted_total", "Connections accepted since start.", &Stats::accepted);
  add("tracia_connections_refused_total", "Connections refused since start: too many were open.", &Stats::refused);
  add("tracia_http_malformed_total", "Requests that were not well-formed, too large or too slow, since start.",
      &Stats::malformed);
}

}  // namespace tracia::routes
