#include <algorithm>
#include <atomic>
#include <charconv>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "on_worker.h"
#include "span_json.h"
#include "span_reads.h"
#include "span_requests.h"
#include "tracia/base/bytes.h"

namespace tracia::routes {
namespace {

// A reader that lets more pile up misses what comes until it has caught up.
constexpr size_t kQueuedBytesMax = 1u << 20;
// Spans on their way from the store's thread to the connection's, of one reader.
constexpr int kPostedSpansMax = 4096;
// How often it is asked whether the reader may still read; spans are not sent to one who may not.
constexpr Millis kMayEvery{2'000};
// What a reader that comes back gets of what it missed, and how many spans are looked at for it.
constexpr size_t kResumedSpansMax = 1'000;
constexpr size_t kResumedPageSpans = 1'000;
constexpr int kResumedPagesMax = 20;

using SpanPtr = std::shared_ptr<const store::StoredSpan>;

// Whether a given filter value differs from the span's.
template <typename T, typename U>
bool differs(const std::optional<T>& wanted, const U& value) {
  return wanted && *wanted != value;
}
bool differs_in_letters(const std::optional<std::string>& wanted, const std::string& value) {
  return wanted && !ascii_iequals(*wanted, value);
}

// The filters of FilterSet::kTail; cheap, for it runs on the store's writer thread for every span and reader.
bool matches(const store::SpanFilter& filter, const store::StoredSpan& stored) {
  const span::Span& span = stored.span;
  if (differs(filter.prompt_id, stored.prompt_id)) return false;
  if (filter.prompt_slug && (!stored.prompt_id.empty() || *filter.prompt_slug != span.prompt_slug)) return false;
  if (differs(filter.status, span.status) || differs(filter.kind, span.kind)) return false;
  if (differs(filter.trace_id, span.trace_id) || differs(filter.name, span.name)) return false;
  if (differs(filter.user_id, span.user_id) || differs(filter.session_id, span.session_id)) return false;
  if (differs(filter.label, span.label)) return false;
  if (filter.prompt_version && filter.prompt_version != span.prompt_version) return false;
  if (differs_in_letters(filter.model, span.model)) return false;
  if (differs_in_letters(filter.provider, span.provider)) return false;
  return std::all_of(filter.tags.begin(), filter.tags.end(), [&](const std::string& tag) {
    return std::find(span.tags.begin(), span.tags.end(), tag) != span.tags.end();
  });
}

// The receive stamp that an event's id is (StoredSpan::id()).
std::optional<Timestamp> stamp_of(std::string_view id) {
  int64_t micros = 0;
  const auto [end, ec] = std::from_chars(id.data(), id.data() + id.size(), micros, 36);
  if (ec != std::errc() || end != id.data() + id.size() || micros < 0) return std::nullopt;
  store::StoredSpan probe;
  probe.received = {micros};
  if (probe.id() != id) return std::nullopt;
  return probe.received;
}

// One reader. Its connection holds it (on_close) for as long as it stays; the store only knows it weakly.
class Tail : public std::enable_shared_from_this<Tail> {
 public:
  Tail(service::Services& services, http::ExchangePtr exchange, service::Principal who, store::SpanFilter filter)
      : services_(services),
        exchange_(std::move(exchange)),
        stream_(exchange_),
        who_(std::move(who)),
        project_id_(who_.project_id),
        filter_(std::move(filter)) {}
  ~Tail() { open_tails().fetch_sub(1); }

  static std::atomic<int>& open_tails() {
    static std::atomic<int> count{0};
    return count;
  }

  // On the connection's thread. Listening begins before the past is read, so that nothing falls between the two.
  void start(std::optional<Timestamp> after) {
    resuming_ = after.has_value();
    stream_.begin();
    if (!exchange_->writer.open()) return;  // HEAD
    exchange_->writer.on_close([self = shared_from_this()] { self->listening_.reset(); });
    // Readers come back with Last-Event-ID: a server that stops need not wait for them.
    exchange_->writer.on_stop([self = shared_from_this()] { self->end(); });
    look_again();
    listening_ = services_.spans->listen([weak = weak_from_this()](const std::string& project, const SpanPtr& span) {
      if (const auto self = weak.lock()) self->on_stored(project, span);
    });
    if (after) resume(*after);
  }

 private:
  struct Past {
    std::vector<SpanPtr> spans;  // oldest first
    int64_t dropped = 0;         // that came after them and are too many
    Timestamp upto;              // all until here were looked at
  };

  void end() {
    listening_.reset();
    stream_.end();
  }

  // Keys are revoked, sessions end, members lose projects, projects are deleted, while readers stay for days.
  bool ends_if_it_may_not() {
    if (services_.access->still_may(*exchange_, who_)) return false;
    end();
    return true;
  }

  void look_again() {
    exchange_->writer.after(kMayEvery, [self = shared_from_this()] {
      if (!self->ends_if_it_may_not()) self->look_again();
    });
  }

  // On the store's writer thread.
  void on_stored(const std::string& project, const SpanPtr& span) {
    if (project != project_id_ || !matches(filter_, *span)) return;
    if (posted_.fetch_add(1) >= kPostedSpansMax) {
      posted_.fetch_sub(1);
      missed_.fetch_add(1);
      return;
    }
    exchange_->writer.post([self = shared_from_this(), span] {
      self->posted_.fetch_sub(1);
      self->deliver(span);
    });
  }

  void resume(Timestamp after) {
    const Status taken = services_.workers->submit([self = shared_from_this(), after] {
      auto past = std::make_shared<Past>(self->read_past(after));
      self->exchange_->writer.post([self, past] { self->on_past(*past); });
    });
    if (!taken) on_past({.spans = {}, .dropped = 0, .upto = after});
  }

  // On a worker. A store that cannot read now leaves the reader with what comes.
  Past read_past(Timestamp after) const {
    Past past{.spans = {}, .dropped = 0, .upto = after};
    for (int page = 0; page < kResumedPagesMax; ++page) {
      auto spans = services_.spans->received_after(project_id_, past.upto, kResumedPageSpans);
      if (!spans || spans->empty()) break;
      past.upto = spans->back().received;
      const bool last = spans->size() < kResumedPageSpans;
      for (store::StoredSpan& span : *spans) {
        if (!matches(filter_, span)) continue;
        if (past.spans.size() == kResumedSpansMax) {
          ++past.dropped;
        } else {
          past.spans.push_back(std::make_shared<const store::StoredSpan>(std::move(span)));
        }
      }
      if (last) break;
    }
    return past;
  }

  void on_past(const Past& past) {
    if (!exchange_->writer.open() || ends_if_it_may_not()) return;
    resuming_ = false;
    upto_ = past.upto;
    for (const SpanPtr& span : past.spans) send(*span);
    dropped_ += past.dropped;
    tell_dropped();
    for (const SpanPtr& span : std::exchange(held_, {})) deliver(span);
  }

  void deliver(const SpanPtr& span) {
    if (!exchange_->writer.open() || ends_if_it_may_not()) return;
    if (resuming_) return hold(span);
    if (span->received <= upto_) return;  // the past held it already
    dropped_ += missed_.exchange(0);
    if (exchange_->writer.queued_bytes() > kQueuedBytesMax) {
      if (dropped_++ == 0) exchange_->writer.on_drain([self = shared_from_this()] { self->tell_dropped(); });
      return;
    }
    tell_dropped();
    send(*span);
  }

  // What is stored while the past is still being read.
  void hold(const SpanPtr& span) {
    if (held_.size() < kResumedSpansMax) {
      held_.push_back(span);
    } else {
      ++dropped_;
    }
  }

  void send(const store::StoredSpan& span) { stream_.event("span", summary_json(span, *services_.cache), span.id()); }

  void tell_dropped() {
    const int64_t count = std::exchange(dropped_, 0);
    if (count > 0) stream_.event("dropped", "{\"count\":" + std::to_string(count) + "}");
  }

  service::Services& services_;
  const http::ExchangePtr exchange_;
  http::SseStream stream_;
  const service::Principal who_;
  const std::string& project_id_;  // of who_
  const store::SpanFilter filter_;
  std::shared_ptr<void> listening_;
  std::atomic<int> posted_{0};
  std::atomic<int64_t> missed_{0};
  // Of the connection's thread.
  bool resuming_ = false;
  Timestamp upto_;
  int64_t dropped_ = 0;
  std::vector<SpanPtr> held_;
};

}  // namespace

void tail_spans(service::Services& services, const http::ExchangePtr& exchange) {
  auto who = admit(services, exchange);
  if (!who) return;
  auto filter = read_filter(exchange->request.query, FilterSet::kTail, prompt_ids(services, who->project_id));
  if (!filter) return exchange->error(filter.error());
  std::optional<Timestamp> after;
  const std::string_view last_id = exchange->request.headers.get_or("Last-Event-ID", "");
  if (!last_id.empty()) {
    after = stamp_of(last_id);
    if (!after) return exchange->error(Error::invalid("Last-Event-ID must be the id of an event of this stream"));
  }
  if (Tail::open_tails().fetch_add(1) >= kTailsMax) {
    Tail::open_tails().fetch_sub(1);
    return exchange->error({.code = ErrorCode::kUnavailable,
                            .kind = ErrorKind::kOverloaded,
                            .message = "Too many readers follow spans now",
                            .retry_after = Millis(5000)});
  }
  std::make_shared<Tail>(services, exchange, std::move(*who), std::move(*filter))->start(after);
}

}  // namespace tracia::routes
