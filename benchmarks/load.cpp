#include "load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>

#include "measure.h"

namespace tracia::bench {
namespace {

double now() { return seconds(CLOCK_MONOTONIC); }

int dial(const std::string& host, uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    return -1;
  }
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

// How much of an answer there is: enough to know its end.
struct AnswerReader {
  std::string head;
  bool in_body = false, chunked = false, done = false;
  size_t left = 0;
  std::string tail;  // the last bytes of a chunked body, where its end shows

  void reset() { *this = AnswerReader(); }
  void feed(const char* bytes, size_t count) {
    if (!in_body) {
      head.append(bytes, count);
      const size_t end = head.find("\r\n\r\n");
      if (end == std::string::npos) return;
      in_body = true;
      const std::string body = head.substr(end + 4);
      head.resize(end + 2);
      std::string lower = head;
      std::transform(lower.begin(), lower.end(), lower.begin(),
                     [](char c) { return static_cast<char>(std::tolower(c)); });
      chunked = lower.find("transfer-encoding: chunked") != std::string::npos;
      const size_t length = lower.find("content-length:");
      left = length == std::string::npos ? 0 : std::strtoull(lower.c_str() + length + 15, nullptr, 10);
      if (!chunked && left == 0) done = true;
      if (!body.empty()) feed(body.data(), body.size());
      return;
    }
    if (chunked) {
      tail.append(bytes, count);
      if (tail.size() > 64) tail.erase(0, tail.size() - 64);
      done = tail.ends_with("\r\n0\r\n\r\n") || tail == "0\r\n\r\n";
    } else {
      left -= std::min(left, count);
      done = left == 0;
    }
  }
  bool ok() const { return head.size() > 12 && head[9] == '2'; }
};

struct Connection {
  int fd = -1;
  bool busy = false;
  double due = 0, last_piece = 0;
  std::string out;
  size_t written = 0;
  AnswerReader reader;
};

class Load {
 public:
  explicit Load(const LoadOptions& options)
      : options_(options), connections_(static_cast<size_t>(options.connections)) {
    epoll_ = ::epoll_create1(0);
    serial_ = static_cast<uint64_t>(::getpid()) << 40 ^ static_cast<uint64_t>(now() * 1e6) << 8;
    for (Connection& c : connections_) open(c);
  }
  ~Load() {
    for (Connection& c : connections_)
      if (c.fd >= 0) ::close(c.fd);
    ::close(epoll_);
  }

  LoadReport run() {
    const double begin = now();
    const size_t limit = options_.once ? options_.requests.size() : SIZE_MAX;
    double end = options_.once ? begin + 600 : begin + options_.seconds;  // nobody waits longer
    double next = begin;
    size_t asked = 0;
    while (true) {
      const double at = now();
      if (options_.rate > 0) {
        for (; next <= at && next < end && asked < limit; next += 1.0 / options_.rate, ++asked) due_.push_back(next);
      } else {
        for (; at < end && due_.size() < connections_.size() - busy_ && asked < limit; ++asked) due_.push_back(at);
        next = at;
      }
      if (asked == limit) next = end = std::min(end, at);
      start_due();
      const bool idle = due_.empty() && busy_ == 0;
      if (next >= end && (idle || at > end + 30)) break;
      poll(next < end ? next - now() : 0.1);
    }
    report_.failed += busy_ + due_.size();
    report_.seconds = now() - begin;
    std::sort(report_.latency_ms.begin(), report_.latency_ms.end());
    std::sort(report_.gap_ms.begin(), report_.gap_ms.end());
    return std::move(report_);
  }

 private:
  void open(Connection& c) {
    c.fd = dial(options_.host, options_.port);
    if (c.fd < 0) return;
    ::fcntl(c.fd, F_SETFL, O_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = static_cast<uint64_t>(&c - connections_.data());
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &event);
  }

  void start_due() {
    while (!due_.empty() && busy_ < connections_.size()) {
      Connection* free = nullptr;
      for (size_t n = 0; n < connections_.size() && free == nullptr; ++n) {
        Connection& c = connections_[(hint_ + n) % connections_.size()];
        if (!c.busy) free = &c;
      }
      hint_ = static_cast<size_t>(free - connections_.data()) + 1;
      Connection& c = *free;
      if (c.fd < 0) open(c);
      c.due = due_.front();
      due_.pop_front();
      if (now() - c.due > 0.001) ++report_.late;
      c.busy = true;
      ++busy_;
      ++report_.sent;
      c.out = options_.requests[report_.sent % options_.requests.size()];
      const size_t at = options_.unique.empty() ? std::string::npos : c.out.find(options_.unique);
      if (at != std::string::npos) {
        char id[17];
        std::snprintf(id, sizeof id, "%016llx", static_cast<unsigned long long>(++serial_));
        c.out.replace(at, 16, id, 16);
      }
      c.written = 0;
      c.last_piece = 0;
      c.reader.reset();
      write(c);
    }
  }

  void write(Connection& c) {
    while (c.written < c.out.size()) {
      const ssize_t n = ::send(c.fd, c.out.data() + c.written, c.out.size() - c.written, MSG_NOSIGNAL);
      if (n < 0 && errno == EAGAIN) break;
      if (n <= 0) return finish(c, false);
      c.written += static_cast<size_t>(n);
    }
    epoll_event event{};
    event.events = c.written < c.out.size() ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.u64 = static_cast<uint64_t>(&c - connections_.data());
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, c.fd, &event);
  }

  void read(Connection& c) {
    static char buffer[256 * 1024];
    const ssize_t n = ::recv(c.fd, buffer, sizeof buffer, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0 || !c.busy) return finish(c, false);
    const double at = now();
    if (c.last_piece > 0) report_.gap_ms.push_back((at - c.last_piece) * 1e3);
    c.last_piece = at;
    c.reader.feed(buffer, static_cast<size_t>(n));
    if (!c.reader.ok() && report_.first_failure.empty() && c.reader.in_body) {
      report_.first_failure.assign(buffer, std::min<size_t>(static_cast<size_t>(n), 600));
    }
    if (c.reader.done) finish(c, true);
  }

  void finish(Connection& c, bool whole) {
    if (c.busy) {
      --busy_;
      if (whole && c.reader.ok()) {
        report_.latency_ms.push_back((now() - c.due) * 1e3);
      } else {
        ++report_.failed;
      }
    }
    c.busy = false;
    if (!whole) {
      ::close(c.fd);
      c.fd = -1;
    }
  }

  void poll(double wait) {
    epoll_event events[64];
    // The schedule is finer than a millisecond: wait in the kernel only for longer pauses.
    const int timeout = wait > 0.0015 ? static_cast<int>(wait * 1e3) : 0;
    const int count = ::epoll_wait(epoll_, events, 64, timeout);
    for (int i = 0; i < count; ++i) {
      Connection& c = connections_[events[i].data.u64];
      if (c.fd < 0) continue;
      if ((events[i].events & EPOLLOUT) != 0 && c.busy) write(c);
      if (c.fd >= 0 && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read(c);
    }
  }

  const LoadOptions& options_;
  std::vector<Connection> connections_;
  std::deque<double> due_;
  size_t busy_ = 0, hint_ = 0;
  uint64_t serial_ = 0;
  int epoll_ = -1;
  LoadReport report_;
};

double percentile_of(const std::vector<double>& sorted, double p) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1, static_cast<size_t>(p / 100 * static_cast<double>(sorted.size())))];
}

}  // namespace

double LoadReport::percentile(double p) const { return percentile_of(latency_ms, p); }
double LoadReport::gap_percentile(double p) const { return percentile_of(gap_ms, p); }

LoadReport run_load(const LoadOptions& options) { return Load(options).run(); }

Child::Child(const std::vector<std::string>& command, const std::vector<std::string>& environment,
             const std::string& output) {
  pid_ = ::fork();
  if (pid_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a benchmark that is interrupted leaves nothing behind
  const int sink = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  ::dup2(sink, 1);
  ::dup2(sink, 2);
  std::vector<char*> argv, envp;
  for (const std::string& each : command) argv.push_back(const_cast<char*>(each.c_str()));
  for (const std::string& each : environment) envp.push_back(const_cast<char*>(each.c_str()));
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  ::execve(argv[0], argv.data(), envp.data());
  ::_exit(127);
}

Child::~Child() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
}

void Child::kill_hard() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

double Child::cpu_seconds() const { return cpu_seconds_of(pid_); }
double Child::background_cpu_seconds() const { return background_cpu_seconds_of(pid_); }

uint64_t Child::resident_bytes() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
  uint64_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::string http_once(const std::string& host, uint16_t port, const std::string& request) {
  const int fd = dial(host, port);
  if (fd < 0) return "";
  size_t written = 0;
  while (written < request.size()) {
    const ssize_t n = ::send(fd, request.data() + written, request.size() - written, MSG_NOSIGNAL);
    if (n <= 0) break;
    written += static_cast<size_t>(n);
  }
  std::string answer;
  AnswerReader reader;
  char buffer[65536];
  while (!reader.done) {
    const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0) break;
    answer.append(buffer, static_cast<size_t>(n));
    reader.feed(buffer, static_cast<size_t>(n));
  }
  ::close(fd);
  return answer;
}

bool wait_ready(const std::string& host, uint16_t port, const std::string& path) {
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (const double end = now() + 30; now() < end;) {
    if (http_once(host, port, request).starts_with("HTTP/1.1 200")) return true;
    ::usleep(500);
  }
  return false;
}

uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

}  // namespace tracia::bench
