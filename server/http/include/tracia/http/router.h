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

struct PathSegments;  // of src/path.h
struct Exchange;

// Answers an error in a form of its own, where a protocol asks for another than {"error":…}.
using ErrorAnswer = void (*)(Exchange& exchange, const Error& error);

// One request under way, shared by everything that works on its answer. The members are read on the connection's
// thread; `writer.post()` leads back to it.
struct Exchange {
  Request request;  // body decompressed
  ResponseWriter writer;
  std::string request_id;  // X-Request-Id as sent (1-128 of [A-Za-z0-9._-]), else made here; answered and logged
  std::string_view route;  // the pattern: "/api/v1/prompts/{slug}"
  std::vector<std::pair<std::string_view, std::string>> parameters;  // {name} -> decoded value
  ErrorAnswer error_answer = nullptr;                                // the route's; nullptr: error()'s own form

  explicit Exchange(ResponseWriter w) : writer(std::move(w)) {}
  std::string_view parameter(std::string_view name) const;  // "" when the pattern has none of that name
  std::optional<std::string> query(std::string_view name) const { return query_parameter(request.query, name); }

  // Whole answers. X-Request-Id and Cache-Control: no-store are added.
  void json(int status, std::string_view body, wire::Headers headers = {});
  // {"error":{"code","message", …extra}}: the status is error.status when set, else that of the code. `extra` is
  // members to append, as JSON without braces: "\"missingVariables\":[\"a\"]". Retry-After from error.retry_after
  // (rounded up). Routes with an ErrorAnswer answer that instead.
  void error(const Error& error, std::string_view extra = "");
};
using ExchangePtr = std::shared_ptr<Exchange>;
using RouteHandler = std::function<void(const ExchangePtr&)>;

// The HTTP status of an error answer (docs/http-api.md, Errors): 400, 401, 403, 404, 409, 413, 429, 500, 503; a
// provider's: 429 for its 429, 400 for its other 4xx, 504 for a timeout, 502 for the rest.
int status_of(const Error& error);
// What goes with an error's status: Retry-After, WWW-Authenticate.
wire::Headers error_headers(const Error& error);
// {"error":{…}} as text.
std::string error_json(const Error& error, std::string_view extra = "");

// Server-sent events over a streamed answer: begin() sends the head, event() one event, and keep-alive comments go out
// by themselves every 15 s. All on the connection's thread. Destroying it ends nothing. A HEAD request is complete with
// begin(): writer.open() is false then.
class SseStream {
 public:
  explicit SseStream(ExchangePtr exchange, Millis keep_alive_every = Millis(15'000));
  void begin();
  bool begun() const { return begun_; }
  void event(std::string_view name, std::string_view data, std::string_view id = "");
  void end();

 private:
  ExchangePtr exchange_;
  Millis keep_alive_every_;
  bool begun_ = false;
};

struct Route {
  std::string method, pattern;        // "GET", "/api/v1/prompts/{slug}": a {name} matches one segment
  size_t body_bytes_max = 32u << 20;  // after decompression
  RouteHandler handler;
  ErrorAnswer error_answer = nullptr;  // also of what the router refuses: encodings, sizes, paths and methods beside it
};

// What ended, for the access log and the metrics. `status` 0: the peer left before an answer. `method` is one of the
// usual seven or "OTHER", `route` a pattern, "*" for the fallback or "" for none: labels that no client can multiply.
// The views are good during the call only.
struct Finished {
  std::string_view method, route, request_id, peer;
  int status = 0;
  Micros duration{0};
  size_t bytes_in = 0;
};

class Router {
 public:
  void add(std::string method, std::string pattern, RouteHandler handler, size_t body_bytes_max = 32u << 20,
           ErrorAnswer error_answer = nullptr);
  // Answers GET and HEAD of paths that no route has (the dashboard's files).
  void set_fallback(RouteHandler handler) { fallback_ = std::move(handler); }
  // Called when each exchange has ended.
  void set_observer(std::function<void(const Finished&)> observer) { observer_ = std::move(observer); }

  // The handler to give to a Server. 404 NOT_FOUND for an unknown path, 405 with Allow for a known path with another
  // method, HEAD as GET, OPTIONS 204 with Allow; 400 for two Authorization headers; bodies with Content-Encoding gzip
  // or zstd are decompressed within the route's bound (413 beyond, 400 when damaged, 415 for other encodings). Bad
  // percent-encoding, control characters, bad UTF-8 and dot segments in a path are 400. Segments are decoded after the
  // split: "%2F" is a character of its segment. An exception of a handler (a programmer's error) is 500
  // INTERNAL_ERROR and is logged by the observer's status.
  void handle(Request& request, ResponseWriter writer) const;

  // For ServerOptions::body_limit: the route's bound, so that a body too large is refused before it is read.
  size_t body_limit(std::string_view method, std::string_view path) const;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  // A node of the tree of segments; nodes_[0] is the root, and 0 stands for "no node" elsewhere.
  struct Node {
    std::vector<std::pair<std::string, size_t>> literals;  // segment -> node
    size_t parameter = 0;                                  // the node behind a {name}
    std::vector<size_t> routes;                            // that end here
  };
  struct Match {
    const Route* route = nullptr;  // of the method asked for
    unsigned methods = 0;          // of all routes of that path, as bits; 0: an unknown path
  };
  Match match(std::string_view method, const PathSegments& path) const;
  void walk(std::string_view method, const PathSegments& path, size_t depth, size_t node, Match& found) const;
  void dispatch(const ExchangePtr& exchange) const;
  void call(const RouteHandler& handler, const ExchangePtr& exchange) const;

  std::vector<Route> routes_;
  std::vector<Node> nodes_ = std::vector<Node>(1);
  RouteHandler fallback_;
  std::function<void(const Finished&)> observer_;
};

}  // namespace tracia::http
