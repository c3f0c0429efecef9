// What the method promises, tried on made-up experiments: how often it is wrong when somebody looks all the time, and
// how many units it takes to see a difference. Seeds are fixed; the figures are printed, docs/experiments.md quotes
// them.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "tracia/prompt/statistics.h"

namespace tracia::prompt {
namespace {

using Random = std::mt19937_64;

Experiment experiment_of(size_t variants, std::optional<Metric> primary) {
  Experiment experiment{.id = "exp_1", .variants = {}, .primary_metric = primary};
  for (size_t i = 0; i < variants; ++i) experiment.variants.push_back({.key = "v" + std::to_string(i)});
  return experiment;
}

// Users who come back: each has a level of their own, so that runs of one user are alike; costs and latencies are
// skewed (log-normal), a run in fifty fails, one in five is rated.
class World {
 public:
  World(uint64_t seed, size_t variants, double cost_factor) : random_(seed), cost_factor_(cost_factor) {
    for (size_t i = 0; i < variants; ++i) variants_.push_back(i);
  }

  // One more run, of a new user or of one who came before.
  void run(Tally& tally) {
    if (levels_.empty() || chance(random_) < 0.4) {
      levels_.push_back(normal(random_));
      assigned_.push_back(variants_[random_() % variants_.size()]);
    }
    // Most runs come from recent users, as they do in life.
    const auto back = static_cast<size_t>(std::exp(chance(random_) * std::log(static_cast<double>(levels_.size()))));
    const size_t user = levels_.size() - std::min(std::max<size_t>(back, 1), levels_.size());
    const size_t variant = assigned_[user];
    const double level = levels_[user];
    const double cost = 0.002 * std::exp(0.5 * level + 0.5 * normal(random_)) * (variant > 0 ? cost_factor_ : 1);
    const std::string unit = std::to_string(user);
    Observation run{.unit_kind = "user", .unit = unit, .error = chance(random_) < 0.02};
    run.latency_ms = static_cast<int64_t>(800 * std::exp(0.3 * level + 0.6 * normal(random_)));
    run.tokens = static_cast<int64_t>(300 * std::exp(0.4 * level + 0.3 * normal(random_)));
    run.cost = llm::Decimal::from_units(static_cast<llm::Int128>(cost * 1e18));
    if (chance(random_) < 0.2) run.quality = chance(random_) < 0.7 + 0.1 * std::tanh(level) ? 1 : 0;
    tally.add(variant, run);
  }
  size_t users() const { return levels_.size(); }

 private:
  Random random_;
  double cost_factor_;
  std::uniform_real_distribution<double> chance{0, 1};
  std::normal_distribution<double> normal{0, 1};
  std::vector<size_t> variants_, assigned_;
  std::vector<double> levels_;
};

bool any_difference(const Report& report) {
  for (const VariantReport& variant : report.variants) {
    for (const Comparison& one : variant.comparisons) {
      if (one.finding == Finding::kBetter || one.finding == Finding::kWorse) return true;
    }
  }
  return report.sample_ratio.mismatch;
}

// The share of experiments in which `stop` says so at one of the looks, one every `users_each` users.
double share_stopped(int experiments, size_t users_max, size_t users_each, const Experiment& experiment,
                     double cost_factor, const std::function<bool(const Report&)>& stop,
                     std::vector<size_t>* users_at_stop = nullptr) {
  int stopped = 0;
  for (int n = 0; n < experiments; ++n) {
    World world(static_cast<uint64_t>(n) + 1, experiment.variants.size(), cost_factor);
    Tally tally(experiment.variants.size());
    for (size_t look = users_each; look <= users_max; look += users_each) {
      while (world.users() < look) world.run(tally);
      if (!stop(report(experiment, tally))) continue;
      ++stopped;
      if (users_at_stop != nullptr) users_at_stop->push_back(look);
      break;
    }
  }
  return static_cast<double>(stopped) / experiments;
}

// Nothing differs, somebody looks again and again, and stops at the first difference: of all five metrics, both
// variants and the sample-ratio check together at most one experiment in twenty may say so.
TEST(StatisticsSimulation, WatchingAnExperimentWithoutADifferenceRarelyFindsOne) {
  const int experiments = 200;
  const double rate = share_stopped(experiments, 1000, 50, experiment_of(3, {}), 1, any_difference);
  std::printf("false positives, all metrics, 3 variants, 20 looks up to 1,000 users: %.1f %%\n", rate * 100);
  EXPECT_LE(rate, kAlpha);
}

TEST(StatisticsSimulation, APrimaryMetricKeepsItsRiskToo) {
  const auto wrong = [](const Report& report) {
    return report.variants[1].comparisons[0].finding != Finding::kNoDifference &&
           report.variants[1].comparisons[0].finding != Finding::kNotEnough;
  };
  const double rate = share_stopped(250, 1000, 50, experiment_of(2, Metric::kCost), 1, wrong);
  std::printf("false positives, primary metric cost, 20 looks up to 1,000 users: %.1f %%\n", rate * 100);
  EXPECT_LE(rate, kAlpha);
}

// The same, looking after every single unit and for long, at the boundary itself; a plain 95 % interval for comparison.
TEST(StatisticsSimulation, TheBoundaryHoldsAtEveryLook) {
  const int experiments = 600, units_max = 6000;
  int crossed = 0, crossed_plain = 0;
  for (int n = 0; n < experiments; ++n) {
    Random random(static_cast<uint64_t>(n) + 77);
    std::normal_distribution<double> normal{0, 1};
    double count[2] = {}, mean[2] = {}, squares[2] = {};
    bool out = false, out_plain = false;
    for (int i = 0; i < units_max; ++i) {
      const size_t arm = random() % 2;
      const double value = std::exp(0.8 * normal(random));
      const double delta = value - mean[arm];
      mean[arm] += delta / ++count[arm];
      squares[arm] += delta * (value - mean[arm]);
      if (std::min(count[0], count[1]) < kUnitsPerVariantMin) continue;
      double variance = 0;
      for (const size_t a : {0, 1}) variance += squares[a] / (count[a] - 1) / count[a] / (mean[a] * mean[a]);
      const double gap = std::fabs(std::log(mean[1] / mean[0]));
      out_plain = out_plain || gap > 1.96 * std::sqrt(variance);
      // The logarithm is dear in a test that is not optimised: nothing under 2.9 standard errors is ever out.
      if (gap < 2.9 * std::sqrt(variance)) continue;
      out = out || gap > half_width(count[0] + count[1], variance, kAlpha);
    }
    crossed += out ? 1 : 0;
    crossed_plain += out_plain ? 1 : 0;
  }
  const double rate = static_cast<double>(crossed) / experiments,
               plain = static_cast<double>(crossed_plain) / experiments;
  std::printf("false positives, a look after each of 6,000 skewed units: %.1f %%; plain 95 %% intervals: %.1f %%\n",
              rate * 100, plain * 100);
  EXPECT_LE(rate, kAlpha);
  EXPECT_GT(plain, 0.25);  // why plain intervals are not used
}

TEST(StatisticsSimulation, TheSampleRatioCheckRarelyCriesWolf) {
  int wrong = 0, seen = 0;
  for (int n = 0; n < 500; ++n) {
    Random random(static_cast<uint64_t>(n) + 3);
    std::vector<int64_t> fair(2), lossy(2);
    bool out = false;
    for (int i = 0; i < 20'000; ++i) {
      const uint64_t draw = random();
      ++fair[draw % 2];
      if (draw % 2 == 0 || (draw >> 8) % 10 != 0) ++lossy[draw % 2];  // a tenth of one variant is lost
      if (i % 200 == 199) out = out || sample_ratio(fair, {0.5, 0.5}).mismatch;
    }
    wrong += out ? 1 : 0;
    seen += sample_ratio(lossy, {0.5, 0.5}).mismatch ? 1 : 0;
  }
  std::printf(
      "sample ratio: %.1f %% false alarms in 100 looks; a variant that loses 10 %% of 10,000 units: %.0f %% seen\n",
      wrong / 5.0, seen / 5.0);
  EXPECT_LE(wrong, 2);
  EXPECT_GE(seen, 475);
}

TEST(StatisticsSimulation, DifferencesAreFoundWithReasonablyManyUnits) {
  struct Case {
    double factor;
    size_t users_max;
    double power_min;
  };
  for (const Case& one : {Case{0.75, 1000, 0.9}, Case{0.85, 3000, 0.9}}) {
    std::vector<size_t> users;
    const auto found = [](const Report& report) { return report.winner == "v1"; };
    const double power =
        share_stopped(40, one.users_max, 100, experiment_of(2, Metric::kCost), one.factor, found, &users);
    std::sort(users.begin(), users.end());
    std::printf("power, cost %.0f %% lower: %.0f %% within %zu users, half of them within %zu\n",
                (1 - one.factor) * 100, power * 100, one.users_max, users.empty() ? 0 : users[users.size() / 2]);
    EXPECT_GE(power, one.power_min);
  }
}

}  // namespace
}  // namespace tracia::prompt
