#include "tracia/prompt/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tracia::prompt {
namespace {

Experiment two_variants(std::optional<Metric> primary = {}) {
  return {.id = "exp_1",
          .variants = {{.key = "control", .version = 1}, {.key = "b", .version = 2}},
          .primary_metric = primary};
}

llm::Decimal dollars(double amount) { return llm::Decimal::from_units(static_cast<llm::Int128>(amount * 1e18)); }

// `units` of each variant, one run each; costs spread evenly around the variant's mean, by a fifth to either side.
Tally evenly(int units, double control_cost, double variant_cost) {
  Tally tally(2);
  for (int i = 0; i < units; ++i) {
    const double spread = 0.8 + 0.4 * i / (units - 1);
    const std::string control = "c" + std::to_string(i), variant = "v" + std::to_string(i);
    tally.add(0, {.unit_kind = "user", .unit = control, .latency_ms = 100, .cost = dollars(control_cost * spread)});
    tally.add(1, {.unit_kind = "user", .unit = variant, .latency_ms = 100, .cost = dollars(variant_cost * spread)});
  }
  return tally;
}

const Comparison& comparison(const Report& report, Metric metric) {
  return report.variants[1].comparisons[static_cast<size_t>(metric)];
}

TEST(Statistics, FiguresAreOverRuns) {
  Tally tally(2);
  tally.add(0, {.unit_kind = "user", .unit = "u", .latency_ms = 10, .tokens = 5, .cost = dollars(0.5), .quality = 4});
  tally.add(0, {.unit_kind = "user", .unit = "u", .latency_ms = 30, .tokens = 7, .cost = dollars(0.25)});
  tally.add(0, {.unit_kind = "session", .unit = "u", .error = true, .latency_ms = 9999});
  const Report out = report(two_variants(), tally);
  const VariantReport& control = out.variants[0];
  EXPECT_EQ(control.units, 2);  // the user "u" is not the session "u"
  EXPECT_EQ(control.runs, 3);
  EXPECT_EQ(control.errors, 1);
  EXPECT_DOUBLE_EQ(*control.error_rate, 1.0 / 3);
  EXPECT_EQ(control.latency_ms_p50, 10);
  EXPECT_EQ(control.latency_ms_p95, 30);
  EXPECT_EQ(control.tokens, 12);
  EXPECT_EQ(control.cost.to_string(), "0.75");
  EXPECT_EQ(control.priced_runs, 2);
  EXPECT_DOUBLE_EQ(*control.cost_mean, 0.375);
  EXPECT_DOUBLE_EQ(*control.quality_mean, 4);
  EXPECT_EQ(control.evaluated_runs, 1);
  EXPECT_DOUBLE_EQ(control.expected_share, 0.5);
  EXPECT_FALSE(out.variants[1].latency_ms_p50);
  EXPECT_EQ(out.verdict, Verdict::kCollecting);
  EXPECT_EQ(out.text, "Not enough data yet: every variant needs at least 50 users, sessions or traces.");
}

TEST(Statistics, ACheaperVariantIsSaidToBeCheaper) {
  const Report out = report(two_variants(Metric::kCost), evenly(500, 0.010, 0.008));
  const Comparison& cost = comparison(out, Metric::kCost);
  EXPECT_EQ(cost.finding, Finding::kBetter);
  EXPECT_NEAR(cost.difference->estimate, -0.20, 1e-9);
  EXPECT_LT(cost.difference->low, -0.20);
  EXPECT_GT(cost.difference->high, -0.20);
  EXPECT_LT(cost.difference->high, -0.15);
  EXPECT_EQ(out.verdict, Verdict::kWinner);
  EXPECT_EQ(out.winner, "b");
  EXPECT_EQ(
      out.text,
      "Variant b is cheaper by 18 % to 22 %; latency: no difference shown (0 % to 0 %); error rate: no difference "
      "shown (-1 to 1 percentage points); tokens, quality: not enough data yet.");
}

TEST(Statistics, TheControlWinsWhenTheOtherIsWorse) {
  const Report out = report(two_variants(), evenly(500, 0.008, 0.010));
  EXPECT_EQ(comparison(out, Metric::kCost).finding, Finding::kWorse);
  EXPECT_EQ(out.winner, "control");
  EXPECT_NE(out.text.find("Variant b is dearer by "), std::string::npos) << out.text;
}

TEST(Statistics, APrimaryMetricHasTheRiskForItselfAndDecides) {
  const Report with = report(two_variants(Metric::kQuality), evenly(500, 0.010, 0.008));
  EXPECT_DOUBLE_EQ(comparison(with, Metric::kQuality).alpha, 0.05);
  EXPECT_DOUBLE_EQ(comparison(with, Metric::kCost).alpha, 0.05 / 4);
  EXPECT_EQ(with.verdict, Verdict::kInconclusive);  // cheaper, but quality was to decide
  const Report without = report(two_variants(), evenly(500, 0.010, 0.008));
  EXPECT_DOUBLE_EQ(comparison(without, Metric::kCost).alpha, 0.05 / 5);
  EXPECT_EQ(without.winner, "b");
}

TEST(Statistics, BetterInOneAndWorseInAnotherIsNoWinnerUnlessOneMetricDecides) {
  Tally tally(2);
  for (int i = 0; i < 400; ++i) {
    const std::string control = "c" + std::to_string(i), variant = "v" + std::to_string(i);
    tally.add(0, {.unit_kind = "user", .unit = control, .cost = dollars(0.01 + 1e-5 * i), .quality = 4 + i % 2});
    tally.add(1, {.unit_kind = "user", .unit = variant, .cost = dollars(0.005 + 1e-5 * i), .quality = 2 + i % 2});
  }
  const Report out = report(two_variants(), tally);
  EXPECT_EQ(comparison(out, Metric::kCost).finding, Finding::kBetter);
  EXPECT_EQ(comparison(out, Metric::kQuality).finding, Finding::kWorse);
  EXPECT_EQ(out.verdict, Verdict::kInconclusive);
  EXPECT_EQ(report(two_variants(Metric::kQuality), tally).winner, "control");
  EXPECT_EQ(report(two_variants(Metric::kCost), tally).winner, "b");
}

TEST(Statistics, ABusyUserCountsOnce) {
  Tally once(2), often(2);
  for (int i = 0; i < 100; ++i) {
    const std::string control = "c" + std::to_string(i), variant = "v" + std::to_string(i);
    for (int n = 0; n < 50; ++n) {
      const Observation left{.unit_kind = "user", .unit = control, .cost = dollars(0.01 + 1e-4 * i)};
      const Observation right{.unit_kind = "user", .unit = variant, .cost = dollars(0.011 + 1e-4 * i)};
      if (n == 0) once.add(0, left), once.add(1, right);
      often.add(0, left), often.add(1, right);
    }
  }
  const Report few = report(two_variants(), once), many = report(two_variants(), often);
  const Interval a = *comparison(few, Metric::kCost).difference, b = *comparison(many, Metric::kCost).difference;
  EXPECT_NEAR(a.low, b.low, 1e-9);
  EXPECT_NEAR(a.high, b.high, 1e-9);
  EXPECT_EQ(many.variants[0].runs, 5000);
}

TEST(Statistics, UnitsOfTwoVariantsAreLeftOutAndCounted) {
  Tally tally = evenly(100, 0.01, 0.01);
  tally.add(0, {.unit_kind = "user", .unit = "v0", .cost = dollars(500)});
  const Report out = report(two_variants(), tally);
  EXPECT_EQ(out.crossed_units, 1);
  EXPECT_EQ(out.variants[0].units, 100);
  EXPECT_EQ(out.variants[1].units, 99);
  EXPECT_EQ(comparison(out, Metric::kCost).finding, Finding::kNoDifference);
}

TEST(Statistics, ErrorsThatWereNotSeenYetAreNotShownToBeAbsent) {
  Tally tally(2);
  for (int i = 0; i < 60; ++i) {
    tally.add(0, {.unit_kind = "user", .unit = "c" + std::to_string(i), .error = i < 2});
    tally.add(1, {.unit_kind = "user", .unit = "v" + std::to_string(i)});
  }
  const Report out = report(two_variants(Metric::kErrorRate), tally);
  const Comparison& errors = comparison(out, Metric::kErrorRate);
  EXPECT_EQ(errors.finding, Finding::kNoDifference);
  EXPECT_LT(errors.difference->low, -0.05);
  EXPECT_GT(errors.difference->high, 0.02);
}

TEST(Statistics, FailedRunsAreNeitherFastNorShort) {
  Tally tally(2);
  for (int i = 0; i < 60; ++i) {
    const std::string control = "c" + std::to_string(i), variant = "v" + std::to_string(i);
    tally.add(0, {.unit_kind = "user", .unit = control, .latency_ms = 900 + i, .tokens = 100});
    tally.add(1, {.unit_kind = "user", .unit = variant, .latency_ms = 900 + i, .tokens = 100});
    tally.add(1, {.unit_kind = "user", .unit = variant, .error = true, .latency_ms = 1, .tokens = 1});
  }
  const Report out = report(two_variants(), tally);
  EXPECT_EQ(comparison(out, Metric::kLatency).finding, Finding::kNoDifference);
  EXPECT_EQ(comparison(out, Metric::kTokens).finding, Finding::kNoDifference);
  EXPECT_EQ(comparison(out, Metric::kErrorRate).finding, Finding::kWorse);
}

TEST(Statistics, MetricsWithoutAMeanAboveZeroAreNotCompared) {
  const Report out = report(two_variants(), evenly(100, 0, 0));
  EXPECT_EQ(comparison(out, Metric::kCost).finding, Finding::kNotEnough);
}

TEST(Statistics, AllVariantsAreComparedWithTheControl) {
  Experiment three = two_variants();
  three.variants.push_back({.key = "c", .version = 3});
  Tally tally(3);
  for (int i = 0; i < 300; ++i) {
    for (size_t variant = 0; variant < 3; ++variant) {
      const std::string unit = std::to_string(variant) + "-" + std::to_string(i);
      const double cost = (variant == 2 ? 0.005 : 0.010) + 1e-5 * i;
      tally.add(variant, {.unit_kind = "user", .unit = unit, .cost = dollars(cost)});
    }
  }
  const Report out = report(three, tally);
  EXPECT_TRUE(out.variants[0].comparisons.empty());
  EXPECT_DOUBLE_EQ(out.variants[1].comparisons[0].alpha, 0.05 / 10);
  EXPECT_EQ(out.variants[1].comparisons[0].finding, Finding::kNoDifference);
  EXPECT_EQ(out.variants[2].comparisons[0].finding, Finding::kBetter);
  EXPECT_EQ(out.winner, "c");
}

TEST(Statistics, UnitsInOtherSharesThanTheWeightsCondemnTheResult) {
  EXPECT_FALSE(sample_ratio({0, 0}, {0.5, 0.5}).mismatch);
  EXPECT_FALSE(sample_ratio({5030, 4970}, {0.5, 0.5}).mismatch);
  EXPECT_FALSE(sample_ratio({9050, 950}, {0.9, 0.1}).mismatch);
  EXPECT_TRUE(sample_ratio({5300, 4700}, {0.5, 0.5}).mismatch);
  EXPECT_TRUE(sample_ratio({100, 0}, {0.5, 0.5}).mismatch);
  Tally tally = evenly(200, 0.010, 0.008);
  for (int i = 0; i < 200; ++i) tally.add(0, {.unit_kind = "user", .unit = "more" + std::to_string(i)});
  const Report out = report(two_variants(), tally);
  EXPECT_EQ(out.verdict, Verdict::kMismatch);
  EXPECT_EQ(out.winner, "");
  EXPECT_NE(out.text.find("Do not trust"), std::string::npos);
}

TEST(Statistics, TheBoundaryIsThePapersWithRhoTunedForAThousandUnits) {
  const auto direct = [](double t, double rho2, double sigma2, double alpha) {
    return std::sqrt(sigma2) *
           std::sqrt(2 * (t * rho2 + 1) / (t * t * rho2) * std::log(std::sqrt(t * rho2 + 1) / alpha));
  };
  double root = 8;  // of log(x + 1) - 2 log alpha = x
  for (int i = 0; i < 100; ++i) root = std::log(root + 1) - 2 * std::log(0.05);
  for (const double t : {100.0, 1000.0, 50'000.0}) {
    EXPECT_NEAR(half_width(t, 4.0 / t, 0.05), direct(t, root / 1000, 4.0, 0.05), 1e-12);
  }
  // In standard errors: 3 at its best, hardly more for ten times the units.
  EXPECT_NEAR(half_width(1000, 1, 0.05), 3.03, 0.01);
  EXPECT_NEAR(half_width(10'000, 1, 0.05), 3.24, 0.01);
  for (const double t : {500.0, 2000.0}) EXPECT_GT(half_width(t, 1, 0.05), half_width(1000, 1, 0.05));
}

}  // namespace
}  // namespace tracia::prompt
