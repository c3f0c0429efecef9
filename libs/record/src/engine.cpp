// The queue's side of the engine: what callers' threads do.
#include "engine.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <random>

#include "tracia/base/ids.h"

namespace tracia::record {
namespace {

// A deadline of hundreds of years would overflow the clock.
constexpr Millis kDeadlineMax{1000ll * 3600 * 24 * 365};
constexpr Millis kInterruptCheck{100};

SteadyTime after(Millis delay) { return std::chrono::steady_clock::now() + std::clamp(delay, Millis{0}, kDeadlineMax); }

Options checked(Options options) {
  options.queue_spans_max = std::max<size_t>(options.queue_spans_max, 1);
  options.batch_spans_max = std::clamp<size_t>(options.batch_spans_max, 1, limits::kBatchSpansMax);
  options.batch_bytes_max = std::clamp<size_t>(options.batch_bytes_max, 1, limits::kBatchBytesMax);
  options.batch_delay = std::clamp(options.batch_delay, Millis{0}, kDeadlineMax);
  options.post_timeout = std::clamp(options.post_timeout, Millis{1}, kDeadlineMax);
  options.tries = std::clamp(options.tries, 1, 1 + limits::kRetriesMax);
  options.backoff_base = std::clamp(options.backoff_base, Millis{1}, kDeadlineMax);
  options.backoff_cap = std::clamp(options.backoff_cap, Millis{1}, kDeadlineMax);
  return options;
}

// Used by one thread at a time: the worker.
std::function<double()> random_uniform() {
  const std::string seed = random_bytes(sizeof(uint64_t));
  uint64_t value = 0;
  for (const char c : seed) value = value << 8 | static_cast<unsigned char>(c);
  return [generator = std::mt19937_64(value)]() mutable { return static_cast<double>(generator() >> 11) * 0x1p-53; };
}

}  // namespace

Engine::Engine(std::shared_ptr<Sender> sender, const Options& options, const Hooks& hooks, bool forked)
    : sender_(std::move(sender)),
      options_(checked(options)),
      hooks_(hooks),
      forked_(forked),
      exporter_(sender_, options_, hooks.uniform ? hooks.uniform : random_uniform(), *hooks.clock) {}

Engine::~Engine() {
  if (thread_.joinable()) thread_.detach();  // the worker itself dropped the last reference
}

template <typename What>
Engine::Push Engine::push_any(What& what, size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (closed_) {
    ++stats_.dropped_closed;
    return Push::kClosed;
  }
  if (queue_.size() + flight_spans_ >= options_.queue_spans_max ||
      bytes > options_.queue_bytes_max - std::min(options_.queue_bytes_max, queue_bytes_ + flight_bytes_)) {
    ++stats_.dropped_queue_full;
    return Push::kFull;
  }
  queue_.push_back({std::move(what), last_sequence_ + 1, bytes});
  ++last_sequence_;
  queue_bytes_ += bytes;
  ++stats_.recorded;
  if (!running_) start();
  // Waking costs a system call: only for the first span of a batch and for the one that fills it.
  if (waiting_ == Waiting::kIdle || (waiting_ == Waiting::kPartial && is_full_batch())) {
    waiting_ = Waiting::kNo;
    work_.notify_one();
  }
  return Push::kAccepted;
}

template Engine::Push Engine::push_any(span::Span&, size_t);
template Engine::Push Engine::push_any(MakeSpan&, size_t);

bool Engine::is_full_batch() const {
  return queue_.size() >= options_.batch_spans_max || queue_bytes_ >= options_.batch_bytes_max;
}

void Engine::start_if_spooling() {
  const std::lock_guard lock(mutex_);
  if (!options_.spool_dir.empty() && !running_ && !closed_) start();
}

void Engine::start() {
  // Signals are for the application's threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([self = shared_from_this()] { self->run(); });
    pthread_setname_np(thread_.native_handle(), "tracia-export");
    worker_id_ = thread_.get_id();
    running_ = true;
  } catch (...) {
    // No thread to be had now: the spans wait for the next call that tries.
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

bool Engine::flush(Millis deadline, const std::function<bool()>& interrupted) {
  const SteadyTime until = after(deadline);
  std::unique_lock lock(mutex_);
  if (std::this_thread::get_id() == worker_id_) return false;  // on_error: the worker cannot wait for itself
  const uint64_t target = last_sequence_;
  flush_sequence_ = std::max(flush_sequence_, target);
  if (done_sequence_ < target && !running_) start();
  waiting_ = Waiting::kNo;
  work_.notify_one();
  const auto is_done = [&] { return done_sequence_ >= target; };
  if (!interrupted) return done_.wait_until(lock, until, is_done);
  while (!done_.wait_until(lock, std::min(until, after(kInterruptCheck)), is_done)) {
    lock.unlock();  // the application's function
    if (std::chrono::steady_clock::now() >= until || interrupted()) return false;
    lock.lock();
  }
  return true;
}

bool Engine::shutdown(Millis deadline) {
  const SteadyTime until = after(deadline);
  {
    const std::lock_guard lock(mutex_);
    if (std::this_thread::get_id() == worker_id_) {
      closed_ = draining_ = stop_ = true;
      return false;
    }
  }
  const std::lock_guard one_at_a_time(lifecycle_);
  std::unique_lock lock(mutex_);
  const uint64_t target = last_sequence_;
  closed_ = draining_ = true;
  drain_deadline_ = until;
  waiting_ = Waiting::kNo;
  work_.notify_one();
  if (!running_) {
    if (queue_.empty()) return true;
    // There never was a thread to be had: what waits is spooled or given up here and now.
    stop_ = true;
    running_ = true;
    lock.unlock();
    run();
    return false;
  }
  const bool in_time = done_.wait_until(lock, until, [&] { return done_sequence_ >= target && exited_; });
  stop_ = true;
  work_.notify_one();
  while (!exited_) {
    // Again and again: the worker may have been about to enter post() when we looked.
    lock.unlock();
    if (sender_) sender_->cancel();
    lock.lock();
    done_.wait_for(lock, Millis{20}, [&] { return exited_; });
  }
  lock.unlock();
  if (thread_.joinable()) thread_.join();
  return in_time;
}

Stats Engine::stats() const {
  const std::lock_guard lock(mutex_);
  Stats stats = stats_;
  stats.queued = queue_.size() + flight_spans_;
  stats.queued_bytes = queue_bytes_ + flight_bytes_;
  return stats;
}

void Engine::count(uint64_t Stats::* counter) {
  const std::lock_guard lock(mutex_);
  ++(stats_.*counter);
}

void Engine::report(const Error& error, const std::string& span_id) {
  // An on_error that records a span into a full queue would call itself without end.
  thread_local bool reporting = false;
  if (!options_.on_error || reporting) return;
  reporting = true;
  try {
    options_.on_error(error, span_id);
  } catch (...) {
    // A reporting function must not harm what it reports on.
  }
  reporting = false;
}

bool Engine::abandon() {
  abandoned_ = true;
  queue_.clear();
  queue_bytes_ = 0;
  return closed_;
}

void Engine::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

}  // namespace tracia::record
