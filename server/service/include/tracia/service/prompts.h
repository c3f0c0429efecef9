// Prompts, versions and labels of a project: the rules of libs/prompt over the control store and the cache. All but the
// ones marked so block, and belong on a worker.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/prompt/experiment.h"
#include "tracia/prompt/prompt.h"
#include "tracia/service/services.h"

namespace tracia::service {

using PromptPtr = std::shared_ptr<const prompt::Prompt>;
using VersionPtr = std::shared_ptr<const prompt::Version>;
using ExperimentPtr = std::shared_ptr<const prompt::Experiment>;

// A prompt and one of its versions.
struct PromptAt {
  PromptPtr prompt;
  VersionPtr version;
  std::string label;  // that chose the version; "" = none did
  // The experiment that chose the version, and which of its variants; nullptr = none did.
  ExperimentPtr experiment = nullptr;
  const prompt::Variant* variant = nullptr;

  // What runs: the version's content, with the variant's provider and model in the place of its own.
  prompt::Target target() const;
};

class Prompts {
 public:
  explicit Prompts(Services& services) : services_(services) {}

  // Errors of all: kNotFound "Prompt not found: <slug>"; kConflict "A prompt with this slug already exists".
  Result<PromptAt> create(std::string_view project_id, prompt::Draft draft, std::string_view author);
  // `conflict` gets the newest version when the edit is stale (kConflict).
  Result<PromptAt> update(std::string_view project_id, std::string_view slug, const prompt::Edit& edit,
                          std::string_view author, std::optional<PromptAt>& conflict);
  Result<PromptAt> restore(std::string_view project_id, std::string_view slug, int64_t version,
                           const std::optional<std::string>& note, const std::optional<int64_t>& base_version,
                           std::string_view author, std::optional<PromptAt>& conflict);
  Status remove(std::string_view project_id, std::string_view slug);
  // Makes what a variant runs the prompt's default: moves its default label there, or, when it has none, makes it the
  // newest version. A new version is made (as by restore()) when the variant has a provider or model of its own, or
  // when there is no default label and the newest version holds something else.
  Result<PromptAt> promote(std::string_view project_id, std::string_view slug, const prompt::Variant& variant,
                           const std::string& note, std::string_view author);
  struct LabelMove {
    PromptPtr prompt;
    std::optional<int64_t> previous;
  };
  Result<LabelMove> set_label(std::string_view project_id, std::string_view slug, std::string_view label,
                              int64_t version);
  Status remove_label(std::string_view project_id, std::string_view slug, std::string_view label);

  Result<PromptAt> get(std::string_view project_id, std::string_view slug);  // with its newest version
  // The version that was asked for; else the label's; else the one that the running experiment gives to `unit` ("" =
  // nobody is assigned: no experiment applies); else the default label's; else the newest.
  Result<PromptAt> at(std::string_view project_id, std::string_view slug, std::optional<int64_t> version,
                      std::string_view label, std::string_view unit = {});
  Result<std::vector<VersionPtr>> versions(const PromptPtr& prompt, int64_t before, size_t limit);

  // As at(), from memory alone (does not block): nullopt when the version must be read first.
  Result<std::optional<PromptAt>> at_once(std::string_view project_id, std::string_view slug,
                                          std::optional<int64_t> version, std::string_view label,
                                          std::string_view unit = {}) const;
  // Whether an experiment of the prompt runs. From memory.
  bool runs_experiment(std::string_view project_id, std::string_view slug) const;

 private:
  Services& services_;
  std::mutex writes_;  // one change at a time: what is checked is what is stored
};

}  // namespace tracia::service
