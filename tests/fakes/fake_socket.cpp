#include "fake_socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "tracia/base/bytes.h"
#include "tracia/base/compress.h"
#include "tracia/base/limits.h"

namespace tracia::testing {
namespace {

// Twice what any client may send, so that tests can go over the bound and see that the client refused first.
constexpr size_t kBodyBytesMax = 2 * limits::kBatchBytesMax;

std::optional<size_t> parse_size(std::string_view text, int base) {
  size_t value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc() || at != end || value > kBodyBytesMax) return std::nullopt;
  return value;
}

}  // namespace

FakeSocket::FakeSocket(int fd, int stop_fd) : fd_(fd), stop_fd_(stop_fd) {
  fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL, 0) | O_NONBLOCK);
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // pieces must leave as they are written
}

FakeSocket::~FakeSocket() { close(fd_); }

Wait FakeSocket::wait(short events, int timeout_ms) {
  pollfd fds[2] = {{fd_, events, 0}, {stop_fd_, POLLIN, 0}};
  int ready = 0;
  do {
    ready = poll(fds, 2, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  if (fds[1].revents != 0) return Wait::kStopped;
  if (ready == 0) return Wait::kTimeout;
  if ((fds[0].revents & events) != 0) return (fds[0].revents & POLLRDHUP) != 0 ? Wait::kGone : Wait::kReady;
  return Wait::kGone;
}

Wait FakeSocket::pause(std::chrono::milliseconds duration) {
  const auto end = std::chrono::steady_clock::now() + duration;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return Wait::kTimeout;
    const Wait result = wait(POLLRDHUP, static_cast<int>(left.count()));
    if (result != Wait::kTimeout) return result;
  }
}

Wait FakeSocket::hold() { return wait(POLLRDHUP, -1); }

void FakeSocket::reset_on_close() {
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

Wait FakeSocket::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      // POLLOUT only: a client may have shut its side and still read.
      const Wait result = wait(POLLOUT, -1);
      if (result != Wait::kReady) return result;
    } else if (errno != EINTR) {
      return Wait::kGone;
    }
  }
  return Wait::kReady;
}

bool FakeSocket::fill() {
  char piece[16 * 1024];
  for (;;) {
    const ssize_t got = recv(fd_, piece, sizeof piece, 0);
    if (got > 0) {
      buffer_.append(piece, static_cast<size_t>(got));
      return true;
    }
    if (got == 0) return false;
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
    if (wait(POLLIN, -1) != Wait::kReady) return false;
  }
}

std::optional<std::string> FakeSocket::read_line() {
  size_t searched = 0;
  for (;;) {
    const size_t end = buffer_.find("\r\n", searched);
    if (end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 2);
      return line;
    }
    if (buffer_.size() > limits::kHeaderBytesMax) return std::nullopt;
    searched = buffer_.empty() ? 0 : buffer_.size() - 1;
    if (!fill()) return std::nullopt;
  }
}

bool FakeSocket::read_exactly(size_t count, std::string& out) {
  while (buffer_.size() < count) {
    if (!fill()) return false;
  }
  out.append(buffer_, 0, count);
  buffer_.erase(0, count);
  return true;
}

bool FakeSocket::read_chunks(std::string& out) {
  for (;;) {
    const std::optional<std::string> line = read_line();
    if (!line) return false;
    const std::string_view digits = trim(std::string_view(*line).substr(0, line->find(';')));
    const std::optional<size_t> size = parse_size(digits, 16);
    if (!size || out.size() + *size > kBodyBytesMax) return false;
    if (*size == 0) break;
    if (!read_exactly(*size, out)) return false;
    if (read_line() != "") return false;
  }
  for (;;) {  // trailers
    const std::optional<std::string> line = read_line();
    if (!line) return false;
    if (line->empty()) return true;
  }
}

std::optional<FakeRequest> FakeSocket::read_request() {
  FakeRequest request;
  const std::optional<std::string> first = read_line();
  if (!first) return std::nullopt;
  const size_t method_end = first->find(' ');
  const size_t target_end = first->rfind(' ');
  if (method_end == std::string::npos || target_end <= method_end) return std::nullopt;
  request.method = first->substr(0, method_end);
  request.target = first->substr(method_end + 1, target_end - method_end - 1);
  request.path = request.target.substr(0, request.target.find('?'));

  for (;;) {
    const std::optional<std::string> line = read_line();
    if (!line) return std::nullopt;
    if (line->empty()) break;
    const size_t colon = line->find(':');
    if (colon == std::string::npos) return std::nullopt;
    request.headers.emplace_back(line->substr(0, colon), trim(std::string_view(*line).substr(colon + 1)));
  }

  if (ascii_iequals(request.header("Expect"), "100-continue") &&
      send_all("HTTP/1.1 100 Continue\r\n\r\n") != Wait::kReady) {
    return std::nullopt;
  }
  if (ascii_iequals(request.header("Transfer-Encoding"), "chunked")) {
    if (!read_chunks(request.wire_body)) return std::nullopt;
  } else if (const std::string_view length = request.header("Content-Length"); !length.empty()) {
    const std::optional<size_t> size = parse_size(length, 10);
    if (!size || !read_exactly(*size, request.wire_body)) return std::nullopt;
  }
  request.body = request.wire_body;
  if (ascii_iequals(request.header("Content-Encoding"), "gzip")) {
    Result<std::string> plain = gunzip(request.wire_body, kBodyBytesMax);
    if (!plain) return std::nullopt;  // a broken client: the test fails for want of an answer
    request.body = *std::move(plain);
  }
  return request;
}

}  // namespace tracia::testing
