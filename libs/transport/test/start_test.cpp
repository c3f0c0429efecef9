// What only start() has: the loop, the host's reactor, schedule(), and the end of the transport with work in flight.
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <condition_variable>
#include <map>

#include "exchange_fixture.h"

namespace tracia::transport::test {
namespace {

// Counts outcomes and lets a test wait for them.
class Tally {
 public:
  DoneCallback done() {
    return [this](Outcome outcome) {
      const std::lock_guard lock(mutex_);
      outcomes_.push_back(std::move(outcome));
      changed_.notify_all();
    };
  }
  std::vector<Outcome> wait_for(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return outcomes_.size() >= count; });
    return outcomes_;
  }
  size_t count() const {
    const std::lock_guard lock(mutex_);
    return outcomes_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Outcome> outcomes_;
};

TEST(Start, RunsTwoHundredAtOnce) {
  std::atomic<int> waiting{0};
  RawServer server([&](Peer& peer) {
    if (peer.read_request().empty()) return;
    ++waiting;
    while (waiting < 200) std::this_thread::sleep_for(Millis{1});  // all are in flight before one is answered
    peer.send(ok(std::string(20'000, 'x')));
  });
  Transport transport;
  Tally tally;
  std::vector<std::shared_ptr<Recorder>> recorders;
  for (int i = 0; i < 200; ++i) {
    recorders.push_back(std::make_shared<Recorder>());
    transport.start(post(server.url()), {}, recorders.back(), tally.done());
  }
  for (const Outcome& outcome : tally.wait_for(200)) EXPECT_TRUE(outcome.status) << outcome.status.error().message;
  for (const auto& recorder : recorders) EXPECT_EQ(recorder->body.size(), 20'000u);
  EXPECT_EQ(server.connections(), 200);
}

TEST(Start, DoneComesOnceAndLastAndReleasesBoth) {
  RawServer server(answer_all("x"));
  Transport transport;
  auto recorder = std::make_shared<Recorder>();
  auto held = std::make_shared<int>(0);
  std::promise<void> finished;
  transport.start(post(server.url()), {}, recorder, [&, held, raw = recorder.get()](Outcome outcome) {
    EXPECT_TRUE(outcome.status);
    EXPECT_EQ(raw->body, "x");
    ++*held;
    finished.set_value();
  });
  finished.get_future().get();
  while (recorder.use_count() != 1 || held.use_count() != 1) std::this_thread::yield();
  EXPECT_EQ(*held, 1);
}

TEST(Start, MayBeCalledFromItsOwnCallbacks) {
  RawServer server(answer_all("x"));
  Transport transport;
  Tally tally;
  auto recorder = std::make_shared<Recorder>();
  recorder->when_head = [&] { transport.start(post(server.url()), {}, std::make_shared<Recorder>(), tally.done()); };
  recorder->when_body = [&] {
    transport.start(post(server.url()), {}, std::make_shared<Recorder>(), tally.done());
    Recorder inner;
    EXPECT_TRUE(transport.perform(post(server.url()), {}, inner).status);
  };
  transport.start(post(server.url()), {}, recorder, [&, done = tally.done()](Outcome outcome) {
    transport.start(post(server.url()), {}, std::make_shared<Recorder>(), tally.done());
    done(std::move(outcome));
  });
  for (const Outcome& outcome : tally.wait_for(4)) EXPECT_TRUE(outcome.status);
}

TEST(Start, TheDestructorEndsAHundredInFlight) {
  std::atomic<int> asked{0};
  std::atomic<int> closed{0};
  RawServer server([&](Peer& peer) {
    peer.read_request();
    ++asked;
    if (peer.wait_closed()) ++closed;
  });
  Tally tally;
  {
    Transport transport;
    for (int i = 0; i < 100; ++i) {
      transport.start(post(server.url()), {}, std::make_shared<Recorder>(), tally.done());
    }
    while (asked < 100) std::this_thread::sleep_for(Millis{1});
  }
  ASSERT_EQ(tally.count(), 100u);  // no waiting: the destructor has returned
  for (const Outcome& outcome : tally.wait_for(100)) EXPECT_FAILS(outcome, kAborted, kAborted);
  while (closed < 100) std::this_thread::sleep_for(Millis{1});
}

TEST(Start, TheDestructorEndsWhatHasNotEvenBegun) {
  RawServer server(answer_all("x"));
  for (int round = 0; round < 20; ++round) {
    Tally tally;
    {
      Transport transport;
      for (int i = 0; i < 20; ++i) {
        transport.start(post(server.url()), {}, std::make_shared<Recorder>(), tally.done());
      }
    }
    EXPECT_EQ(tally.count(), 20u);
  }
}

TEST(Start, DoneMayDestroyTheTransport) {
  RawServer server([](Peer& peer) {
    if (peer.read_request().find("/end") != std::string::npos) peer.send(ok("x"));
    peer.wait_closed();
  });
  auto transport = std::make_unique<Transport>();
  Tally tally;
  for (int i = 0; i < 5; ++i) {
    transport->start(post(server.url("/stay")), {}, std::make_shared<Recorder>(), tally.done());
  }
  std::promise<void> gone;
  transport->start(post(server.url("/end")), {}, std::make_shared<Recorder>(), [&](Outcome) {
    transport.reset();
    EXPECT_EQ(tally.count(), 5u);
    gone.set_value();
  });
  gone.get_future().get();
  for (const Outcome& outcome : tally.wait_for(5)) EXPECT_FAILS(outcome, kAborted, kAborted);
}

TEST(Start, AStartFromALastDoneIsEndedToo) {
  RawServer server([](Peer& peer) {
    peer.read_request();
    peer.wait_closed();
  });
  Tally tally;
  {
    Transport transport;
    transport.start(post(server.url()), {}, std::make_shared<Recorder>(), [&](Outcome) {
      transport.start(post(server.url()), {}, std::make_shared<Recorder>(), tally.done());
    });
  }
  EXPECT_FAILS(tally.wait_for(1).front(), kAborted, kAborted);
}

TEST(Start, CancelsManyFromManyThreads) {
  RawServer server([](Peer& peer) {
    if (!peer.read_request().empty()) peer.wait_closed();
  });
  Transport transport;
  Tally tally;
  std::vector<CancelToken> tokens(40);
  for (const CancelToken& token : tokens) {
    ExchangeOptions options;
    options.cancel = token;
    transport.start(post(server.url()), options, std::make_shared<Recorder>(), tally.done());
  }
  std::vector<std::thread> threads;
  for (size_t k = 0; k < 4; ++k) {
    threads.emplace_back([&, k] {
      for (size_t i = k; i < tokens.size(); i += 2) tokens[i].cancel();
      for (size_t i = 0; i < tokens.size(); ++i) tokens[i].cancel();
    });
  }
  for (auto& thread : threads) thread.join();
  for (const Outcome& outcome : tally.wait_for(40)) EXPECT_FAILS(outcome, kAborted, kAborted);
}

TEST(Schedule, RunsInOrderOfDelayOnOneThread) {
  Transport transport;
  std::mutex mutex;
  std::vector<int> order;
  std::vector<std::thread::id> ids;
  std::promise<void> finished;
  const auto note = [&](int i) {
    return [&, i] {
      const std::lock_guard lock(mutex);
      order.push_back(i);
      ids.push_back(std::this_thread::get_id());
      if (order.size() == 3) finished.set_value();
    };
  };
  transport.schedule(Millis{60}, note(3));
  transport.schedule(Millis{30}, note(2));
  transport.schedule(Millis{0}, note(1));
  finished.get_future().get();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(ids[0], ids[2]);
  EXPECT_NE(ids[0], std::this_thread::get_id());
}

TEST(Schedule, DropsButDestroysWhatIsNotDue) {
  auto held = std::make_shared<int>(0);
  {
    Transport transport;
    for (int i = 0; i < 10; ++i) transport.schedule(std::chrono::hours{1}, [held] { ++*held; });
    EXPECT_EQ(held.use_count(), 11);
  }
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(*held, 0);
}

TEST(Schedule, ATaskMayDestroyTheTransport) {
  auto transport = std::make_unique<Transport>();
  std::promise<void> gone;
  transport->schedule(Millis{1}, [&] {
    transport.reset();
    gone.set_value();
  });
  gone.get_future().get();
}

// A host's reactor, on poll(2) and driven by the test's own thread.
class HostReactor final : public Reactor {
 public:
  HostReactor() : wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  ~HostReactor() override { ::close(wake_); }
  void watch(int fd, int interest, std::function<void(int)> callback) override {
    EXPECT_NE(::fcntl(fd, F_GETFD), -1) << "descriptor " << fd << " was closed before its watch was stopped";
    if (interest == kNone) {
      EXPECT_EQ(watches_.erase(fd), 1u);
    } else {
      watches_[fd] = {interest, std::move(callback)};
    }
  }
  uint64_t add_timer(Millis delay, std::function<void()> callback) override {
    const std::lock_guard lock(mutex_);
    timers_[{std::chrono::steady_clock::now() + delay, ++ids_}] = std::move(callback);
    signal();
    return ids_;
  }
  void cancel_timer(uint64_t id) override {
    const std::lock_guard lock(mutex_);
    std::erase_if(timers_, [&](const auto& timer) { return timer.first.second == id; });
  }
  void post(std::function<void()> task) override {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    signal();
  }
  bool on_reactor_thread() const override { return std::this_thread::get_id() == thread_; }

  void run_until(const std::function<bool()>& finished) {
    thread_ = std::this_thread::get_id();
    while (!finished()) step();
  }
  size_t watched() const { return watches_.size(); }

 private:
  void signal() const {
    const uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(wake_, &one, sizeof one);
  }
  void step() {
    std::vector<pollfd> fds{{wake_, POLLIN, 0}};
    for (const auto& [fd, watch] : watches_) {
      fds.push_back(
          {fd, static_cast<short>(((watch.first & kRead) ? POLLIN : 0) | ((watch.first & kWrite) ? POLLOUT : 0)), 0});
    }
    ::poll(fds.data(), fds.size(), 5);
    uint64_t count = 0;
    [[maybe_unused]] const auto n = ::read(wake_, &count, sizeof count);
    std::vector<std::function<void()>> ready;
    {
      const std::lock_guard lock(mutex_);
      ready.swap(tasks_);
      while (!timers_.empty() && timers_.begin()->first.first <= std::chrono::steady_clock::now()) {
        ready.push_back(std::move(timers_.begin()->second));
        timers_.erase(timers_.begin());
      }
    }
    for (auto& task : ready) task();
    for (size_t i = 1; i < fds.size(); ++i) {
      const auto watch = watches_.find(fds[i].fd);
      if (fds[i].revents == 0 || watch == watches_.end()) continue;
      const auto callback = watch->second.second;  // a copy: it may stop its own watch
      callback(((fds[i].revents & (POLLIN | POLLHUP | POLLERR)) ? kRead : 0) |
               ((fds[i].revents & (POLLOUT | POLLERR)) ? kWrite : 0));
    }
  }
  int wake_;
  std::atomic<std::thread::id> thread_{};
  std::map<int, std::pair<int, std::function<void(int)>>> watches_;
  std::mutex mutex_;
  std::map<std::pair<SteadyTime, uint64_t>, std::function<void()>> timers_;
  std::vector<std::function<void()>> tasks_;
  uint64_t ids_ = 0;
};

TEST(HostsReactor, CarriesExchangesDeadlinesAndTasksOnItsThread) {
  RawServer server(answer_all("x"));
  RawServer silent([](Peer& peer) {
    peer.read_request();
    peer.wait_closed();
  });
  auto reactor = std::make_shared<HostReactor>();
  int aborted = 0;
  {
    Transport transport({.reactor = reactor});
    int ended = 0;
    bool ticked = false;
    const auto here = std::this_thread::get_id();
    for (int i = 0; i < 20; ++i) {
      transport.start(post(server.url()), {}, std::make_shared<Recorder>(), [&](Outcome outcome) {
        EXPECT_TRUE(outcome.status);
        EXPECT_EQ(std::this_thread::get_id(), here);
        ++ended;
      });
    }
    ExchangeOptions hasty;
    hasty.deadlines.total = Millis{50};
    transport.start(post(silent.url()), hasty, std::make_shared<Recorder>(), [&](Outcome outcome) {
      EXPECT_FAILS(outcome, kTimeout, kTimeout);
      ++ended;
    });
    transport.schedule(Millis{5}, [&] { ticked = true; });
    reactor->run_until([&] { return ended == 21 && ticked; });

    bool reached = false;
    auto recorder = std::make_shared<Recorder>();
    transport.start(post(silent.url()), {}, recorder, [&](Outcome outcome) {
      EXPECT_FAILS(outcome, kAborted, kAborted);
      ++aborted;
    });
    transport.schedule(Millis{20}, [&] { reached = true; });
    reactor->run_until([&] { return reached; });
    EXPECT_EQ(aborted, 0);
  }  // destroyed on the reactor's own thread, without its loop running
  EXPECT_EQ(aborted, 1);
  EXPECT_EQ(reactor->watched(), 0u);
}

TEST(HostsReactor, StopsAWatchBeforeAnEndedExchangesSocketIsClosed) {
  const FullPort port;  // sockets that are still connecting when their exchange ends
  auto reactor = std::make_shared<HostReactor>();
  int ended = 0;
  {
    Transport transport({.reactor = reactor});
    for (int i = 0; i < 3; ++i) {
      ExchangeOptions options;
      if (i == 0) options.deadlines.total = Millis{20};
      if (i == 1) options.deadlines.total = Millis{40};
      transport.start(post("http://127.0.0.1:" + std::to_string(port.port())), options, std::make_shared<Recorder>(),
                      [&](Outcome) { ++ended; });
    }
    reactor->run_until([&] { return ended == 2; });
  }
  EXPECT_EQ(ended, 3);
  EXPECT_EQ(reactor->watched(), 0u);
}

TEST(HostsReactor, EndsATransportDestroyedOnAnotherThread) {
  RawServer silent([](Peer& peer) {
    peer.read_request();
    peer.wait_closed();
  });
  auto reactor = std::make_shared<HostReactor>();
  auto transport = std::make_unique<Transport>(Options{.reactor = reactor});
  std::atomic<int> aborted{0};
  for (int i = 0; i < 3; ++i) {
    transport->start(post(silent.url()), {}, std::make_shared<Recorder>(), [&](Outcome) { ++aborted; });
  }
  std::atomic<bool> destroyed{false};
  bool admitted = false;
  transport->schedule(Millis{10}, [&] { admitted = true; });
  reactor->run_until([&] { return admitted; });
  std::thread other([&] {
    transport.reset();
    EXPECT_EQ(aborted, 3);
    destroyed = true;
  });
  reactor->run_until([&] { return destroyed.load(); });
  other.join();
}

}  // namespace
}  // namespace tracia::transport::test
