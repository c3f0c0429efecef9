// A transport's Reactor on one of the server's loops: a call that a request makes runs on that request's own thread,
// with no hand-over to another one and back.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "tracia/transport/transport.h"

namespace tracia::http {

// Descriptors are watched by an epoll of its own, of which the loop watches only whether it has something to tell: Asio
// would not notice that curl has closed a socket and opened another one under its number.
class LoopReactor final : public transport::Reactor, public std::enable_shared_from_this<LoopReactor> {
 public:
  // Null when there are no descriptors left.
  static std::shared_ptr<LoopReactor> create(boost::asio::io_context& io);
  // Before `io` goes, when its thread has ended: what comes later is dropped.
  void shut();

  void watch(int fd, int interest, std::function<void(int ready)> callback) override;
  uint64_t add_timer(Millis delay, std::function<void()> callback) override;
  void cancel_timer(uint64_t id) override;
  void post(std::function<void()> task) override;
  bool on_reactor_thread() const override;

 private:
  struct Watch {
    uint32_t tag = 0;                              // tells a late event of an old watch from the new one's
    std::shared_ptr<std::function<void(int)>> fn;  // shared, for it may stop its own watch; null while nobody asks
  };

  explicit LoopReactor(boost::asio::io_context& io);
  void wait_ready();
  void dispatch_ready();
  void dispatch(uint64_t data, uint32_t events);
  void run_due();
  void wait_until(SteadyTime due);

  boost::asio::io_context& io_;

  // The loop's thread only.
  std::optional<boost::asio::posix::stream_descriptor> epoll_;
  std::optional<boost::asio::steady_timer> timer_;
  std::unordered_map<int, Watch> watches_;
  uint32_t tags_ = 0;
  SteadyTime waiting_until_ = SteadyTime::max();  // when timer_ rings

  std::mutex mutex_;  // guards what follows
  bool shut_ = false;
  std::map<std::pair<SteadyTime, uint64_t>, std::function<void()>> timers_;
  std::unordered_map<uint64_t, SteadyTime> due_by_id_;
  uint64_t timer_ids_ = 0;
  SteadyTime armed_for_ = SteadyTime::max();  // when run_due() comes by itself at the latest
};

}  // namespace tracia::http
