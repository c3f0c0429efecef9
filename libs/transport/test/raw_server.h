// A server that says exactly the bytes a test wants, when it wants: one thread per connection runs a script. Loopback
// only. With a TlsIdentity it speaks TLS.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

struct ssl_st;
struct ssl_ctx_st;

namespace tracia::transport::test {

// A certificate and its key, PEM.
struct TlsIdentity {
  std::string certificate;
  std::string key;
};
struct CertificateShape {
  std::string host = "127.0.0.1";  // subjectAltName: an IP address or a DNS name
  bool expired = false;
  bool foreign_issuer = false;  // signed by an authority that is thrown away
};
TlsIdentity make_certificate(const CertificateShape& shape);

// The server's end of one connection.
class Peer {
 public:
  Peer(int fd, ssl_st* tls) : fd_(fd), tls_(tls) {}
  std::string read_request();              // head and body; "" when the client closed before a whole one
  std::string read_exactly(size_t bytes);  // shorter when the client closed
  bool send(std::string_view bytes);       // false when the client has closed
  bool wait_closed();                      // reads on until the client closes; false after 20 s without that
  bool speaks_h2() const;
  int number = 0;  // of the connection, from 1

 private:
  long receive(char* into, size_t size);
  int fd_;
  ssl_st* tls_;
  std::string rest_;
};

class RawServer {
 public:
  using Script = std::function<void(Peer&)>;
  // The script runs once per connection, which is closed when it returns. The destructor cuts what is left.
  explicit RawServer(Script script, const TlsIdentity* tls = nullptr, bool http2 = false);
  ~RawServer();
  int port() const { return port_; }
  std::string url(std::string_view path = "/v1/x", std::string_view host = "127.0.0.1") const;
  int connections() const;  // accepted so far

 private:
  void accept_all();
  void serve(int fd, int number);

  Script script_;
  ssl_ctx_st* tls_ = nullptr;
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  int accepted_ = 0;
  bool stopping_ = false;
  std::map<int, int> open_;  // number -> fd
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

// "HTTP/1.1 200 OK" with a Content-Length.
std::string ok(std::string_view body);
// Answers every request of a connection with ok(body).
RawServer::Script answer_all(std::string body);

// A port that answers no SYN: its accept queue is full. Connecting to it hangs.
class FullPort {
 public:
  FullPort();
  ~FullPort();
  int port() const { return port_; }

 private:
  int listener_ = -1;
  int port_ = 0;
  std::vector<int> fillers_;
};
// A port where nobody listens.
int refused_port();

}  // namespace tracia::transport::test
