#include "tracia/service/prompts.h"

#include "tracia/base/bytes.h"
#include "version_cache.h"

namespace tracia::service {
namespace {

// One prompt's; more are a mistake of some script.
constexpr size_t kLabelsMax = 1000;
// Versions are read in small groups, so that a page of large ones (embedded images) stays bounded: it ends early.
constexpr size_t kVersionsGroup = 4;
constexpr size_t kPageBytesMax = 32u << 20;
constexpr size_t kEchoBytesMax = 128;

Error not_found(std::string message) { return {.code = ErrorCode::kNotFound, .message = std::move(message)}; }
Error prompt_not_found(std::string_view slug) {
  return not_found("Prompt not found: " + std::string(utf8_prefix(slug, kEchoBytesMax)));
}
Error conflict(std::string message) { return {.code = ErrorCode::kConflict, .message = std::move(message)}; }
Error slug_taken() { return conflict("A prompt with this slug already exists"); }

// The store's own words are for engineers.
Error from_store(Error error, std::string_view slug) {
  if (error.code == ErrorCode::kNotFound) return prompt_not_found(slug);
  if (error.code != ErrorCode::kConflict) return error;
  if (error.kind == ErrorKind::kInvalidRequest) return slug_taken();
  return conflict("The prompt was changed at the same time. Look at it and try again.");
}

Result<PromptPtr> find(const ControlCache& cache, std::string_view project_id, std::string_view slug) {
  auto prompt = cache.prompt(project_id, slug);
  if (!prompt) return fail(prompt_not_found(slug));
  return prompt;
}

// What chooses a version, the version itself still to be found.
struct Chosen {
  PromptAt at;
  int64_t number = 0;
};
Result<Chosen> choose(const ControlCache& cache, PromptPtr prompt, std::optional<int64_t> version,
                      std::string_view label, std::string_view unit) {
  Chosen chosen;
  if (!version && label.empty() && !unit.empty()) {
    chosen.at.experiment = cache.running_experiment(prompt->id);
    if (chosen.at.experiment) {
      chosen.at.variant = &prompt::assign(*chosen.at.experiment, unit);
      version = chosen.at.variant->version;
    }
  }
  auto choice = prompt::choose_version(*prompt, version, label);
  if (!choice) return fail(std::move(choice).error());
  chosen.at.label = std::move(choice->label);
  chosen.at.prompt = std::move(prompt);
  chosen.number = choice->version;
  return chosen;
}

Result<PromptAt> at_version(ControlCache& cache, Chosen chosen) {
  auto version = cache.load_version(chosen.at.prompt->id, chosen.number);
  // It is deleted with its prompt, perhaps just now.
  if (!version) return fail(from_store(std::move(version).error(), chosen.at.prompt->slug));
  chosen.at.version = std::move(*version);
  return std::move(chosen.at);
}

Result<PromptAt> newest_of(ControlCache& cache, PromptPtr prompt) {
  const int64_t number = prompt->current_version;
  return at_version(cache, {.at = {.prompt = std::move(prompt), .version = nullptr, .label = ""}, .number = number});
}

// Stores what a change made, then shows it to everybody: the version first, so that whoever sees the prompt finds it.
Result<PromptAt> store_change(Services& services, const PromptAt& before, const prompt::Changed& changed) {
  if (changed.prompt.revision == before.prompt->revision) return before;
  const prompt::Version* version = changed.version ? &*changed.version : nullptr;
  if (const Status stored = services.control->update_prompt(changed.prompt, version); !stored) {
    return fail(from_store(stored.error(), before.prompt->slug));
  }
  if (version != nullptr) services.cache->put_version(*version);
  services.cache->put_prompt(changed.prompt);
  return PromptAt{std::make_shared<const prompt::Prompt>(changed.prompt),
                  version == nullptr ? before.version : std::make_shared<const prompt::Version>(*version), ""};
}

// A change that the rules refused; a stale one shows what it should have begun from.
Error refused(Error error, const PromptAt& current, std::optional<PromptAt>& conflict) {
  if (error.code == ErrorCode::kConflict) conflict = current;
  return error;
}

Status check_label_name(std::string_view label) {
  if (prompt::is_valid_label(label)) return {};
  return fail(Error::invalid(
      "label must begin with a lower-case letter or a digit and go on with those, '-' or '_'; at most 64 characters"));
}

// As an edit does: nothing changes but the labels.
prompt::Prompt relabelled(const prompt::Prompt& prompt, Timestamp now) {
  prompt::Prompt next = prompt;
  next.revision += 1;
  next.updated = std::max(next.updated, now);
  return next;
}

}  // namespace

prompt::Target PromptAt::target() const {
  const prompt::Target own{version->content.provider, version->content.model};
  return variant == nullptr ? own : prompt::overridden(own, variant->provider, variant->model);
}

Result<PromptAt> Prompts::create(std::string_view project_id, prompt::Draft draft, std::string_view author) {
  const std::lock_guard lock(writes_);
  if (services_.cache->prompt(project_id, draft.slug)) return fail(slug_taken());
  const Timestamp now = services_.clock->now();
  prompt::Prompt prompt{.id = store::new_id("prm"), .project_id = std::string(project_id)};
  prompt.slug = std::move(draft.slug);
  prompt.name = std::move(draft.name);
  prompt.description = std::move(draft.description);
  prompt.created = prompt.updated = now;
  const prompt::Version first{.prompt_id = prompt.id,
                              .content = std::move(draft.content),
                              .note = std::move(draft.note),
                              .author = std::string(author),
                              .created = now};
  if (const Status stored = services_.control->create_prompt(prompt, first); !stored) {
    return fail(from_store(stored.error(), prompt.slug));
  }
  services_.cache->put_version(first);
  services_.cache->put_prompt(prompt);
  return PromptAt{std::make_shared<const prompt::Prompt>(std::move(prompt)),
                  std::make_shared<const prompt::Version>(first), ""};
}

Result<PromptAt> Prompts::update(std::string_view project_id, std::string_view slug, const prompt::Edit& edit,
                                 std::string_view author, std::optional<PromptAt>& conflict) {
  const std::lock_guard lock(writes_);
  const auto current = get(project_id, slug);
  if (!current) return fail(current.error());
  const auto changed = prompt::apply(*current->prompt, *current->version, edit, author, services_.clock->now());
  if (!changed) return fail(refused(changed.error(), *current, conflict));
  if (changed->prompt.slug != slug && services_.cache->prompt(project_id, changed->prompt.slug)) {
    return fail(slug_taken());
  }
  return store_change(services_, *current, *changed);
}

Result<PromptAt> Prompts::restore(std::string_view project_id, std::string_view slug, int64_t version,
                                  const std::optional<std::string>& note, const std::optional<int64_t>& base_version,
                                  std::string_view author, std::optional<PromptAt>& conflict) {
  const std::lock_guard lock(writes_);
  const auto current = get(project_id, slug);
  if (!current) return fail(current.error());
  const auto old = at(project_id, slug, version, "");
  if (!old) return fail(old.error());
  const auto changed = prompt::restore(*current->prompt, *current->version, *old->version, note, base_version, author,
                                       services_.clock->now());
  if (!changed) return fail(refused(changed.error(), *current, conflict));
  return store_change(services_, *current, *changed);
}

Status Prompts::remove(std::string_view project_id, std::string_view slug) {
  const std::lock_guard lock(writes_);
  const auto prompt = find(*services_.cache, project_id, slug);
  if (!prompt) return fail(prompt.error());
  const auto removed = services_.control->remove_prompt(project_id, (*prompt)->id);
  if (!removed) return fail(removed.error());
  services_.cache->remove_prompt((*prompt)->id);
  return {};
}

Result<PromptAt> Prompts::promote(std::string_view project_id, std::string_view slug, const prompt::Variant& variant,
                                  const std::string& note, std::string_view author) {
  const std::lock_guard lock(writes_);
  const auto current = get(project_id, slug);
  if (!current) return fail(current.error());
  const auto old = at(project_id, slug, variant.version, "");
  if (!old) return fail(old.error());
  const std::string& label = current->prompt->default_label;
  const prompt::Version wanted{.content = prompt::content_of(variant, old->version->content)};
  prompt::Changed changed{*current->prompt, std::nullopt};
  int64_t number = variant.version;
  if (label.empty() || wanted.content != old->version->content) {
    auto restored = prompt::restore(*current->prompt, *current->version, wanted, note, std::nullopt, author,
                                    services_.clock->now());
    if (!restored) return fail(std::move(restored).error());
    changed = std::move(*restored);
    number = changed.prompt.current_version;
  }
  if (!label.empty() && changed.prompt.labels[label] != number) {
    if (!changed.version) changed.prompt = relabelled(changed.prompt, services_.clock->now());
    changed.prompt.labels[label] = number;
  }
  return store_change(services_, *current, changed);
}

Result<Prompts::LabelMove> Prompts::set_label(std::string_view project_id, std::string_view slug,
                                              std::string_view label, int64_t version) {
  TRACIA_TRY(check_label_name(label));
  const std::lock_guard lock(writes_);
  const auto prompt = find(*services_.cache, project_id, slug);
  if (!prompt) return fail(prompt.error());
  if (const auto choice = prompt::choose_version(**prompt, version, ""); !choice) return fail(choice.error());
  const auto& labels = (*prompt)->labels;
  const auto found = labels.find(std::string(label));
  if (found == labels.end() && labels.size() >= kLabelsMax) {
    return fail(Error::invalid("A prompt takes at most " + std::to_string(kLabelsMax) + " labels"));
  }
  const auto previous = found == labels.end() ? std::nullopt : std::optional(found->second);
  if (previous == version) return LabelMove{*prompt, previous};
  prompt::Prompt next = relabelled(**prompt, services_.clock->now());
  next.labels[std::string(label)] = version;
  if (const Status stored = services_.control->update_prompt(next, nullptr); !stored) {
    return fail(from_store(stored.error(), slug));
  }
  services_.cache->put_prompt(next);
  return LabelMove{std::make_shared<const prompt::Prompt>(std::move(next)), previous};
}

Status Prompts::remove_label(std::string_view project_id, std::string_view slug, std::string_view label) {
  const std::lock_guard lock(writes_);
  const auto prompt = find(*services_.cache, project_id, slug);
  if (!prompt) return fail(prompt.error());
  const std::string name(label);
  if (!(*prompt)->labels.contains(name)) {
    return fail(not_found("Label not found: " + (*prompt)->slug + " has no label " +
                          std::string(utf8_prefix(label, kEchoBytesMax))));
  }
  if ((*prompt)->default_label == name) {
    return fail(conflict(name + " is the default label of " + (*prompt)->slug + ". Clear defaultLabel first."));
  }
  prompt::Prompt next = relabelled(**prompt, services_.clock->now());
  next.labels.erase(name);
  if (const Status stored = services_.control->update_prompt(next, nullptr); !stored) {
    return fail(from_store(stored.error(), slug));
  }
  services_.cache->put_prompt(next);
  return {};
}

Result<PromptAt> Prompts::get(std::string_view project_id, std::string_view slug) {
  auto prompt = find(*services_.cache, project_id, slug);
  if (!prompt) return fail(std::move(prompt).error());
  return newest_of(*services_.cache, std::move(*prompt));
}

Result<PromptAt> Prompts::at(std::string_view project_id, std::string_view slug, std::optional<int64_t> version,
                             std::string_view label, std::string_view unit) {
  auto prompt = find(*services_.cache, project_id, slug);
  if (!prompt) return fail(std::move(prompt).error());
  auto chosen = choose(*services_.cache, std::move(*prompt), version, label, unit);
  if (!chosen) return fail(std::move(chosen).error());
  return at_version(*services_.cache, std::move(*chosen));
}

Result<std::vector<VersionPtr>> Prompts::versions(const PromptPtr& prompt, int64_t before, size_t limit) {
  std::vector<VersionPtr> page;
  size_t bytes = 0;
  // Never beyond the prompt as the caller sees it: a version made since then belongs to a later look.
  int64_t below = before > 0 ? std::min(before, prompt->current_version + 1) : prompt->current_version + 1;
  while (page.size() < limit && bytes < kPageBytesMax) {
    auto group = services_.control->versions(prompt->id, below, std::min(kVersionsGroup, limit - page.size()));
    if (!group) return fail(std::move(group).error());
    if (group->empty()) break;
    below = group->back().number;
    for (prompt::Version& version : *group) {
      bytes += bytes_of(version);
      page.push_back(std::make_shared<const prompt::Version>(std::move(version)));
    }
  }
  return page;
}

Result<std::optional<PromptAt>> Prompts::at_once(std::string_view project_id, std::string_view slug,
                                                 std::optional<int64_t> version, std::string_view label,
                                                 std::string_view unit) const {
  auto prompt = find(*services_.cache, project_id, slug);
  if (!prompt) return fail(std::move(prompt).error());
  auto chosen = choose(*services_.cache, std::move(*prompt), version, label, unit);
  if (!chosen) return fail(std::move(chosen).error());
  chosen->at.version = services_.cache->version(chosen->at.prompt->id, chosen->number);
  if (!chosen->at.version) return std::nullopt;
  return std::move(chosen->at);
}

bool Prompts::runs_experiment(std::string_view project_id, std::string_view slug) const {
  const auto prompt = services_.cache->prompt(project_id, slug);
  return prompt && services_.cache->running_experiment(prompt->id);
}

}  // namespace tracia::service
