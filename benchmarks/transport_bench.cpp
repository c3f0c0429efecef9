// What the transport costs over bare libcurl: a keep-alive POST of 400 bytes to a responder of fixed bytes, in a
// process of its own. Three ways take turns in short blocks, so that whatever else the machine does falls on all alike:
//   bare     curl_easy_perform on one handle that is set up once
//   perform  Transport::perform
//   start    Transport::start and a wait on a condition variable
// Client and responder are held on one core (BENCH_FREE=1 lets them go): where the scheduler puts the two makes a
// factor of two, for reasons that have nothing to do with the code. Prints wall time per call (p50 and p99 over calls),
// CPU time per call (p50 over blocks, all threads of this process) and the ratios to bare. Usage: transport_bench
// [blocks]
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "measure.h"
#include "tracia/transport/transport.h"

namespace {

using tracia::transport::Transport;

constexpr size_t kCallsPerBlock = 200;
constexpr size_t kAnswerBytes = 600;

// Answers every request that arrives on `client` until it closes.
void answer_all(int client) {
  const std::string body(kAnswerBytes, 'x');
  const std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n" + body;
  std::string got;
  std::array<char, 16384> buffer{};
  for (;;) {
    const ssize_t n = ::recv(client, buffer.data(), buffer.size(), 0);
    if (n <= 0) break;
    got.append(buffer.data(), static_cast<size_t>(n));
    const size_t head = got.find("\r\n\r\n");
    if (head == std::string::npos) continue;
    const size_t at = got.find("Content-Length: ");
    const size_t length = at == std::string::npos ? 0 : std::strtoul(got.c_str() + at + 16, nullptr, 10);
    if (got.size() < head + 4 + length) continue;
    got.erase(0, head + 4 + length);
    if (::send(client, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) break;
  }
  ::close(client);
}

// Forks the responder; its port.
int spawn_responder(pid_t& pid) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener, any, size) != 0 || ::listen(listener, 16) != 0 || ::getsockname(listener, any, &size) != 0) {
    std::perror("responder");
    std::exit(1);
  }
  pid = ::fork();
  if (pid == 0) {
    for (;;) {
      const int client = ::accept(listener, nullptr, nullptr);
      if (client < 0) ::_exit(0);
      const int one = 1;
      ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      std::thread(answer_all, client).detach();
    }
  }
  ::close(listener);
  return ntohs(address.sin_port);
}

int64_t now_ns(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

size_t keep(char* bytes, size_t size, size_t count, void* into) {
  static_cast<std::string*>(into)->append(bytes, size * count);
  return size * count;
}

// The least that a careful program does: one handle, set up once, no Expect.
class Bare {
 public:
  Bare(const std::string& url, const std::string& body) : body_(body), easy_(curl_easy_init()) {
    for (const char* line : {"Content-Type: application/json", "Authorization: Bearer test", "Expect:"}) {
      headers_ = curl_slist_append(headers_, line);
    }
    curl_easy_setopt(easy_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE, static_cast<long>(body_.size()));
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, body_.data());
    curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &keep);
    curl_easy_setopt(easy_, CURLOPT_WRITEDATA, &answer_);
  }
  ~Bare() {
    curl_easy_cleanup(easy_);
    curl_slist_free_all(headers_);
  }
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;
  bool call() {
    answer_.clear();
    return curl_easy_perform(easy_) == CURLE_OK && answer_.size() == kAnswerBytes;
  }

 private:
  const std::string body_;
  std::string answer_;
  CURL* easy_;
  curl_slist* headers_ = nullptr;
};

struct Sink final : tracia::transport::ResponseHandler {
  void on_head(tracia::wire::HttpResponseHead head) override { status = head.status; }
  bool on_body(std::string_view bytes) override {
    body.append(bytes);
    return true;
  }
  bool good() const { return status == 200 && body.size() == kAnswerBytes; }
  int status = 0;
  std::string body;
};

bool call_start(Transport& transport, const tracia::wire::HttpRequest& request) {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  bool ok = false;
  auto sink = std::make_shared<Sink>();
  transport.start(request, {}, sink, [&](tracia::transport::Outcome outcome) {
    const std::lock_guard lock(mutex);
    ok = outcome.status.has_value();
    done = true;
    changed.notify_one();
  });
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return done; });
  return ok && sink->good();
}

struct Way {
  const char* name;
  std::function<bool()> call;
  std::vector<double> wall_ns;  // per call
  std::vector<double> cpu_ns;   // per call, one figure a block
};

void run_block(Way& way) {
  const int64_t cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
  for (size_t i = 0; i < kCallsPerBlock; ++i) {
    const int64_t start = now_ns(CLOCK_MONOTONIC);
    if (!way.call()) {
      std::fprintf(stderr, "%s: a call failed\n", way.name);
      std::exit(1);
    }
    way.wall_ns.push_back(static_cast<double>(now_ns(CLOCK_MONOTONIC) - start));
  }
  way.cpu_ns.push_back(static_cast<double>(now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu) / kCallsPerBlock);
}

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(q * static_cast<double>(values.size() - 1))];
}

}  // namespace

int main(int argc, char** argv) {
  const int blocks = argc > 1 ? std::max(1, std::atoi(argv[1])) : 100;
  if (std::getenv("BENCH_FREE") == nullptr) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(::sched_getcpu(), &one);
    ::sched_setaffinity(0, sizeof one, &one);
  }
  pid_t responder = 0;
  const int port = spawn_responder(responder);
  const std::string url = "http://127.0.0.1:" + std::to_string(port) + "/v1/chat/completions";
  const std::string body(400, 'b');
  {
    Transport transport({.user_agent = "transport-bench"});
    const tracia::wire::HttpRequest request{
        .method = "POST",
        .url = url,
        .headers = {{"Content-Type", "application/json"}, {"Authorization", "Bearer test"}},
        .body = body};
    Bare bare(url, body);
    std::vector<Way> ways;
    ways.push_back({"bare", [&] { return bare.call(); }, {}, {}});
    ways.push_back({"perform",
                    [&] {
                      Sink sink;
                      return transport.perform(request, {}, sink).status && sink.good();
                    },
                    {},
                    {}});
    ways.push_back({"start", [&] { return call_start(transport, request); }, {}, {}});
    for (Way& way : ways) {
      run_block(way);  // warm
      way.wall_ns.clear();
      way.cpu_ns.clear();
    }
    for (int i = 0; i < blocks; ++i) {
      for (size_t k = 0; k < ways.size(); ++k) run_block(ways[(k + static_cast<size_t>(i)) % ways.size()]);
    }
    const double wall = quantile(ways[0].wall_ns, 0.5);
    const double cpu = quantile(ways[0].cpu_ns, 0.5);
    std::printf("%-8s %12s %12s %12s %10s %10s\n", "way", "wall p50 ns", "wall p99 ns", "cpu p50 ns", "wall", "cpu");
    for (const Way& way : ways) {
      const double p50 = quantile(way.wall_ns, 0.5);
      const double cpu50 = quantile(way.cpu_ns, 0.5);
      std::printf("%-8s %12.0f %12.0f %12.0f %9.3fx %9.3fx\n", way.name, p50, quantile(way.wall_ns, 0.99), cpu50,
                  p50 / wall, cpu50 / cpu);
      if (&way == &ways[0]) continue;
      const std::string name = std::string(way.name) + "()";
      tracia::bench::row(
          {.metric = name + ", wall over a bare POST", .unit = "us", .value = p50 / 1e3, .baseline = wall / 1e3});
      tracia::bench::row(
          {.metric = name + ", CPU over a bare POST", .unit = "us", .value = cpu50 / 1e3, .baseline = cpu / 1e3});
    }
  }
  ::kill(responder, SIGTERM);
  ::waitpid(responder, nullptr, 0);
  return 0;
}
