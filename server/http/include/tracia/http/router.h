// From a request to the function that answers it: patterns, path parameters, request ids, JSON answers and errors.
// Reading is thread-safe once built; add routes before the server starts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracia/base/error.h"
#include "tracia/base/result.h"
#include "tracia/http/server.h"

namespace tracia::http {

// One request under way, shared by everything that works on its answer. The members are read on the connection's
// thread; `writer.post()` leads back to it.
struct Exchange {
  Request request;  // body decompressed
  ResponseWriter writer;
  std::string request_id;  // X-Request-Id as sent (1-128 of [A-Za-z0-9._-]), else made here; answered and logged
  std::string_view route;  // the pattern: "/api/v1/prompts/{slug}"
  std::vector<std::pair<std::string_view, std::string>> parameters;  // {name} -> decoded value

  explicit Exchange(ResponseWriter w) : writer(std::move(w)) {}
  std::string_view parameter(std::string_view name) const;  // "" when the pattern has none of that name
  std::optional<std::string> query(std::string_view name) const { return query_parameter(request.query, name); }

  // Whole answers. X-Request-Id and Cache-Control: no-store are added.
  void json(int status, std::string_view body, wire::Headers headers = {});
  // {"error":{"code","message", …extra}}: the status is error.status when set, else that of the code. `extra` is
  // members to append, as JSON without braces: "\"missingVariables\":[\"a\"]". Retry-After from error.retry_after
  // (rounded up).
  void error(const Error& error, std::string_view extra = "");
};
using ExchangePtr = std::shared_ptr<Exchange>;
using RouteHandler = std::function<void(const ExchangePtr&)>;

// The HTTP status of an error answer (design section 6, Errors): 400, 401, 403, 404, 409, 413, 429, 503; a provider's:
// 429 for its 429, 400 for its other 4xx, 504 for a timeout, 502 for the rest.
int status_of(const Error& error);
// {"error":{…}} as text.
std::string error_json(const Error& error, std::string_view extra = "");

// Server-sent events over a streamed answer: begin() sends the head, event() one event, and keep-alive comments go out
// by themselves every 15 s. All on the connection's thread.
class SseStream {
 public:
  explicit SseStream(ExchangePtr exchange);
  void begin();
  bool begun() const { return begun_; }
  void event(std::string_view name, std::string_view data, std::string_view id = "");
  void end();

 private:
  void keep_alive();
  ExchangePtr exchange_;
  bool begun_ = false;
};

struct Route {
  std::string method, pattern;        // "GET", "/api/v1/prompts/{slug}": a {name} matches one segment
  size_t body_bytes_max = 32u << 20;  // after decompression
  RouteHandler handler;
};

// What ended, for the access log and the metrics. `status` 0: the peer left before an answer.
struct Finished {
  std::string_view method, route, request_id, peer;
  int status = 0;
  Micros duration{0};
  size_t bytes_in = 0;
};

class Router {
 public:
  void add(std::string method, std::string pattern, RouteHandler handler, size_t body_bytes_max = 32u << 20);
  // Answers what no route does (the dashboard's files).
  void set_fallback(RouteHandler handler) { fallback_ = std::move(handler); }
  // Called when each exchange has ended.
  void set_observer(std::function<void(const Finished&)> observer) { observer_ = std::move(observer); }

  // The handler to give to a Server. 404 NOT_FOUND for an unknown path, 405 with Allow for a known path with another
  // method, HEAD as GET; bodies with Content-Encoding gzip or zstd are decompressed within the route's bound (413
  // beyond, 400 when damaged, 415 for other encodings). Bad percent-encoding in a path is 400. An exception of a
  // handler (a programmer's error) is 500 and is logged by the observer's status.
  void handle(Request& request, ResponseWriter writer) const;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
  RouteHandler fallback_;
  std::function<void(const Finished&)> observer_;
};

}  // namespace tracia::http
