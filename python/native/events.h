// What the background has to say to the application's own callbacks: diverted spans, spans given up, streams that have
// ended. Filled by any thread; emptied by the one Python thread that runs callbacks. No Python here.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "process.h"
#include "tracia/base/clock.h"
#include "tracia/record/recorder.h"

namespace tracia::native {

// `milliseconds` from now; negative counts as 0, and a day is the longest wait.
SteadyTime deadline_in(int64_t milliseconds);

struct Event {
  enum class Kind { kSpan, kSpanError, kFinished };
  Kind kind = Kind::kSpan;
  std::string data;  // kSpan: the span's JSON; kSpanError: the error's
  std::string text;  // kSpanError: the span's id; kFinished: the future's
};

// Thread-safe. Holds as many spans as an exporter's queue (limits::kExportQueue*); of what comes on top, spans are
// counted as dropped and reports of errors forgotten (they are counted elsewhere). Ends of streams always have room:
// there are no more of them than streams. In a child after fork() it is empty: what waited is the parent's.
class EventQueue {
 public:
  void push_span(std::string json);
  void push_error(std::string json, std::string span_id);
  void push_finished(std::string future_id);

  // A Python thread has begun, and will take what comes: closing gives it its time even before its first take().
  void expect_taker();
  // Waits for the next event; nullopt at the deadline, on a signal, and once closed and empty. What was taken before
  // counts as handled.
  std::optional<Event> take(SteadyTime deadline);
  // The event taken last has been handled. A span that was not passed to went_on() meanwhile was dropped by the mask.
  void handled();
  // The span in hand goes on to the recorder.
  void went_on();

  // Waits until the spans that are here now have been handled: false at the deadline, on a signal and when closed. On
  // the thread that handles them it does not wait.
  bool wait_handled(SteadyTime deadline);

  // Each gives the Python thread, if there is one, until `deadline` to empty the queue. Then close_spans() refuses
  // spans, and counts those that are left as dropped; close() refuses everything. Between them the client gives up what
  // it cannot send, which is still to be reported.
  void close_spans(SteadyTime deadline);
  void close(SteadyTime deadline);

  // Adds what happened here to the recorder's counts.
  void add_to(record::Stats& stats);

 private:
  struct State {
    std::condition_variable changed;
    std::deque<Event> events;
    size_t spans = 0, bytes = 0;         // of the spans waiting
    uint64_t taken_in = 0, settled = 0;  // spans, since the beginning
    bool in_hand = false, span_in_hand = false, gone_on = false;
    bool has_taker = false;
    unsigned long taker = 0;  // the thread that took the last event
    uint64_t dropped_full = 0, dropped_masked = 0, dropped_closed = 0;
  };

  void put(State& state, Event event);
  void settle(State& state);
  void wait_empty(std::unique_lock<std::mutex>& lock, State& state, SteadyTime deadline);
  template <typename Condition>
  bool wait(std::unique_lock<std::mutex>& lock, State& state, SteadyTime deadline, Condition met);

  PerProcess<State> state_;
  bool spans_closed_ = false, closed_ = false;
};

}  // namespace tracia::native
