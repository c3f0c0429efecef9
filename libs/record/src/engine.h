// The queue and the worker of a Recorder. The worker holds a shared_ptr to it, so that a Recorder destroyed on the
// worker's own thread (by an on_error that drops the last client) leaves something to stand on.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "batch.h"
#include "exporter.h"
#include "hooks.h"
#include "spool.h"
#include "tracia/record/recorder.h"

namespace tracia::record {

// After an outage the spool is tried again with the first live success, and on its own this often.
inline constexpr Millis kSpoolRetryDelay{60'000};

// Thread-safe unless said otherwise.
class Engine : public std::enable_shared_from_this<Engine> {
 public:
  // `forked`: the sender is told to forget the parent's connections before its first post.
  Engine(std::shared_ptr<Sender> sender, const Options& options, const Hooks& hooks, bool forked);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  enum class Push { kAccepted, kFull, kClosed };
  using MakeSpan = std::function<span::Span()>;  // called by the worker
  // Move from `span` or `make` only when it is accepted. Never block on the network.
  Push push(span::Span& span, size_t bytes) { return push_any(span, bytes); }
  Push push(MakeSpan& make, size_t bytes) { return push_any(make, bytes); }
  // Lets the worker look into the spool folder, when there is one.
  void start_if_spooling();

  bool flush(Millis deadline, const std::function<bool()>& interrupted);
  bool shutdown(Millis deadline);
  Stats stats() const;
  // Counts what never reached the queue.
  void count(uint64_t Stats::* counter);
  // Calls on_error; whatever it throws is swallowed.
  void report(const Error& error, const std::string& span_id);

  // For fork(): the lock is held across it, so that the child finds the queue whole.
  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }
  // In the child, with the lock held: forgets the parent's spans. True when the parent was shut down already.
  bool abandon();
  void close();

 private:
  struct Item {
    std::variant<span::Span, MakeSpan> what;
    uint64_t sequence;
    size_t bytes;
  };
  enum class Waiting { kNo, kIdle, kPartial };

  template <typename What>
  Push push_any(What& what, size_t bytes);

  // All of these with mutex_ held.
  void start();
  bool is_full_batch() const;
  void take(std::vector<Item>& items);
  bool out_of_time(SteadyTime at) const { return stop_ || abandoned_ || (draining_ && at >= drain_deadline_); }

  // On the worker only.
  void run();
  bool next(std::vector<Item>& items);  // false: it is over; no items: the spool's turn
  void export_items(std::vector<Item>& items);
  void settle(const Batch& batch, const Report& report);
  void keep_or_drop(const Batch& batch, const Report& report);
  void open_spool();
  void resend_oldest();
  void report_evicted(const std::vector<std::string>& files);
  Patience patience(int tries);
  std::optional<Millis> post_timeout() const;
  bool pause(Millis delay);

  const std::shared_ptr<Sender> sender_;
  const Options options_;
  const Hooks hooks_;
  const bool forked_;

  mutable std::mutex mutex_;
  std::condition_variable work_, done_;
  std::deque<Item> queue_;
  size_t queue_bytes_ = 0, flight_spans_ = 0, flight_bytes_ = 0;
  uint64_t last_sequence_ = 0, done_sequence_ = 0, flush_sequence_ = 0;
  Waiting waiting_ = Waiting::kNo;
  bool running_ = false, exited_ = false;
  bool closed_ = false, draining_ = false, stop_ = false, abandoned_ = false;
  SteadyTime drain_deadline_{};
  Stats stats_;
  std::thread::id worker_id_;

  std::mutex lifecycle_;  // one shutdown at a time; taken before mutex_
  std::thread thread_;

  // The worker's own.
  Exporter exporter_;
  std::optional<Spool> spool_;
  json::Document document_;
  bool outage_ = false;
  std::optional<SteadyTime> resend_at_;
};

}  // namespace tracia::record
