#include "slow_clients.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace tracia::bench {
namespace {

struct Slow {
  int fd = -1;
  bool reads = false;
  size_t sent = 0;
};

int connect_to(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int bytes = 4096;  // so that the answer waits at the server, not here
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return fd;
  ::close(fd);
  return -1;
}

// One step of one client; false when the server has thrown it out.
bool step(Slow& client, const std::string& request) {
  if (client.reads && client.sent == request.size()) {
    char byte = 0;
    const ssize_t got = ::recv(client.fd, &byte, 1, MSG_DONTWAIT);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
  }
  const size_t count = client.reads ? request.size() - client.sent : 1;
  if (client.sent + count > request.size() - 2 && !client.reads) return true;  // never the end of the headers
  const ssize_t done = ::send(client.fd, request.data() + client.sent, count, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (done > 0) client.sent += static_cast<size_t>(done);
  return done > 0 || errno == EAGAIN || errno == EWOULDBLOCK;
}

}  // namespace

SlowClients::SlowClients(uint16_t port, std::string request, int count)
    : thread_([this, port, request = std::move(request), count] { run(port, request, count); }) {}

SlowClients::~SlowClients() {
  stopping_ = true;
  thread_.join();
}

void SlowClients::run(uint16_t port, const std::string& request, int count) {
  std::vector<Slow> clients(static_cast<size_t>(count));
  for (size_t i = 0; i < clients.size(); ++i) clients[i].reads = i % 2 == 0;
  // A twentieth of them each 50 ms: every one has its second.
  constexpr size_t kTurns = 20;
  for (size_t turn = 0; !stopping_; ++turn) {
    for (size_t i = turn % kTurns; i < clients.size() && !stopping_; i += kTurns) {
      Slow& client = clients[i];
      if (client.fd >= 0 && !step(client, request)) {
        ::close(client.fd);
        client = {.fd = -1, .reads = client.reads};
        --connected_;
        ++returned_;
      }
      if (client.fd >= 0) continue;
      client.fd = connect_to(port);
      if (client.fd >= 0) ++connected_;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  for (const Slow& client : clients) {
    if (client.fd >= 0) ::close(client.fd);
  }
}

}  // namespace tracia::bench
