#include "responder.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <unordered_map>

#include "measure.h"
#include "tracia/base/bytes.h"

namespace tracia::bench {
namespace {

// How many bytes of `buffer` make its first whole request; 0 when it is not complete.
size_t request_size(std::string_view buffer) {
  const size_t end = buffer.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  const std::string head = ascii_lower(buffer.substr(0, end));
  size_t length = 0;
  if (const size_t at = head.find("content-length:"); at != std::string::npos) {
    const std::string_view digits = trim(std::string_view(head).substr(at + 15, head.find('\r', at) - at - 15));
    std::from_chars(digits.data(), digits.data() + digits.size(), length);
  }
  return buffer.size() >= end + 4 + length ? end + 4 + length : 0;
}

[[noreturn]] void serve(int listener, const std::string& answer, Responder::Mode mode) {
  const int epoll = ::epoll_create1(0);
  epoll_event event{.events = EPOLLIN, .data = {.fd = listener}};
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  std::unordered_map<int, std::string> buffers;
  std::array<epoll_event, 64> ready;
  std::array<char, 65536> bytes;
  while (true) {
    const int count = ::epoll_wait(epoll, ready.data(), static_cast<int>(ready.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = ready[static_cast<size_t>(i)].data.fd;
      if (fd == listener) {
        const int connection = ::accept(listener, nullptr, nullptr);
        const int on = 1;
        ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        epoll_event added{.events = EPOLLIN, .data = {.fd = connection}};
        ::epoll_ctl(epoll, EPOLL_CTL_ADD, connection, &added);
        continue;
      }
      const ssize_t got = ::recv(fd, bytes.data(), bytes.size(), 0);
      if (got <= 0) {
        ::close(fd);
        buffers.erase(fd);
        continue;
      }
      std::string& buffer = buffers[fd];
      buffer.append(bytes.data(), static_cast<size_t>(got));
      while (const size_t size = request_size(buffer)) {
        buffer.erase(0, size);
        if (mode == Responder::Mode::kAnswer) (void)!::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
      }
    }
  }
}

}  // namespace

Responder::Responder(const std::string& body, const std::string& content_type, Mode mode) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener, generic, size) != 0 || ::listen(listener, 512) != 0 ||
      ::getsockname(listener, generic, &size) != 0)
    std::abort();
  port_ = ntohs(address.sin_port);
  const std::string answer = "HTTP/1.1 200 OK\r\ncontent-type: " + content_type +
                             "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  child_ = ::fork();
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve(listener, answer, mode);
  }
  ::close(listener);
}

double Responder::cpu_seconds() const { return cpu_seconds_of(child_); }

Responder::~Responder() {
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

}  // namespace tracia::bench
