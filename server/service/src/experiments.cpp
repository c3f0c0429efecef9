#include "tracia/service/experiments.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "tracia/base/bytes.h"

namespace tracia::service {
namespace {

using prompt::Experiment;
using prompt::ExperimentStatus;

constexpr size_t kEchoBytesMax = 128;

Error not_found(std::string_view what, std::string_view name) {
  return {.code = ErrorCode::kNotFound,
          .message = std::string(what) + " not found: " + std::string(utf8_prefix(name, kEchoBytesMax))};
}
Error conflict(std::string message) { return {.code = ErrorCode::kConflict, .message = std::move(message)}; }

// The store's own words are for engineers.
Error from_store(Error error, const Experiment& experiment) {
  if (error.code == ErrorCode::kNotFound) return not_found("Experiment", experiment.id);
  if (error.code != ErrorCode::kConflict) return error;
  if (error.kind == ErrorKind::kInvalidRequest) {
    return conflict("Another experiment of this prompt is running. Pause or stop it first.");
  }
  return conflict("The experiment was changed at the same time. Look at it and try again.");
}

Result<PromptPtr> find_prompt(const ControlCache& cache, std::string_view project_id, std::string_view slug) {
  auto prompt = cache.prompt(project_id, slug);
  if (!prompt) return fail(not_found("Prompt", slug));
  return prompt;
}

struct Found {
  PromptPtr prompt;
  ExperimentPtr experiment;
};
Result<Found> find(const ControlCache& cache, std::string_view project_id, std::string_view slug, std::string_view id) {
  auto prompt = find_prompt(cache, project_id, slug);
  if (!prompt) return fail(std::move(prompt).error());
  auto experiment = cache.experiment((*prompt)->id, id);
  if (!experiment) return fail(not_found("Experiment", id));
  return Found{std::move(*prompt), std::move(experiment)};
}

}  // namespace

std::vector<ExperimentPtr> Experiments::list(const PromptPtr& prompt) const {
  auto all = services_.cache->experiments_of(prompt->id);
  std::sort(all.begin(), all.end(), [](const ExperimentPtr& a, const ExperimentPtr& b) {
    return std::tie(a->created, a->id) > std::tie(b->created, b->id);
  });
  return all;
}

std::vector<Experiments::OfPrompt> Experiments::list_all(std::string_view project_id) const {
  std::vector<OfPrompt> all;
  for (const PromptPtr& prompt : services_.cache->prompts_of(project_id)) {
    for (const ExperimentPtr& one : services_.cache->experiments_of(prompt->id)) all.push_back({prompt, one});
  }
  std::sort(all.begin(), all.end(), [](const OfPrompt& a, const OfPrompt& b) {
    return std::tie(a.experiment->created, a.experiment->id) > std::tie(b.experiment->created, b.experiment->id);
  });
  return all;
}

Result<ExperimentPtr> Experiments::get(std::string_view project_id, std::string_view slug, std::string_view id) const {
  auto found = find(*services_.cache, project_id, slug, id);
  if (!found) return fail(std::move(found).error());
  return std::move(found->experiment);
}

// Puts a changed experiment into the store, then shows it to everybody.
Result<ExperimentPtr> Experiments::stored(const Experiment& next) {
  if (const Status put = services_.control->put_experiment(next); !put) return fail(from_store(put.error(), next));
  services_.cache->put_experiment(next);
  return std::make_shared<const Experiment>(next);
}

Result<ExperimentPtr> Experiments::create(std::string_view project_id, std::string_view slug, const json::Value& body,
                                          std::string_view author) {
  const std::lock_guard lock(writes_);
  const auto prompt = find_prompt(*services_.cache, project_id, slug);
  if (!prompt) return fail(prompt.error());
  auto draft = prompt::read_experiment(body, **prompt);
  if (!draft) return fail(std::move(draft).error());
  if (services_.cache->experiments_of((*prompt)->id).size() >= kExperimentsMax) {
    return fail(conflict("A prompt keeps at most " + std::to_string(kExperimentsMax) +
                         " experiments. Delete one that is over."));
  }
  const Timestamp now = services_.clock->now();
  return stored({.id = store::new_id("exp"),
                 .project_id = std::string(project_id),
                 .prompt_id = (*prompt)->id,
                 .name = std::move(draft->name),
                 .variants = std::move(draft->variants),
                 .primary_metric = draft->primary_metric,
                 .promoted = "",
                 .author = std::string(author),
                 .created = now,
                 .updated = now,
                 .started = {},
                 .stopped = {}});
}

Result<ExperimentPtr> Experiments::update(std::string_view project_id, std::string_view slug, std::string_view id,
                                          const json::Value& body) {
  const std::lock_guard lock(writes_);
  const auto found = find(*services_.cache, project_id, slug, id);
  if (!found) return fail(found.error());
  const auto next = prompt::edited(*found->experiment, body, *found->prompt, services_.clock->now());
  if (!next) return fail(next.error());
  if (next->revision == found->experiment->revision) return found->experiment;
  return stored(*next);
}

Status Experiments::remove(std::string_view project_id, std::string_view slug, std::string_view id) {
  const std::lock_guard lock(writes_);
  const auto found = find(*services_.cache, project_id, slug, id);
  if (!found) return fail(found.error());
  if (found->experiment->status == ExperimentStatus::kRunning) {
    return fail(conflict("The experiment is running. Stop it first."));
  }
  const auto removed = services_.control->remove_experiment(project_id, id);
  if (!removed) return fail(removed.error());
  services_.cache->remove_experiment(found->prompt->id, id);
  return {};
}

Result<ExperimentPtr> Experiments::move(std::string_view project_id, std::string_view slug, std::string_view id,
                                        ExperimentStatus to) {
  const std::lock_guard lock(writes_);
  const auto found = find(*services_.cache, project_id, slug, id);
  if (!found) return fail(found.error());
  const auto next = prompt::moved(*found->experiment, to, services_.clock->now());
  if (!next) return fail(next.error());
  if (next->revision == found->experiment->revision) return found->experiment;
  return stored(*next);
}

Result<ExperimentPtr> Experiments::promote(std::string_view project_id, std::string_view slug, std::string_view id,
                                           std::string_view key, std::string_view author) {
  const std::lock_guard lock(writes_);
  const auto found = find(*services_.cache, project_id, slug, id);
  if (!found) return fail(found.error());
  const Experiment& experiment = *found->experiment;
  const prompt::Variant* variant = experiment.variant(key);
  if (variant == nullptr) {
    return fail(Error::invalid("variant names none of the experiment's variants: " +
                               std::string(utf8_prefix(key, kEchoBytesMax))));
  }
  if (experiment.promoted == key) return found->experiment;
  if (!experiment.promoted.empty()) {
    return fail(conflict("The variant " + experiment.promoted + " of this experiment was promoted already"));
  }
  if (experiment.status == ExperimentStatus::kDraft) return fail(conflict("The experiment was not started yet"));
  const Timestamp now = services_.clock->now();
  auto next = prompt::moved(experiment, ExperimentStatus::kStopped, now);
  if (!next) return fail(std::move(next).error());
  next->promoted = variant->key;
  next->revision = experiment.revision + 1;
  next->updated = std::max(experiment.updated, now);
  // The prompt first: should the rest fail, it can be done again.
  const std::string note = "Promoted from the experiment \"" + experiment.name + "\": variant " + variant->key;
  const auto promoted = services_.prompts->promote(project_id, slug, *variant, note, author);
  if (!promoted) return fail(promoted.error());
  return stored(*next);
}

}  // namespace tracia::service
