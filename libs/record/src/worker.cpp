// The worker's side of the engine: batches out, spool in and out.
#include <algorithm>

#include "engine.h"

namespace tracia::record {
namespace {

Error spool_error(const Error& cause) {
  return {.code = ErrorCode::kNetworkError, .message = "The span could neither be sent nor kept: " + cause.message};
}

Error corrupt_line() { return Error::invalid("A line of a spool file is not a span"); }

// Memory may run out anywhere; then the batch is lost, but not the process. False when something was thrown.
template <typename Work>
bool attempt(Work work) noexcept {
  try {
    work();
    return true;
  } catch (...) {
    return false;
  }
}

// Calls `on_line` for each line that is not empty.
template <typename OnLine>
void for_each_line(std::string_view text, OnLine on_line) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.empty()) on_line(line);
  }
}

}  // namespace

void Engine::run() {
  std::vector<Item> items;
  attempt([&] {
    items.reserve(options_.batch_spans_max);  // once: taking a batch then allocates nothing
    if (forked_ && sender_) sender_->after_fork();
    open_spool();
  });
  while (next(items)) {
    if (!items.empty()) {
      const uint64_t last = items.back().sequence;
      const bool whole = attempt([&] { export_items(items); });
      items.clear();
      const std::lock_guard lock(mutex_);
      if (!whole) stats_.dropped_unreachable += flight_spans_;
      done_sequence_ = last;
      flight_bytes_ = flight_spans_ = 0;
      done_.notify_all();
    }
    if (resend_at_ && std::chrono::steady_clock::now() >= *resend_at_) {
      if (!attempt([&] { resend_oldest(); })) resend_at_ = std::chrono::steady_clock::now() + kSpoolRetryDelay;
    }
  }
  const std::lock_guard lock(mutex_);
  exited_ = true;
  done_.notify_all();
}

bool Engine::next(std::vector<Item>& items) {
  std::unique_lock lock(mutex_);
  std::optional<SteadyTime> batch_due;
  for (;;) {
    if (abandoned_) return false;
    const SteadyTime now = std::chrono::steady_clock::now();
    if (!queue_.empty()) {
      if (!batch_due) batch_due = now + options_.batch_delay;
      if (draining_ || is_full_batch() || flush_sequence_ > done_sequence_ || now >= *batch_due) {
        take(items);
        return true;
      }
      waiting_ = Waiting::kPartial;
      work_.wait_until(lock, *batch_due);
    } else {
      batch_due.reset();
      if (draining_) return false;
      if (resend_at_ && now >= *resend_at_) return true;
      waiting_ = Waiting::kIdle;
      if (resend_at_) {
        work_.wait_until(lock, *resend_at_);
      } else {
        work_.wait(lock);
      }
    }
    waiting_ = Waiting::kNo;
  }
}

void Engine::take(std::vector<Item>& items) {
  size_t bytes = 0;
  while (!queue_.empty() && items.size() < options_.batch_spans_max) {
    if (!items.empty() && bytes + queue_.front().bytes > options_.batch_bytes_max) break;
    bytes += queue_.front().bytes;
    items.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  queue_bytes_ -= bytes;
  flight_bytes_ = bytes;
  flight_spans_ = items.size();
}

void Engine::export_items(std::vector<Item>& items) {
  Batch batch;
  for (Item& item : items) {
    if (const auto* make = std::get_if<MakeSpan>(&item.what)) item.what = (*make)();
    span::Span& span = std::get<span::Span>(item.what);
    span::fit(span);
    if (batch.add(span, document_)) continue;
    count(&Stats::dropped_rejected);
    report(Error::invalid("A JSON member of the span is not valid JSON"), span.span_id);
  }
  items.clear();  // the batch holds all that is needed; a retry may take long
  settle(batch, exporter_.deliver(batch, patience(options_.tries)));
}

void Engine::settle(const Batch& batch, const Report& result) {
  {
    const std::lock_guard lock(mutex_);
    stats_.sent += result.sent;
    stats_.duplicates += result.duplicates;
    stats_.dropped_rejected += result.rejected.size();
    // Nobody waits for a server that is not there while the process wants to end.
    if (draining_ && !result.undelivered.empty()) stop_ = true;
  }
  for (const auto& [index, error] : result.rejected) report(error, batch.span_id(index));
  if (!result.undelivered.empty()) {
    keep_or_drop(batch, result);
  } else if (result.answered && outage_) {
    outage_ = false;
    if (spool_) resend_at_ = std::chrono::steady_clock::now();
  }
}

void Engine::keep_or_drop(const Batch& batch, const Report& result) {
  Error error = result.undelivered_error;
  outage_ = true;
  if (spool_) {
    std::string lines;
    for (const size_t i : result.undelivered) lines.append(batch.json(i)).push_back('\n');
    std::vector<std::string> evicted;
    const Status kept = spool_->append(lines, evicted);
    report_evicted(evicted);
    if (kept) {
      resend_at_ = std::chrono::steady_clock::now() + kSpoolRetryDelay;
      const std::lock_guard lock(mutex_);
      stats_.spooled += result.undelivered.size();
      return;
    }
    error = spool_error(kept.error());
  }
  {
    const std::lock_guard lock(mutex_);
    const bool refused = error.status == 401 || error.status == 403;
    (refused ? stats_.dropped_rejected : stats_.dropped_unreachable) += result.undelivered.size();
  }
  for (const size_t i : result.undelivered) report(error, batch.span_id(i));
}

void Engine::open_spool() {
  if (options_.spool_dir.empty()) return;
  auto spool = Spool::open(options_.spool_dir, options_.spool_bytes_max, *hooks_.clock);
  if (!spool) return report(spool_error(spool.error()), "");
  spool_.emplace(std::move(*spool));
  resend_at_ = std::chrono::steady_clock::now();
}

void Engine::resend_oldest() {
  resend_at_.reset();
  {
    const std::lock_guard lock(mutex_);
    if (draining_ || abandoned_) return;
  }
  auto claim = spool_->claim_oldest();
  if (!claim) return;
  Batch batch;
  size_t corrupt = 0;
  for_each_line(claim->read(), [&](std::string_view line) { corrupt += batch.add_line(line, document_) ? 0 : 1; });
  const Report result = exporter_.deliver(batch, patience(1));
  if (!result.undelivered.empty()) {
    // The file goes back as it was; what the server took of it already, it will know again.
    outage_ = true;
    resend_at_ = std::chrono::steady_clock::now() + kSpoolRetryDelay;
    return;
  }
  claim->remove();
  resend_at_ = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    stats_.respooled += result.sent + result.duplicates;
    stats_.dropped_rejected += result.rejected.size();
    stats_.spool_corrupt += corrupt;
  }
  for (const auto& [index, error] : result.rejected) report(error, batch.span_id(index));
  for (; corrupt > 0; --corrupt) report(corrupt_line(), "");
}

void Engine::report_evicted(const std::vector<std::string>& files) {
  const Error error{.code = ErrorCode::kNetworkError, .message = "The spool was full; its oldest spans were deleted"};
  for (const std::string& file : files) {
    for_each_line(file, [&](std::string_view line) {
      Batch batch;
      const bool whole = batch.add_line(line, document_);
      count(whole ? &Stats::dropped_spool_full : &Stats::spool_corrupt);
      report(whole ? error : corrupt_line(), whole ? batch.span_id(0) : "");
    });
  }
}

Patience Engine::patience(int tries) {
  return {.tries = tries,
          .post_timeout = [this] { return post_timeout(); },
          .pause = [this](Millis delay) { return pause(delay); }};
}

std::optional<Millis> Engine::post_timeout() const {
  const std::lock_guard lock(mutex_);
  const SteadyTime now = std::chrono::steady_clock::now();
  if (out_of_time(now)) return std::nullopt;
  if (!draining_) return options_.post_timeout;
  const auto left = std::chrono::duration_cast<Millis>(drain_deadline_ - now) + Millis{1};
  return std::min(options_.post_timeout, left);
}

bool Engine::pause(Millis delay) {
  if (hooks_.sleep) {
    hooks_.sleep(delay);
    const std::lock_guard lock(mutex_);
    return !out_of_time(std::chrono::steady_clock::now());
  }
  std::unique_lock lock(mutex_);
  const SteadyTime until = std::chrono::steady_clock::now() + delay;
  // A wait that would end after the deadline is not begun, and one that has begun ends when shutdown sets a deadline.
  return !work_.wait_until(lock, until, [&] { return out_of_time(until); });
}

}  // namespace tracia::record
