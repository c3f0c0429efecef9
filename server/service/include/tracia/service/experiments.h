// Experiments of prompts: the rules of libs/prompt over the control store and the cache, and their results from the
// span store. All block, and belong on a worker.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/json/reader.h"
#include "tracia/prompt/experiment.h"
#include "tracia/prompt/statistics.h"
#include "tracia/service/prompts.h"
#include "tracia/service/services.h"
#include "tracia/store/span_parts.h"

namespace tracia::service {

inline constexpr size_t kExperimentsMax = 100;  // of one prompt

inline constexpr int kScansMax = 2;  // looks at results at the same time

// How far a look at the runs goes, newest first: the first of the two that is used up ends it.
struct ResultsBudget {
  Millis time{2'000};
  int64_t runs_max = 250'000;
};

struct ExperimentResults {
  ExperimentPtr experiment;
  prompt::Report report;
  Timestamp computed;
  int64_t scanned_runs = 0;
  bool complete = true;                 // every run was looked at
  std::optional<Timestamp> scanned_to;  // otherwise: those that started at or after this
  int64_t unknown_variant_runs = 0;     // say they are of the experiment, but of no variant of it: not counted
};

class ResultsCache;

class Experiments {
 public:
  // `parts` is the span store's; with nullptr nothing is kept between two looks at results.
  explicit Experiments(Services& services, store::SpanParts* parts = nullptr);
  ~Experiments();

  // Errors of all: kNotFound "Prompt not found: <slug>" and "Experiment not found: <id>"; kInvalidRequest naming a
  // member of the body; kConflict when the experiment's status does not allow it.
  std::vector<ExperimentPtr> list(const PromptPtr& prompt) const;  // newest first
  struct OfPrompt {
    PromptPtr prompt;
    ExperimentPtr experiment;
  };
  std::vector<OfPrompt> list_all(std::string_view project_id) const;  // of all its prompts, newest first
  Result<ExperimentPtr> get(std::string_view project_id, std::string_view slug, std::string_view id) const;
  // kConflict when the prompt has kExperimentsMax.
  Result<ExperimentPtr> create(std::string_view project_id, std::string_view slug, const json::Value& body,
                               std::string_view author);
  Result<ExperimentPtr> update(std::string_view project_id, std::string_view slug, std::string_view id,
                               const json::Value& body);
  // Its spans stay. kConflict while it runs.
  Status remove(std::string_view project_id, std::string_view slug, std::string_view id);
  // Start, pause, stop. kConflict when another experiment of the prompt runs.
  Result<ExperimentPtr> move(std::string_view project_id, std::string_view slug, std::string_view id,
                             prompt::ExperimentStatus to);
  // Makes what the variant runs the prompt's default (Prompts::promote) and stops the experiment. Done again for the
  // same variant it changes nothing.
  Result<ExperimentPtr> promote(std::string_view project_id, std::string_view slug, std::string_view id,
                                std::string_view variant, std::string_view author);

  // Reads up to as many runs as the budget lets it; those of parts of the store that did not change since an earlier
  // look are known and cost nothing, so that looks at a large experiment come further one by one. kUnavailable when
  // kScansMax others do so at this moment, so that pages which are watched leave workers to everybody else.
  Result<ExperimentResults> results(std::string_view project_id, std::string_view slug, std::string_view id,
                                    const ResultsBudget& budget);

  // To be called after an evaluation was made (of `run`, as stored), or changed or removed (of some run).
  void evaluated(const store::StoredSpan& run);
  void evaluated(std::string_view project_id);

 private:
  Result<ExperimentPtr> stored(const prompt::Experiment& next);

  Services& services_;
  store::SpanParts* const parts_;
  const std::unique_ptr<ResultsCache> cache_;
  std::mutex writes_;  // one change at a time, as in Prompts
  std::atomic<int> scans_{0};
};

}  // namespace tracia::service
