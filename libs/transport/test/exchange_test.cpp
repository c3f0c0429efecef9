#include <gmock/gmock.h>

#include "exchange_fixture.h"

namespace tracia::transport::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class Exchanges : public ExchangeTest {};
TRACIA_BOTH_WAYS(Exchanges);

TEST_P(Exchanges, HandsOverHeadAndBody) {
  std::promise<std::string> got;
  RawServer server([&](Peer& peer) {
    got.set_value(peer.read_request());
    peer.send("HTTP/1.1 429 Slow Down\r\nRetry-After: 7\r\nX-Two: a\r\nX-Two: b\r\nContent-Length: 5\r\n\r\nhello");
  });
  Transport transport({.user_agent = "tracia-test/1"});
  const Outcome outcome = run(transport, post(server.url("/v1/chat?key=secret"), "{\"a\":1}"));
  ASSERT_TRUE(outcome.status) << outcome.status.error().message;
  EXPECT_EQ(last->head.status, 429);
  EXPECT_EQ(last->heads, 1);
  EXPECT_EQ(last->head.headers.get_or("retry-after", ""), "7");
  EXPECT_EQ(last->head.headers.size(), 4u);
  EXPECT_EQ(last->body, "hello");
  EXPECT_EQ(outcome.timings.http_version, 11);
  EXPECT_FALSE(outcome.timings.reused_connection);
  EXPECT_GT(outcome.timings.first_byte.count(), 0);
  EXPECT_GE(outcome.timings.total, outcome.timings.first_byte);
  const std::string request = got.get_future().get();
  EXPECT_THAT(request, HasSubstr("POST /v1/chat?key=secret HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(request, HasSubstr("User-Agent: tracia-test/1\r\n"));
  EXPECT_THAT(request, HasSubstr("Content-Length: 7\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\n\r\n{\"a\":1}"));
  EXPECT_THAT(request, Not(HasSubstr("Accept-Encoding")));
}

TEST_P(Exchanges, SendEveryMethodAndSwitchBetweenThem) {
  std::mutex mutex;
  std::vector<std::string> lines;
  RawServer server([&](Peer& peer) {
    for (std::string request = peer.read_request(); !request.empty(); request = peer.read_request()) {
      {
        const std::lock_guard lock(mutex);
        lines.push_back(request.substr(0, request.find(' ')) + "|" + request.substr(request.find("\r\n\r\n") + 4));
      }
      peer.send(request.starts_with("HEAD") ? "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" : ok("x"));
    }
  });
  Transport transport;
  const std::vector<std::pair<std::string, std::string>> calls{
      {"POST", "one"}, {"GET", ""},     {"PUT", "two"},  {"DELETE", ""}, {"HEAD", ""},   {"POST", ""},
      {"PATCH", "p"},  {"GET", "body"}, {"DELETE", "d"}, {"GET", ""},    {"POST", "end"}};
  for (const auto& [method, body] : calls) {
    const Outcome outcome = run(transport, {.method = method, .url = server.url(), .headers = {}, .body = body});
    ASSERT_TRUE(outcome.status) << method << ": " << outcome.status.error().message;
    EXPECT_EQ(last->body, method == "HEAD" ? "" : "x") << method;
  }
  ASSERT_EQ(lines.size(), calls.size());
  for (size_t i = 0; i < calls.size(); ++i) EXPECT_EQ(lines[i], calls[i].first + "|" + calls[i].second);
  EXPECT_EQ(server.connections(), 1);
}

TEST_P(Exchanges, ReuseOneConnectionWhenMadeInSequence) {
  RawServer server(answer_all("hi"));
  Transport transport;
  for (int i = 0; i < 50; ++i) {
    const Outcome outcome = run(transport, post(server.url()));
    ASSERT_TRUE(outcome.status);
    EXPECT_EQ(outcome.timings.reused_connection, i > 0);
    if (i > 0) EXPECT_EQ(outcome.timings.connect.count(), 0);
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST_P(Exchanges, KeepAConnectionPerHostWhenHostsAlternate) {
  RawServer first(answer_all("1"));
  RawServer second(answer_all("2"));
  Transport transport;
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(run(transport, post(first.url())).status);
    EXPECT_EQ(last->body, "1");
    ASSERT_TRUE(run(transport, post(second.url())).status);
    EXPECT_EQ(last->body, "2");
  }
  EXPECT_EQ(first.connections(), 1);
  EXPECT_EQ(second.connections(), 1);
}

TEST_P(Exchanges, SurviveAKeptConnectionThatThePeerCloses) {
  std::atomic<int> whole{0};
  RawServer server([&](Peer& peer) {
    if (peer.read_request().empty()) return;
    peer.send(ok("first"));
    // The second request is read whole, and then the connection is dropped without a byte.
    if (peer.number == 1) {
      peer.read_request();
      return;
    }
    const std::string again = peer.read_request();
    if (again.ends_with(std::string(100'000, 'b'))) ++whole;
    peer.send(ok("again"));
  });
  Transport transport;
  const std::string big(100'000, 'b');
  ASSERT_TRUE(run(transport, post(server.url(), big)).status);
  const Outcome outcome = run(transport, post(server.url(), big));
  ASSERT_TRUE(outcome.status) << outcome.status.error().message;
  EXPECT_EQ(last->heads, 1);
  EXPECT_EQ(last->body, "first");  // the first answer of the second connection
  EXPECT_EQ(server.connections(), 2);
}

TEST_P(Exchanges, ReadChunksTrailersAndInterimAnswers) {
  RawServer server([](Peer& peer) {
    peer.read_request();
    peer.send(
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
    peer.send("lo\r\n6;ext=1\r\n world\r\n0\r\nX-Trailer: t\r\n\r\n");
    peer.read_request();
    peer.send(ok("next"));
  });
  Transport transport;
  ASSERT_TRUE(run(transport, post(server.url())).status);
  EXPECT_EQ(last->heads, 1);
  EXPECT_EQ(last->head.status, 200);
  EXPECT_FALSE(last->head.headers.get("Link"));
  EXPECT_EQ(last->body, "hello world");
  ASSERT_TRUE(run(transport, post(server.url())).status);
  EXPECT_EQ(last->body, "next");
  EXPECT_EQ(server.connections(), 1);
}

TEST_P(Exchanges, DoNotFollowRedirects) {
  RawServer server([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  });
  Transport transport;
  ASSERT_TRUE(run(transport, post(server.url())).status);
  EXPECT_EQ(last->head.status, 307);
}

TEST_P(Exchanges, SendLargeBodiesWithoutWaitingForContinue) {
  std::promise<std::string> got;
  RawServer server([&](Peer& peer) {
    got.set_value(peer.read_request());
    peer.send(ok(""));
  });
  Transport transport;
  const std::string body(3u << 20, 'b');
  ASSERT_TRUE(run(transport, post(server.url(), body)).status);
  const std::string request = got.get_future().get();
  EXPECT_TRUE(request.ends_with(body));
  EXPECT_THAT(request.substr(0, request.find("\r\n\r\n")), Not(HasSubstr("Expect")));
}

TEST_P(Exchanges, HeadersThatFrameTheMessageAreNotTheCallers) {
  std::promise<std::string> got;
  RawServer server([&](Peer& peer) {
    got.set_value(peer.read_request());
    peer.send(ok(""));
  });
  Transport transport;
  wire::HttpRequest request = post(server.url(), "abc");
  request.headers = {{"content-length", "999"},
                     {"Transfer-Encoding", "chunked"},
                     {"Expect", "100-continue"},
                     {"X-Empty", ""},
                     {"X-Blank", "  "}};
  ASSERT_TRUE(run(transport, request).status);
  const std::string seen = got.get_future().get();
  EXPECT_THAT(seen, HasSubstr("Content-Length: 3\r\n"));
  EXPECT_THAT(seen, Not(HasSubstr("ength: 999")));
  EXPECT_THAT(seen, Not(HasSubstr("chunked")));
  EXPECT_THAT(seen, Not(HasSubstr("Expect")));
  EXPECT_THAT(seen, Not(HasSubstr("Content-Type")));
  EXPECT_THAT(seen, HasSubstr("X-Empty:\r\n"));
  EXPECT_THAT(seen, HasSubstr("X-Blank:\r\n"));
}

TEST_P(Exchanges, EndWithoutErrorWhenTheHandlerHasEnough) {
  std::promise<bool> closed;
  RawServer server([&](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    closed.set_value(peer.wait_closed());
  });
  Transport transport;
  auto recorder = std::make_shared<Recorder>();
  recorder->stop_after = 3;
  const Outcome outcome = run(transport, post(server.url()), {}, recorder);
  EXPECT_TRUE(outcome.status);
  EXPECT_EQ(last->body, "hello");
  EXPECT_TRUE(closed.get_future().get());
}

TEST_P(Exchanges, RefuseWhatCannotBeSentBeforeAnyIo) {
  RawServer server(answer_all("x"));
  Transport transport;
  for (const char* url : {"", "api.example.com/v1", "ftp://127.0.0.1/x", "file:///etc/passwd", "http://", "http://a b/",
                          "http://127.0.0.1/\r\nX: y"}) {
    EXPECT_FAILS(run(transport, post(url)), kInvalidRequest, kInvalidRequest);
  }
  EXPECT_FAILS(run(transport, post("http://127.0.0.1:99999/?key=secret")), kInvalidRequest, kInvalidRequest);
  for (const auto& header : std::vector<wire::Headers::Entry>{{"X", "a\r\nInjected: 1"},
                                                              {"X", std::string("a\0b", 3)},
                                                              {"X Y", "1"},
                                                              {"", "1"},
                                                              {"X:", "1"},
                                                              {"X\r\n", "1"}}) {
    wire::HttpRequest request = post(server.url());
    request.headers.add(header.first, header.second);
    EXPECT_FAILS(run(transport, request), kInvalidRequest, kInvalidRequest);
  }
  for (const char* method : {"", "po st", "get", "GET\r\n", "CONNECT", "ABCDEFGHIJKLMNOPQRSTU"}) {
    EXPECT_FAILS(run(transport, {.method = method, .url = server.url(), .headers = {}, .body = {}}), kInvalidRequest,
                 kInvalidRequest);
  }
  const Outcome large = run(transport, post(server.url(), std::string(40u << 20, 'x')));
  EXPECT_FAILS(large, kPayloadTooLarge, kTooLarge);
  EXPECT_THAT(large.status.error().message, HasSubstr("40 MB body"));
  EXPECT_EQ(server.connections(), 0);
}

TEST_P(Exchanges, BoundTheBody) {
  RawServer server([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "1000\r\n" + std::string(0x1000, 'x') + "\r\n";
    while (peer.send(chunk)) {
    }
  });
  Transport transport;
  ExchangeOptions options;
  options.body_bytes_max = 100'000;
  EXPECT_FAILS(run(transport, post(server.url()), options), kProviderError, kTooLarge);
  EXPECT_LE(last->body.size(), 100'000u);
}

TEST_P(Exchanges, BoundTheHeaders) {
  for (const bool one_line : {false, true}) {
    RawServer server([one_line](Peer& peer) {
      peer.read_request();
      peer.send("HTTP/1.1 200 OK\r\nX-Long: ");
      const std::string more = one_line ? std::string(1000, 'x') : "x\r\nX-Many: " + std::string(100, 'y');
      while (peer.send(more)) {
      }
    });
    Transport transport;
    EXPECT_FAILS(run(transport, post(server.url())), kProviderError, kTooLarge);
    EXPECT_EQ(last->heads, 0);
  }
}

TEST_P(Exchanges, TellCutConnectionsFromWholeAnswers) {
  const std::vector<std::string> cuts{
      "",                                                                     // nothing at all
      "HTTP/1.1 200 OK\r\nContent-Ty",                                        // within the head
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",                   // short body
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",                        // no body
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",  // no last chunk
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",         // within a chunk
      "HTTP/1.1 100 Continue\r\n\r\n",                                        // only an interim answer
  };
  for (const std::string& bytes : cuts) {
    RawServer server([&](Peer& peer) {
      peer.read_request();
      peer.send(bytes);
    });
    Transport transport;
    const Outcome outcome = run(transport, post(server.url("/v1/x?key=secret")));
    SCOPED_TRACE(bytes);
    EXPECT_FAILS(outcome, kNetworkError, kConnectionLost);
    EXPECT_THAT(outcome.status.error().message, HasSubstr("127.0.0.1:" + std::to_string(server.port())));
    EXPECT_THAT(outcome.status.error().message, Not(HasSubstr("secret")));
  }
}

TEST_P(Exchanges, TakeABodyThatTheCloseEnds) {
  RawServer server([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.0 200 OK\r\n\r\nuntil the end");
  });
  Transport transport;
  const Outcome outcome = run(transport, post(server.url()));
  ASSERT_TRUE(outcome.status);
  EXPECT_EQ(last->body, "until the end");
  EXPECT_EQ(outcome.timings.http_version, 10);
}

TEST_P(Exchanges, NameWhatIsNotHttp) {
  for (const char* bytes :
       {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
        "HTTP/1.1 abc\r\n\r\n", "\0\0\0\0"}) {
    RawServer server([&](Peer& peer) {
      peer.read_request();
      peer.send(bytes[0] == '\0' ? std::string(64, '\0') : std::string(bytes));
    });
    Transport transport;
    SCOPED_TRACE(bytes);
    EXPECT_FAILS(run(transport, post(server.url())), kProviderError, kMalformedResponse);
  }
}

TEST_P(Exchanges, SayWhyThereIsNoConnection) {
  Transport transport;
  const int port = refused_port();
  const Outcome refused = run(transport, post("http://127.0.0.1:" + std::to_string(port) + "/v1?key=secret"));
  EXPECT_FAILS(refused, kNetworkError, kConnect);
  EXPECT_EQ(refused.status.error().message,
            "Could not connect to 127.0.0.1:" + std::to_string(port) + ": connection refused");
  const Outcome unknown = run(transport, post("http://no-such-host.invalid/v1"));
  EXPECT_FAILS(unknown, kNetworkError, kConnect);
  EXPECT_EQ(unknown.status.error().message, "Could not connect to no-such-host.invalid:80: host name not found (DNS)");
}

TEST(Fetch, CollectsTheWholeAnswer) {
  RawServer server(answer_all(std::string(1u << 20, 'z')));
  Transport transport;
  const auto response = transport.fetch(post(server.url()), {});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->headers.get_or("content-type", ""), "text/plain");
  EXPECT_EQ(response->body.size(), 1u << 20);
}

TEST(Fetch, DoesNotTakeMemoryOnAClaim) {
  RawServer server([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999999\r\n\r\n");
  });
  RawServer huge([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9000000000000000000\r\n\r\nabc");
  });
  Transport transport;
  EXPECT_TRUE(transport.fetch(post(server.url()), {}));  // a length beyond 63 bits is none: the close ends the body
  EXPECT_FALSE(transport.fetch(post(huge.url()), {}));
}

TEST(Perform, GivesConcurrentCallersTheirOwnConnectionsAndKeepsAtMostTheBound) {
  std::atomic<int> waiting{0};
  std::atomic<int> closed{0};
  RawServer server([&](Peer& peer) {
    if (peer.read_request().empty()) return;
    ++waiting;
    while (waiting < 8) std::this_thread::yield();
    peer.send(ok("x"));
    if (peer.wait_closed()) ++closed;
  });
  {
    Transport transport({.idle_connections_max = 3});
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] { EXPECT_TRUE(transport.fetch(post(server.url()), {})); });
    }
    for (auto& thread : threads) thread.join();
    while (closed < 5) std::this_thread::yield();
    EXPECT_EQ(closed, 5);
  }
  while (closed < 8) std::this_thread::yield();
  EXPECT_EQ(server.connections(), 8);
}

TEST(Perform, IsEndedByTheDestructor) {
  std::promise<void> asked;
  RawServer server([&](Peer& peer) {
    peer.read_request();
    asked.set_value();
    peer.wait_closed();
  });
  auto transport = std::make_unique<Transport>();
  std::thread caller([&, raw = transport.get()] {
    Recorder recorder;
    EXPECT_FAILS(raw->perform(post(server.url()), {}, recorder), kAborted, kAborted);
  });
  asked.get_future().get();
  transport.reset();
  caller.join();
}

}  // namespace
}  // namespace tracia::transport::test
