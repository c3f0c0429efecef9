#include "events.h"

#include <algorithm>

#include "gil.h"
#include "tracia/base/limits.h"

namespace tracia::native {
namespace {

using Steady = std::chrono::steady_clock;

constexpr int64_t kWaitMsMax = 24 * 60 * 60 * 1000;
constexpr Millis kSignalPoll{100};  // how long Ctrl-C may go unheard

}  // namespace

SteadyTime deadline_in(int64_t milliseconds) {
  return Steady::now() + Millis{std::clamp<int64_t>(milliseconds, 0, kWaitMsMax)};
}

void EventQueue::put(State& state, Event event) {
  state.events.push_back(std::move(event));
  state.changed.notify_all();
}

void EventQueue::push_span(std::string json) {
  const std::lock_guard lock(process_lock());
  State& state = state_.get();
  if (spans_closed_) {
    ++state.dropped_closed;
  } else if (state.spans >= limits::kExportQueueSpansMax || state.bytes + json.size() > limits::kExportQueueBytesMax) {
    ++state.dropped_full;
  } else {
    ++state.spans;
    ++state.taken_in;
    state.bytes += json.size();
    put(state, {.kind = Event::Kind::kSpan, .data = std::move(json)});
  }
}

void EventQueue::push_error(std::string json, std::string span_id) {
  const std::lock_guard lock(process_lock());
  State& state = state_.get();
  if (closed_ || state.events.size() >= 2 * limits::kExportQueueSpansMax) return;
  put(state, {.kind = Event::Kind::kSpanError, .data = std::move(json), .text = std::move(span_id)});
}

void EventQueue::push_finished(std::string future_id) {
  const std::lock_guard lock(process_lock());
  put(state_.get(), {.kind = Event::Kind::kFinished, .text = std::move(future_id)});
}

template <typename Condition>
bool EventQueue::wait(std::unique_lock<std::mutex>& lock, State& state, SteadyTime deadline, Condition met) {
  const bool hears_signals = on_main_thread();
  while (!met()) {
    const SteadyTime now = Steady::now();
    if (now >= deadline) return false;
    state.changed.wait_until(lock, hears_signals ? std::min(deadline, now + kSignalPoll) : deadline);
    if (!hears_signals) continue;
    lock.unlock();  // handlers of signals are Python code, which may call anything
    const bool stop = interrupted();
    lock.lock();
    if (stop) return met();
  }
  return true;
}

void EventQueue::expect_taker() {
  const std::lock_guard lock(process_lock());
  state_.get().has_taker = true;
}

std::optional<Event> EventQueue::take(SteadyTime deadline) {
  std::unique_lock lock(process_lock());
  State& state = state_.get();
  settle(state);
  state.taker = PyThread_get_thread_ident();
  wait(lock, state, deadline, [&] { return !state.events.empty() || closed_; });
  if (state.events.empty()) return std::nullopt;
  Event event = std::move(state.events.front());
  state.events.pop_front();
  state.in_hand = true;
  state.span_in_hand = event.kind == Event::Kind::kSpan;
  state.gone_on = false;
  if (state.span_in_hand) {
    --state.spans;
    state.bytes -= event.data.size();
  }
  return event;
}

void EventQueue::settle(State& state) {
  if (!state.in_hand) return;
  if (state.span_in_hand) {
    ++state.settled;
    if (!state.gone_on) ++state.dropped_masked;
  }
  state.in_hand = state.span_in_hand = false;
  state.changed.notify_all();
}

void EventQueue::handled() {
  const std::lock_guard lock(process_lock());
  settle(state_.get());
}

void EventQueue::went_on() {
  const std::lock_guard lock(process_lock());
  state_.get().gone_on = true;
}

bool EventQueue::wait_handled(SteadyTime deadline) {
  std::unique_lock lock(process_lock());
  State& state = state_.get();
  if (state.in_hand && state.taker == PyThread_get_thread_ident()) return true;
  const uint64_t target = state.taken_in;
  return wait(lock, state, deadline, [&] { return state.settled >= target || spans_closed_; }) &&
         state.settled >= target;
}

void EventQueue::wait_empty(std::unique_lock<std::mutex>& lock, State& state, SteadyTime deadline) {
  const bool is_taker = state.in_hand && state.taker == PyThread_get_thread_ident();
  if (!state.has_taker || is_taker) return;
  wait(lock, state, deadline, [&] { return (state.events.empty() && !state.in_hand) || closed_; });
}

void EventQueue::close_spans(SteadyTime deadline) {
  std::unique_lock lock(process_lock());
  State& state = state_.get();
  wait_empty(lock, state, deadline);
  if (spans_closed_) return;
  spans_closed_ = true;
  for (const Event& event : state.events) state.dropped_closed += event.kind == Event::Kind::kSpan ? 1 : 0;
  std::erase_if(state.events, [](const Event& event) { return event.kind == Event::Kind::kSpan; });
  state.settled = state.taken_in - (state.span_in_hand ? 1 : 0);
  state.spans = state.bytes = 0;
  state.changed.notify_all();
}

void EventQueue::close(SteadyTime deadline) {
  std::unique_lock lock(process_lock());
  State& state = state_.get();
  wait_empty(lock, state, deadline);
  closed_ = true;
  state.changed.notify_all();
}

void EventQueue::add_to(record::Stats& stats) {
  const std::lock_guard lock(process_lock());
  const State& state = state_.get();
  stats.dropped_queue_full += state.dropped_full;
  stats.dropped_masked += state.dropped_masked;
  stats.dropped_closed += state.dropped_closed;
  stats.queued += state.spans + (state.span_in_hand ? 1 : 0);
  stats.queued_bytes += state.bytes;
}

}  // namespace tracia::native
