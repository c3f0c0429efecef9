// The loops of a server as places for outgoing calls.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tracia/http/server.h"
#include "tracia/transport/transport.h"

namespace tracia::http {
namespace {

using transport::Reactor;

// Waits for something that a loop does; a generous deadline, for a machine that is busy.
class Signal {
 public:
  void set() {
    const std::lock_guard lock(mutex_);
    set_ = true;
    changed_.notify_all();
  }
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return set_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

class Collected final : public transport::ResponseHandler {
 public:
  void on_head(wire::HttpResponseHead head) override { status = head.status; }
  bool on_body(std::string_view bytes) override {
    body.append(bytes);
    return true;
  }
  int status = 0;
  std::string body;
};

void answer_hello(Request& request, ResponseWriter writer) { writer.send(200, {}, "hello " + request.path); }

TEST(LoopReactor, EachLoopOffersOneBeforeAndAfterTheStart) {
  Server server({.threads = 3}, answer_hello);
  const auto before = server.reactors();
  EXPECT_EQ(before.size(), 3u);
  ASSERT_TRUE(server.start());
  EXPECT_EQ(server.reactors(), before);
  EXPECT_FALSE(before.front()->on_reactor_thread());
}

TEST(LoopReactor, CallsOfAHandlerRunOnItsOwnThreadAndReuseTheirConnection) {
  Server upstream({}, answer_hello);
  ASSERT_TRUE(upstream.start());
  std::unique_ptr<transport::Transport> client;
  Server server({}, [&](Request& request, ResponseWriter writer) {
    const auto thread = std::this_thread::get_id();
    auto collected = std::make_shared<Collected>();
    client->start({.method = "GET", .url = "http://" + upstream.address() + request.path}, {}, collected,
                  [writer, collected, thread](transport::Outcome outcome) mutable {
                    const bool good = outcome.status && thread == std::this_thread::get_id();
                    writer.send(good ? 200 : 500, {}, "through: " + collected->body);
                  });
  });
  client = std::make_unique<transport::Transport>(transport::Options{.reactor = server.reactors().front()});
  ASSERT_TRUE(server.start());
  transport::Transport outside;
  for (int i = 0; i < 5; ++i) {
    const auto answer = outside.fetch({.method = "GET", .url = "http://" + server.address() + "/x"}, {});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "through: hello /x");
  }
  EXPECT_EQ(upstream.stats().accepted, 1u);
  server.stop(Millis(0), [&] { client.reset(); });
}

TEST(LoopReactor, AKeptConnectionThatThePeerClosedIsReplaced) {
  auto upstream = std::make_unique<Server>(ServerOptions{}, answer_hello);
  ASSERT_TRUE(upstream->start());
  const std::string address = upstream->address();
  Server server({}, answer_hello);
  auto client = std::make_unique<transport::Transport>(transport::Options{.reactor = server.reactors().front()});
  ASSERT_TRUE(server.start());
  for (int round = 0; round < 3; ++round) {
    Signal ended;
    Status status = fail(Error::invalid("not run"));
    client->start({.method = "GET", .url = "http://" + address + "/x"}, {}, std::make_shared<Collected>(),
                  [&](transport::Outcome outcome) {
                    status = std::move(outcome.status);
                    ended.set();
                  });
    ASSERT_TRUE(ended.wait());
    EXPECT_TRUE(status) << status.error().message;
    upstream.reset();
    upstream = std::make_unique<Server>(ServerOptions{.listen = address}, answer_hello);
    ASSERT_TRUE(upstream->start());
  }
  server.stop(Millis(0), [&] { client.reset(); });
}

TEST(LoopReactor, ARefusedConnectionEndsTheCall) {
  std::string nowhere;
  {
    Server gone({}, answer_hello);
    ASSERT_TRUE(gone.start());
    nowhere = gone.address();
  }
  Server server({}, answer_hello);
  auto client = std::make_unique<transport::Transport>(transport::Options{.reactor = server.reactors().front()});
  ASSERT_TRUE(server.start());
  Signal ended;
  bool failed = false;
  client->start({.method = "GET", .url = "http://" + nowhere + "/"}, {}, std::make_shared<Collected>(),
                [&](transport::Outcome outcome) {
                  failed = !outcome.status;
                  ended.set();
                });
  ASSERT_TRUE(ended.wait());
  EXPECT_TRUE(failed);
  server.stop(Millis(0), [&] { client.reset(); });
}

TEST(LoopReactor, TimersRingInTheirOrderAndCancelledOnesDoNot) {
  Server server({}, answer_hello);
  const std::shared_ptr<Reactor> reactor = server.reactors().front();
  ASSERT_TRUE(server.start());
  std::vector<int> rung;  // the loop's, until `last`
  Signal last;
  reactor->add_timer(Millis(60), [&] {
    rung.push_back(3);
    last.set();
  });
  const uint64_t cancelled = reactor->add_timer(Millis(30), [&] { rung.push_back(2); });
  reactor->add_timer(Millis(1), [&] { rung.push_back(1); });
  reactor->add_timer(Millis(-5), [&] { rung.push_back(0); });
  reactor->cancel_timer(cancelled);
  reactor->cancel_timer(4711);
  ASSERT_TRUE(last.wait());
  EXPECT_EQ(rung, (std::vector{0, 1, 3}));
}

TEST(LoopReactor, WhatIsPostedAfterTheServerIsGoneIsDropped) {
  std::shared_ptr<Reactor> reactor;
  {
    Server server({}, answer_hello);
    reactor = server.reactors().front();
    ASSERT_TRUE(server.start());
  }
  auto held = std::make_shared<int>(1);
  reactor->post([held] {});
  reactor->add_timer(Millis(0), [held] {});
  reactor->watch(0, Reactor::kRead, [held](int) {});
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace tracia::http
