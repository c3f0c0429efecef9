#include "tracia/service/retention.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "tracia/ingest/otlp.h"
#include "tracia/service/log.h"
#include "tracia/service/metrics.h"
#include "tracia/service/policies.h"
#include "tracia/store/analytics.h"

namespace tracia::service {
namespace {

constexpr size_t kStepSpans = 500;                 // removed in one transaction
constexpr size_t kStepEvaluations = 500;           // looked at in one read
constexpr size_t kSweepEvaluations = 20'000;       // looked at in one run
constexpr std::chrono::minutes kClockJumpMax{10};  // more than a correction; a suspended machine costs one run
constexpr int64_t kMicrosOfDay = 86'400'000'000;

using Spans = std::vector<store::StoredSpan>;

bool stopping(const Services& services) { return services.stopping != nullptr && *services.stopping; }

store::ControlStore::SpanKeys keys_of(const Spans& spans) {
  store::ControlStore::SpanKeys keys;
  keys.reserve(spans.size());
  for (const store::StoredSpan& span : spans) keys.emplace_back(span.span.span_id, span.span.trace_id);
  return keys;
}

// The newest span that matches; nullopt: none does.
Result<std::optional<store::StoredSpan>> newest(store::SpanStore& spans, const std::string& project_id,
                                                const store::SpanFilter& filter) {
  store::ListOptions options;
  options.limit = 1;
  auto page = spans.list(project_id, filter, options);
  if (!page) return fail(std::move(page).error());
  return page->spans.empty() ? std::nullopt : std::optional(std::move(page->spans.front()));
}

// Lists go from the newest to the oldest: halves the time until nothing is older, which takes some fifty reads of one
// span.
Result<std::optional<Timestamp>> oldest_start(store::SpanStore& spans, const std::string& project_id) {
  auto first = newest(spans, project_id, {});
  if (!first) return fail(std::move(first).error());
  if (!*first) return std::nullopt;
  int64_t known = (*first)->start().micros;  // a span starts here
  int64_t none_before = std::min<int64_t>(0, known);
  while (none_before < known) {
    store::SpanFilter filter;
    const int64_t middle = none_before + (known - none_before + 1) / 2;
    filter.start_before = Timestamp{middle};
    const auto older = newest(spans, project_id, filter);
    if (!older) return fail(older.error());
    if (*older) {
      known = std::min(known - 1, (**older).start().micros);
      none_before = std::min(none_before, known);
    } else {
      none_before = middle;
    }
  }
  return Timestamp{known};
}

// Spans that started before; nullopt: too many to count in the time that a page may take.
Result<std::optional<int64_t>> count_before(store::SpanStore& spans, const std::string& project_id, Timestamp before) {
  store::AnalyticsQuery query;
  query.filter.start_before = before;
  const auto result = spans.analytics(project_id, query, {});
  if (!result) return fail(result.error());
  if (result->scanned_from) return std::nullopt;
  return result->total.totals.span_count;
}

}  // namespace

Result<Spans> events_of(Services& services, const std::string& project_id, const store::StoredSpan& span,
                        bool payloads) {
  store::SpanFilter filter;
  filter.trace_id = span.span.trace_id;
  filter.parent_span_id = span.span.span_id;
  store::ListOptions options;
  options.limit = ingest::otlp::kJoinedEventsMax;
  options.payloads = payloads;
  auto page = services.spans->list(ingest::otlp::events_project(project_id), filter, options);
  if (!page) return fail(std::move(page).error());
  return std::move(page->spans);
}

Result<uint64_t> remove_spans(Services& services, const std::string& project_id, const Spans& spans) {
  if (spans.empty()) return 0;
  const std::string hidden = ingest::otlp::events_project(project_id);
  const auto any_event = newest(*services.spans, hidden, {});  // most projects have none: no need to ask for each span
  if (!any_event) return fail(any_event.error());
  for (const store::StoredSpan& span : spans) {
    if (!*any_event) break;
    const auto events = events_of(services, project_id, span, false);
    if (!events) return fail(events.error());
    const auto removed = services.spans->remove_all(hidden, *events);
    if (!removed) return fail(removed.error());
  }
  TRACIA_TRY(services.control->remove_evaluations_of(project_id, keys_of(spans)));
  return services.spans->remove_all(project_id, spans);
}

std::optional<Timestamp> Retention::cutoff(const std::string& project_id) const {
  auto days = services_.policies->retention_days(project_id);
  const int64_t server_days = services_.config->retention_days;
  if (server_days > 0) days = std::min(days.value_or(server_days), server_days);
  if (!days) return std::nullopt;
  return Timestamp{services_.clock->now().micros - *days * kMicrosOfDay};
}

void Retention::run() {
  again_ = true;
  const std::unique_lock running(running_, std::try_to_lock);
  if (!running) return;
  while (again_.exchange(false)) run_once();
}

void Retention::count(uint64_t spans, std::string_view how) {
  if (spans == 0) return;
  if (services_.metrics != nullptr) {
    services_.metrics->counter("tracia_retention_spans_removed_total", "Spans that went past their retention.") +=
        spans;
  }
  if (services_.log == nullptr) return;
  services_.log->write(Level::kInfo, "retention", {{"how", how}, {"spansDropped", static_cast<int64_t>(spans)}});
}

bool Retention::clock_jumped() {
  const auto steady = std::chrono::duration_cast<Micros>(services_.clock->steady().time_since_epoch());
  const Micros ahead = Micros(services_.clock->now().micros) - steady;
  const Micros before = std::exchange(ahead_, ahead).value_or(ahead);
  if (ahead - before <= kClockJumpMax) return false;
  if (services_.log != nullptr) {
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(ahead - before).count();
    services_.log->write(Level::kWarn, "retention_waits",
                         {{"detail", "the clock was set forward; the next run goes by it"}, {"minutes", minutes}});
  }
  return true;
}

void Retention::run_once() {
  if (clock_jumped()) return;
  const SteadyTime deadline = services_.clock->steady() + kRetentionRunTimeMax;
  const auto note = [this](const Result<uint64_t>& removed, std::string_view how) {
    if (removed) return count(*removed, how);
    if (services_.log != nullptr) {
      services_.log->write(Level::kError, "retention failed", {{"how", how}, {"error", removed.error().message}});
    }
  };
  if (const Status finished = finish_removals(deadline); !finished) note(fail(finished.error()), "projects");
  // Whole files first: what is in them need not be removed span by span. A project without an end keeps them all, but
  // for those of which every span was removed.
  Timestamp all_before{std::numeric_limits<int64_t>::max()};
  const auto projects = services_.cache->projects();
  for (const store::Project& project : projects) {
    all_before = std::min(all_before, cutoff(project.id).value_or(Timestamp{std::numeric_limits<int64_t>::min()}));
  }
  if (projects.empty()) return;
  const auto dropped = services_.spans->drop_before(all_before);
  note(dropped, "segments");
  if (dropped && *dropped > 0) sweep_due_ = true;
  bool removed_some = false, any_ends = false;
  for (const store::Project& project : projects) {
    const auto before = cutoff(project.id);
    if (!before) continue;
    any_ends = true;
    for (const std::string& id : {project.id, ingest::otlp::events_project(project.id)}) {
      const auto removed = remove_past(id, *before, deadline);
      note(removed, "spans");
      removed_some = removed_some || (removed && *removed > 0);
    }
  }
  if (removed_some) note(services_.spans->drop_before(all_before), "segments");
  if (!any_ends) return;
  if (const auto swept = sweep_evaluations(); !swept) note(swept, "evaluations");
}

// Of projects that were deleted, also before a crash: all is removed again until nobody can be at work for them.
Status Retention::finish_removals(SteadyTime deadline) {
  const auto removed = services_.control->removed_projects();
  if (!removed) return fail(removed.error());
  const int64_t settled = services_.clock->now().micros - kRemovedProjectKeptFor.count() * 1'000;
  for (const store::RemovedProject& project : *removed) {
    const auto emptied = empty_project(project.id, deadline);
    if (!emptied) return fail(emptied.error());
    if (!*emptied && !stopping(services_)) again_ = true;
    if (*emptied && project.removed.micros < settled) TRACIA_TRY(services_.control->forget_removed_project(project.id));
  }
  return {};
}

// False: there is more, but no time.
Result<bool> Retention::empty_project(const std::string& project_id, SteadyTime deadline) {
  while (true) {
    const auto evaluations = services_.control->remove_evaluations_of_project(project_id, kStepEvaluations);
    if (!evaluations) return fail(evaluations.error());
    if (*evaluations < kStepEvaluations) break;
    if (stopping(services_) || services_.clock->steady() >= deadline) return false;
  }
  for (const std::string& id : {project_id, ingest::otlp::events_project(project_id)}) {
    const auto removed = remove_past(id, Timestamp{std::numeric_limits<int64_t>::max()}, deadline);
    if (!removed) return fail(removed.error());
    count(*removed, "project");
    const auto left = newest(*services_.spans, id, {});
    if (!left) return fail(left.error());
    if (*left) return false;
  }
  return true;
}

Result<uint64_t> Retention::remove_past(const std::string& project_id, Timestamp before, SteadyTime deadline) {
  store::SpanFilter filter;
  filter.start_before = before;
  store::ListOptions options;
  options.limit = kStepSpans;
  uint64_t count = 0;
  while (!stopping(services_) && services_.clock->steady() < deadline) {
    auto page = services_.spans->list(project_id, filter, options);
    if (!page) return fail(std::move(page).error());
    TRACIA_TRY(services_.control->remove_evaluations_of(project_id, keys_of(page->spans)));
    const auto removed = services_.spans->remove_all(project_id, page->spans);
    if (!removed) return fail(removed.error());
    count += *removed;
    if (!page->next) break;
    options.after = page->next;
  }
  return count;
}

Result<uint64_t> Retention::sweep_evaluations() {
  // A segment that cannot be read is not one that went: its evaluations wait until it is mended.
  if (!sweep_due_ || services_.spans->stats().unreadable_segments > 0) return 0;
  uint64_t count = 0;
  for (size_t seen = 0; seen < kSweepEvaluations && !stopping(services_);) {
    const auto page = services_.control->evaluations_after(swept_to_, kStepEvaluations);
    if (!page) return fail(page.error());
    for (const store::Evaluation& one : *page) {
      const auto span = services_.spans->get(one.project_id, one.span_id, one.trace_id);
      if (!span) return fail(span.error());
      if (*span) continue;
      TRACIA_TRY(services_.control->remove_evaluations_of(one.project_id, one.span_id, one.trace_id));
      ++count;
    }
    seen += page->size();
    if (page->size() < kStepEvaluations) {
      swept_to_.clear();
      sweep_due_ = false;
      return count;
    }
    swept_to_ = page->back().id;
  }
  return count;
}

Result<Retention::Deleted> Retention::delete_user(const std::string& project_id, const std::string& user_id,
                                                  Millis time) {
  const SteadyTime deadline = services_.clock->steady() + time;
  store::SpanFilter filter;
  filter.user_id = user_id;
  store::ListOptions options;
  options.limit = kStepSpans;
  Deleted deleted;
  while (true) {
    auto page = services_.spans->list(project_id, filter, options);
    if (!page) return fail(std::move(page).error());
    const auto removed = remove_spans(services_, project_id, page->spans);
    if (!removed) return fail(removed.error());
    deleted.spans += *removed;
    deleted.complete = !page->next;
    if (deleted.complete || services_.clock->steady() >= deadline) return deleted;
    options.after = page->next;
  }
}

Result<Retention::State> Retention::state(const std::string& project_id) {
  State state{.days = services_.policies->retention_days(project_id), .server_days = {}, .oldest = {}, .past = 0};
  if (services_.config->retention_days > 0) state.server_days = services_.config->retention_days;
  const auto oldest = oldest_start(*services_.spans, project_id);
  if (!oldest) return fail(oldest.error());
  state.oldest = *oldest;
  const auto before = cutoff(project_id);
  if (!before || !state.oldest || *state.oldest >= *before) return state;
  const auto past = count_before(*services_.spans, project_id, *before);
  if (!past) return fail(past.error());
  state.past = *past;
  return state;
}

}  // namespace tracia::service
