// What an experiment's runs say. Pure: runs go into a Tally one by one, report() makes figures, intervals and words of
// it. docs/experiments.md explains the method to readers of the results; in short:
//
// - The unit of analysis is the unit of assignment (a user, a session, a trace): a unit's runs are averaged first, so
//   that a busy user does not pass for many independent ones.
// - Each variant is compared with the first, the control. Cost, latency and tokens are compared as a ratio of means
//   (on the log scale, by the delta method), error rate and quality as a difference of means.
// - Intervals are asymptotic confidence sequences: the probability that one ever leaves out the truth, at whatever
//   moments it is looked at, is at most alpha (as the number of units grows). So the page may be watched, and an
//   experiment stopped, at any time. I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy, A. Ramdas, "Time-uniform
//   central limit theory and asymptotic confidence sequences", Annals of Statistics 52(6), 2024, arXiv:2103.06476,
//   Theorem 2.2 (the boundary) and section 3 (randomised experiments).
// - A sample-ratio check tests whether units came in the shares that the weights say: M. Lindon, A. Malek,
//   "Anytime-Valid Inference for Multinomial Count Data", NeurIPS 2022, arXiv:2011.03567, section 3.
// - Several questions are asked at once: a declared primary metric has kAlpha to itself (over the variants), the others
//   share another kAlpha; without a primary metric all share one (Bonferroni, so that intervals hold together).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/llm/decimal.h"
#include "tracia/prompt/experiment.h"

namespace tracia::prompt {

inline constexpr double kAlpha = 0.05;
inline constexpr double kSampleRatioAlpha = 0.001;  // strict: a mismatch condemns the whole experiment
// Fewer units with a value in either variant say nothing: the normal approximation needs some.
inline constexpr int64_t kUnitsPerVariantMin = 50;
// The boundary is tightest near this many units of both variants together, and stays valid everywhere.
inline constexpr double kTunedForUnits = 1000;
// Weight of the sample-ratio test's prior: how close to the expected shares a mismatch is looked for.
inline constexpr double kSampleRatioPrior = 100;

// One run of a variant.
struct Observation {
  std::string_view unit_kind;  // "user", "session", "trace": equal ids of different kinds are different units
  std::string_view unit;
  bool error = false;
  int64_t latency_ms = 0;
  std::optional<int64_t> tokens;
  std::optional<llm::Decimal> cost;
  std::optional<double> quality;  // mean of the run's evaluations
};

// Sums of the runs, by variant and unit. Not thread-safe. Memory: about 200 bytes a unit and 8 bytes a run.
class Tally {
 public:
  explicit Tally(size_t variants);

  // `variant` is a position in Experiment::variants. O(1).
  void add(size_t variant, const Observation& run);

  // The runs of another tally of as many variants. O(its units and runs).
  void add(const Tally& other);

  struct Mean {
    double sum = 0;
    int64_t count = 0;
    void add(double value) {
      sum += value;
      ++count;
    }
    void add(const Mean& other) {
      sum += other.sum;
      count += other.count;
    }
  };
  struct Unit {
    size_t variant = 0;
    bool crossed = false;         // has runs of another variant too: it is left out of every comparison
    std::array<Mean, 5> metrics;  // by Metric
  };
  struct Totals {
    int64_t runs = 0, errors = 0;
    int64_t tokens = 0;
    llm::Decimal cost;
    int64_t priced_runs = 0;
    std::array<Mean, 5> metrics;        // over runs
    std::vector<int64_t> latencies_ms;  // of runs without error
  };
  const std::unordered_map<std::string, Unit>& units() const { return units_; }
  const std::vector<Totals>& totals() const { return totals_; }

 private:
  std::unordered_map<std::string, Unit> units_;
  std::vector<Totals> totals_;
};

// A confidence sequence's interval now, and the estimate in it. Relative metrics: 0.12 is 12 % more than the control;
// others: the difference in the metric's own unit (0.01 is one percentage point of error rate).
struct Interval {
  double low = 0, estimate = 0, high = 0;
};

// kNotEnough: too few units, or nothing to compare. kNoDifference: zero is in the interval. Better and worse: it is
// not; better is lower, but for quality, where it is higher.
enum class Finding { kNotEnough, kNoDifference, kBetter, kWorse };
std::string_view finding_name(Finding finding);  // "notEnoughData" | "noDifferenceShown" | "better" | "worse"

struct Comparison {
  Metric metric = Metric::kCost;
  Finding finding = Finding::kNotEnough;
  double alpha = kAlpha;               // of this one interval
  std::optional<Interval> difference;  // nullopt with kNotEnough
};

struct VariantReport {
  std::string key;
  double expected_share = 0;  // of the units
  int64_t units = 0;          // crossed ones not counted
  int64_t runs = 0, errors = 0;
  std::optional<double> error_rate;                       // over runs; likewise the following
  std::optional<int64_t> latency_ms_p50, latency_ms_p95;  // of runs without error; nearest rank
  int64_t tokens = 0;                                     // of all runs
  llm::Decimal cost;                                      // of all runs whose cost is known
  int64_t priced_runs = 0;                                // how many those are
  std::optional<double> cost_mean, tokens_mean, latency_mean, quality_mean;
  int64_t evaluated_runs = 0;
  std::vector<Comparison> comparisons;  // with the control, in the order of kMetrics; empty for the control
};

struct SampleRatio {
  double p_value = 1;     // anytime-valid
  bool mismatch = false;  // p_value < kSampleRatioAlpha
};

// What the whole comes to. kMismatch: do not trust it. kCollecting: too few units for any comparison. kInconclusive:
// no variant is shown to be best. kWinner: `winner` is.
enum class Verdict { kMismatch, kCollecting, kInconclusive, kWinner };
std::string_view verdict_name(Verdict verdict);  // "sampleRatioMismatch" | "collecting" | "inconclusive" | "winner"

struct Report {
  std::vector<VariantReport> variants;  // as in the experiment
  int64_t crossed_units = 0;
  SampleRatio sample_ratio;
  Verdict verdict = Verdict::kCollecting;
  std::string winner;  // its key; "" = none
  std::string text;    // for people, in English: "Variant b is cheaper by 12 % to 20 %; quality: not enough data yet."
};

// O(units + runs log runs).
Report report(const Experiment& experiment, const Tally& tally);

// --- the parts, for tests and for readers ---

// Half of the width of the (1 - alpha) confidence sequence of a mean after `count` units, when the estimator's variance
// (not one unit's) is `variance`: sqrt(variance * (1 + 1/x) * log((x + 1) / alpha²)), x = count * rho². rho² is x* /
// kTunedForUnits, where x* solves log(x + 1) - 2 log alpha = x, which makes it tightest there.
double half_width(double count, double variance, double alpha);

// Log of the Bayes factor of "any shares" over "the expected shares", Dirichlet prior kSampleRatioPrior * expected:
// a test martingale, so that 1 / its exponential is a p-value at any time (Ville's inequality).
SampleRatio sample_ratio(const std::vector<int64_t>& units, const std::vector<double>& expected);

}  // namespace tracia::prompt
