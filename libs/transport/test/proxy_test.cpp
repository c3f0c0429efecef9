#include <gmock/gmock.h>

#include <cstdlib>

#include "exchange_fixture.h"

namespace tracia::transport::test {
namespace {

using testing::HasSubstr;

// An environment variable for the length of a test.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
  ~Environment() { ::unsetenv(name_); }

 private:
  const char* name_;
};

class Proxy : public ExchangeTest {};
TRACIA_BOTH_WAYS(Proxy);

std::string at(int port) { return "http://user:secret@127.0.0.1:" + std::to_string(port); }

TEST_P(Proxy, CarriesPlainRequestsWhenTheEnvironmentSaysSo) {
  std::promise<std::string> got;
  RawServer proxy([&](Peer& peer) {
    got.set_value(peer.read_request());
    peer.send(ok("by proxy"));
  });
  const Environment http("http_proxy", at(proxy.port()));
  Transport transport;
  ASSERT_TRUE(run(transport, post("http://api.invalid/v1/x")).status);
  EXPECT_EQ(last->body, "by proxy");
  EXPECT_THAT(got.get_future().get(), HasSubstr("POST http://api.invalid/v1/x HTTP/1.1\r\n"));
}

TEST_P(Proxy, IsLeftOutForNoProxyHostsOrWhenTurnedOff) {
  RawServer server(answer_all("direct"));
  RawServer proxy(answer_all("by proxy"));
  const Environment http("http_proxy", at(proxy.port()));
  Transport off({.use_proxy_env = false});
  ASSERT_TRUE(run(off, post(server.url())).status);
  EXPECT_EQ(last->body, "direct");
  const Environment none("NO_PROXY", "127.0.0.1");
  Transport transport;
  ASSERT_TRUE(run(transport, post(server.url())).status);
  EXPECT_EQ(last->body, "direct");
  EXPECT_EQ(proxy.connections(), 0);
}

TEST_P(Proxy, UpperCaseHttpProxyIsIgnoredForItComesFromCgi) {
  RawServer server(answer_all("direct"));
  RawServer proxy(answer_all("by proxy"));
  const Environment http("HTTP_PROXY", at(proxy.port()));
  Transport transport;
  ASSERT_TRUE(run(transport, post(server.url())).status);
  EXPECT_EQ(last->body, "direct");
}

TEST_P(Proxy, ThatRefusesATunnelIsNamedWithItsStatus) {
  RawServer proxy([](Peer& peer) {
    EXPECT_THAT(peer.read_request(), HasSubstr("CONNECT api.invalid:443 HTTP/1.1\r\n"));
    peer.send("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
  });
  const Environment https("https_proxy", at(proxy.port()));
  Transport transport;
  const Outcome outcome = run(transport, post("https://api.invalid/v1"));
  EXPECT_FAILS(outcome, kNetworkError, kConnect);
  EXPECT_EQ(outcome.status.error().message, "The proxy refused to connect to api.invalid:443: HTTP 407");
  EXPECT_EQ(last->heads, 0);
}

TEST_P(Proxy, ThatIsNotThereIsNamedAsTheProxy) {
  const Environment http("http_proxy", at(refused_port()));
  Transport transport;
  const Outcome outcome = run(transport, post("http://api.invalid/v1"));
  EXPECT_FAILS(outcome, kNetworkError, kConnect);
  EXPECT_EQ(outcome.status.error().message, "Could not connect to the proxy for api.invalid:80: connection refused");
}

}  // namespace
}  // namespace tracia::transport::test
