// HTTPS: the same server through a TLS stream, and the errors of a wrong certificate or key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <memory>
#include <thread>

#include "raw_client.h"
#include "test_certificate.h"
#include "tracia/http/server.h"

namespace tracia::http {
namespace {

using testing::HasSubstr;

// A blocking TLS client over a RawClient's socket.
class TlsClient {
 public:
  explicit TlsClient(uint16_t port, int version_max = TLS1_3_VERSION)
      : raw_(port), context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free) {
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), version_max);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), raw_.fd());
    connected_ = SSL_connect(ssl_.get()) == 1;
  }
  bool connected() const { return connected_; }
  std::string version() const { return SSL_get_version(ssl_.get()); }
  bool send(std::string_view bytes) {
    return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size());
  }
  // Until `count` bytes have come, or the end.
  std::string read(size_t count) {
    std::string out;
    char bytes[16384];
    while (out.size() < count) {
      const int n = SSL_read(ssl_.get(), bytes, static_cast<int>(std::min(sizeof bytes, count - out.size())));
      if (n <= 0) {
        clean_end_ = SSL_get_error(ssl_.get(), n) == SSL_ERROR_ZERO_RETURN;
        break;
      }
      out.append(bytes, static_cast<size_t>(n));
    }
    return out;
  }
  std::string read_all() { return read(SIZE_MAX); }
  bool clean_end() const { return clean_end_; }  // the server sent close_notify

 private:
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  RawClient raw_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
  bool connected_ = false, clean_end_ = false;
};

class TlsTest : public testing::Test {
 protected:
  void start(Handler handler, ServerOptions options = {}) {
    options.tls_cert = files_.cert();
    options.tls_key = files_.key();
    server_ = std::make_unique<Server>(std::move(options), std::move(handler));
    const Status started = server_->start();
    ASSERT_TRUE(started.has_value()) << started.error().message;
  }
  static std::string problem(const std::string& cert, const std::string& key) {
    ServerOptions options;
    options.tls_cert = cert;
    options.tls_key = key;
    const Status started = Server(options, [](Request&, ResponseWriter) {}).start();
    return started ? "" : started.error().message;
  }
  // GET of `path` on a connection that closes.
  static std::string get(const std::string& path) {
    return "GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  }
  TestCertificate files_;
  std::unique_ptr<Server> server_;
};

void echo(Request& request, ResponseWriter writer) { writer.send(200, {}, request.path + request.body); }

TEST_F(TlsTest, answers_and_ends_cleanly) {
  start(echo);
  TlsClient client(server_->port());
  ASSERT_TRUE(client.connected());
  EXPECT_EQ(client.version(), "TLSv1.3");
  client.send(get("/hello"));
  EXPECT_TRUE(client.read_all().ends_with("\r\n\r\n/hello"));
  EXPECT_TRUE(client.clean_end());
}

TEST_F(TlsTest, speaks_1_2_but_nothing_older) {
  start(echo);
  EXPECT_EQ(TlsClient(server_->port(), TLS1_2_VERSION).version(), "TLSv1.2");
  EXPECT_FALSE(TlsClient(server_->port(), TLS1_1_VERSION).connected());
}

TEST_F(TlsTest, large_bodies_and_answers_pass_in_both_directions) {
  start([](Request& request, ResponseWriter writer) {
    writer.send(200, {}, request.body + std::string(3'000'000, 'z'));
  });
  TlsClient client(server_->port());
  const std::string body(2'000'000, 'b');
  std::thread sender([&] {
    client.send("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2000000\r\n\r\n" + body);
  });
  sender.join();
  const std::string answer = client.read_all();
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, 5'000'000u);
  EXPECT_TRUE(client.clean_end());
}

TEST_F(TlsTest, streams_and_pipelined_requests_pass) {
  start([](Request& request, ResponseWriter writer) {
    writer.begin(200, {}, 300'000);
    for (int i = 0; i < 3; ++i) writer.write(std::string(100'000, request.path.back()));
    writer.end();
  });
  TlsClient client(server_->port());
  client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n" + get("/b"));
  const std::string answers = client.read_all();
  EXPECT_EQ(std::count(answers.begin(), answers.end(), 'a') > 300'000, true);
  EXPECT_TRUE(answers.ends_with(std::string(300'000, 'b')));
}

TEST_F(TlsTest, plain_http_and_noise_are_cut_and_do_no_harm) {
  start(echo);
  RawClient plain(server_->port());
  plain.send(get("/"));
  plain.read_all();
  EXPECT_TRUE(plain.ended() || plain.reset());
  TlsClient client(server_->port());
  client.send(get("/still-here"));
  EXPECT_TRUE(client.read_all().ends_with("/still-here"));
}

TEST_F(TlsTest, a_handshake_that_never_ends_is_cut) {
  ServerOptions options;
  options.header_timeout = Millis(50);
  start(echo, options);
  RawClient silent(server_->port());
  silent.read_all();
  EXPECT_TRUE(silent.ended() || silent.reset());
}

TEST_F(TlsTest, a_peer_that_leaves_is_noticed) {
  std::atomic<bool> begun{false}, left{false};
  start([&](Request&, ResponseWriter writer) {
    writer.on_close([&] { left = true; });
    begun = true;
  });
  {
    TlsClient client(server_->port());
    client.send(get("/"));
    while (!begun) std::this_thread::yield();
  }
  for (const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
       !left && std::chrono::steady_clock::now() < deadline;) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(left);
}

TEST_F(TlsTest, stopping_lets_an_answer_finish) {
  std::atomic<bool> begun{false};
  start([&](Request&, ResponseWriter writer) {
    begun = true;
    writer.after(Millis(30), [writer]() mutable { writer.send(200, {}, "whole"); });
  });
  TlsClient client(server_->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  while (!begun) std::this_thread::yield();
  std::thread stopper([&] { server_->stop(Millis(30'000)); });
  EXPECT_TRUE(client.read_all().ends_with("whole"));
  stopper.join();
}

TEST_F(TlsTest, wrong_files_are_named) {
  EXPECT_THAT(problem("/nowhere/cert.pem", files_.key()), HasSubstr("cannot read the certificate file /nowhere"));
  EXPECT_THAT(problem(files_.cert(), "/nowhere/key.pem"), HasSubstr("cannot read the key file /nowhere/key.pem"));
  EXPECT_THAT(problem(files_.cert(), ""), HasSubstr("cannot read the key file"));
  EXPECT_THAT(problem(files_.key(), files_.key()), HasSubstr("holds no PEM certificate"));
  EXPECT_THAT(problem(files_.cert(), files_.cert()), HasSubstr("holds no PEM private key"));
  EXPECT_THAT(problem(files_.cert(), files_.write_other_key("other.pem")), HasSubstr("does not belong to"));
  EXPECT_THAT(problem(files_.cert(), files_.write_other_key("locked.pem", "secret")), HasSubstr("passphrase"));
}

}  // namespace
}  // namespace tracia::http
