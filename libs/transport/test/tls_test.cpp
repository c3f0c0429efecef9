#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "exchange_fixture.h"
#include "trust_store.h"

namespace tracia::transport::test {
namespace {

using testing::HasSubstr;

// A PEM file that goes with the object.
class PemFile {
 public:
  explicit PemFile(const std::string& text) {
    const int fd = ::mkstemp(path_.data());
    [[maybe_unused]] const auto n = ::write(fd, text.data(), text.size());
    ::close(fd);
  }
  ~PemFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = testing::TempDir() + "tracia_ca_XXXXXX";
};

class Tls : public ExchangeTest {
 protected:
  void expect_tls_error(RawServer& server, const std::string& ca_file, const std::string& message) {
    Transport transport({.ca_file = ca_file});
    const Outcome outcome = run(transport, post(server.url("/v1?key=secret")));
    EXPECT_FAILS(outcome, kNetworkError, kTls);
    EXPECT_EQ(outcome.status.error().message, message);
  }
  static std::string host(const RawServer& server) { return "127.0.0.1:" + std::to_string(server.port()); }
};
TRACIA_BOTH_WAYS(Tls);

TEST_P(Tls, WorksWithTheRightAuthorityAndKeepsTheConnection) {
  const TlsIdentity identity = make_certificate({});
  const PemFile ca(identity.certificate);
  RawServer server(answer_all("sealed"), &identity);
  Transport transport({.ca_file = ca.path()});
  for (int i = 0; i < 5; ++i) {
    const Outcome outcome = run(transport, post(server.url()));
    ASSERT_TRUE(outcome.status) << outcome.status.error().message;
    EXPECT_EQ(last->body, "sealed");
    EXPECT_EQ(outcome.timings.reused_connection, i > 0);
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST_P(Tls, SaysThatACertificateIsSelfSigned) {
  const TlsIdentity identity = make_certificate({});
  RawServer server(answer_all("x"), &identity);
  expect_tls_error(server, "",
                   "The TLS certificate of " + host(server) + " is self-signed: its issuer is not trusted here");
}

TEST_P(Tls, SaysThatAnIssuerIsUnknown) {
  const TlsIdentity identity = make_certificate({.foreign_issuer = true});
  RawServer server(answer_all("x"), &identity);
  expect_tls_error(server, "", "The TLS certificate of " + host(server) + " comes from an unknown issuer");
}

TEST_P(Tls, SaysThatACertificateHasExpired) {
  const TlsIdentity identity = make_certificate({.expired = true});
  const PemFile ca(identity.certificate);
  RawServer server(answer_all("x"), &identity);
  expect_tls_error(server, ca.path(), "The TLS certificate of " + host(server) + " has expired");
}

TEST_P(Tls, SaysThatACertificateIsForAnotherHost) {
  const TlsIdentity identity = make_certificate({.host = "other.test"});
  const PemFile ca(identity.certificate);
  RawServer server(answer_all("x"), &identity);
  expect_tls_error(server, ca.path(), "The TLS certificate of " + host(server) + " is for another host name");
}

TEST_P(Tls, SaysThatTheAuthorityFileCannotBeRead) {
  const TlsIdentity identity = make_certificate({});
  RawServer server(answer_all("x"), &identity);
  expect_tls_error(server, "/nonexistent/ca.pem",
                   "The file of trusted certificates could not be read; no TLS connection to " + host(server));
}

TEST_P(Tls, HonoursSslCertFile) {
  const TlsIdentity identity = make_certificate({});
  const PemFile ca(identity.certificate);
  RawServer server(answer_all("x"), &identity);
  ::setenv("SSL_CERT_FILE", ca.path().c_str(), 1);
  Transport transport;
  ::unsetenv("SSL_CERT_FILE");
  EXPECT_TRUE(run(transport, post(server.url())).status);
}

TEST(TrustStore, LooksWhereOtherDistributionsKeepTheirCertificates) {
  const PemFile here("x"), also_here("y");
  const std::array others = {"/nonexistent/a.pem", here.path().c_str(), also_here.path().c_str()};
  EXPECT_EQ(present_bundle(also_here.path(), others), also_here.path());
  EXPECT_EQ(present_bundle("/nonexistent/own.pem", others), here.path());
  // The error then names the place that was meant.
  EXPECT_EQ(present_bundle("/nonexistent/own.pem", {}), "/nonexistent/own.pem");
}

TEST_P(Tls, NamesAPeerThatSpeaksNoTls) {
  RawServer server([](Peer& peer) {
    peer.read_exactly(1);
    peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  Transport transport;
  const Outcome outcome = run(transport, post("https://" + host(server)));
  EXPECT_FAILS(outcome, kNetworkError, kTls);
  EXPECT_THAT(outcome.status.error().message, HasSubstr("The TLS handshake with " + host(server) + " failed: "));
}

TEST_P(Tls, APeerThatHangsUpDuringTheHandshakeMayBeTriedAgain) {
  RawServer server([](Peer& peer) { peer.read_exactly(1); });
  Transport transport;
  EXPECT_FAILS(run(transport, post("https://" + host(server))), kNetworkError, kConnect);
}

TEST_P(Tls, ACutBodyIsALostConnection) {
  const TlsIdentity identity = make_certificate({});
  const PemFile ca(identity.certificate);
  RawServer server(
      [](Peer& peer) {
        peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
      },
      &identity);
  Transport transport({.ca_file = ca.path()});
  EXPECT_FAILS(run(transport, post(server.url())), kNetworkError, kConnectionLost);
}

TEST_P(Tls, WritingToAPeerThatLeftRaisesNoSignal) {
  const TlsIdentity identity = make_certificate({});
  const PemFile ca(identity.certificate);
  RawServer server([](Peer& peer) { peer.read_exactly(100); }, &identity);
  Transport transport({.ca_file = ca.path()});
  EXPECT_FALSE(run(transport, post(server.url(), std::string(20u << 20, 'x'))).status);
}

TEST_P(Tls, CancelClosesTheConnection) {
  const TlsIdentity identity = make_certificate({});
  const PemFile ca(identity.certificate);
  std::promise<bool> closed;
  ExchangeOptions options;
  RawServer server(
      [&](Peer& peer) {
        peer.read_request();
        options.cancel.cancel();
        closed.set_value(peer.wait_closed());
      },
      &identity);
  Transport transport({.ca_file = ca.path()});
  EXPECT_FAILS(run(transport, post(server.url()), options), kAborted, kAborted);
  EXPECT_TRUE(closed.get_future().get());
}

}  // namespace
}  // namespace tracia::transport::test
