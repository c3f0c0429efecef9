#include "tracia/ingest/nested_calls.h"

#include <gtest/gtest.h>

#include <string>

namespace tracia::ingest {
namespace {

using llm::CostStatus;
using span::Kind;

store::NewSpan make(int id, int parent, Kind kind, const std::string& model = "gpt-4o", int64_t tokens = 10) {
  const auto name = [](int n) { return "sp_000000000000000" + std::to_string(n); };
  store::NewSpan span{.project_id = "prj"};
  span.span.span_id = name(id);
  span.span.trace_id = "tr_00000000000000000000000000000001";
  if (parent > 0) span.span.parent_span_id = name(parent);
  span.span.kind = kind;
  span.span.model = model;
  span.span.latency_ms = 100 - id;
  if (tokens > 0) span.span.usage.input_tokens = tokens;
  span.cost_status = CostStatus::kExact;
  span.cost = *llm::Decimal::parse("1");
  return span;
}

const SteadyTime kNow{std::chrono::hours(1)};

bool counts(const store::NewSpan& span) { return span.cost_status != CostStatus::kIncluded; }

TEST(NestedCalls, TheInnerOfTwoSpansOfOneCallCounts) {
  NestedCalls nested;
  std::vector<store::NewSpan> spans{make(2, 1, Kind::kLlm), make(1, 0, Kind::kLlm)};
  nested.mark(spans, kNow);
  EXPECT_TRUE(counts(spans[0]));
  EXPECT_FALSE(counts(spans[1]));
  EXPECT_FALSE(spans[1].cost);
  EXPECT_EQ(spans[1].span.attributes_json, R"({"tracia.counted_in":"sp_0000000000000002"})");
}

TEST(NestedCalls, FindsTheTwinThroughChainsAndRequestsButNotThroughOtherWork) {
  for (const auto& [between, same] :
       {std::pair{Kind::kChain, true}, {Kind::kOther, true}, {Kind::kTool, false}, {Kind::kAgent, false}}) {
    NestedCalls nested;
    std::vector<store::NewSpan> spans{make(1, 0, Kind::kLlm), make(2, 1, between), make(3, 2, Kind::kLlm)};
    nested.mark(spans, kNow);
    EXPECT_EQ(counts(spans[0]), !same) << span::kind_name(between);
    EXPECT_TRUE(counts(spans[2]));
  }
}

TEST(NestedCalls, CallsOfOtherModelsAndKindsAllCount) {
  NestedCalls nested;
  std::vector<store::NewSpan> spans{make(1, 0, Kind::kLlm), make(2, 1, Kind::kLlm, "claude-3-5-haiku-latest"),
                                    make(3, 1, Kind::kEmbedding)};
  nested.mark(spans, kNow);
  for (const auto& span : spans) EXPECT_TRUE(counts(span));
}

TEST(NestedCalls, TheModelThatAnsweredIsTheOneThatWasAskedFor) {
  NestedCalls nested;
  std::vector<store::NewSpan> spans{make(1, 0, Kind::kLlm, "gpt-4o"), make(2, 1, Kind::kLlm, "gpt-4o-2024-08-06")};
  nested.mark(spans, kNow);
  EXPECT_FALSE(counts(spans[0]));
}

TEST(NestedCalls, TheOneWithTokensCountsWhenTheOtherHasNone) {
  NestedCalls nested;
  std::vector<store::NewSpan> spans{make(1, 0, Kind::kLlm), make(2, 1, Kind::kLlm, "gpt-4o", 0)};
  nested.mark(spans, kNow);
  EXPECT_TRUE(counts(spans[0]));
  EXPECT_FALSE(counts(spans[1]));
}

TEST(NestedCalls, AcrossRequestsTheLaterOneIsMarked) {
  for (const bool inner_first : {true, false}) {
    NestedCalls nested;
    std::vector<store::NewSpan> first{inner_first ? make(3, 2, Kind::kLlm) : make(1, 0, Kind::kLlm)};
    std::vector<store::NewSpan> between{make(2, 1, Kind::kChain)};
    std::vector<store::NewSpan> last{inner_first ? make(1, 0, Kind::kLlm) : make(3, 2, Kind::kLlm)};
    nested.mark(first, kNow);
    nested.mark(between, kNow);
    nested.mark(last, kNow);
    EXPECT_TRUE(counts(first[0])) << inner_first;
    EXPECT_FALSE(counts(last[0])) << inner_first;
  }
}

TEST(NestedCalls, ASpanSentAgainIsJudgedAsBefore) {
  NestedCalls nested;
  const std::vector<store::NewSpan> sent{make(2, 1, Kind::kLlm), make(1, 0, Kind::kLlm)};
  for (int i = 0; i < 2; ++i) {
    auto spans = sent;
    nested.mark(spans, kNow);
    EXPECT_TRUE(counts(spans[0]));
    EXPECT_FALSE(counts(spans[1]));
  }
}

TEST(NestedCalls, ATwinIsForgottenAfterTwiceTheTimeAtMost) {
  for (const auto [minutes, found] : {std::pair(4, true), std::pair(11, false)}) {
    NestedCalls nested;
    std::vector<store::NewSpan> inner{make(2, 1, Kind::kLlm)}, other{make(9, 0, Kind::kLlm)},
        outer{make(1, 0, Kind::kLlm)};
    nested.mark(inner, kNow);
    other[0].span.trace_id = "tr_00000000000000000000000000000009";
    nested.mark(other, kNow + std::chrono::minutes(minutes) / 2);  // so that both generations have spans
    other[0].span.span_id = "sp_0000000000000008";
    nested.mark(other, kNow + std::chrono::minutes(minutes) - std::chrono::seconds(1));
    nested.mark(outer, kNow + std::chrono::minutes(minutes));
    EXPECT_EQ(!counts(outer[0]), found) << minutes << " minutes";
  }
}

TEST(NestedCalls, ProjectsAndTracesAreKeptApart) {
  NestedCalls nested;
  std::vector<store::NewSpan> spans{make(1, 0, Kind::kLlm), make(2, 1, Kind::kLlm), make(3, 1, Kind::kLlm)};
  spans[1].project_id = "other";
  spans[2].span.trace_id = "tr_00000000000000000000000000000002";
  nested.mark(spans, kNow);
  for (const auto& span : spans) EXPECT_TRUE(counts(span));
}

TEST(NestedCalls, ACycleOfParentsEnds) {
  NestedCalls nested;
  std::vector<store::NewSpan> spans{make(1, 2, Kind::kLlm), make(2, 1, Kind::kLlm)};
  nested.mark(spans, kNow);
  EXPECT_TRUE(counts(spans[0]) || counts(spans[1]));
}

TEST(NestedCalls, TotalsLeaveOutWhatIsIncludedElsewhere) {
  NestedCalls nested;
  std::vector<store::NewSpan> spans{make(2, 1, Kind::kLlm), make(1, 0, Kind::kLlm)};
  nested.mark(spans, kNow);
  store::Totals totals;
  for (const auto& span : spans) {
    totals.add(
        store::StoredSpan{.span = span.span, .received = {}, .cost = span.cost, .cost_status = span.cost_status});
  }
  EXPECT_EQ(totals.span_count, 2);
  EXPECT_EQ(totals.cost.to_string(), "1");
  EXPECT_EQ(totals.cost_status, CostStatus::kExact);
  EXPECT_EQ(totals.usage.input_tokens, 10);
}

}  // namespace
}  // namespace tracia::ingest
