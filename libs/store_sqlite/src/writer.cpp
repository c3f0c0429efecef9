#include "writer.h"

#include <pthread.h>

#include <algorithm>
#include <iterator>

namespace tracia::store_sqlite {
namespace {

// One transaction: large enough that its fsync costs little a span, small enough that nobody waits long.
constexpr size_t kCommitSpansMax = 5'000;
constexpr size_t kCommitBytesMax = 32u << 20;
// Commits begin at most so often, unless so much waits: a commit of one span costs some ten times what one more span in
// it does. Nobody who comes when nothing else does waits for this.
constexpr std::chrono::microseconds kCommitPeriod{800};
constexpr size_t kCommitAtOnceSpans = 100;
constexpr uint64_t kLogBytesMax = 16u << 20;     // checkpoint now: nobody is answered meanwhile
constexpr uint64_t kIdleLogBytesMax = 4u << 20;  // checkpoint when nothing else is to do
constexpr uint64_t kSpansToIndex = 256;          // more are worth waking the thread that indexes them
constexpr Millis kTick{250};
constexpr Millis kRetryAfter{1'000};
constexpr std::chrono::seconds kSwitchRetryDelay{1};
constexpr std::chrono::seconds kLookPeriod{2};
// Spans of segments that wait to be sealed: their lookups are in memory, some 450 bytes a span.
constexpr uint64_t kSpansWaitingMax = 2'000'000;

Error unavailable(std::string message) {
  return {.code = ErrorCode::kUnavailable, .message = std::move(message), .retry_after = kRetryAfter};
}

store::Appended appended(const store::StoredSpan& span, bool stored) {
  return {.stored = stored,
          .id = span.id(),
          .trace_id = span.span.trace_id,
          .cost = span.cost,
          .cost_status = span.cost_status};
}

}  // namespace

Writer::Writer(Parts parts, std::shared_ptr<StoredSegment> stored, std::shared_ptr<ActiveSegment> active,
               int64_t last_stamp)
    : parts_(std::move(parts)), stored_(std::move(stored)), active_(std::move(active)), last_stamp_(last_stamp) {
  thread_ = std::thread([this] { run(); });
}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    work_.stop = true;
  }
  changed_.notify_one();
  thread_.join();
}

bool Writer::reserve(size_t spans, size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (sealing_is_behind_) return false;
  // One append larger than the whole queue passes when nothing else waits.
  const bool empty = queued_spans_ == 0;
  if (!empty &&
      (queued_spans_ + spans > store::kAppendQueueSpansMax || queued_bytes_ + bytes > store::kAppendQueueBytesMax)) {
    return false;
  }
  queued_spans_ += spans;
  queued_bytes_ += bytes;
  return true;
}

void Writer::push(std::vector<PendingSpan> spans, size_t bytes, store::AppendCallback done) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    waiting_spans_ += spans.size();
    work_.requests.push_back({.spans = std::move(spans), .bytes = bytes, .done = std::move(done)});
    wake = !gathering_ || waiting_spans_ >= kCommitAtOnceSpans;
  }
  if (wake) changed_.notify_one();
}

void Writer::refuse(size_t spans, store::AppendCallback done) {
  refused_ += spans;
  {
    const std::lock_guard lock(mutex_);
    work_.refused.push_back(std::move(done));
  }
  changed_.notify_one();
}

Status Writer::rotate(const std::function<bool(const SegmentInfo&)>& which) {
  Rotation rotation{.which = &which};
  std::unique_lock lock(mutex_);
  work_.rotations.push_back(&rotation);
  changed_.notify_one();
  rotated_.wait(lock, [&] { return rotation.outcome.has_value(); });
  return *rotation.outcome;
}

Status Writer::health() const {
  const std::lock_guard lock(mutex_);
  if (failure_) return fail(*failure_);
  return {};
}

void Writer::fill(store::SpanStoreStats& stats) const {
  {
    const std::lock_guard lock(mutex_);
    stats.queued_spans = queued_spans_;
    stats.queued_bytes = queued_bytes_;
  }
  stats.appended = appended_;
  stats.duplicates = duplicates_;
  stats.refused = refused_;
  stats.commits = commits_;
}

void Writer::set_health(const Status& status) {
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    changed = failure_.has_value() == status.has_value();
    failure_ = status ? std::nullopt : std::optional(status.error());
  }
  if (!changed) return;
  report(status ? "store_recovered" : "store_failing", status ? "spans are written again" : status.error().message);
}

void Writer::report(std::string_view event, std::string_view detail) const {
  if (parts_.options.on_event) parts_.options.on_event(event, detail);
}

void Writer::take_requests(std::vector<Request>& out) {
  size_t count = 0, spans = 0, bytes = 0;
  for (; count < work_.requests.size() && spans < kCommitSpansMax && bytes < kCommitBytesMax; ++count) {
    spans += work_.requests[count].spans.size();
    bytes += work_.requests[count].bytes;
  }
  waiting_spans_ -= spans;
  const auto end = work_.requests.begin() + static_cast<ptrdiff_t>(count);
  out.assign(std::make_move_iterator(work_.requests.begin()), std::make_move_iterator(end));
  work_.requests.erase(work_.requests.begin(), end);
}

// Until the next commit may begin.
void Writer::gather(std::unique_lock<std::mutex>& lock) {
  const SteadyTime due = commit_begun_ + kCommitPeriod;
  if (std::chrono::steady_clock::now() >= due) return;  // a wait for what is past would still cost a system call
  gathering_ = true;
  changed_.wait_until(lock, due, [&] {
    return work_.stop || waiting_spans_ >= kCommitAtOnceSpans || !work_.refused.empty() || !work_.rotations.empty();
  });
  gathering_ = false;
}

Writer::Work Writer::wait_for_work() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kTick, [&] {
    return work_.stop || !work_.requests.empty() || !work_.refused.empty() || !work_.rotations.empty();
  });
  if (!work_.requests.empty()) gather(lock);
  Work taken;
  taken.refused.swap(work_.refused);
  taken.rotations.swap(work_.rotations);
  take_requests(taken.requests);
  taken.stop = work_.stop && work_.requests.empty();
  return taken;
}

void Writer::run() {
  ::pthread_setname_np(::pthread_self(), "tracia-write");
  while (true) {
    Work work = wait_for_work();
    for (const auto& done : work.refused) done(fail(unavailable("too many spans wait to be written; try again")));
    if (!work.requests.empty()) process(work.requests);
    for (Rotation* rotation : work.rotations) {
      const SegmentInfo info = active_->info();
      const Status outcome = info.spans > 0 && (*rotation->which)(info) ? switch_segment() : Status{};
      const std::lock_guard lock(mutex_);
      rotation->outcome = outcome;
      rotated_.notify_all();
    }
    if (work.stop) return;
    maintain(work.requests.empty());
  }
}

void Writer::process(std::vector<Request>& requests) {
  commit_begun_ = std::chrono::steady_clock::now();
  segments_ = parts_.segments.list();
  std::vector<PendingSpan*> stored;
  Status status = write(requests, stored);
  if (!status) {
    active_->rollback();
    status = fail(unavailable(status.error().message));
  }
  segments_.reset();
  set_health(status);
  answer(requests, status, stored);
}

Status Writer::write(std::vector<Request>& requests, std::vector<PendingSpan*>& stored) {
  bool in_transaction = false;
  for (Request& request : requests) {
    request.results.resize(request.spans.size());
    for (size_t i = 0; i < request.spans.size(); ++i) {
      bool is_new = false;
      TRACIA_TRY(place(request.spans[i], in_transaction, request.results[i], is_new));
      if (is_new) stored.push_back(&request.spans[i]);
    }
  }
  if (!in_transaction) return {};
  TRACIA_TRY(active_->commit());
  ++commits_;
  return {};
}

Status Writer::place(PendingSpan& pending, bool& in_transaction, store::Appended& result, bool& stored) {
  store::StoredSpan& span = pending.span;
  std::optional<store::StoredSpan> known;
  if (span.span.trace_id.empty() && !span.span.parent_span_id.empty()) {
    // The same request again, of which the trace could be derived otherwise by now.
    known = find(pending.project_id, span.span.span_id, "", pending.key);
    if (known && known->span.parent_span_id != span.span.parent_span_id) known.reset();
  }
  if (!known) {
    if (span.span.trace_id.empty()) derive_trace(pending);
    known = find(pending.project_id, span.span.span_id, span.span.trace_id, pending.key);
  }
  if (known) {
    result = appended(*known, false);
    return {};
  }
  if (!in_transaction) TRACIA_TRY(active_->begin());
  in_transaction = true;
  last_stamp_ = std::max(last_stamp_ + 1, parts_.options.clock->now().micros);
  span.received.micros = last_stamp_;
  if (!span.span.start_time) span.span.start_time = Timestamp{last_stamp_ - span.span.latency_ms * 1000};
  TRACIA_TRY(active_->insert(pending.project_id, span, pending.key, pending.split));
  result = appended(span, true);
  stored = true;
  return {};
}

void Writer::derive_trace(PendingSpan& pending) {
  span::Span& span = pending.span.span;
  const std::string& origin = span.parent_span_id.empty() ? span.span_id : span.parent_span_id;
  if (!span.parent_span_id.empty()) {
    const uint64_t key = span_key(pending.project_id, span.parent_span_id);
    if (const auto parent = find(pending.project_id, span.parent_span_id, "", key)) {
      span.trace_id = parent->span.trace_id;
      return;
    }
  }
  span.trace_id = "tr_" + origin.substr(std::min<size_t>(3, origin.size()));
}

// Deleted spans included: their keys stay taken. A segment that cannot be read counts as not having it, so that one bad
// page does not stop all writing.
std::optional<store::StoredSpan> Writer::find(const std::string& project_id, const std::string& span_id,
                                              const std::string& trace_id, uint64_t key) const {
  auto newest = active_->find_written(project_id, span_id, trace_id, key);
  if (newest && !trace_id.empty()) return newest;
  for (const auto& stored : *segments_) {
    if (stored == stored_ || !stored->segment->may_have(key)) continue;
    auto found = stored->segment->find(project_id, span_id, trace_id, Load::kSummary);
    if (!found) {
      if (!stored->skips(found.error())) report("segment_unreadable", found.error().message);
      continue;
    }
    if (*found && (!newest || newest->start() < (*found)->start())) newest = std::move(**found);
  }
  return newest;
}

void Writer::answer(std::vector<Request>& requests, const Status& status, const std::vector<PendingSpan*>& stored) {
  size_t spans = 0, bytes = 0;
  for (const Request& request : requests) {
    spans += request.spans.size();
    bytes += request.bytes;
  }
  if (status) {
    appended_ += stored.size();
    duplicates_ += spans - stored.size();
  } else {
    refused_ += spans;
  }
  {
    const std::lock_guard lock(mutex_);
    queued_spans_ -= spans;
    queued_bytes_ -= bytes;
  }
  for (Request& request : requests) {
    if (status) {
      request.done(std::move(request.results));
    } else {
      request.done(fail(status.error()));
    }
  }
  if (!status) return;
  const auto listeners = parts_.listeners.current();
  if (listeners.empty()) return;
  for (PendingSpan* pending : stored) {
    const auto shared = std::make_shared<const store::StoredSpan>(std::move(pending->span));
    for (const auto& listener : listeners) (*listener)(pending->project_id, shared);
  }
}

// Asked after each commit: no lock, and no look at the file.
bool Writer::segment_is_full() const {
  if (active_->spans() == 0) return false;
  const Options& options = parts_.options;
  const Micros age(options.clock->now().micros - active_->first_received().micros);
  return static_cast<int64_t>(active_->spans()) >= options.segment_spans_max ||
         static_cast<int64_t>(active_->payload_bytes()) >= options.segment_bytes_max || age >= options.segment_age_max;
}

// While nothing is written nobody else would notice.
void Writer::look_after_files() {
  if (!health()) {
    set_health(active_->probe());
  } else if (const Status placed = active_->in_place(); !placed) {
    set_health(placed);
  }
  const SteadyTime now = parts_.options.clock->steady();
  if (now < look_again_) return;
  look_again_ = now + kLookPeriod;
  parts_.segments.note_missing_files();
  const Status beside = parts_.beside ? parts_.beside() : Status{};
  if (!beside && !beside_failed_) report("store_failing", beside.error().message);
  beside_failed_ = !beside;
}

void Writer::maintain(bool idle) {
  if (idle) look_after_files();
  const bool full = segment_is_full();
  const bool behind = full && parts_.sealer.spans_waiting() >= kSpansWaitingMax;
  {
    const std::lock_guard lock(mutex_);
    sealing_is_behind_ = behind;
  }
  if (full && !behind && std::chrono::steady_clock::now() >= switch_again_) {
    if (const Status switched = switch_segment(); !switched) {
      report("segment_not_closed", switched.error().message);
      switch_again_ = std::chrono::steady_clock::now() + kSwitchRetryDelay;
    }
    return;
  }
  if (active_->log_bytes() > (idle ? kIdleLogBytesMax : kLogBytesMax)) {
    if (const Status done = active_->checkpoint(); !done) report("checkpoint_failed", done.error().message);
  }
  active_->make_room_in_log();
  if (active_->spans_to_index() >= kSpansToIndex) parts_.sealer.index_words(active_);
}

Status Writer::switch_segment() {
  const uint64_t number = parts_.segments.next_number();
  const auto file = segment_file(parts_.folder, number, SegmentKind::kActive);
  remove_database(file);  // what a failed try has left
  const ActiveOptions options{.vfs = parts_.options.vfs, .synchronous_off = parts_.options.synchronous_off};
  std::optional<Error> damage;
  auto fresh = ActiveSegment::open(file, number, options, &damage);
  if (!fresh) return fail(std::move(fresh).error());
  TRACIA_TRY(sync_path(parts_.folder));
  auto stored = std::make_shared<StoredSegment>(*fresh, file, SegmentKind::kActive);
  stored->taking = true;
  stored_->taking = false;
  parts_.segments.add(stored);
  parts_.sealer.push(std::move(stored_), std::move(active_));
  stored_ = std::move(stored);
  active_ = std::move(*fresh);
  return {};
}

}  // namespace tracia::store_sqlite
