// ExchangeOptions::interrupted: a host that must look after its thread while perform() waits.
#include <pthread.h>
#include <signal.h>

#include <thread>

#include "exchange_fixture.h"

namespace tracia::transport::test {
namespace {

// Answers nothing, and tells when the client has left.
class SilentServer {
 public:
  SilentServer()
      : server_([this](Peer& peer) {
          peer.read_request();
          asked_.set_value();
          peer.wait_closed();
          left_.set_value();
        }) {}
  std::string url() { return server_.url(); }
  void wait_asked() { asked_.get_future().wait(); }
  void wait_left() { left_.get_future().wait(); }

 private:
  std::promise<void> asked_, left_;
  RawServer server_;
};

TEST(Interrupted, IsAskedAgainAndAgainOnTheCallingThreadUntilItEndsTheExchange) {
  SilentServer server;
  Transport transport;
  Recorder recorder;
  int asks = 0;
  ExchangeOptions options;
  options.interrupted = [&, caller = std::this_thread::get_id()] {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    return ++asks == 3;
  };
  EXPECT_FAILS(transport.perform(post(server.url()), options, recorder), kAborted, kAborted);
  EXPECT_EQ(asks, 3);
  EXPECT_EQ(recorder.heads, 0);
  server.wait_left();
}

TEST(Interrupted, SeesASignalThatArrivesDuringTheWait) {
  static volatile sig_atomic_t signalled;
  signalled = 0;
  struct sigaction action{}, before{};
  action.sa_handler = [](int) { signalled = 1; };
  ASSERT_EQ(sigaction(SIGUSR1, &action, &before), 0);
  SilentServer server;
  Transport transport;
  Recorder recorder;
  ExchangeOptions options;
  options.interrupted = [] { return signalled != 0; };
  std::thread sender([&, caller = pthread_self()] {
    server.wait_asked();
    pthread_kill(caller, SIGUSR1);
  });
  EXPECT_FAILS(transport.perform(post(server.url()), options, recorder), kAborted, kAborted);
  sender.join();
  sigaction(SIGUSR1, &before, nullptr);
}

TEST(Interrupted, LeavesAnExchangeAloneThatIsNotInterrupted) {
  std::promise<void> asked;
  RawServer server([&](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
    asked.get_future().wait();
    peer.send("cd");
  });
  Transport transport;
  Recorder recorder;
  int asks = 0;
  ExchangeOptions options;
  options.interrupted = [&] {
    if (++asks == 1) asked.set_value();
    return false;
  };
  const Outcome outcome = transport.perform(post(server.url()), options, recorder);
  ASSERT_TRUE(outcome.status) << outcome.status.error().message;
  EXPECT_EQ(recorder.body, "abcd");
}

TEST(ResponseCollector, KeepsHeadAndBodyOfAStartedExchange) {
  RawServer server([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 404 Not Found\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello");
  });
  Transport transport;
  const auto collector = std::make_shared<ResponseCollector>();
  std::promise<Outcome> done;
  transport.start(post(server.url()), {}, collector, [&](Outcome outcome) { done.set_value(std::move(outcome)); });
  EXPECT_TRUE(done.get_future().get().status);
  EXPECT_EQ(collector->response.status, 404);
  EXPECT_EQ(collector->response.headers.get_or("x-a", ""), "b");
  EXPECT_EQ(collector->response.body, "hello");
}

}  // namespace
}  // namespace tracia::transport::test
