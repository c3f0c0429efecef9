// start(): many exchanges on one multi handle, driven by a Reactor through curl's socket interface.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "exchange.h"

namespace tracia::transport {

// One exchange that was started: what it owns until `done` has run.
struct Job {
  wire::HttpRequest request;
  ExchangeOptions options;
  std::shared_ptr<ResponseHandler> handler;
  DoneCallback done;
  SteadyTime started;
  Status refused;  // an error found before the loop got it

  // The loop's, once it runs.
  uint64_t id = 0;
  std::unique_ptr<Exchange> exchange;
  SteadyTime deadline = SteadyTime::max();
  std::unique_ptr<CancelToken::Registration> registration;
};

// start(), schedule() and close() from any thread; all else on the reactor's. curl is never entered from inside a
// callback of its own: whatever users ask for there goes through the inbox. Held by shared_ptr, for a callback may
// destroy the transport.
class Loop final : public std::enable_shared_from_this<Loop>, private SocketOwner {
 public:
  Loop(std::shared_ptr<Reactor> reactor, HandleCommon& common, size_t idle_max);
  ~Loop() override;

  void start(std::unique_ptr<Job> job);
  void schedule(Millis delay, std::function<void()> task);
  // Ends everything with kAborted, runs every `done`, closes connections. Returns when that has happened.
  void close();

 private:
  static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) noexcept;
  static int on_timer(CURLM*, long delay_ms, void* self) noexcept;

  void post_inbox_locked();
  void cancel(uint64_t id);
  void run_inbox();
  std::unique_ptr<Job> next_started();
  void admit(std::unique_ptr<Job> job);
  void run_task(uint64_t id);
  void close_here();

  void opened(int fd, const Exchange& by) override;
  void closes(int fd) override;
  void watch(int fd, int interest);
  void unwatch(int fd);

  void act(curl_socket_t fd, int events);
  void reap();
  void expire();
  void arm_timer();
  void end(uint64_t id, CURLcode code);
  void end(uint64_t id, Error error);
  void deliver(std::unique_ptr<Job> job, Outcome outcome);
  std::unique_ptr<Job> take(uint64_t id);
  std::unique_ptr<Exchange> spare();

  const std::shared_ptr<Reactor> reactor_;
  HandleCommon& common_;

  // Reactor thread only.
  MultiPtr multi_;
  std::unordered_map<uint64_t, std::unique_ptr<Job>> active_;
  std::unordered_map<const Exchange*, uint64_t> by_exchange_;
  std::vector<std::unique_ptr<Exchange>> spare_;  // last in, first out
  std::set<std::pair<SteadyTime, uint64_t>> deadlines_;
  struct Socket {
    const Exchange* opener = nullptr;  // nullptr: a descriptor of curl's own (its resolver's)
    int interest = Reactor::kNone;
  };
  std::unordered_map<int, Socket> sockets_;
  SteadyTime curl_due_ = SteadyTime::max();
  SteadyTime timer_due_ = SteadyTime::max();  // when the reactor's timer rings; may be earlier than needed
  uint64_t timer_id_ = 0;
  bool closed_ = false;

  std::mutex mutex_;  // guards what follows
  std::deque<std::unique_ptr<Job>> inbox_;
  std::vector<uint64_t> cancels_;
  bool inbox_posted_ = false;
  uint64_t ids_ = 0;
  struct Task {
    uint64_t timer;
    std::function<void()> run;
  };
  std::unordered_map<uint64_t, Task> tasks_;
  bool tasks_closed_ = false;
};

}  // namespace tracia::transport
