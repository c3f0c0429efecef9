#include "replay_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <stdexcept>

#include "tracia/base/bytes.h"

namespace tracia::conformance {
namespace {

// The recording's framing is not ours: bodies are stored decoded.
bool is_framing_header(std::string_view name) {
  for (const std::string_view framing :
       {"content-length", "transfer-encoding", "content-encoding", "connection", "keep-alive"}) {
    if (ascii_iequals(name, framing)) return true;
  }
  return false;
}

bool send_all(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

size_t content_length(std::string_view head) {
  const std::string lower = ascii_lower(head);
  const size_t at = lower.find("content-length:");
  if (at == std::string::npos) return 0;
  const std::string_view rest = trim(std::string_view(lower).substr(at + 15, 24));
  size_t length = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), length);
  return length;
}

}  // namespace

ReplayServer::ReplayServer() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (listener_ < 0 || ::bind(listener_, generic, size) != 0 || ::listen(listener_, 16) != 0 ||
      ::getsockname(listener_, generic, &size) != 0) {
    throw std::runtime_error("cannot listen on 127.0.0.1");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

ReplayServer::~ReplayServer() {
  stop_ = true;
  thread_.join();
  ::close(listener_);
}

std::string ReplayServer::base_url() const { return "http://127.0.0.1:" + std::to_string(port_); }

void ReplayServer::prepare(wire::HttpResponse response, bool chunked, Cutter cut) {
  const std::lock_guard lock(mutex_);
  response_ = std::move(response);
  chunked_ = chunked;
  cut_ = std::move(cut);
}

void ReplayServer::run() {
  while (!stop_) {
    pollfd waiting{.fd = listener_, .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, 20) <= 0) continue;
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    const int on = 1;
    ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    while (!stop_ && serve(connection)) {
    }
    ::close(connection);
  }
}

bool ReplayServer::serve(int connection) {
  std::string request;
  size_t head_end = std::string::npos;
  size_t wanted = 0;
  while (head_end == std::string::npos || request.size() < head_end + 4 + wanted) {
    // A client that goes to another connection must not be kept waiting for this one.
    std::array<pollfd, 2> waiting{{{connection, POLLIN, 0}, {listener_, POLLIN, 0}}};
    if (::poll(waiting.data(), 2, 20) <= 0) {
      if (stop_) return false;
      continue;
    }
    if (waiting[0].revents == 0) {
      if (request.empty()) return false;
      continue;
    }
    std::array<char, 65536> buffer;
    const ssize_t got = ::recv(connection, buffer.data(), buffer.size(), 0);
    if (got <= 0) return false;
    request.append(buffer.data(), static_cast<size_t>(got));
    if (head_end == std::string::npos) {
      head_end = request.find("\r\n\r\n");
      if (head_end != std::string::npos) wanted = content_length(std::string_view(request).substr(0, head_end));
    }
  }
  const std::lock_guard lock(mutex_);
  std::string head = "HTTP/1.1 " + std::to_string(response_.status) + " Recorded\r\n";
  for (const auto& [name, value] : response_.headers) {
    if (!is_framing_header(name) && wire::is_valid_header(name, value))
      head.append(name).append(": ").append(value).append("\r\n");
  }
  head.append(chunked_ ? std::string("transfer-encoding: chunked")
                       : "content-length: " + std::to_string(response_.body.size()));
  head.append("\r\n\r\n");
  if (!send_all(connection, head)) return false;
  std::string_view rest = response_.body;
  while (!rest.empty()) {
    const std::string_view piece = rest.substr(0, std::clamp<size_t>(cut_(rest.size()), 1, rest.size()));
    rest.remove_prefix(piece.size());
    if (!chunked_) {
      if (!send_all(connection, piece)) return false;
      continue;
    }
    std::array<char, 24> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size());
    if (!send_all(connection, std::string(size.data()) + std::string(piece) + "\r\n")) return false;
  }
  return !chunked_ || send_all(connection, "0\r\n\r\n");
}

}  // namespace tracia::conformance
