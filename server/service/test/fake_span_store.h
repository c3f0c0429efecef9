// A span store in memory, for tests of what stands on store::SpanStore: complete, simple, and slow on large data.
// `done` of append() runs on the caller's thread unless `hold` is set; then release() runs what waits.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tracia/base/bytes.h"
#include "tracia/json/reader.h"
#include "tracia/store/analytics.h"
#include "tracia/store/span_store.h"

namespace tracia::store {

class FakeSpanStore final : public SpanStore {
 public:
  explicit FakeSpanStore(const Clock& clock = system_clock()) : clock_(clock) {}

  // Appends fail with this error while it is set.
  void fail_with(std::optional<Error> error) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(error);
  }
  // Acknowledgements wait for release().
  void hold(bool on) {
    const std::lock_guard lock(mutex_);
    hold_ = on;
  }
  void release() {
    std::vector<std::function<void()>> waiting;
    {
      const std::lock_guard lock(mutex_);
      waiting.swap(waiting_);
    }
    for (const auto& done : waiting) done();
  }
  // Everything stored, oldest first.
  std::vector<StoredSpan> all() const {
    const std::lock_guard lock(mutex_);
    std::vector<StoredSpan> spans;
    for (const Row& row : rows_) spans.push_back(*row.span);
    return spans;
  }

  void append(std::vector<NewSpan> spans, AppendCallback done) override {
    std::unique_lock lock(mutex_);
    Result<std::vector<Appended>> result = std::vector<Appended>{};
    std::vector<Row> stored;
    if (failure_) {
      result = fail(*failure_);
      stats_.refused += spans.size();
    } else {
      for (NewSpan& span : spans) result->push_back(put(std::move(span), stored));
      ++stats_.commits;
    }
    auto finish = [this, stored = std::move(stored), result = std::move(result), done = std::move(done)]() mutable {
      done(std::move(result));
      for (const Row& row : stored) tell(row);
    };
    if (hold_) return waiting_.push_back(shareable(std::move(finish)));
    lock.unlock();
    finish();
  }

  Result<SpanPage> list(const std::string& project_id, const SpanFilter& filter, const ListOptions& options) override {
    const std::lock_guard lock(mutex_);
    SpanPage page;
    for (const StoredSpan* span : matching(project_id, filter)) {
      if (options.after && !(position(*span) < *options.after)) continue;
      if (page.spans.size() == options.limit) {
        page.next = position(page.spans.back());
        break;
      }
      page.spans.push_back(options.payloads ? *span : summary(*span, false));
    }
    if (filter.needs_payloads()) page.scanned_to = Timestamp{INT64_MIN};
    return page;
  }

  Result<std::optional<StoredSpan>> get(const std::string& project_id, const std::string& span_id,
                                        const std::string& trace_id) override {
    const std::lock_guard lock(mutex_);
    const StoredSpan* found = find(project_id, span_id, trace_id);
    return found == nullptr ? std::nullopt : std::optional<StoredSpan>(*found);
  }

  Result<bool> remove(const std::string& project_id, const std::string& span_id, const std::string& trace_id) override {
    const std::lock_guard lock(mutex_);
    const StoredSpan* found = find(project_id, span_id, trace_id);
    if (found == nullptr) return false;
    std::erase_if(rows_, [&](const Row& row) { return row.span.get() == found; });
    return true;
  }

  Result<std::vector<StoredSpan>> trace(const std::string& project_id, const std::string& trace_id,
                                        size_t limit) override {
    const std::lock_guard lock(mutex_);
    std::vector<StoredSpan> spans = trace_of(project_id, trace_id);
    if (spans.size() > limit) spans.erase(spans.begin() + static_cast<ptrdiff_t>(limit), spans.end());
    return spans;
  }

  Result<TracePage> traces(const std::string& project_id, const SpanFilter& filter,
                           const ListOptions& options) override {
    const std::lock_guard lock(mutex_);
    std::map<Position, TraceSummary, std::greater<>> sorted;
    for (const StoredSpan* span : matching(project_id, filter)) {
      TraceSummary one = summarise(trace_of(project_id, span->span.trace_id));
      if (!options.after || one.position < *options.after) sorted[one.position] = std::move(one);
    }
    TracePage page;
    take_page(sorted, options.limit, page.traces, page.next);
    return page;
  }

  Result<GroupPage> groups(const std::string& project_id, GroupBy by, const SpanFilter& filter,
                           const ListOptions& options) override {
    const std::lock_guard lock(mutex_);
    std::map<std::string, std::vector<const StoredSpan*>> members;  // newest first
    for (const StoredSpan* span : matching(project_id, filter)) {
      const std::string& key = by == GroupBy::kSession ? span->span.session_id : span->span.user_id;
      if (!key.empty()) members[key].push_back(span);
    }
    std::map<Position, Group, std::greater<>> sorted;
    for (const auto& [key, spans] : members) {
      Group one = group(key, spans);
      if (!options.after || one.position < *options.after) sorted[one.position] = std::move(one);
    }
    GroupPage page;
    take_page(sorted, options.limit, page.groups, page.next);
    return page;
  }

  Result<AnalyticsResult> analytics(const std::string& project_id, const AnalyticsQuery& query,
                                    const std::vector<SpanScore>& scores) override {
    const std::lock_guard lock(mutex_);
    AnalyticsBuilder builder(query);
    for (const StoredSpan* span : matching(project_id, query.filter)) {
      builder.add(*span);
      for (const SpanScore& score : scores) {
        if (score.span_id == span->span.span_id && score.trace_id == span->span.trace_id) builder.add(*span, score);
      }
    }
    return builder.finish();
  }

  Result<std::vector<StoredSpan>> received_after(const std::string& project_id, Timestamp stamp,
                                                 size_t limit) override {
    const std::lock_guard lock(mutex_);
    std::vector<StoredSpan> spans;
    for (const Row& row : rows_) {
      if (spans.size() == limit) break;
      if (row.project_id == project_id && row.span->received > stamp) spans.push_back(summary(*row.span, false));
    }
    return spans;
  }

  std::shared_ptr<void> listen(Listener listener) override {
    const std::lock_guard lock(mutex_);
    auto handle = std::make_shared<Listener>(std::move(listener));
    listeners_.push_back(handle);
    return handle;
  }

  Result<uint64_t> drop_before(Timestamp before) override {
    const std::lock_guard lock(mutex_);
    return std::erase_if(rows_, [&](const Row& row) { return row.span->start() < before; });
  }

  SpanStoreStats stats() const override {
    const std::lock_guard lock(mutex_);
    SpanStoreStats stats = stats_;
    stats.spans = rows_.size();
    return stats;
  }

  Status health() const override {
    const std::lock_guard lock(mutex_);
    return failure_ ? Status(fail(*failure_)) : Status();
  }

 private:
  struct Row {
    std::string project_id;
    std::shared_ptr<const StoredSpan> span;
  };
  using Key = std::vector<std::string>;

  static std::function<void()> shareable(auto finish) {
    auto shared = std::make_shared<decltype(finish)>(std::move(finish));
    return [shared] { (*shared)(); };
  }
  static Position position(const StoredSpan& span) { return {span.start().micros, span.received.micros}; }
  static Appended appended(const StoredSpan& span, bool stored) {
    return {stored, span.id(), span.span.trace_id, span.cost, span.cost_status};
  }

  Appended put(NewSpan in, std::vector<Row>& stored) {
    span::Span& span = in.span;
    if (span.trace_id.empty()) span.trace_id = derived_trace(in);
    Key key{in.project_id, span.trace_id, span.span_id};
    if (const StoredSpan* there = find(in.project_id, span.span_id, span.trace_id)) {
      ++stats_.duplicates;
      return appended(*there, false);
    }
    if (std::find(keys_.begin(), keys_.end(), key) != keys_.end()) {
      ++stats_.duplicates;
      return {.trace_id = span.trace_id};  // it was deleted
    }
    keys_.push_back(std::move(key));
    last_stamp_ = std::max(clock_.now(), Timestamp{last_stamp_.micros + 1});
    if (!span.start_time) span.start_time = Timestamp{last_stamp_.micros - span.latency_ms * 1000};
    auto kept = std::make_shared<StoredSpan>();
    *kept = {.span = std::move(span),
             .received = last_stamp_,
             .prompt_id = in.prompt_id,
             .cost = in.cost,
             .cost_status = in.cost_status};
    rows_.push_back({in.project_id, kept});
    stored.push_back(rows_.back());
    ++stats_.appended;
    return appended(*kept, true);
  }

  std::string derived_trace(const NewSpan& in) const {
    const std::string& parent = in.span.parent_span_id;
    if (parent.empty()) return "tr_" + in.span.span_id.substr(3);
    if (const StoredSpan* known = find(in.project_id, parent, "")) return known->span.trace_id;
    return "tr_" + parent.substr(std::min<size_t>(3, parent.size()));
  }

  // The newest of that id.
  const StoredSpan* find(const std::string& project_id, const std::string& span_id, const std::string& trace_id) const {
    for (auto row = rows_.rbegin(); row != rows_.rend(); ++row) {
      if (row->project_id == project_id && row->span->span.span_id == span_id &&
          (trace_id.empty() || row->span->span.trace_id == trace_id)) {
        return row->span.get();
      }
    }
    return nullptr;
  }

  std::vector<StoredSpan> trace_of(const std::string& project_id, const std::string& trace_id) const {
    std::vector<StoredSpan> spans;
    for (const Row& row : rows_) {
      if (row.project_id == project_id && row.span->span.trace_id == trace_id)
        spans.push_back(summary(*row.span, true));
    }
    std::sort(spans.begin(), spans.end(), [](const auto& a, const auto& b) { return position(a) < position(b); });
    return spans;
  }

  static StoredSpan summary(const StoredSpan& span, bool with_error) {
    StoredSpan out = span;
    span::Span& s = out.span;
    for (std::string* text : {&s.input_json, &s.variables_json, &s.structured_output_json, &s.tools_json,
                              &s.tool_calls_json, &s.usage_raw_json, &s.attributes_json}) {
      text->clear();
    }
    s.output.reset();
    s.attempts.clear();
    if (!with_error) s.error.clear();
    return out;
  }

  template <typename T>
  static void take_page(std::map<Position, T, std::greater<>>& sorted, size_t limit, std::vector<T>& out,
                        std::optional<Position>& next) {
    for (auto& [at, one] : sorted) {
      if (out.size() == limit) {
        next = out.back().position;
        return;
      }
      out.push_back(std::move(one));
    }
  }

  static Group group(const std::string& key, const std::vector<const StoredSpan*>& spans) {
    const StoredSpan& newest = *spans.front();
    Group out{.key = key,
              .user_id = newest.span.user_id,
              .first = spans.back()->start(),
              .last = newest.start(),
              .position = position(newest)};
    std::map<std::string, int> traces, sessions;
    for (const StoredSpan* span : spans) {
      ++traces[span->span.trace_id];
      if (!span->span.session_id.empty()) ++sessions[span->span.session_id];
      out.totals.add(*span);
    }
    out.trace_count = static_cast<int64_t>(traces.size());
    out.session_count = static_cast<int64_t>(sessions.size());
    return out;
  }

  // Newest first.
  std::vector<const StoredSpan*> matching(const std::string& project_id, const SpanFilter& filter) const {
    std::vector<const StoredSpan*> spans;
    for (const Row& row : rows_) {
      if (row.project_id == project_id && matches(filter, *row.span)) spans.push_back(row.span.get());
    }
    std::sort(spans.begin(), spans.end(), [](const auto* a, const auto* b) { return position(*b) < position(*a); });
    return spans;
  }

  template <typename T, typename U>
  static bool is(const std::optional<T>& wanted, const U& value) {
    return !wanted || *wanted == value;
  }
  static bool is_text(const std::optional<std::string>& wanted, const std::string& value) {
    return !wanted || ascii_iequals(*wanted, value);
  }
  template <typename T, typename U>
  static bool within(const std::optional<T>& min, const std::optional<T>& max, const U& value) {
    return (!min || (value && !(*value < *min))) && (!max || (value && !(*max < *value)));
  }

  static bool matches(const SpanFilter& f, const StoredSpan& stored) {
    const span::Span& s = stored.span;
    const auto has_tag = [&](const std::string& tag) { return std::count(s.tags.begin(), s.tags.end(), tag) > 0; };
    std::optional<int64_t> tokens = s.usage.total_tokens;
    if (!tokens && (s.usage.input_tokens || s.usage.output_tokens)) {
      tokens = s.usage.input_tokens.value_or(0) + s.usage.output_tokens.value_or(0);
    }
    return (!f.start_from || *f.start_from <= stored.start()) &&
           (!f.start_before || stored.start() < *f.start_before) && is(f.prompt_id, stored.prompt_id) &&
           (!f.prompt_slug || (stored.prompt_id.empty() && *f.prompt_slug == s.prompt_slug)) &&
           is(f.status, s.status) && is(f.kind, s.kind) && is(f.cost_status, stored.cost_status) &&
           is(f.trace_id, s.trace_id) && is(f.parent_span_id, s.parent_span_id) && is(f.user_id, s.user_id) &&
           is(f.session_id, s.session_id) && is(f.label, s.label) && is(f.experiment_id, s.experiment_id) &&
           is(f.variant, s.variant) && is(f.name, s.name) && is_text(f.model, s.model) &&
           is_text(f.provider, s.provider) && is(f.finish_reason, s.finish_reason) &&
           (!f.prompt_version || f.prompt_version == s.prompt_version) &&
           std::all_of(f.tags.begin(), f.tags.end(), has_tag) && within(f.min_cost, f.max_cost, stored.cost) &&
           within(f.min_latency_ms, f.max_latency_ms, std::optional(s.latency_ms)) &&
           within(f.min_total_tokens, f.max_total_tokens, tokens) && matches_payload(f, s);
  }

  static bool matches_payload(const SpanFilter& f, const span::Span& s) {
    json::Document document;
    for (const auto& [wanted_members, text] :
         {std::pair(&f.variables, &s.variables_json), std::pair(&f.attributes, &s.attributes_json)}) {
      const auto members = document.parse(text->empty() ? "{}" : *text);
      for (const auto& [name, wanted] : *wanted_members) {
        const json::Value value = (*members)[name];
        if (!value || (value.is_string() ? value.text() : value.to_json()) != wanted) return false;
      }
    }
    const std::string text = ascii_lower(s.input_json + "\n" + s.output.value_or("") + "\n" + s.error);
    const auto begins_word = [&, text = text + "\n" + ascii_lower(s.name)](const std::string& wanted) {
      const std::string word = ascii_lower(wanted);
      for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
        if (at == 0 || !std::isalnum(static_cast<unsigned char>(text[at - 1]))) return true;
      }
      return false;
    };
    return std::all_of(f.words.begin(), f.words.end(), begins_word) &&
           (f.contains.empty() || text.find(ascii_lower(f.contains)) != std::string::npos);
  }

  void tell(const Row& row) {
    std::vector<std::shared_ptr<Listener>> listeners;
    {
      const std::lock_guard lock(mutex_);
      std::erase_if(listeners_, [](const auto& weak) { return weak.expired(); });
      for (const auto& weak : listeners_) {
        if (auto one = weak.lock()) listeners.push_back(std::move(one));
      }
    }
    for (const auto& listener : listeners) (*listener)(row.project_id, row.span);
  }

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::vector<Row> rows_;
  std::vector<Key> keys_;  // ever written
  Timestamp last_stamp_;
  std::optional<Error> failure_;
  bool hold_ = false;
  std::vector<std::function<void()>> waiting_;
  std::vector<std::weak_ptr<Listener>> listeners_;
  SpanStoreStats stats_;
};

}  // namespace tracia::store
