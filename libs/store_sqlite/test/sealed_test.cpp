#include "sealed.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "bloom.h"
#include "db.h"
#include "postings.h"
#include "random_spans.h"
#include "sealed_fixture.h"

namespace tracia::store_sqlite {
namespace {

using store::GroupBy;
using store::Position;
using store::SpanFilter;
using store::StoredSpan;
using testing::build_sealed;
using testing::drain;
using testing::dump;
using testing::InProject;
using testing::position_of;
using testing::SpanSource;

constexpr const char* kProjects[] = {"prj_a", "prj_b", "prj_c"};

// Some thousand random spans of three projects, in one file; and the same spans in memory, to compare with.
class Sealed : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const uint32_t seed = std::random_device{}();
    std::cout << "seed " << seed << "\n";
    source_ = new SpanSource(seed);
    folder_ = new TempDir;
    spans_ = new std::vector<InProject>;
    for (int i = 0; i < 1500; ++i) spans_->push_back({kProjects[source_->below(2)], source_->next()});
    spans_->push_back({kProjects[2], source_->next()});
    testing::sort_for_list(*spans_);
    const Status built = build_sealed(file(), *spans_);
    ASSERT_TRUE(built) << built.error().message;
  }
  static void TearDownTestSuite() {
    delete source_;
    delete folder_;
    delete spans_;
  }
  static std::filesystem::path file() { return *folder_ / "000007.sealed.db"; }

  void SetUp() override {
    auto opened = open_sealed(file(), std::make_shared<ReaderPool>());
    ASSERT_TRUE(opened) << opened.error().message;
    segment_ = *opened;
    ASSERT_TRUE(load_filter(*segment_));
  }

  static std::vector<const StoredSpan*> expected(const std::string& project, const SpanFilter& filter,
                                                 const std::optional<Position>& after = std::nullopt);
  void check_list(const SpanFilter& filter, const std::optional<Position>& after = std::nullopt);

  static SpanSource* source_;
  static TempDir* folder_;
  static std::vector<InProject>* spans_;
  std::shared_ptr<const Segment> segment_;
};
SpanSource* Sealed::source_;
TempDir* Sealed::folder_;
std::vector<InProject>* Sealed::spans_;

// The filter's rules once more, said another way than the product says them.
bool wanted(const SpanFilter& filter, const StoredSpan& stored) {
  const span::Span& span = stored.span;
  const auto is = [](const auto& want, const auto& value) { return !want || *want == value; };
  const auto total = span.usage.total_tokens ? span.usage.total_tokens
                     : span.usage.input_tokens || span.usage.output_tokens
                         ? std::optional(span.usage.input_tokens.value_or(0) + span.usage.output_tokens.value_or(0))
                         : std::nullopt;
  const std::set<std::string> tags(span.tags.begin(), span.tags.end());
  const bool unknown_prompt = stored.prompt_id.empty();
  return (!filter.start_from || stored.start() >= *filter.start_from) &&
         (!filter.start_before || stored.start() < *filter.start_before) && is(filter.prompt_id, stored.prompt_id) &&
         (!filter.prompt_slug || (unknown_prompt && *filter.prompt_slug == span.prompt_slug)) &&
         is(filter.status, span.status) && is(filter.kind, span.kind) && is(filter.cost_status, stored.cost_status) &&
         is(filter.trace_id, span.trace_id) && is(filter.parent_span_id, span.parent_span_id) &&
         is(filter.user_id, span.user_id) && is(filter.session_id, span.session_id) && is(filter.label, span.label) &&
         is(filter.experiment_id, span.experiment_id) && is(filter.variant, span.variant) &&
         is(filter.name, span.name) && (!filter.model || ascii_lower(*filter.model) == ascii_lower(span.model)) &&
         (!filter.provider || ascii_lower(*filter.provider) == ascii_lower(span.provider)) &&
         is(filter.finish_reason, span.finish_reason) &&
         (!filter.prompt_version || filter.prompt_version == span.prompt_version) &&
         std::all_of(filter.tags.begin(), filter.tags.end(), [&](const auto& tag) { return tags.contains(tag); }) &&
         (!filter.min_cost || (stored.cost && *stored.cost >= *filter.min_cost)) &&
         (!filter.max_cost || (stored.cost && *stored.cost <= *filter.max_cost)) &&
         (!filter.min_latency_ms || span.latency_ms >= *filter.min_latency_ms) &&
         (!filter.max_latency_ms || span.latency_ms <= *filter.max_latency_ms) &&
         (!filter.min_total_tokens || (total && *total >= *filter.min_total_tokens)) &&
         (!filter.max_total_tokens || (total && *total <= *filter.max_total_tokens));
}

std::vector<const StoredSpan*> Sealed::expected(const std::string& project, const SpanFilter& filter,
                                                const std::optional<Position>& after) {
  std::vector<const StoredSpan*> found;
  for (const InProject& entry : *spans_) {
    if (entry.project != project || (after && position_of(entry.span) >= *after)) continue;
    if (wanted(filter, entry.span)) found.push_back(&entry.span);
  }
  return found;
}

std::string label_of(const StoredSpan& span) { return span.span.span_id + " " + std::to_string(span.received.micros); }
std::vector<std::string> ids(const std::vector<StoredSpan>& spans) {
  std::vector<std::string> all;
  for (const StoredSpan& span : spans) all.push_back(label_of(span));
  return all;
}
std::vector<std::string> ids(const std::vector<const StoredSpan*>& spans) {
  std::vector<std::string> all;
  for (const StoredSpan* span : spans) all.push_back(label_of(*span));
  return all;
}

void Sealed::check_list(const SpanFilter& filter, const std::optional<Position>& after) {
  for (const char* project : kProjects) {
    auto cursor = segment_->query(project, filter, after);
    ASSERT_TRUE(cursor) << cursor.error().message;
    ASSERT_EQ(ids(drain(**cursor, Load::kSummary)), ids(expected(project, filter, after)));
    EXPECT_FALSE((*cursor)->next().value()) << "the end stays the end";
  }
}

TEST_F(Sealed, TellsAboutItself) {
  const SegmentInfo info = segment_->info();
  EXPECT_EQ(info.number, 7u);
  EXPECT_EQ(info.spans, spans_->size());
  EXPECT_EQ(info.bytes, std::filesystem::file_size(file()));
  for (const InProject& entry : *spans_) {
    EXPECT_LE(info.min_start, entry.span.start());
    EXPECT_GE(info.max_start, entry.span.start());
    EXPECT_LE(info.min_received, entry.span.received);
    EXPECT_GE(info.max_received, entry.span.received);
  }
}

TEST_F(Sealed, GivesBackEverySpanWhole) {
  for (const char* project : kProjects) {
    auto cursor = segment_->query(project, {}, std::nullopt);
    ASSERT_TRUE(cursor);
    std::vector<std::string> got, want;
    for (const StoredSpan& span : drain(**cursor, Load::kAll)) got.push_back(dump(span));
    for (const InProject& entry : *spans_) {
      if (entry.project == project) want.push_back(dump(entry.span));
    }
    ASSERT_EQ(got, want);
  }
}

TEST_F(Sealed, EachFilterFindsWhatALookAtEverySpanFinds) {
  std::vector<SpanFilter> filters(1);
  const auto each = [&](auto SpanFilter::* member, auto... values) {
    (static_cast<void>(filters.emplace_back().*member = values), ...);
  };
  const Timestamp middle{1'700'000'025'000'000};
  each(&SpanFilter::start_from, middle, Timestamp{0}, Timestamp{INT64_MAX});
  each(&SpanFilter::start_before, middle, Timestamp{0}, Timestamp{INT64_MAX});
  each(&SpanFilter::prompt_id, "prm_greet", "prm_other", "");
  each(&SpanFilter::prompt_slug, "greet", "sort-mail", "");
  each(&SpanFilter::status, span::SpanStatus::kError, span::SpanStatus::kSuccess);
  for (int kind = 0; kind < 8; ++kind) each(&SpanFilter::kind, static_cast<span::Kind>(kind));
  for (int status = 0; status < 3; ++status) each(&SpanFilter::cost_status, static_cast<llm::CostStatus>(status));
  for (size_t i = 0; i < 8; ++i) {
    const span::Span& any = (*spans_)[source_->below(spans_->size())].span.span;
    each(&SpanFilter::trace_id, any.trace_id);
    each(&SpanFilter::parent_span_id, any.parent_span_id);
    each(&SpanFilter::session_id, any.session_id);
    each(&SpanFilter::user_id, any.user_id);
    filters.emplace_back().tags = any.tags;
  }
  each(&SpanFilter::trace_id, "tr_none", "");
  each(&SpanFilter::label, "production", "staging", "Production", "");
  each(&SpanFilter::experiment_id, "exp_1");
  each(&SpanFilter::variant, "control", "nothing");
  each(&SpanFilter::name, "plan", std::string(300, 'n'), std::string(299, 'n'), "");
  each(&SpanFilter::model, "gpt-4o", "GPT-4O", "gpt", "");
  each(&SpanFilter::provider, "OpenAI");
  each(&SpanFilter::finish_reason, "stop", "length");
  each(&SpanFilter::prompt_version, 1, 3, 4);
  const auto cost = [](int64_t n) { return llm::Decimal::from_units(llm::Int128{n} * 1'000'000'000'007); };
  each(&SpanFilter::min_cost, cost(500'000), cost(999'000), cost(2'000'000), llm::Decimal());
  each(&SpanFilter::max_cost, cost(500'000), cost(1'000), llm::Decimal());
  each(&SpanFilter::min_latency_ms, 500, 60'000, 1'000'000);
  each(&SpanFilter::max_latency_ms, 500, 1, -1);
  each(&SpanFilter::min_total_tokens, 2'000, 5'490, 10'000);
  each(&SpanFilter::max_total_tokens, 2'000, 0);
  for (const SpanFilter& filter : filters) check_list(filter);
}

TEST_F(Sealed, FiltersCombine) {
  for (int round = 0; round < 60; ++round) {
    const StoredSpan& some = (*spans_)[source_->below(spans_->size())].span;
    SpanFilter filter;
    if (source_->chance(40)) filter.kind = some.span.kind;
    if (source_->chance(40)) filter.model = some.span.model;
    if (source_->chance(30)) filter.session_id = some.span.session_id;
    if (source_->chance(30)) filter.user_id = some.span.user_id;
    if (source_->chance(30)) filter.label = some.span.label;
    if (source_->chance(30)) filter.status = some.span.status;
    if (source_->chance(20)) filter.tags = some.span.tags;
    if (source_->chance(20)) filter.min_latency_ms = some.span.latency_ms;
    if (source_->chance(20)) filter.min_cost = some.cost;
    if (source_->chance(20)) filter.start_from = some.start();
    if (source_->chance(20)) filter.start_before = Timestamp{some.start().micros + 10'000'000};
    const StoredSpan& other = (*spans_)[source_->below(spans_->size())].span;
    check_list(filter, source_->chance(50) ? std::optional(position_of(other)) : std::nullopt);
  }
}

TEST_F(Sealed, ListsGoOnAfterAnyPosition) {
  for (int round = 0; round < 20; ++round) {
    check_list({}, position_of((*spans_)[source_->below(spans_->size())].span));
  }
  check_list({}, Position{});
  check_list({}, Position{.start_us = INT64_MAX, .received_us = INT64_MAX});
}

TEST_F(Sealed, FindsASpanByItsId) {
  for (int round = 0; round < 100; ++round) {
    const InProject& entry = (*spans_)[source_->below(spans_->size())];
    const span::Span& span = entry.span.span;
    for (const std::string& trace : {span.trace_id, std::string()}) {
      const auto found = segment_->find(entry.project, span.span_id, trace, Load::kAll);
      ASSERT_TRUE(found) << found.error().message;
      ASSERT_TRUE(*found);
      EXPECT_EQ(dump(**found), dump(entry.span));
    }
    EXPECT_FALSE(segment_->find(entry.project, span.span_id, "tr_elsewhere", Load::kAll).value());
    EXPECT_FALSE(segment_->find("prj_none", span.span_id, "", Load::kAll).value());
    EXPECT_FALSE(segment_->find(entry.project, "sp_" + source_->hex(16), "", Load::kAll).value());
  }
}

TEST_F(Sealed, TracesComeByStartWithTheirErrors) {
  for (int round = 0; round < 50; ++round) {
    const InProject& entry = (*spans_)[source_->below(spans_->size())];
    SpanFilter filter;
    filter.trace_id = entry.span.span.trace_id;
    std::vector<std::string> want;
    for (const InProject& other : *spans_) {
      if (other.project != entry.project || !wanted(filter, other.span)) continue;
      StoredSpan span = testing::without_payload(other.span);
      span.span.error = other.span.span.error;
      want.insert(want.begin(), dump(span));
    }
    for (const size_t limit : {size_t{1000}, size_t{2}}) {
      const auto trace = segment_->trace(entry.project, *filter.trace_id, limit);
      ASSERT_TRUE(trace) << trace.error().message;
      want.resize(std::min(want.size(), limit));
      std::vector<std::string> got;
      for (const StoredSpan& span : *trace) got.push_back(dump(span));
      EXPECT_EQ(got, want);
    }
  }
  EXPECT_TRUE(segment_->trace("prj_a", "tr_none", 10).value().empty());
}

TEST_F(Sealed, TellsWhatWasReceivedAfterAStamp) {
  for (const int64_t ago : {0, 1, 30, 700, 5000}) {
    const Timestamp stamp{1'700'000'100'000'000 + 1501 - ago};
    std::vector<StoredSpan> want;
    for (const InProject& entry : *spans_) {
      if (entry.project == "prj_a" && entry.span.received > stamp) want.push_back(entry.span);
    }
    std::sort(want.begin(), want.end(), [](const auto& a, const auto& b) { return a.received < b.received; });
    want.resize(std::min<size_t>(want.size(), 100));
    const auto got = segment_->received_after("prj_a", stamp, 100);
    ASSERT_TRUE(got);
    EXPECT_EQ(ids(*got), ids(want));
  }
}

TEST_F(Sealed, GroupsSumUpTheirSpans) {
  for (const GroupBy by : {GroupBy::kSession, GroupBy::kUser}) {
    auto groups = segment_->groups("prj_a", by);
    ASSERT_TRUE(groups);
    std::set<std::string> keys;
    Position last{INT64_MAX, INT64_MAX};
    while ((*groups)->next().value()) {
      const GroupPart& part = (*groups)->part();
      EXPECT_TRUE(keys.insert(part.key).second);
      EXPECT_LT(part.position, last);
      last = part.position;
      SpanFilter filter;
      (by == GroupBy::kSession ? filter.session_id : filter.user_id) = part.key;
      const std::vector<const StoredSpan*> spans = expected("prj_a", filter);
      ASSERT_FALSE(spans.empty());
      store::Totals totals;
      std::set<std::string> traces, sessions;
      for (const StoredSpan* span : spans) {
        totals.add(*span);
        traces.insert(span->span.trace_id);
        if (!span->span.session_id.empty()) sessions.insert(span->span.session_id);
      }
      EXPECT_EQ(part.position, position_of(*spans.front()));
      EXPECT_EQ(part.last, spans.front()->start());
      EXPECT_EQ(part.first, spans.back()->start());
      EXPECT_EQ(part.traces.size(), traces.size());
      EXPECT_EQ(part.sessions.size(), by == GroupBy::kUser ? sessions.size() : 0);
      EXPECT_EQ(part.user_id, by == GroupBy::kSession ? spans.front()->span.user_id : "");
      EXPECT_EQ(part.totals.span_count, totals.span_count);
      EXPECT_EQ(part.totals.error_count, totals.error_count);
      EXPECT_EQ(part.totals.cost, totals.cost);
      EXPECT_EQ(part.totals.cost_status, totals.cost_status);
      EXPECT_EQ(part.totals.usage.input_tokens, totals.usage.input_tokens);
      EXPECT_TRUE(segment_->may_have(group_key("prj_a", by, part.key)));
      const auto alone = segment_->group("prj_a", by, part.key);
      ASSERT_TRUE(alone && *alone);
      EXPECT_EQ((*alone)->position, part.position);
    }
    EXPECT_EQ(keys.size(), 16u);
    EXPECT_FALSE(segment_->group("prj_a", by, "nobody").value());
  }
  EXPECT_FALSE((*segment_->groups("prj_none", GroupBy::kUser))->next().value());
}

TEST_F(Sealed, BloomFilterKnowsItsSpansAndTraces) {
  for (const InProject& entry : *spans_) {
    EXPECT_TRUE(segment_->may_have(span_key(entry.project, entry.span.span.span_id)));
    EXPECT_TRUE(segment_->may_have(trace_key(entry.project, entry.span.span.trace_id)));
  }
  int mistakes = 0;
  for (int i = 0; i < 10'000; ++i) mistakes += segment_->may_have(span_key("prj_a", "sp_" + source_->hex(16))) ? 1 : 0;
  EXPECT_LT(mistakes, 60);
}

TEST_F(Sealed, IsWhole) {
  const Status status = check_sealed(file());
  EXPECT_TRUE(status) << status.error().message;
}

TEST_F(Sealed, ManyThreadsReadAtOnceWithFewFilesLeftOpen) {
  const auto pool = std::make_shared<ReaderPool>("", 2);
  const auto segment = open_sealed(file(), pool).value();
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = static_cast<size_t>(t); i < spans_->size(); i += 40) {
        const InProject& entry = (*spans_)[i];
        const auto found = segment->find(entry.project, entry.span.span.span_id, "", Load::kAll);
        if (!found || !*found || dump(**found) != dump(entry.span)) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(pool->idle(), 2u);
  EXPECT_GE(pool->idle(), 1u);
}

// What a sealed file's tables hold, but for the blocks' bytes.
std::string indexes_of(const std::filesystem::path& file) {
  std::string all;
  auto db = Db::open(file, OpenMode::kImmutable);
  EXPECT_TRUE(db);
  for (const char* rows :
       {"SELECT name, value FROM meta WHERE name IN ('segment', 'bloom', 'replaces')", "SELECT first, first FROM rows",
        "SELECT first, first FROM details", "SELECT first, first FROM contents", "SELECT key, list FROM postings",
        "SELECT key, data FROM groups", "SELECT key, data FROM rollups", "SELECT key, data FROM words",
        "SELECT project, data FROM word_units"}) {
    auto select = db->prepare(rows);
    EXPECT_TRUE(select) << rows;
    while (select->step().value_or(false)) {
      for (const int column : {0, 1}) {
        all += std::to_string(select->blob(column).size()) + ":";
        all += select->blob(column);
      }
    }
    all += '\n';
  }
  return all;
}

// Bytes changed anywhere give an answer or an error that names the file; what doctor lets pass has changed nothing.
TEST_F(Sealed, DamagedFilesGiveErrors) {
  TempDir folder;
  const auto damaged = folder / "000007.sealed.db";
  std::stringstream whole;
  whole << std::ifstream(file(), std::ios::binary).rdbuf();
  const std::string indexes = indexes_of(file());
  for (int round = 0; round < 30; ++round) {
    std::string bytes = whole.str();
    const size_t at = source_->below(bytes.size());
    for (size_t i = at; i < std::min(bytes.size(), at + 1 + source_->below(2000)); ++i) {
      bytes[i] = static_cast<char>(source_->below(256));
    }
    if (round % 10 == 0) bytes.resize(at);
    std::ofstream(damaged, std::ios::binary) << bytes;
    const Status status = check_sealed(damaged);
    if (!status) {
      EXPECT_NE(status.error().message.find("000007.sealed.db"), std::string::npos) << status.error().message;
    } else {
      EXPECT_TRUE(indexes_of(damaged) == indexes) << "from byte " << at;
    }
    const auto opened = open_sealed(damaged, std::make_shared<ReaderPool>());
    if (!opened) continue;
    for (size_t i = 0; i < spans_->size(); i += 50) {
      const InProject& entry = (*spans_)[i];
      (void)(*opened)->find(entry.project, entry.span.span.span_id, "", Load::kAll);
      (void)(*opened)->trace(entry.project, entry.span.span.trace_id, 100);
      (void)(*opened)->group(entry.project, GroupBy::kUser, entry.span.span.user_id);
    }
  }
}

// A group, a list or a bound that is well formed, and not the one that was written.
TEST_F(Sealed, DoctorFindsAValueThatIsAnother) {
  TempDir folder;
  for (const char* change :
       {"UPDATE groups SET data = (SELECT data FROM groups ORDER BY key DESC LIMIT 1) WHERE key = (SELECT min(key) "
        "FROM groups)",
        "UPDATE postings SET list = x'0000' WHERE key = (SELECT min(key) FROM postings WHERE list <> x'0000')",
        "DELETE FROM postings WHERE key = (SELECT max(key) FROM postings)",
        "UPDATE meta SET value = CAST(substr(value, 1, length(value) - 32) || zeroblob(32) AS BLOB) WHERE name = "
        "'bloom'",
        "UPDATE rollups SET data = (SELECT data FROM rollups ORDER BY key DESC LIMIT 1) WHERE key = (SELECT min(key) "
        "FROM rollups)",
        "UPDATE meta SET value = zeroblob(16) WHERE name = 'digest'"}) {
    const auto changed = folder / "000007.sealed.db";
    std::filesystem::copy_file(file(), changed, std::filesystem::copy_options::overwrite_existing);
    ASSERT_TRUE(check_sealed(changed));
    {
      auto db = Db::open(changed, OpenMode::kReadWrite);
      ASSERT_TRUE(db);
      ASSERT_TRUE(db->exec(change)) << change;
      ASSERT_EQ(db->integer("SELECT changes()").value_or(0), 1) << change;
    }
    const Status status = check_sealed(changed);
    ASSERT_FALSE(status) << change;
    EXPECT_NE(status.error().message.find("000007.sealed.db"), std::string::npos) << status.error().message;
  }
}

// Files of versions that wrote no digest.
TEST_F(Sealed, WithoutADigestIsWhole) {
  TempDir folder;
  std::filesystem::copy_file(file(), folder / "000007.sealed.db");
  {
    auto db = Db::open(folder / "000007.sealed.db", OpenMode::kReadWrite);
    ASSERT_TRUE(db && db->exec("DELETE FROM meta WHERE name = 'digest'"));
  }
  EXPECT_TRUE(check_sealed(folder / "000007.sealed.db"));
}

}  // namespace
}  // namespace tracia::store_sqlite
