// Where spans live. Engines implement SpanStore; the contract tests in libs/store/test/span_store_contract.h hold every
// engine to what is said here. Nothing relies on row numbers, unique constraints or SQL.
//
// A span's key is (project, trace id, span id); the first write wins. Spans never change; they can be deleted. Projects
// do not see each other: every call names one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/llm/catalog.h"
#include "tracia/llm/decimal.h"
#include "tracia/span/span.h"

namespace tracia::store {

// A span on its way in: decoded, validated and priced (libs/ingest).
struct NewSpan {
  std::string project_id;
  span::Span span;  // trace_id "" = derived by append(), see there; start_time empty = receive stamp - latency
  std::optional<llm::Decimal> cost;
  llm::CostStatus cost_status = llm::CostStatus::kUnknown;
  std::string prompt_id;  // of the prompt that span.prompt_slug names in the project; "" = none
};

// A span as stored. Summaries leave the payload members of `span` empty: input_json, variables_json, output,
// structured_output_json, tools_json, tool_calls_json, usage_raw_json, attempts, attributes_json and error (which trace
// reads fill in all the same).
struct StoredSpan {
  span::Span span;     // trace_id and start_time are always set
  Timestamp received;  // strictly increasing over the store: no two spans share one
  std::string prompt_id;
  std::optional<llm::Decimal> cost;
  llm::CostStatus cost_status = llm::CostStatus::kUnknown;

  std::string id() const;  // the server's own id of it: the receive stamp in 13 base-36 digits
  Timestamp start() const { return *span.start_time; }
};

// What became of one NewSpan.
struct Appended {
  bool stored = false;  // false: a span with this key was there before, or earlier in the same append
  std::string id;
  std::string trace_id;  // of what is stored; likewise cost
  std::optional<llm::Decimal> cost;
  llm::CostStatus cost_status = llm::CostStatus::kUnknown;
};
using AppendCallback = std::function<void(Result<std::vector<Appended>>)>;

// All given members must match. Texts are compared exactly (case matters) but for model and provider names.
struct SpanFilter {
  std::optional<Timestamp> start_from, start_before;  // start_from <= start < start_before
  // prompt_id when the slug names a prompt; else prompt_slug matches spans of no known prompt by the slug they gave.
  std::optional<std::string> prompt_id, prompt_slug;
  std::optional<span::SpanStatus> status;
  std::optional<span::Kind> kind;
  std::optional<llm::CostStatus> cost_status;
  std::optional<std::string> trace_id, parent_span_id, user_id, session_id, label, experiment_id, variant, name;
  std::optional<std::string> model, provider;  // ASCII case-insensitive
  std::optional<std::string> finish_reason;    // the wire word
  std::optional<int64_t> prompt_version;
  std::vector<std::string> tags;                                // all of them
  std::optional<llm::Decimal> min_cost, max_cost;               // inclusive; spans without a cost never match
  std::optional<int64_t> min_latency_ms, max_latency_ms;        // inclusive
  std::optional<int64_t> min_total_tokens, max_total_tokens;    // inclusive
  std::vector<std::pair<std::string, std::string>> variables;   // name and its value, as text
  std::vector<std::pair<std::string, std::string>> attributes;  // likewise
  // Case-insensitive (ASCII). Each of `words` begins a word of the input's texts, the output, the error or the name;
  // `contains` is a substring of one of the input's texts, the output or the error.
  std::vector<std::string> words;
  std::string contains;

  // Whether answering needs payloads: such a list scans, within the budget of ListOptions.
  bool needs_payloads() const {
    return !variables.empty() || !attributes.empty() || !words.empty() || !contains.empty();
  }
};

// A place in the order of lists: by start, then by receive stamp, newest first.
struct Position {
  int64_t start_us = 0;
  int64_t received_us = 0;
  friend auto operator<=>(const Position&, const Position&) = default;
};

struct ListOptions {
  std::optional<Position> after;  // only what comes after it, that is, what is older
  size_t limit = 50;
  bool payloads = false;      // fill in the payload members
  Millis scan_budget{2'000};  // a scan that takes longer stops, and says how far it came
};

struct SpanPage {
  std::vector<StoredSpan> spans;
  std::optional<Position> next;         // nullopt: this was the last page
  std::optional<Timestamp> scanned_to;  // with needs_payloads(): every match from here on was found
};

// Sums over spans. Cost and tokens count LLM and EMBEDDING spans only, and none that is kIncluded, so that nothing
// counts twice.
struct Totals {
  int64_t span_count = 0;
  int64_t error_count = 0;
  llm::Decimal cost;
  bool any_cost = false;                                  // at least one cost is known
  llm::CostStatus cost_status = llm::CostStatus::kExact;  // the weakest; kUnknown when a model call has no known cost
  llm::Usage usage;                                       // sums of what is present

  void add(const StoredSpan& span);
  void add(span::Kind kind, span::SpanStatus status, const std::optional<llm::Decimal>& span_cost,
           llm::CostStatus span_cost_status, const llm::Usage& span_usage);
  void add(const Totals& other);
};

// Sums by group and time: analytics.h.
struct AnalyticsQuery;
struct AnalyticsResult;
struct SpanScore;

struct TraceSummary {
  std::string trace_id;
  std::string name;  // of the first root span: its name, else its prompt's id in `prompt_id`, else its model
  std::string prompt_id;
  span::SpanStatus status = span::SpanStatus::kSuccess;  // the first root span's
  Timestamp start;                                       // the earliest
  Timestamp end;                                         // the latest start + latency
  std::string user_id, session_id;                       // the first that is set, by start
  std::vector<std::string> tags;                         // of all spans, each once, sorted
  Totals totals;
  Position position;  // of the earliest span: traces are listed by it
};
struct TracePage {
  std::vector<TraceSummary> traces;
  std::optional<Position> next;
};
// Of one trace's spans (at least one), sorted by start. Pure.
TraceSummary summarise(const std::vector<StoredSpan>& spans);

// Spans that share a session id or an end user's id.
enum class GroupBy { kSession, kUser };
struct Group {
  std::string key;
  std::string user_id;    // sessions: the newest span's
  Timestamp first, last;  // earliest and latest start
  int64_t trace_count = 0, session_count = 0;
  Totals totals;
  Position position;  // of the newest span: groups are listed by it
};
struct GroupPage {
  std::vector<Group> groups;
  std::optional<Position> next;
};

struct SpanStoreStats {
  uint64_t spans = 0;     // stored now, deleted ones not counted
  uint64_t segments = 0;  // sealed files
  uint64_t disk_bytes = 0;
  uint64_t queued_spans = 0, queued_bytes = 0;         // accepted and not yet on disk
  uint64_t appended = 0, duplicates = 0, refused = 0;  // since start; refused: queue full or disk failing
  uint64_t commits = 0;
  int64_t seal_lag_ms = 0;  // age of the oldest segment that waits to be sealed; 0 = none waits
  // Spans that no word index holds: searches read them. They are indexed when they are sealed.
  uint64_t unindexed_spans = 0;
  int64_t index_lag_ms = 0;  // how long the oldest spans that could be indexed have waited for it; 0 = none waits
  // Segments that cannot be read, in whole or in part: lists go on without what is in there.
  uint64_t unreadable_segments = 0;
  std::string unreadable;  // one of them, and what is wrong with it
};

// Thread-safe. Reads block (disk) and belong on a worker pool; append() does not block. The destructor waits until
// everything accepted is on disk and called back.
class SpanStore {
 public:
  virtual ~SpanStore() = default;

  // Queues spans and returns at once. `done` is called exactly once, on the store's writer thread and soon after the
  // spans are durable (it must be quick and must not throw); it gives one Appended for each span, in order. All or
  // nothing. Visible to reads started after `done` (other engines: within 1 s).
  // Trace ids left "": a child takes its parent's trace when the parent is stored, or earlier in this append; a child
  // of an unknown parent gets "tr_" + the parent's 16 hex digits; a span without a parent "tr_" + its own. Errors:
  // kUnavailable when the queue is full (limits below; retry_after set) or the disk fails (nothing was stored).
  virtual void append(std::vector<NewSpan> spans, AppendCallback done) = 0;

  virtual Result<SpanPage> list(const std::string& project_id, const SpanFilter& filter,
                                const ListOptions& options) = 0;

  // With payloads. trace_id "" = the newest span of that id in any trace. nullopt: there is none.
  virtual Result<std::optional<StoredSpan>> get(const std::string& project_id, const std::string& span_id,
                                                const std::string& trace_id) = 0;

  // Durable on return. False: there was none. A deleted span's key may not be written again (it stays a duplicate).
  virtual Result<bool> remove(const std::string& project_id, const std::string& span_id,
                              const std::string& trace_id) = 0;

  // Removes many spans, as reads of this store answered them; durable on return. Returns how many of them were there.
  // This one asks remove() for each; engines do it in one step.
  virtual Result<uint64_t> remove_all(const std::string& project_id, const std::vector<StoredSpan>& spans);

  // The spans of one trace by start, at most `limit` of them, without payloads but with `error`. Empty: no such trace.
  virtual Result<std::vector<StoredSpan>> trace(const std::string& project_id, const std::string& trace_id,
                                                size_t limit) = 0;

  // Traces of which at least one span matches, most recently started first. Only `after`, `limit` and the budget are
  // read.
  virtual Result<TracePage> traces(const std::string& project_id, const SpanFilter& filter,
                                   const ListOptions& options) = 0;

  // Sessions or end users, most recently active first; totals over the spans that match.
  virtual Result<GroupPage> groups(const std::string& project_id, GroupBy by, const SpanFilter& filter,
                                   const ListOptions& options) = 0;

  // Measures of the spans that match, by group and time bucket. What was summed up beforehand is read, the rest within
  // the query's budget. `scores` are averaged where their spans belong; those of spans that are not there, or do not
  // match, are left out. Errors: kInvalidRequest for a query that is none.
  virtual Result<AnalyticsResult> analytics(const std::string& project_id, const AnalyticsQuery& query,
                                            const std::vector<SpanScore>& scores) = 0;

  // Summaries received after `stamp`, oldest first, for readers of a live tail that come back. What was received more
  // than an hour ago may be left out.
  virtual Result<std::vector<StoredSpan>> received_after(const std::string& project_id, Timestamp stamp,
                                                         size_t limit) = 0;

  // Calls `listener` on the writer thread with each span stored from now on (all projects: `project_id` is the first
  // argument), after it is durable; it must be quick. Dropping the returned handle ends it; a call may then still be
  // under way, unless the handle was dropped on the writer thread.
  using Listener = std::function<void(const std::string& project_id, const std::shared_ptr<const StoredSpan>& span)>;
  virtual std::shared_ptr<void> listen(Listener listener) = 0;

  // Drops segments of which every span started before `before` or was removed. Returns how many spans went that had
  // not been removed. A removed span whose segment went may be written again.
  virtual Result<uint64_t> drop_before(Timestamp before) = 0;

  virtual SpanStoreStats stats() const = 0;
  virtual Status health() const = 0;  // the reason why appends fail now, if they do
};

// Bounds of append's queue.
inline constexpr size_t kAppendQueueSpansMax = 100'000;
inline constexpr size_t kAppendQueueBytesMax = 256u << 20;

}  // namespace tracia::store
