// Sends spans in the background: a bounded queue, one worker thread, batches. Nothing it does can delay or break the
// caller: record() never blocks on the network and never throws. Modelled on OpenTelemetry's BatchSpanProcessor:
// bounded buffer, drop on full, wake at a full batch, flush by sequence number.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/limits.h"
#include "tracia/base/result.h"
#include "tracia/span/span.h"

namespace tracia::record {

// What became of one HTTP post. Made by the sender from the response.
struct PostResult {
  int status = 0;    // HTTP status; 0 = no response (network error)
  std::string body;  // bounded by the sender
  std::optional<Millis> retry_after;
  std::string message;  // for status 0: what went wrong
};

// The injected door to the server; called on the worker thread only, may block up to `timeout`. Must return when
// cancel() is called from another thread. The recorder never runs two posts at once.
class Sender {
 public:
  virtual ~Sender() = default;
  // path is "/api/v1/spans/batch" or "/api/v1/spans"; body is JSON, gzipped when `gzipped`.
  virtual PostResult post(std::string_view path, std::string_view body, bool gzipped, Millis timeout) = 0;
  virtual void cancel() = 0;
  // In the child of a fork(), before the first post there: connections opened by the parent must be forgotten without
  // a word on them (no TLS close), because the parent goes on using them.
  virtual void after_fork() {}
};

struct Options {
  size_t queue_spans_max = limits::kExportQueueSpansMax;
  size_t queue_bytes_max = limits::kExportQueueBytesMax;
  size_t batch_spans_max = limits::kExportBatchSpansMax;
  size_t batch_bytes_max = limits::kExportBatchBytesMax;
  Millis batch_delay{200};  // a part-full batch waits this long for company
  bool gzip = true;         // compressing is 4/5 of the exporter's work: false for a server on this machine
  Millis post_timeout{10'000};
  int tries = 4;  // per batch, for retryable failures: 1 to 1 + limits::kRetriesMax
  Millis backoff_base{500}, backoff_cap{15'000};
  double sample_rate = 1.0;  // decided per trace id by hash, so that a trace is kept or dropped whole
  Millis exit_flush{5'000};  // how long destruction waits for what is queued
  std::string spool_dir;     // "" = none. Spans that cannot be sent are kept there and re-sent by a later process
  size_t spool_bytes_max = limits::kSpoolBytesMax;
  // Changes or hides content before it is queued (called on the recording thread). Exceptions drop the span (counted).
  std::function<void(span::Span&)> mask;
  // Sees each span of record() before `mask`, on the recording thread. True: it took the span, which counts as recorded
  // only when record_as_is() brings it back. Exceptions drop the span (counted with the masked).
  std::function<bool(span::Span&)> divert;
  // Told once about each span that was given up, on the worker thread (or on the recording thread when the span never
  // reached the queue). The span id is "" where a spool file held something that is no span. May call any member
  // of the recorder; flush() and shutdown() return false at once there. Exceptions are swallowed.
  std::function<void(const Error&, const std::string& span_id)> on_error;
};

// Counts of spans since the recorder began. Of those recorded, each ends in exactly one of sent, duplicates,
// dropped_rejected, dropped_unreachable and spooled; one that was spooled may be sent or rejected later.
struct Stats {
  uint64_t recorded = 0;              // accepted into the queue
  uint64_t sent = 0, duplicates = 0;  // stored by the server now; known to it already
  uint64_t sampled_out = 0;
  uint64_t dropped_queue_full = 0;        // the newest are dropped: those before them are the start of the story
  uint64_t dropped_rejected = 0;          // the server refused them for good, or the key
  uint64_t dropped_unreachable = 0;       // all tries failed, or the process ended first, and there is no spool
  uint64_t dropped_masked = 0;            // the mask or divert function threw
  uint64_t dropped_closed = 0;            // recorded after shutdown
  uint64_t dropped_spool_full = 0;        // deleted from the spool, oldest first, to make room
  uint64_t spooled = 0;                   // put on disk
  uint64_t respooled = 0;                 // sent from disk, whichever process put them there
  uint64_t spool_corrupt = 0;             // lines of spool files that are no spans
  uint64_t queued = 0, queued_bytes = 0;  // now, with the batch under way
};

// Views that need only live through the call they are passed to. The last two may be empty.
struct SpanIds {
  std::string_view span_id, trace_id, parent_span_id;
};

struct Hooks;

// Thread-safe. Batches go gzipped to /api/v1/spans/batch; a server that answers 404 or 405 there gets single posts for
// the next minute. 408, 429, 5xx and network errors are retried with full jitter (Retry-After honoured), other 4xx
// never. A wrong key (401, 403) is not retried, but its spans are spooled where there is a spool: keys get mended. The
// worker starts with the first span (or at once, to empty the spool). The destructor flushes for exit_flush, then
// spools or gives up what is left, and joins; once a post fails while it flushes, it does not wait for a server that is
// not there. After fork() the child starts with an empty queue and a worker of its own; the parent's spans are sent by
// the parent alone.
class Recorder {
 public:
  Recorder(std::shared_ptr<Sender> sender, Options options);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Takes the span; writing it as JSON and all else happens on the worker. Sets a missing start_time to now - latency.
  // Cost: moves, one lock, at times one wake-up; see benchmarks/span_bench.cpp.
  void record(span::Span span);
  // The same of a span that is still to be made: `make` gives it, its ids as told here and with a start_time, on the
  // worker when its turn comes, or on this thread when `mask` or `divert` has to see it. Called at most once, and
  // destroyed on either thread. `bytes` is the memory that it holds, near enough: the queue is bounded by it.
  void record(const SpanIds& ids, size_t bytes, std::function<span::Span()> make);
  // record() of a span past `divert` and `mask`.
  void record_as_is(span::Span span);

  // Waits until everything recorded before this call was sent, spooled or given up; false at the deadline, or when
  // `interrupted`, which is asked about every 100 ms on this thread, says so.
  bool flush(Millis deadline, const std::function<bool()>& interrupted = {});
  // flush(), then stops the worker: a post under way is cancelled at the deadline, the rest spooled or given up. Later
  // record() calls count as dropped (reported through on_error). Idempotent.
  bool shutdown(Millis deadline);

  Stats stats() const;

  // For tests: hooks.h of this library's sources replaces the clock, the jitter and the waiting.
  Recorder(std::shared_ptr<Sender> sender, Options options, const Hooks& hooks);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tracia::record
