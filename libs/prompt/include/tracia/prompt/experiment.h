// Experiments (docs/experiments.md): a prompt's traffic split between versions by weight. Values and pure functions:
// what an experiment is, how a request body becomes one, how its status may move, and which variant a unit gets.
// What the results say is in statistics.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/json/reader.h"
#include "tracia/json/writer.h"
#include "tracia/prompt/prompt.h"

namespace tracia::prompt {

// Bounds; api/openapi.yaml states the same.
inline constexpr size_t kVariantsMin = 2;
inline constexpr size_t kVariantsMax = 10;
// With ten variants at most, a weight of 1 still gets a bucket of its own: 10,000 / (9 * 1,000 + 1) > 1.
inline constexpr int64_t kWeightMax = 1000;
inline constexpr int64_t kBuckets = 10'000;

// draft: may be changed, nothing runs. running: decides which version runs. paused: decides nothing, may go on; every
// unit then gets the variant it had. stopped: over for good.
enum class ExperimentStatus { kDraft, kRunning, kPaused, kStopped };
std::string_view experiment_status_name(ExperimentStatus status);  // "draft"
std::optional<ExperimentStatus> experiment_status_from_name(std::string_view name);

// What is compared. Cost, latency and tokens as a ratio; error rate and quality as a difference.
enum class Metric { kCost, kLatency, kTokens, kErrorRate, kQuality };
inline constexpr Metric kMetrics[] = {Metric::kCost, Metric::kLatency, Metric::kTokens, Metric::kErrorRate,
                                      Metric::kQuality};
std::string_view metric_name(Metric metric);  // "errorRate"
std::optional<Metric> metric_from_name(std::string_view name);

struct Variant {
  std::string key;  // as a label; spans carry it
  int64_t version = 1;
  int64_t weight = 1;           // its share is weight / sum of weights
  std::string provider, model;  // instead of the version's; "" = the version's own
  friend bool operator==(const Variant&, const Variant&) = default;
};

struct Experiment {
  std::string id, project_id, prompt_id;
  std::string name;
  ExperimentStatus status = ExperimentStatus::kDraft;
  std::vector<Variant> variants;         // the first is the control: the others are compared with it
  std::optional<Metric> primary_metric;  // that decides; none: all metrics share the risk of an error
  std::string promoted;                  // the variant that was promoted; "" = none
  std::string author;                    // for people, as Version::author
  int64_t revision = 1;                  // grows with every change; stores compare it
  Timestamp created, updated;
  std::optional<Timestamp> started, stopped;  // first start; stop

  const Variant* variant(std::string_view key) const;  // nullptr: there is none
  friend bool operator==(const Experiment&, const Experiment&) = default;
};

// A create, or with everything optional (`base`) an update, as it came. Omitted members of an update keep.
// Errors name the field: "variants[1].weight must be a whole number from 1 to 1000". Whether versions exist is checked
// against `prompt`.
struct ExperimentDraft {
  std::string name;
  std::vector<Variant> variants;
  std::optional<Metric> primary_metric;
};
Result<ExperimentDraft> read_experiment(const json::Value& body, const Prompt& prompt);
// The experiment after an update: only a draft may change in more than its name (kConflict otherwise). `revision` and
// `updated` grow only when something changed.
Result<Experiment> edited(const Experiment& experiment, const json::Value& body, const Prompt& prompt, Timestamp now);

// The variants as JSON, and back: one form on the wire and in stores. The reader is for what the writer wrote.
void write_variants(json::Writer& w, const std::vector<Variant>& variants);
Result<std::vector<Variant>> stored_variants(std::string_view json);

// The experiment in another status: draft -> running; running <-> paused; running or paused -> stopped. It comes back
// unchanged when it has that status already. kConflict for other moves.
Result<Experiment> moved(const Experiment& experiment, ExperimentStatus to, Timestamp now);

// The bucket of a unit, 0 to 9,999: XXH3_64bits(experiment id, a zero byte, unit) mod 10,000. A pure function of these
// two texts, so every server assigns alike and a unit keeps its variant for as long as the experiment lives. XXH3's
// 64-bit form is fixed since xxHash 0.8.0, on every platform; the test pins vectors.
int64_t bucket_of(std::string_view experiment_id, std::string_view unit);
// Where each variant's buckets end: variant i has [end of i - 1, end of i). floor(10,000 * weights up to i / all).
std::vector<int64_t> bucket_ends(const std::vector<Variant>& variants);
// The variant that a unit gets, whatever the status. O(variants).
const Variant& assign(const Experiment& experiment, std::string_view unit);

// Where a run goes.
struct Target {
  std::string provider, model;  // provider "" = found from the model's name
};
// `base` with a provider or a model of a run's (or a variant's) own, "" = none: the provider wins; a model alone is
// looked for by its name first, then at the provider of `base`.
Target overridden(const Target& base, const std::string& provider, const std::string& model);
// The content that a variant runs: its version's, with the provider and model that it puts in their place.
Content content_of(const Variant& variant, Content version);

// Who is assigned: the end user if known, else the session, else the trace (a caller that begins a trace makes its id
// first). "" when none is known: then no experiment applies.
std::string_view unit_of(std::string_view user_id, std::string_view session_id, std::string_view trace_id);

}  // namespace tracia::prompt
