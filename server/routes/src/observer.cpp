// The access log and the metrics of requests.
#include <string>

#include "tracia/routes/routes.h"
#include "tracia/service/log.h"
#include "tracia/service/metrics.h"

namespace tracia::routes {
namespace {

using service::Level;

Level level_of(int status) { return status >= 500 ? Level::kWarn : Level::kInfo; }

void count(service::Metrics& metrics, const http::Finished& finished) {
  const std::string route(finished.route.empty() ? "none" : finished.route);
  ++metrics.counter(
      "tracia_http_requests_total", "HTTP requests answered; status 0: the peer left first.",
      {{"route", route}, {"method", std::string(finished.method)}, {"status", std::to_string(finished.status)}});
  metrics.observe("tracia_http_request_seconds", "From the whole request to the whole answer.", {{"route", route}},
                  std::chrono::duration<double>(finished.duration).count());
}

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
  return [&services](const http::Finished& finished) {
    if (services.metrics) count(*services.metrics, finished);
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
