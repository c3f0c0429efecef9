// The least HTTP client that can test the fake server: it sends bytes and shows what came back, unchanged.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>

namespace tracia::testing {

class TestClient {
 public:
  explicit TestClient(uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~TestClient() { leave(); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  void leave() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  TestClient& write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) break;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return *this;
  }

  TestClient& request(std::string_view method, std::string_view target, std::string_view body = "",
                      std::string_view headers = "Authorization: Bearer tr_test\r\n") {
    std::string text(method);
    text.append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n").append(headers);
    if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return write(text.append("\r\n").append(body));
  }

  // Bytes until one of: the connection ends, nothing comes for `patience`, `enough` has been seen.
  std::string read(std::string_view enough = "", std::chrono::milliseconds patience = std::chrono::seconds(5)) {
    std::string bytes;
    ended_ = reset_ = false;
    while (enough.empty() || bytes.find(enough) == std::string::npos) {
      pollfd ready{fd_, POLLIN, 0};
      if (poll(&ready, 1, static_cast<int>(patience.count())) <= 0) break;
      char piece[4096];
      const ssize_t got = recv(fd_, piece, sizeof piece, 0);
      if (got <= 0) {
        ended_ = true;
        reset_ = got < 0;
        break;
      }
      ++reads_;
      bytes.append(piece, static_cast<size_t>(got));
    }
    return bytes;
  }

  // One answer with a Content-Length, or as much of it as comes.
  std::string read_response() {
    std::string bytes = read("\r\n\r\n");
    const size_t at = bytes.find("Content-Length: ");
    const size_t head = bytes.find("\r\n\r\n");
    if (at == std::string::npos || head == std::string::npos) return bytes;
    const size_t wanted = head + 4 + std::stoul(bytes.substr(at + 16));
    while (bytes.size() < wanted && !ended_) {
      const std::string more = read(bytes.substr(0, 0), std::chrono::milliseconds(50));
      if (more.empty() && !ended_) break;
      bytes += more;
    }
    return bytes;
  }

  bool connected() const { return connected_; }
  bool ended() const { return ended_; }  // the server closed
  bool reset() const { return reset_; }  // ... with RST
  int reads() const { return reads_; }

 private:
  int fd_;
  bool connected_ = false;
  bool ended_ = false;
  bool reset_ = false;
  int reads_ = 0;
};

inline std::string body_of(std::string_view response) {
  const size_t head = response.find("\r\n\r\n");
  return head == std::string_view::npos ? std::string() : std::string(response.substr(head + 4));
}

}  // namespace tracia::testing
