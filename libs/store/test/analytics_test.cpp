#include "tracia/store/analytics.h"

#include <gtest/gtest.h>

#include <limits>

namespace tracia::store {
namespace {

constexpr int64_t kHourUs = 3'600'000'000;

StoredSpan span_at(int64_t start_us, const std::string& model = "gpt-4o") {
  StoredSpan span;
  span.span.start_time = Timestamp{start_us};
  span.span.model = model;
  span.span.latency_ms = 100;
  span.cost = llm::Decimal::parse("0.5");
  span.cost_status = llm::CostStatus::kExact;
  return span;
}

std::vector<std::string> keys_and_counts(const AnalyticsResult& result) {
  std::vector<std::string> rows;
  for (const auto& row : result.rows) {
    std::string text = row.bucket ? std::to_string(row.bucket->micros / kHourUs) + "h " : "";
    for (const auto& key : row.keys) text += key + " ";
    if (row.rest) text += "(rest) ";
    rows.push_back(text + std::to_string(row.measures.totals.span_count));
  }
  return rows;
}
using Rows = std::vector<std::string>;

TEST(BucketBegin, IsTheLocalBegin) {
  const Timestamp noon{12 * kHourUs + 5};
  EXPECT_EQ(bucket_begin(noon, TimeBucket::kHour, 0).micros, 12 * kHourUs);
  EXPECT_EQ(bucket_begin(noon, TimeBucket::kMinute, 0).micros, 12 * kHourUs);
  EXPECT_EQ(bucket_begin(noon, TimeBucket::kDay, 0).micros, 0);
  EXPECT_EQ(bucket_begin(noon, TimeBucket::kDay, 330).micros, -330 * kHourUs / 60);
  EXPECT_EQ(bucket_begin(noon, TimeBucket::kDay, -13 * 60).micros, -11 * kHourUs);
  EXPECT_EQ(bucket_begin({-1}, TimeBucket::kHour, 0).micros, -kHourUs);
  EXPECT_EQ(bucket_begin(noon, TimeBucket::kNone, 90), noon);
  EXPECT_EQ(bucket_begin({std::numeric_limits<int64_t>::min()}, TimeBucket::kDay, 1439).micros,
            std::numeric_limits<int64_t>::min());
}

TEST(AnalyticsBuilder, WithoutSpansThereAreNoRows) {
  AnalyticsBuilder builder({});
  const auto result = builder.finish();
  EXPECT_TRUE(result.rows.empty());
  EXPECT_EQ(result.total.totals.span_count, 0);
}

TEST(AnalyticsBuilder, RowsGoByBucketAndThenByTheSizeOfTheGroup) {
  AnalyticsBuilder builder({.group_by = {Dimension::kModel}, .bucket = TimeBucket::kHour});
  builder.add(span_at(kHourUs, "rare"));
  builder.add(span_at(kHourUs + 1, "often"));
  builder.add(span_at(2 * kHourUs, "often"));
  builder.add(span_at(2 * kHourUs, "a"));
  EXPECT_EQ(keys_and_counts(builder.finish()), (Rows{"1h often 1", "1h rare 1", "2h often 1", "2h a 1"}));
}

TEST(AnalyticsBuilder, TheLargestGroupsStayTheOthersAreSummedUp) {
  AnalyticsBuilder builder({.group_by = {Dimension::kModel}, .groups_max = 1});
  for (const char* model : {"a", "b", "b", "c"}) builder.add(span_at(0, model));
  const auto result = builder.finish();
  EXPECT_EQ(keys_and_counts(result), (Rows{"b 2", "(rest) 2"}));
  EXPECT_EQ(result.groups_rest, 2u);
  EXPECT_EQ(result.total.totals.span_count, 4);
  EXPECT_EQ(result.rows[1].measures.totals.cost.to_string(), "1");
}

TEST(AnalyticsBuilder, ASpanCountsOnceForEachOfItsTagsAndOnceInTheTotal) {
  AnalyticsBuilder builder({.group_by = {Dimension::kTag}});
  StoredSpan tagged = span_at(0);
  tagged.span.tags = {"x", "y", "x"};
  builder.add(tagged);
  builder.add(tagged, {.name = "quality", .value = 0.5});
  builder.add(span_at(0));
  const auto result = builder.finish();
  EXPECT_EQ(keys_and_counts(result), (Rows{" 1", "x 1", "y 1"}));
  EXPECT_EQ(result.total.totals.span_count, 2);
  EXPECT_EQ(result.total.scores.at("quality").count, 1);
  EXPECT_EQ(result.rows[1].measures.scores.at("quality").sum, 0.5);
}

TEST(AnalyticsBuilder, PromptsAreTheirIdsElseTheSlugThatWasGiven) {
  AnalyticsBuilder builder({.group_by = {Dimension::kPrompt, Dimension::kVersion, Dimension::kStatus}});
  StoredSpan known = span_at(0);
  known.prompt_id = "prm_1";
  known.span.prompt_slug = "old-name";
  known.span.prompt_version = 12;
  builder.add(known);
  StoredSpan unknown = span_at(0);
  unknown.span.prompt_slug = "mine";
  unknown.span.status = span::SpanStatus::kError;
  builder.add(unknown);
  builder.add(span_at(0));
  EXPECT_EQ(keys_and_counts(builder.finish()), (Rows{"  SUCCESS 1", "/mine  ERROR 1", "prm_1 12 SUCCESS 1"}));
}

TEST(AnalyticsBuilder, TooManyGroupsAreCountedInTheRest) {
  AnalyticsBuilder builder({.group_by = {Dimension::kModel}, .groups_max = 10});
  const auto spans = static_cast<int64_t>(kAnalyticsCellsMax) + 100;
  for (int64_t i = 0; i < spans; ++i) builder.add(span_at(0, std::to_string(i)));
  const auto result = builder.finish();
  ASSERT_EQ(result.rows.size(), 11u);
  EXPECT_TRUE(result.rows.back().rest);
  EXPECT_EQ(result.rows.back().measures.totals.span_count, spans - 10);
  EXPECT_GT(result.groups_rest, kAnalyticsCellsMax - 10);
}

}  // namespace
}  // namespace tracia::store
