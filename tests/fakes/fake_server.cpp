#include "fake_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>

#include "fake_socket.h"
#include "tracia/base/bytes.h"
#include "tracia/json/writer.h"

namespace tracia::testing {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool matches(std::string_view pattern, std::string_view path, std::vector<std::string>& captures) {
  const auto wanted = split(pattern, '/');
  const auto given = split(path, '/');
  if (wanted.size() != given.size()) return false;
  captures.clear();
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].starts_with('{') && wanted[i].ends_with('}')) {
      captures.push_back(percent_decode(given[i]));
    } else if (wanted[i] != given[i]) {
      return false;
    }
  }
  return true;
}

std::string error_json(std::string_view code, std::string_view message) {
  json::Writer writer;
  writer.begin_object().key("error").begin_object().field("code", code).field("message", message);
  return writer.end_object().end_object().take();
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 204: return "No Content";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 404: return "Not Found";
    case 429: return "Too Many Requests";
    case 503: return "Service Unavailable";
    default: return "Scripted";
  }
}

bool has_header(const Headers& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& h) { return ascii_iequals(h.first, name); });
}

bool may_have_body(const FakeRequest& request, int status) {
  return request.method != "HEAD" && status >= 200 && status != 204 && status != 304;
}

std::string response_head(const FakeRequest& request, const FakeResponse& response) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " " + std::string(reason_phrase(response.status));
  head += "\r\n";
  for (const auto& [name, value] : response.headers) head += name + ": " + value + "\r\n";
  if (may_have_body(request, response.status) && !has_header(response.headers, "Content-Type")) {
    head += "Content-Type: application/json\r\n";
  }
  if (response.chunked) head += "Transfer-Encoding: chunked\r\n";
  if (response.content_length || (!response.chunked && response.status != 204)) {
    head += "Content-Length: " + std::to_string(response.content_length.value_or(response.body.size())) + "\r\n";
  }
  if (!response.keep_alive) head += "Connection: close\r\n";
  return head + "\r\n";
}

// Sends `bytes` in pieces. kReady when all of it went out.
Wait send_pieces(FakeSocket& socket, std::string_view bytes, const FakeResponse& response, bool chunked) {
  bool first = true;
  while (!bytes.empty()) {
    if (!first && response.piece_pause.count() > 0) {
      const Wait waited = socket.pause(response.piece_pause);
      if (waited != Wait::kTimeout) return waited;
    }
    first = false;
    const size_t size = response.piece_bytes == 0 ? bytes.size() : std::min(response.piece_bytes, bytes.size());
    std::string piece(bytes.substr(0, size));
    if (chunked) {
      char length[20];
      std::snprintf(length, sizeof length, "%zx\r\n", size);
      piece = length + piece + "\r\n";
    }
    const Wait sent = socket.send_all(piece);
    if (sent != Wait::kReady) return sent;
    bytes.remove_prefix(size);
  }
  return Wait::kReady;
}

enum class After { kNextRequest, kClose, kClientLeft };

After finish(FakeSocket& socket, const FakeResponse& response, Wait why) {
  if (why == Wait::kGone) return After::kClientLeft;
  if (response.reset) socket.reset_on_close();
  return After::kClose;
}

// The script of one answer, from the delay to the last byte.
After answer(FakeSocket& socket, const FakeRequest& request, const FakeResponse& response) {
  if (response.delay.count() > 0) {
    const Wait waited = socket.pause(response.delay);
    if (waited != Wait::kTimeout) return finish(socket, response, waited);
  }
  if (response.stall) return finish(socket, response, socket.hold());
  if (response.close_before_response) return finish(socket, response, Wait::kReady);
  if (response.raw) return finish(socket, response, send_pieces(socket, *response.raw, response, false));

  const bool body_allowed = may_have_body(request, response.status);
  std::string_view body = body_allowed ? std::string_view(response.body) : std::string_view();
  const size_t cut = std::min(response.close_after.value_or(body.size()), response.stall_after.value_or(body.size()));
  body = body.substr(0, cut);
  Wait sent = socket.send_all(response_head(request, response));
  if (sent == Wait::kReady) sent = send_pieces(socket, body, response, response.chunked);
  if (sent != Wait::kReady) return finish(socket, response, sent);
  if (response.stall_after) return finish(socket, response, socket.hold());
  if (response.close_after) return finish(socket, response, Wait::kReady);
  if (response.chunked && body_allowed) {
    sent = socket.send_all("0\r\n\r\n");
    if (sent != Wait::kReady) return finish(socket, response, sent);
  }
  const bool client_closes = ascii_iequals(request.header("Connection"), "close");
  // After a wrong length nothing more can be read in step.
  const bool in_step = !response.content_length || *response.content_length == response.body.size();
  return response.keep_alive && !client_closes && in_step ? After::kNextRequest : After::kClose;
}

}  // namespace

std::string percent_decode(std::string_view text) {
  const auto digit = [](char c) {
    const size_t at = std::string_view("0123456789abcdefABCDEF").find(c);
    return at == std::string_view::npos ? -1 : static_cast<int>(at < 16 ? at : at - 6);
  };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string_view FakeRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (ascii_iequals(key, name)) return value;
  }
  return {};
}

std::optional<std::string> FakeRequest::query(std::string_view name) const {
  const size_t mark = target.find('?');
  if (mark == std::string::npos) return std::nullopt;
  for (const std::string_view pair : split(std::string_view(target).substr(mark + 1), '&')) {
    const size_t equals = pair.find('=');
    std::string key(pair.substr(0, equals));
    std::string value(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
    std::replace(key.begin(), key.end(), '+', ' ');
    std::replace(value.begin(), value.end(), '+', ' ');
    if (percent_decode(key) == name) return percent_decode(value);
  }
  return std::nullopt;
}

struct FakeServer::Impl {
  struct Route {
    std::string method, pattern;
    FakeHandler handler;
  };
  struct Connection {
    std::thread thread;
    std::atomic<bool> done{false};
  };

  int listen_fd = -1;
  int stop_fd = -1;
  uint16_t port = 0;
  std::thread acceptor;
  std::list<Connection> connections;  // the acceptor's alone while it runs

  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  std::vector<Route> routes;
  std::vector<FakeRequest> requests;
  size_t connection_count = 0;
  size_t disconnect_count = 0;
  std::shared_ptr<FakeApi> api;

  void accept_loop();
  void serve(int fd, size_t number);
  FakeResponse dispatch(FakeRequest& request);
};

void FakeServer::Impl::accept_loop() {
  for (;;) {
    pollfd fds[2] = {{listen_fd, POLLIN, 0}, {stop_fd, POLLIN, 0}};
    if (poll(fds, 2, -1) < 0 && errno != EINTR) return;
    if (fds[1].revents != 0) return;
    if ((fds[0].revents & POLLIN) == 0) continue;
    const int fd = accept4(listen_fd, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    for (auto it = connections.begin(); it != connections.end();) {  // so that a long test holds few threads
      if (it->done.load()) {
        it->thread.join();
        it = connections.erase(it);
      } else {
        ++it;
      }
    }
    size_t number = 0;
    {
      const std::lock_guard lock(mutex);
      number = ++connection_count;
    }
    Connection& connection = connections.emplace_back();
    connection.thread = std::thread([this, fd, number, &connection] {
      serve(fd, number);
      connection.done.store(true);
    });
  }
}

void FakeServer::Impl::serve(int fd, size_t number) {
  FakeSocket socket(fd, stop_fd);
  while (std::optional<FakeRequest> request = socket.read_request()) {
    request->connection = number;
    const FakeResponse response = dispatch(*request);
    const After after = answer(socket, *request, response);
    if (after == After::kClientLeft) {
      const std::lock_guard lock(mutex);
      ++disconnect_count;
      changed.notify_all();
    }
    if (after != After::kNextRequest) return;
  }
}

FakeResponse FakeServer::Impl::dispatch(FakeRequest& request) {
  FakeHandler handler;
  {
    const std::lock_guard lock(mutex);
    for (auto route = routes.rbegin(); route != routes.rend() && !handler; ++route) {
      const bool method = route->method == "*" || route->method == request.method;
      if (method && matches(route->pattern, request.path, request.captures)) handler = route->handler;
    }
    requests.push_back(request);
    changed.notify_all();
  }
  if (!handler) {
    return {.status = 404, .body = error_json("NOT_FOUND", "No handler for " + request.method + " " + request.path)};
  }
  try {
    return handler(request);
  } catch (const std::exception& error) {
    return {.status = 500, .body = error_json("UNAVAILABLE", std::string("Handler failed: ") + error.what())};
  }
}

FakeServer::FakeServer() : impl_(std::make_unique<Impl>()) {
  const auto check = [](int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
  };
  impl_->listen_fd = check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  sockaddr* generic = reinterpret_cast<sockaddr*>(&address);
  check(bind(impl_->listen_fd, generic, size), "bind");
  check(listen(impl_->listen_fd, 1024), "listen");
  check(getsockname(impl_->listen_fd, generic, &size), "getsockname");
  impl_->port = ntohs(address.sin_port);
  impl_->stop_fd = check(eventfd(0, EFD_CLOEXEC), "eventfd");
  impl_->acceptor = std::thread([this] { impl_->accept_loop(); });
}

FakeServer::~FakeServer() {
  eventfd_write(impl_->stop_fd, 1);  // never read, so it wakes every thread
  impl_->acceptor.join();
  for (Impl::Connection& connection : impl_->connections) connection.thread.join();
  close(impl_->listen_fd);
  close(impl_->stop_fd);
}

uint16_t FakeServer::port() const { return impl_->port; }
std::string FakeServer::url() const { return "http://127.0.0.1:" + std::to_string(impl_->port); }

void FakeServer::on(std::string method, std::string pattern, FakeHandler handler) {
  const std::lock_guard lock(impl_->mutex);
  impl_->routes.push_back({std::move(method), std::move(pattern), std::move(handler)});
}

void FakeServer::on(std::string method, std::string pattern, FakeResponse response) {
  on(std::move(method), std::move(pattern), [response = std::move(response)](const FakeRequest&) { return response; });
}

void FakeServer::on_sequence(std::string method, std::string pattern, std::vector<FakeResponse> responses) {
  auto next = std::make_shared<std::atomic<size_t>>(0);
  on(std::move(method), std::move(pattern), [next, responses = std::move(responses)](const FakeRequest&) {
    return responses.at(std::min(next->fetch_add(1), responses.size() - 1));
  });
}

void FakeServer::serve_api_examples(const std::string& folder) {
  std::shared_ptr<FakeApi> api = install_fake_api(*this, folder);
  const std::lock_guard lock(impl_->mutex);
  impl_->api = std::move(api);
}

std::vector<std::string> FakeServer::stored_spans() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->api ? testing::stored_spans(*impl_->api) : std::vector<std::string>();
}

std::vector<FakeRequest> FakeServer::requests() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->requests;
}

size_t FakeServer::request_count() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->requests.size();
}

bool FakeServer::wait_for_requests(size_t count, std::chrono::milliseconds timeout) const {
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_for(lock, timeout, [&] { return impl_->requests.size() >= count; });
}

size_t FakeServer::connection_count() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->connection_count;
}

size_t FakeServer::disconnect_count() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->disconnect_count;
}

bool FakeServer::wait_for_disconnects(size_t count, std::chrono::milliseconds timeout) const {
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_for(lock, timeout, [&] { return impl_->disconnect_count >= count; });
}

}  // namespace tracia::testing
