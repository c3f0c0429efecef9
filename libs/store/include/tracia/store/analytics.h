// Sums over spans: measures by time bucket and group. What SpanStore::analytics() is asked and answers, and the pure
// code that engines build the answer with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tracia/store/sketch.h"
#include "tracia/store/span_store.h"

namespace tracia::store {

// What spans are grouped by. Keys are texts; "" is the group of spans that have none.
enum class Dimension {
  kModel,
  kProvider,
  kPrompt,   // the prompt's id; of spans without a known prompt '/' and the slug they gave (no id begins with '/')
  kVersion,  // of the prompt, as a number's text
  kLabel,
  kExperiment,
  kVariant,
  kUser,
  kSession,
  kTag,     // a span counts in the group of each of its tags
  kKind,    // "LLM", ...
  kStatus,  // "SUCCESS" or "ERROR"
};

enum class TimeBucket { kNone, kMinute, kHour, kDay };

struct AnalyticsQuery {
  SpanFilter filter;
  std::vector<Dimension> group_by;  // each once, at most kGroupByMax
  TimeBucket bucket = TimeBucket::kNone;
  int32_t utc_offset_minutes = 0;  // where hours and days begin: minutes east of UTC, less than a day
  size_t groups_max = 100;         // the groups with the most spans; what the others hold is summed up in one
  Millis scan_budget{2'000};       // as ListOptions has
};
inline constexpr size_t kGroupByMax = 3;
// Groups times buckets that one query keeps apart; what comes beyond counts in the group that holds the rest.
inline constexpr size_t kAnalyticsCellsMax = 50'000;

// A value that somebody gave to a span (an evaluation); kept outside the span store, averaged in the span's group.
struct SpanScore {
  std::string span_id, trace_id;
  std::string name;  // of what was measured
  double value = 0;
};
struct ScoreMean {
  int64_t count = 0;
  double sum = 0;
};

// What is known of one group in one bucket.
struct Measures {
  Totals totals;                            // span_count: the requests
  Sketch latency_ms;                        // of every span
  Sketch first_token_ms;                    // of the spans that say
  std::map<std::string, ScoreMean> scores;  // by name

  // The figures of one span.
  void add(span::Kind kind, span::SpanStatus status, const std::optional<llm::Decimal>& cost,
           llm::CostStatus cost_status, const llm::Usage& usage, int64_t latency,
           const std::optional<int64_t>& first_token);
  void add(const Measures& other);
};

struct AnalyticsRow {
  std::optional<Timestamp> bucket;  // its begin; nullopt without time buckets
  std::vector<std::string> keys;    // one for each of group_by; empty when `rest`
  bool rest = false;                // sums up the groups that have no row of their own
  Measures measures;
};

// Rows by bucket, the oldest first, and within one by the spans of the group over all buckets, the most first; groups
// with equally many by their keys, `rest` last. Buckets and groups without spans have no row. Without group_by and
// buckets there is one row, or none.
struct AnalyticsResult {
  std::vector<AnalyticsRow> rows;
  Measures total;          // each span once
  size_t groups_rest = 0;  // how many groups have no row of their own; at least, when there were too many to tell
  // A query that no sums were made for in advance reads spans, newest first, within its budget. Nullopt: all that match
  // are counted. Else those that started at this moment or later, and no others.
  std::optional<Timestamp> scanned_from;
  bool scores_complete = true;  // false: there was no time to place all scores; those left out are the last given
};

// The bucket's begin. Bucket and offset as in AnalyticsQuery.
Timestamp bucket_begin(Timestamp start, TimeBucket bucket, int32_t utc_offset_minutes);
int64_t bucket_length_us(TimeBucket bucket);  // 0 for kNone

// What groups one span, whatever form the span is in.
struct DimensionTexts {
  std::string_view model, provider, prompt_id, prompt_slug, label, experiment, variant, user, session;
  std::optional<int64_t> version;
  span::Kind kind = span::Kind::kLlm;
  span::SpanStatus status = span::SpanStatus::kSuccess;
};

// Collects spans, or sums of some, into groups. Not thread-safe.
class AnalyticsBuilder {
 public:
  using Keys = std::vector<std::string_view>;  // one for each of group_by
  explicit AnalyticsBuilder(const AnalyticsQuery& query);

  // The keys of a span, but for its tags (""): views into it, or into `made`, which lives as long as they are used.
  void keys_of(const DimensionTexts& span, Keys& keys, std::vector<std::string>& made) const;
  // Where spans that started at `start` with these keys are summed up; valid as long as the builder.
  Measures& at(Timestamp start, const Keys& keys);
  // Calls visit(measures) for each group that a span belongs to: that of its keys, or one for each distinct tag when
  // the query groups by tag; and, for the total, once more in that case. `tags`: texts.
  template <typename Tags, typename Visit>
  void each_group(Timestamp start, Keys& keys, const Tags& tags, const Visit& visit) {
    if (!tag_place_) return visit(at(start, keys));
    visit(overall_);
    keys[*tag_place_] = "";
    if (tags.empty()) return visit(at(start, keys));
    for (auto tag = tags.begin(); tag != tags.end(); ++tag) {
      bool seen = false;
      for (auto before = tags.begin(); before != tag && !seen; ++before) seen = *before == *tag;
      if (seen) continue;
      keys[*tag_place_] = *tag;
      visit(at(start, keys));
    }
  }
  // One span as others have it.
  void add(const StoredSpan& span);
  void add(const StoredSpan& span, const SpanScore& score);  // of a span that was, or will be, added

  AnalyticsResult finish();

 private:
  struct Group {
    std::vector<std::string> keys;
    int64_t spans = 0;
  };
  struct Cell {
    int64_t bucket = 0;
    size_t group = 0;  // in groups_, or kRest
    Measures measures;
  };
  static constexpr size_t kRest = SIZE_MAX;
  template <typename Visit>
  void visit_groups(const StoredSpan& span, const Visit& visit);
  size_t group_of(const Keys& keys);
  Measures& cell(int64_t bucket, size_t group);
  std::vector<size_t> places();

  const std::vector<Dimension> group_by_;
  const TimeBucket bucket_;
  const int32_t utc_offset_minutes_;
  const size_t groups_max_;
  std::optional<size_t> tag_place_;  // in group_by
  std::unordered_map<std::string, size_t> group_numbers_;
  std::vector<Group> groups_;
  std::map<std::pair<int64_t, size_t>, size_t> cell_numbers_;  // (bucket, group)
  std::deque<Cell> cells_;
  Measures overall_;
  bool cut_ = false;  // some went to the rest because there were too many
  std::string key_;   // reused
};

}  // namespace tracia::store
