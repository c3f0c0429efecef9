#include "tracia/prompt/statistics.h"

#include <algorithm>
#include <cmath>

#include "verdict.h"

namespace tracia::prompt {
namespace {

constexpr std::string_view kFindingNames[] = {"notEnoughData", "noDifferenceShown", "better", "worse"};
constexpr std::string_view kVerdictNames[] = {"sampleRatioMismatch", "collecting", "inconclusive", "winner"};

size_t at(Metric metric) { return static_cast<size_t>(metric); }

// Mean and variance of units' means (Welford): stable when the mean is large beside the spread.
struct Moments {
  int64_t count = 0;
  double mean = 0, squares = 0;
  void add(double value) {
    const double delta = value - mean;
    mean += delta / static_cast<double>(++count);
    squares += delta * (value - mean);
  }
  double variance() const { return squares / static_cast<double>(count - 1); }
  double variance_of_mean() const { return variance() / static_cast<double>(count); }
};
using Table = std::vector<std::array<Moments, std::size(kMetrics)>>;  // by variant, then metric

Table unit_moments(const Tally& tally) {
  Table table(tally.totals().size());
  for (const auto& [key, unit] : tally.units()) {
    if (unit.crossed) continue;
    for (size_t metric = 0; metric < unit.metrics.size(); ++metric) {
      const Tally::Mean& mean = unit.metrics[metric];
      if (mean.count > 0) table[unit.variant][metric].add(mean.sum / static_cast<double>(mean.count));
    }
  }
  return table;
}

// A rare event that was not seen yet has no spread, and would look certain. So the spread of an error rate is taken as
// if each variant had one more unit that fails always and one that never does (as Agresti and Caffo do for two
// proportions, American Statistician 54, 2000); the estimate itself is left alone.
double error_rate_variance(Moments moments) {
  moments.add(0);
  moments.add(1);
  return moments.variance_of_mean();
}

// The smallest value such that `share` of the values are not above it.
std::optional<int64_t> nearest_rank(std::vector<int64_t>& values, double share) {
  if (values.empty()) return std::nullopt;
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(values.size())));
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(std::max<size_t>(rank, 1) - 1);
  std::nth_element(values.begin(), nth, values.end());
  return *nth;
}

std::optional<double> mean_of(const Tally::Mean& mean) {
  if (mean.count == 0) return std::nullopt;
  return mean.sum / static_cast<double>(mean.count);
}

Interval difference(const Moments& control, const Moments& variant, double variance, double alpha) {
  const double estimate = variant.mean - control.mean;
  const double half = half_width(static_cast<double>(control.count + variant.count), variance, alpha);
  return {estimate - half, estimate, estimate + half};
}

// Of the means, minus one; nullopt when one of them is not above zero.
std::optional<Interval> ratio(const Moments& control, const Moments& variant, double alpha) {
  if (control.mean <= 0 || variant.mean <= 0) return std::nullopt;
  const double variance = control.variance_of_mean() / (control.mean * control.mean) +
                          variant.variance_of_mean() / (variant.mean * variant.mean);
  const double estimate = std::log(variant.mean / control.mean);
  const double half = half_width(static_cast<double>(control.count + variant.count), variance, alpha);
  return Interval{std::expm1(estimate - half), std::expm1(estimate), std::expm1(estimate + half)};
}

std::optional<Interval> interval(Metric metric, const Moments& control, const Moments& variant, double alpha) {
  if (std::min(control.count, variant.count) < kUnitsPerVariantMin) return std::nullopt;
  switch (metric) {
    case Metric::kErrorRate:
      return difference(control, variant, error_rate_variance(control) + error_rate_variance(variant), alpha);
    case Metric::kQuality:
      return difference(control, variant, control.variance_of_mean() + variant.variance_of_mean(), alpha);
    case Metric::kCost:
    case Metric::kLatency:
    case Metric::kTokens: return ratio(control, variant, alpha);
  }
  return std::nullopt;
}

Finding finding_of(Metric metric, const Interval& interval) {
  if (interval.low <= 0 && interval.high >= 0) return Finding::kNoDifference;
  const bool higher = interval.low > 0;
  return higher == (metric == Metric::kQuality) ? Finding::kBetter : Finding::kWorse;
}

// Bonferroni, see the head of statistics.h.
double alpha_of(const Experiment& experiment, Metric metric) {
  const auto others = static_cast<double>(experiment.variants.size() - 1);
  const auto metrics = static_cast<double>(std::size(kMetrics));
  if (!experiment.primary_metric) return kAlpha / (metrics * others);
  return experiment.primary_metric == metric ? kAlpha / others : kAlpha / ((metrics - 1) * others);
}

std::vector<Comparison> compare(const Experiment& experiment, const Table& table, size_t variant) {
  std::vector<Comparison> comparisons;
  for (const Metric metric : kMetrics) {
    Comparison one{
        .metric = metric, .finding = Finding::kNotEnough, .alpha = alpha_of(experiment, metric), .difference = {}};
    one.difference = interval(metric, table[0][at(metric)], table[variant][at(metric)], one.alpha);
    if (one.difference) one.finding = finding_of(metric, *one.difference);
    comparisons.push_back(one);
  }
  return comparisons;
}

VariantReport figures(const Tally::Totals& totals) {
  VariantReport out;
  out.runs = totals.runs;
  out.errors = totals.errors;
  out.error_rate = mean_of(totals.metrics[at(Metric::kErrorRate)]);
  std::vector<int64_t> latencies = totals.latencies_ms;
  out.latency_ms_p50 = nearest_rank(latencies, 0.50);
  out.latency_ms_p95 = nearest_rank(latencies, 0.95);
  out.tokens = totals.tokens;
  out.cost = totals.cost;
  out.priced_runs = totals.priced_runs;
  out.cost_mean = mean_of(totals.metrics[at(Metric::kCost)]);
  out.tokens_mean = mean_of(totals.metrics[at(Metric::kTokens)]);
  out.latency_mean = mean_of(totals.metrics[at(Metric::kLatency)]);
  out.quality_mean = mean_of(totals.metrics[at(Metric::kQuality)]);
  out.evaluated_runs = totals.metrics[at(Metric::kQuality)].count;
  return out;
}

std::vector<double> expected_shares(const Experiment& experiment) {
  std::vector<double> shares;
  int64_t begin = 0;
  for (const int64_t end : bucket_ends(experiment.variants)) {
    shares.push_back(static_cast<double>(end - begin) / static_cast<double>(kBuckets));
    begin = end;
  }
  return shares;
}

// std::lgamma() writes a global variable.
double log_gamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

}  // namespace

std::string_view finding_name(Finding finding) { return kFindingNames[static_cast<size_t>(finding)]; }
std::string_view verdict_name(Verdict verdict) { return kVerdictNames[static_cast<size_t>(verdict)]; }

Tally::Tally(size_t variants) : totals_(variants) {}

void Tally::add(size_t variant, const Observation& run) {
  std::string key(run.unit_kind);
  key.push_back('\0');
  key.append(run.unit);
  const auto [found, is_new] = units_.try_emplace(std::move(key), Unit{.variant = variant, .metrics = {}});
  Unit& unit = found->second;
  unit.crossed = unit.crossed || unit.variant != variant;
  Totals& totals = totals_[variant];
  const auto put = [&](Metric metric, double value) {
    unit.metrics[at(metric)].add(value);
    totals.metrics[at(metric)].add(value);
  };
  ++totals.runs;
  totals.errors += run.error ? 1 : 0;
  put(Metric::kErrorRate, run.error ? 1 : 0);
  if (run.cost) {
    totals.cost = totals.cost + *run.cost;
    ++totals.priced_runs;
    put(Metric::kCost, run.cost->to_double());
  }
  totals.tokens += run.tokens.value_or(0);
  if (run.quality) put(Metric::kQuality, *run.quality);
  if (run.error) return;  // a call that fails at once is not fast, nor short
  put(Metric::kLatency, static_cast<double>(run.latency_ms));
  totals.latencies_ms.push_back(run.latency_ms);
  if (run.tokens) put(Metric::kTokens, static_cast<double>(*run.tokens));
}

void Tally::add(const Tally& other) {
  constexpr size_t kMetricCount = std::tuple_size_v<decltype(Unit::metrics)>;
  for (const auto& [key, theirs] : other.units_) {
    const auto [found, is_new] = units_.try_emplace(key, theirs);
    if (is_new) continue;
    Unit& ours = found->second;
    ours.crossed = ours.crossed || theirs.crossed || ours.variant != theirs.variant;
    for (size_t i = 0; i < kMetricCount; ++i) ours.metrics[i].add(theirs.metrics[i]);
  }
  for (size_t variant = 0; variant < totals_.size() && variant < other.totals_.size(); ++variant) {
    Totals& ours = totals_[variant];
    const Totals& theirs = other.totals_[variant];
    ours.runs += theirs.runs;
    ours.errors += theirs.errors;
    ours.tokens += theirs.tokens;
    ours.cost = ours.cost + theirs.cost;
    ours.priced_runs += theirs.priced_runs;
    for (size_t i = 0; i < kMetricCount; ++i) ours.metrics[i].add(theirs.metrics[i]);
    ours.latencies_ms.insert(ours.latencies_ms.end(), theirs.latencies_ms.begin(), theirs.latencies_ms.end());
  }
}

double half_width(double count, double variance, double alpha) {
  // x* by fixed-point iteration: the slope there is 1 / (x + 1) < 1/6 for every alpha up to 0.05.
  double best = -2 * std::log(alpha);
  for (int i = 0; i < 30; ++i) best = std::log(best + 1) - 2 * std::log(alpha);
  const double x = count * best / kTunedForUnits;
  return std::sqrt(variance * (1 + 1 / x) * std::log((x + 1) / (alpha * alpha)));
}

SampleRatio sample_ratio(const std::vector<int64_t>& units, const std::vector<double>& expected) {
  double all = 0, log_factor = 0;
  for (size_t i = 0; i < units.size(); ++i) {
    const auto count = static_cast<double>(units[i]);
    const double prior = kSampleRatioPrior * expected[i];
    all += count;
    log_factor += log_gamma(prior + count) - log_gamma(prior) - count * std::log(expected[i]);
  }
  log_factor += log_gamma(kSampleRatioPrior) - log_gamma(kSampleRatioPrior + all);
  const double p_value = std::min(1.0, std::exp(-log_factor));
  return {.p_value = p_value, .mismatch = p_value < kSampleRatioAlpha};
}

Report report(const Experiment& experiment, const Tally& tally) {
  Report out;
  const Table table = unit_moments(tally);
  const std::vector<double> shares = expected_shares(experiment);
  std::vector<int64_t> units(experiment.variants.size());
  for (const auto& [key, unit] : tally.units()) ++(unit.crossed ? out.crossed_units : units[unit.variant]);
  for (size_t i = 0; i < experiment.variants.size(); ++i) {
    VariantReport variant = figures(tally.totals()[i]);
    variant.key = experiment.variants[i].key;
    variant.expected_share = shares[i];
    variant.units = units[i];
    if (i > 0) variant.comparisons = compare(experiment, table, i);
    out.variants.push_back(std::move(variant));
  }
  out.sample_ratio = sample_ratio(units, shares);
  judge(experiment, out);
  return out;
}

}  // namespace tracia::prompt
