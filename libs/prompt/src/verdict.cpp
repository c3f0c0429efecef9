#include "verdict.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace tracia::prompt {
namespace {

struct Words {
  std::string_view name, lower, higher;
};
constexpr Words kWords[] = {
    {"cost", "is cheaper by ", "is dearer by "},
    {"latency", "is faster by ", "is slower by "},
    {"tokens", "uses fewer tokens by ", "uses more tokens by "},
    {"error rate", "fails less often by ", "fails more often by "},
    {"quality", "is rated lower by ", "is rated higher by "},
};

bool has(const VariantReport& variant, Finding finding) {
  return std::any_of(variant.comparisons.begin(), variant.comparisons.end(),
                     [&](const Comparison& comparison) { return comparison.finding == finding; });
}

const Comparison& in(const VariantReport& variant, Metric metric) {
  return variant.comparisons[static_cast<size_t>(metric)];
}

// "12", "3.4": a tenth matters only below ten.
std::string number(double value) {
  char text[64];
  const double rounded = std::round(value * 10) / 10;
  const bool whole = std::fabs(value) >= 10 || rounded == std::round(rounded);
  std::snprintf(text, sizeof text, "%.*f", whole ? 0 : 1, whole ? std::round(value) + 0.0 : rounded);
  return text;
}

// Both ends in the words of the metric: "12 % to 20 %", "0.5 to 1.2 percentage points", "0.1 to 0.3".
std::string range(Metric metric, double from, double to) {
  if (metric == Metric::kQuality) {
    char text[96];
    std::snprintf(text, sizeof text, "%.3g to %.3g", from, to);
    return text;
  }
  if (metric == Metric::kErrorRate) return number(from * 100) + " to " + number(to * 100) + " percentage points";
  return number(from * 100) + " % to " + number(to * 100) + " %";
}

std::string shown(const Comparison& comparison) {
  const Words& words = kWords[static_cast<size_t>(comparison.metric)];
  const Interval& interval = *comparison.difference;
  if (interval.low > 0) return std::string(words.higher) + range(comparison.metric, interval.low, interval.high);
  return std::string(words.lower) + range(comparison.metric, -interval.high, -interval.low);
}

void append(std::string& text, std::string_view separator, std::string_view more) {
  if (!text.empty()) text.append(separator);
  text.append(more);
}

// "Variant b is cheaper by 12 % to 20 %; latency: no difference shown (-3 % to 4 %); quality: not enough data yet."
std::string sentence(const VariantReport& variant) {
  std::string findings, open, waiting;
  for (const Comparison& comparison : variant.comparisons) {
    const std::string name(kWords[static_cast<size_t>(comparison.metric)].name);
    if (comparison.finding == Finding::kNotEnough) {
      append(waiting, ", ", name);
    } else if (comparison.finding == Finding::kNoDifference) {
      const Interval& interval = *comparison.difference;
      append(open, "; ",
             name + ": no difference shown (" + range(comparison.metric, interval.low, interval.high) + ")");
    } else {
      append(findings, ", ", shown(comparison));
    }
  }
  std::string text = std::move(findings);
  const bool any_finding = !text.empty();
  if (!open.empty()) append(text, "; ", open);
  if (!waiting.empty()) append(text, "; ", waiting + ": not enough data yet");
  return "Variant " + variant.key + (any_finding ? " " : ": ") + text + ".";
}

// The winner by the declared metric.
std::string winner_by(Metric metric, const Report& report) {
  const VariantReport* best = nullptr;
  bool all_worse = true;
  const auto gain = [&](const VariantReport& variant) { return std::fabs(in(variant, metric).difference->estimate); };
  for (const VariantReport& variant : report.variants) {
    if (variant.comparisons.empty()) continue;
    const Finding finding = in(variant, metric).finding;
    all_worse = all_worse && finding == Finding::kWorse;
    if (finding == Finding::kBetter && (best == nullptr || gain(variant) > gain(*best))) best = &variant;
  }
  if (best != nullptr) return best->key;
  return all_worse ? report.variants.front().key : "";
}

// The winner when all metrics count alike.
std::string winner_by_all(const Report& report) {
  std::vector<const VariantReport*> good;
  bool all_bad = true;
  for (const VariantReport& variant : report.variants) {
    if (variant.comparisons.empty()) continue;
    const bool better = has(variant, Finding::kBetter), worse = has(variant, Finding::kWorse);
    if (better && !worse) good.push_back(&variant);
    all_bad = all_bad && worse && !better;
  }
  if (good.size() == 1) return good.front()->key;
  return all_bad ? report.variants.front().key : "";
}

bool is_collecting(const Report& report) {
  return std::all_of(report.variants.begin(), report.variants.end(), [](const VariantReport& variant) {
    return std::all_of(variant.comparisons.begin(), variant.comparisons.end(),
                       [](const Comparison& comparison) { return comparison.finding == Finding::kNotEnough; });
  });
}

}  // namespace

void judge(const Experiment& experiment, Report& report) {
  if (report.sample_ratio.mismatch) {
    report.verdict = Verdict::kMismatch;
    report.text =
        "Do not trust these results: the variants have not received the shares of units that their weights say. "
        "Find out which runs are missing first.";
    return;
  }
  if (is_collecting(report)) {
    report.verdict = Verdict::kCollecting;
    report.text = "Not enough data yet: every variant needs at least " + std::to_string(kUnitsPerVariantMin) +
                  " users, sessions or traces.";
    return;
  }
  report.winner = experiment.primary_metric ? winner_by(*experiment.primary_metric, report) : winner_by_all(report);
  report.verdict = report.winner.empty() ? Verdict::kInconclusive : Verdict::kWinner;
  for (const VariantReport& variant : report.variants) {
    if (!variant.comparisons.empty()) append(report.text, " ", sentence(variant));
  }
}

}  // namespace tracia::prompt
