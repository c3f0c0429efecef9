// The simulator as an upstream: small chat replies a second over 16 kept connections, and what one reply costs the
// simulator's process (design: at least 30,000 small replies/s on one core). The simulator runs in a child process with
// one thread, so its CPU time is its own; the load comes from this process.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "measure.h"
#include "tracia/simulate/simulator.h"

namespace {

constexpr int kConnections = 16;

std::string request(int number) {
  const std::string body =
      R"({"model":"gpt-4o-mini","max_tokens":16,"messages":[{"role":"user","content":"Say something short about number )" +
      std::to_string(number) + R"("}]})";
  return "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer k\r\ncontent-type: "
         "application/json\r\n"
         "content-length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

// True when `buffer` holds one whole answer with a Content-Length.
bool complete(const std::string& buffer) {
  const size_t end = buffer.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  size_t at = buffer.find("ontent-");
  while (at != std::string::npos && buffer.compare(at + 7, 7, "Length:") != 0 &&
         buffer.compare(at + 7, 7, "length:") != 0) {
    at = buffer.find("ontent-", at + 1);
  }
  if (at == std::string::npos || at > end) return false;
  return buffer.size() >= end + 4 + std::strtoul(buffer.c_str() + at + 14, nullptr, 10);
}

int connect_to(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) std::abort();
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

void send_all(int fd, const std::string& bytes) {
  if (::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) std::abort();
}

// The child: says its port through the pipe and serves until it is killed.
[[noreturn]] void serve(int pipe_end) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  tracia::simulate::SimulatorOptions options;
  options.listen = "127.0.0.1:0";
  tracia::simulate::Simulator simulator(options);
  if (!simulator.start()) std::abort();
  const std::string url = simulator.base_url();
  const auto port = static_cast<uint16_t>(std::strtoul(url.c_str() + url.rfind(':') + 1, nullptr, 10));
  if (::write(pipe_end, &port, sizeof(port)) != sizeof(port)) std::abort();
  while (true) ::pause();
}

}  // namespace

int main(int argc, char** argv) {
  const int replies = argc > 1 ? std::atoi(argv[1]) : 200'000;
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) std::abort();
  const pid_t child = ::fork();
  if (child == 0) serve(ends[1]);
  uint16_t port = 0;
  if (::read(ends[0], &port, sizeof(port)) != sizeof(port)) std::abort();

  const int epoll = ::epoll_create1(0);
  std::map<int, std::string> buffers;
  int sent = 0;
  for (int i = 0; i < kConnections; ++i) {
    const int fd = connect_to(port);
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    buffers[fd];
    send_all(fd, request(sent++));
  }
  const double start = tracia::bench::seconds(CLOCK_MONOTONIC);
  int received = 0;
  std::array<epoll_event, kConnections> ready;
  std::array<char, 65536> bytes;
  while (received < replies) {
    const int count = ::epoll_wait(epoll, ready.data(), kConnections, -1);
    for (int i = 0; i < count; ++i) {
      const int fd = ready[static_cast<size_t>(i)].data.fd;
      std::string& buffer = buffers[fd];
      const ssize_t got = ::recv(fd, bytes.data(), bytes.size(), 0);
      if (got <= 0) std::abort();
      buffer.append(bytes.data(), static_cast<size_t>(got));
      if (!complete(buffer)) continue;
      if (buffer.compare(0, 12, "HTTP/1.1 200") != 0) std::abort();
      buffer.clear();
      ++received;
      send_all(fd, request(sent++));
    }
  }
  const double wall = tracia::bench::seconds(CLOCK_MONOTONIC) - start;
  ::kill(child, SIGKILL);
  rusage usage{};
  ::wait4(child, nullptr, 0, &usage);
  const auto to_seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  const double cpu = to_seconds(usage.ru_utime) + to_seconds(usage.ru_stime);
  std::printf(
      "simulator: %d replies over %d connections in %.2f s: %.0f replies/s; %.2f us of simulator CPU a reply = %.0f "
      "replies/s a core\n",
      replies, kConnections, wall, replies / wall, cpu / replies * 1e6, replies / cpu);
  tracia::bench::row({.metric = "small replies a second of one core",
                      .unit = "1/s",
                      .value = replies / cpu,
                      .target = 30'000,
                      .more_is_better = true});
}
