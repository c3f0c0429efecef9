// Deadlines and cancellation, in every phase of an exchange.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <netdb.h>

#include <cstring>

#include "exchange_fixture.h"

namespace {
std::atomic<bool> release_lookup{true};
std::atomic<int> lookups{0};
}  // namespace

// Stands before the C library's: a host name whose lookup takes as long as a test wants. libcurl finds it first.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** out) {
  if (node != nullptr && std::strcmp(node, "slow-lookup.invalid") == 0) {
    ++lookups;
    while (!release_lookup) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return EAI_NONAME;
  }
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto next = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  // A host with two addresses, of which our servers listen on the second only.
  if (node != nullptr && std::strcmp(node, "two-addresses.invalid") == 0) {
    const int error = next("127.0.0.2", service, hints, out);
    return error != 0 ? error : next("127.0.0.1", service, hints, &(*out)->ai_next);
  }
  return next(node, service, hints, out);
}

namespace tracia::transport::test {
namespace {

using testing::HasSubstr;

class Deadline : public ExchangeTest {};
TRACIA_BOTH_WAYS(Deadline);
class Cancel : public ExchangeTest {};
TRACIA_BOTH_WAYS(Cancel);

ExchangeOptions with(Deadlines deadlines) {
  ExchangeOptions options;
  options.deadlines = deadlines;
  return options;
}

// Sends `bytes` after a request was read, then waits for the client to go.
RawServer::Script stall_after(std::string bytes, std::promise<bool>& closed) {
  return [bytes = std::move(bytes), &closed](Peer& peer) {
    peer.read_request();
    peer.send(bytes);
    closed.set_value(peer.wait_closed());
  };
}

TEST_P(Deadline, TotalEndsASilentExchangeInTheHostedSdksWords) {
  std::promise<bool> closed;
  RawServer server(stall_after("", closed));
  Transport transport;
  const Outcome outcome = run(transport, post(server.url()), with({.total = Millis{60}}));
  EXPECT_FAILS(outcome, kTimeout, kTimeout);
  EXPECT_EQ(outcome.status.error().message, "Request timed out after 60ms");
  EXPECT_GE(outcome.timings.total, Micros{60'000});
  EXPECT_TRUE(closed.get_future().get());
}

TEST_P(Deadline, TotalEndsABodyThatTricklesWithoutEnd) {
  RawServer server([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (peer.send("1\r\nx\r\n")) std::this_thread::sleep_for(Millis{2});
  });
  Transport transport;
  const Outcome outcome = run(transport, post(server.url()), with({.idle = Millis{5000}, .total = Millis{80}}));
  EXPECT_FAILS(outcome, kTimeout, kTimeout);
  EXPECT_EQ(outcome.status.error().message, "Request timed out after 80ms");
  EXPECT_FALSE(last->body.empty());
}

TEST_P(Deadline, FirstByteWaitsForTheHeadOnly) {
  std::promise<bool> closed;
  RawServer slow(stall_after("HTTP/1.1 200 OK\r\nX-Not: whole", closed));
  Transport transport;
  const Outcome late = run(transport, post(slow.url()), with({.first_byte = Millis{60}}));
  EXPECT_FAILS(late, kTimeout, kTimeout);
  EXPECT_EQ(late.status.error().message, "Request timed out after 60ms (first byte)");
  EXPECT_TRUE(closed.get_future().get());

  RawServer long_body([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n1");
    std::this_thread::sleep_for(Millis{400});
    peer.send("2");
  });
  EXPECT_TRUE(run(transport, post(long_body.url()), with({.first_byte = Millis{300}})).status);
}

TEST_P(Deadline, IdleCountsFromTheLastPiece) {
  std::promise<bool> closed;
  RawServer server([&](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 5; ++i) {
      std::this_thread::sleep_for(Millis{100});
      peer.send("1\r\nx\r\n");
    }
    closed.set_value(peer.wait_closed());
  });
  Transport transport;
  const Outcome outcome = run(transport, post(server.url()), with({.idle = Millis{400}}));
  EXPECT_FAILS(outcome, kTimeout, kTimeout);
  EXPECT_EQ(outcome.status.error().message, "Request timed out after 400ms (idle)");
  EXPECT_EQ(last->body, "xxxxx");
  EXPECT_TRUE(closed.get_future().get());
}

TEST_P(Deadline, ConnectIsANetworkErrorThatMayBeRetried) {
  const FullPort port;
  Transport transport;
  const std::string host = "127.0.0.1:" + std::to_string(port.port());
  const Outcome outcome = run(transport, post("http://" + host + "/"), with({.connect = Millis{60}}));
  EXPECT_FAILS(outcome, kNetworkError, kConnect);
  EXPECT_EQ(outcome.status.error().message, "Could not connect to " + host + ": timed out after 60ms (connect)");
}

TEST_P(Deadline, TotalWinsOverALongerConnectDeadline) {
  const FullPort port;
  Transport transport;
  const Outcome outcome = run(transport, post("http://127.0.0.1:" + std::to_string(port.port())),
                              with({.connect = Millis{0}, .total = Millis{60}}));
  EXPECT_FAILS(outcome, kTimeout, kTimeout);
  EXPECT_EQ(outcome.status.error().message, "Request timed out after 60ms");
}

TEST_P(Deadline, ConnectCoversTheTlsHandshake) {
  RawServer silent([](Peer& peer) { peer.wait_closed(); });
  Transport transport;
  const std::string url = "https://127.0.0.1:" + std::to_string(silent.port());
  const Outcome outcome = run(transport, post(url), with({.connect = Millis{60}}));
  EXPECT_FAILS(outcome, kNetworkError, kConnect);
}

TEST_P(Deadline, AbsurdlyLongOnesDoNotOverflow) {
  RawServer server(answer_all("x"));
  Transport transport;
  EXPECT_TRUE(
      run(transport, post(server.url()), with({Millis::max(), Millis::max(), Millis::max(), Millis::max()})).status);
  EXPECT_TRUE(run(transport, post(server.url()), with({Millis{-1}, Millis{-1}, Millis{-1}, Millis::min()})).status);
}

// Cancels from another thread once `reached` is set and gives the outcome.
class Canceller {
 public:
  explicit Canceller(const CancelToken& token)
      : thread_([this, token] {
          reached_.get_future().get();
          token.cancel();
        }) {}
  ~Canceller() { thread_.join(); }
  void reached() { reached_.set_value(); }

 private:
  std::promise<void> reached_;
  std::thread thread_;
};

class Connect : public ExchangeTest {};
TRACIA_BOTH_WAYS(Connect);

TEST_P(Connect, TriesTheNextAddressWhenOneRefuses) {
  RawServer server(answer_all("second"));
  Transport transport;
  for (int i = 0; i < 3; ++i) {
    ExchangeOptions options;
    options.deadlines.total = Millis{10'000};
    const Outcome outcome = run(transport, post(server.url("/v1", "two-addresses.invalid")), options);
    ASSERT_TRUE(outcome.status) << outcome.status.error().message;
    EXPECT_EQ(last->body, "second");
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST_P(Cancel, BeforeTheStartSendsNothing) {
  RawServer server(answer_all("x"));
  Transport transport;
  ExchangeOptions options;
  options.cancel.cancel();
  EXPECT_FAILS(run(transport, post(server.url()), options), kAborted, kAborted);
  EXPECT_EQ(server.connections(), 0);
}

TEST_P(Cancel, DoesNotWaitForANameLookup) {
  release_lookup = false;
  lookups = 0;
  {
    Transport transport;
    ExchangeOptions options;
    std::thread canceller([&] {
      while (lookups == 0) std::this_thread::yield();
      options.cancel.cancel();
    });
    EXPECT_FAILS(run(transport, post("http://slow-lookup.invalid/"), options), kAborted, kAborted);
    canceller.join();
  }
  release_lookup = true;  // reached only because nobody waited for it
}

TEST_P(Cancel, WhileConnecting) {
  const FullPort port;
  Transport transport;
  ExchangeOptions options;
  Canceller canceller(options.cancel);
  std::thread later([&] {
    std::this_thread::sleep_for(Millis{30});
    canceller.reached();
  });
  EXPECT_FAILS(run(transport, post("http://127.0.0.1:" + std::to_string(port.port())), options), kAborted, kAborted);
  later.join();
}

TEST_P(Cancel, DuringTheTlsHandshakeClosesTheConnection) {
  std::promise<bool> closed;
  ExchangeOptions options;
  Canceller canceller(options.cancel);
  RawServer silent([&](Peer& peer) {
    peer.read_exactly(10);  // the client's hello has begun
    canceller.reached();
    closed.set_value(peer.wait_closed());
  });
  Transport transport;
  EXPECT_FAILS(run(transport, post("https://127.0.0.1:" + std::to_string(silent.port())), options), kAborted, kAborted);
  EXPECT_TRUE(closed.get_future().get());
}

TEST_P(Cancel, AfterTheRequestClosesTheConnection) {
  for (const char* sent : {"", "HTTP/1.1 200 OK\r\nX-Half", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"}) {
    SCOPED_TRACE(sent);
    std::promise<bool> closed;
    ExchangeOptions options;
    Canceller canceller(options.cancel);
    RawServer server([&](Peer& peer) {
      peer.read_request();
      peer.send(sent);
      canceller.reached();
      closed.set_value(peer.wait_closed());
    });
    Transport transport;
    const Outcome outcome = run(transport, post(server.url()), options);
    EXPECT_FAILS(outcome, kAborted, kAborted);
    EXPECT_EQ(outcome.status.error().message, "Request was cancelled");
    EXPECT_TRUE(closed.get_future().get());
  }
}

TEST_P(Cancel, WhileALargeBodyIsSent) {
  std::promise<bool> closed;
  ExchangeOptions options;
  Canceller canceller(options.cancel);
  RawServer server([&](Peer& peer) {
    peer.read_exactly(1000);  // and no more: the rest fills the sockets' buffers
    canceller.reached();
    closed.set_value(peer.wait_closed());
  });
  Transport transport;
  EXPECT_FAILS(run(transport, post(server.url(), std::string(30u << 20, 'x')), options), kAborted, kAborted);
  EXPECT_TRUE(closed.get_future().get());
}

TEST_P(Cancel, FromWithinTheHandlerStopsFurtherBytes) {
  RawServer server([&](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (peer.send("3\r\nabc\r\n")) {
    }
  });
  Transport transport;
  ExchangeOptions options;
  auto recorder = std::make_shared<Recorder>();
  int pieces = 0;
  recorder->when_body = [&] {
    ++pieces;
    options.cancel.cancel();
  };
  EXPECT_FAILS(run(transport, post(server.url()), options, recorder), kAborted, kAborted);
  EXPECT_EQ(pieces, 1);
  auto at_head = std::make_shared<Recorder>();
  ExchangeOptions again;
  at_head->when_head = [&] { again.cancel.cancel(); };
  EXPECT_FAILS(run(transport, post(server.url()), again, at_head), kAborted, kAborted);
  EXPECT_EQ(at_head->body, "");
}

TEST_P(Cancel, AfterTheEndDoesNothing) {
  RawServer server(answer_all("x"));
  Transport transport;
  for (int i = 0; i < 20; ++i) {
    ExchangeOptions options;
    EXPECT_TRUE(run(transport, post(server.url()), options).status);
    options.cancel.cancel();
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST_P(Cancel, RacesWithCompletionHarmlessly) {
  RawServer server(answer_all("x"));
  Transport transport;
  for (int i = 0; i < 200; ++i) {
    ExchangeOptions options;
    std::thread canceller([&, i] {
      for (int spin = 0; spin < i * 50; ++spin) std::atomic_signal_fence(std::memory_order_seq_cst);
      options.cancel.cancel();
    });
    const Outcome outcome = run(transport, post(server.url()), options);
    canceller.join();
    if (!outcome.status) EXPECT_EQ(outcome.status.error().code, ErrorCode::kAborted);
  }
}

}  // namespace
}  // namespace tracia::transport::test
