#include "tracia/http/router.h"

#include <algorithm>
#include <array>
#include <exception>

#include "content_coding.h"
#include "path.h"
#include "tracia/base/bytes.h"
#include "tracia/base/ids.h"

namespace tracia::http {
namespace {

constexpr std::array<std::string_view, 7> kMethods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
constexpr std::string_view kOtherMethod = "OTHER";
constexpr unsigned kGet = 1, kHead = 2, kOptions = 64;
// Of a body that no route asked for.
constexpr size_t kUnroutedBodyBytesMax = 1u << 20;
constexpr size_t kRequestIdBytesMax = 128;

unsigned method_bit(std::string_view method) {
  const auto at = std::find(kMethods.begin(), kMethods.end(), method);
  return at == kMethods.end() ? 0 : 1u << (at - kMethods.begin());
}

std::string_view method_label(std::string_view method) {
  const auto at = std::find(kMethods.begin(), kMethods.end(), method);
  return at == kMethods.end() ? kOtherMethod : *at;
}

std::string allow_list(unsigned methods) {
  if (methods & kGet) methods |= kHead;
  methods |= kOptions;
  std::string list;
  for (size_t i = 0; i < kMethods.size(); ++i) {
    if (!(methods & 1u << i)) continue;
    if (!list.empty()) list += ", ";
    list += kMethods[i];
  }
  return list;
}

bool is_request_id(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' ||
           c == '-';
  };
  return !text.empty() && text.size() <= kRequestIdBytesMax && std::all_of(text.begin(), text.end(), allowed);
}

std::string request_id_of(const Request& request) {
  const std::string_view sent = request.headers.get_or("x-request-id", "");
  return is_request_id(sent) ? std::string(sent) : "req_" + hex_encode(random_bytes(8));
}

Error with_status(int status, std::string message) {
  Error error = Error::invalid(std::move(message));
  error.status = status;
  return error;
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

// Calls `fn(segment)` for each segment of a pattern.
template <typename F>
void each_segment(std::string_view pattern, F&& fn) {
  while (!pattern.empty()) {
    pattern.remove_prefix(1);  // the slash
    const size_t slash = std::min(pattern.find('/'), pattern.size());
    fn(pattern.substr(0, slash));
    pattern.remove_prefix(slash);
  }
}

// How errors of a path that no route takes are answered: as those of the route at or above the path, or else beside it,
// so that a client finds its protocol's errors also where it has mistyped an address.
ErrorAnswer answer_beside(const std::vector<Route>& routes, std::string_view path) {
  ErrorAnswer beside = nullptr;
  for (const Route& route : routes) {
    if (route.error_answer == nullptr) continue;
    const std::string_view pattern = route.pattern, folder = pattern.substr(0, pattern.rfind('/') + 1);
    if (path == pattern || (path.starts_with(pattern) && path[pattern.size()] == '/')) return route.error_answer;
    if (beside == nullptr && folder.size() > 1 && path.starts_with(folder)) beside = route.error_answer;
  }
  return beside;
}

// Two proxies may each believe another of the two.
bool has_two_authorizations(const wire::Headers& headers) {
  return std::count_if(headers.begin(), headers.end(), [](const wire::Headers::Entry& entry) {
           return ascii_iequals(entry.first, "authorization");
         }) > 1;
}

}  // namespace

void Router::add(std::string method, std::string pattern, RouteHandler handler, size_t body_bytes_max,
                 ErrorAnswer error_answer) {
  size_t node = 0;
  each_segment(pattern, [&](std::string_view segment) {
    size_t next = 0;
    if (is_parameter(segment)) {
      next = nodes_[node].parameter;
    } else {
      for (const auto& [literal, child] : nodes_[node].literals) next = literal == segment ? child : next;
    }
    if (next == 0) {
      next = nodes_.size();
      nodes_.emplace_back();
      if (is_parameter(segment)) {
        nodes_[node].parameter = next;
      } else {
        nodes_[node].literals.emplace_back(segment, next);
      }
    }
    node = next;
  });
  nodes_[node].routes.push_back(routes_.size());
  routes_.push_back({std::move(method), std::move(pattern), body_bytes_max, std::move(handler), error_answer});
}

void Router::walk(std::string_view method, const PathSegments& path, size_t depth, size_t node, Match& found) const {
  const Node& here = nodes_[node];
  if (depth == path.count) {
    for (const size_t index : here.routes) {
      found.methods |= method_bit(routes_[index].method);
      if (!found.route && routes_[index].method == method) found.route = &routes_[index];
    }
    return;
  }
  const std::string_view segment = path.segments[depth];
  for (const auto& [literal, child] : here.literals) {
    if (literal == segment) walk(method, path, depth + 1, child, found);
  }
  // A literal that leads nowhere for this method leaves the way through {name} open.
  if (!found.route && here.parameter != 0 && !segment.empty()) walk(method, path, depth + 1, here.parameter, found);
}

Router::Match Router::match(std::string_view method, const PathSegments& path) const {
  Match found;
  if (!path.too_deep) walk(method == "HEAD" ? std::string_view("GET") : method, path, 0, 0, found);
  return found;
}

size_t Router::body_limit(std::string_view method, std::string_view path) const {
  const PathSegments segments(path);
  const Match found = segments.status == 0 ? match(method, segments) : Match{};
  return found.route ? found.route->body_bytes_max : kUnroutedBodyBytesMax;
}

void Router::handle(Request& request, ResponseWriter writer) const {
  const auto exchange = std::make_shared<Exchange>(std::move(writer));
  exchange->request = std::move(request);
  exchange->request_id = request_id_of(exchange->request);
  exchange->writer.add_header("X-Request-Id", exchange->request_id);
  if (observer_) {
    exchange->writer.on_end([this, exchange, method = method_label(exchange->request.method),
                             bytes_in = exchange->request.body.size(), start = system_clock().steady()](int status) {
      const auto duration = std::chrono::duration_cast<Micros>(system_clock().steady() - start);
      observer_({.method = method,
                 .route = exchange->route,
                 .request_id = exchange->request_id,
                 .peer = exchange->request.peer,
                 .status = status,
                 .duration = duration,
                 .bytes_in = bytes_in});
    });
  }
  dispatch(exchange);
}

void Router::dispatch(const ExchangePtr& exchange) const {
  Request& request = exchange->request;
  if (request.method == "OPTIONS" && request.path == "*") {
    return exchange->writer.send(204, {{"Allow", allow_list(~0u)}}, "");
  }
  const PathSegments path(request.path);
  if (path.status != 0) return exchange->error(with_status(path.status, std::string(path.problem)));
  const Match found = match(request.method, path);
  if (!found.route) {
    const unsigned methods = found.methods;
    exchange->error_answer = answer_beside(routes_, request.path);
    const bool reads = request.method == "GET" || request.method == "HEAD";
    if (methods == 0 && fallback_ && reads) {
      exchange->route = "*";
      return call(fallback_, exchange);
    }
    if (methods == 0) return exchange->error({.code = ErrorCode::kNotFound, .message = "There is nothing here."});
    const std::string allow = allow_list(methods);
    if (request.method == "OPTIONS") return exchange->writer.send(204, {{"Allow", allow}}, "");
    exchange->writer.add_header("Allow", allow);
    return exchange->error(with_status(405, "This path does not take that method. It takes " + allow + "."));
  }
  exchange->route = found.route->pattern;
  exchange->error_answer = found.route->error_answer;
  size_t depth = 0;
  each_segment(found.route->pattern, [&](std::string_view segment) {
    if (is_parameter(segment)) {
      exchange->parameters.emplace_back(segment.substr(1, segment.size() - 2), path.segments[depth]);
    }
    ++depth;
  });
  if (has_two_authorizations(request.headers)) {
    return exchange->error(Error::invalid("The request has more than one Authorization header."));
  }
  if (const Status decoded = decode_body(request, found.route->body_bytes_max); !decoded) {
    return exchange->error(decoded.error());
  }
  call(found.route->handler, exchange);
}

void Router::call(const RouteHandler& handler, const ExchangePtr& exchange) const {
  // The one place where an exception is caught: a defect in one handler must not end the process for all others.
  try {
    handler(exchange);
  } catch (const std::exception&) {
    exchange->error({.code = ErrorCode::kUnknown,
                     .message = "The server failed, and that is a defect of it. Its log names the request by its "
                                "X-Request-Id: " +
                                exchange->request_id});
    if (exchange->writer.open()) exchange->writer.abort();  // in the middle of a streamed answer
  }
}

}  // namespace tracia::http
