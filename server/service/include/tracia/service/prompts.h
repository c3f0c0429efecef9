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
#include "tracia/prompt/prompt.h"
#include "tracia/service/services.h"

namespace tracia::service {

using PromptPtr = std::shared_ptr<const prompt::Prompt>;
using VersionPtr = std::shared_ptr<const prompt::Version>;

// A prompt and one of its versions.
struct PromptAt {
  PromptPtr prompt;
  VersionPtr version;
  std::string label;  // that chose the version; "" = none did
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
  struct LabelMove {
    PromptPtr prompt;
    std::optional<int64_t> previous;
  };
  Result<LabelMove> set_label(std::string_view project_id, std::string_view slug, std::string_view label,
                              int64_t version);
  Status remove_label(std::string_view project_id, std::string_view slug, std::string_view label);

  Result<PromptAt> get(std::string_view project_id, std::string_view slug);  // with its newest version
  Result<PromptAt> at(std::string_view project_id, std::string_view slug, std::optional<int64_t> version,
                      std::string_view label);
  Result<std::vector<VersionPtr>> versions(const PromptPtr& prompt, int64_t before, size_t limit);

  // As at(), from memory alone (does not block): nullopt when the version must be read first.
  Result<std::optional<PromptAt>> at_once(std::string_view project_id, std::string_view slug,
                                          std::optional<int64_t> version, std::string_view label) const;

 private:
  Services& services_;
  std::mutex writes_;  // one change at a time: what is checked is what is stored
};

}  // namespace tracia::service
