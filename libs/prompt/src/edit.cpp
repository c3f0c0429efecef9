// What an edit does: which fields change, and whether they make a version (docs/concepts.md).
#include <algorithm>

#include "content_reader.h"
#include "tracia/prompt/prompt.h"

namespace tracia::prompt {
namespace {

Status check_base(const Prompt& prompt, const std::optional<int64_t>& base_version) {
  if (!base_version || *base_version == prompt.current_version) return {};
  return fail({.code = ErrorCode::kConflict,
               .message = "This edit began from version " + std::to_string(*base_version) + ", but version " +
                          std::to_string(prompt.current_version) + " is the newest. Look at it and try again."});
}

template <typename T>
void overlay(T& value, const std::optional<T>& edited) {
  if (edited) value = *edited;
}

Content edited_content(const Content& old, const Edit& edit) {
  Content content = old;
  overlay(content.messages, edit.messages);
  overlay(content.provider, edit.provider);
  overlay(content.model, edit.model);
  overlay(content.temperature, edit.temperature);
  overlay(content.top_p, edit.top_p);
  overlay(content.max_output_tokens, edit.max_output_tokens);
  overlay(content.stop_sequences, edit.stop_sequences);
  overlay(content.tools_json, edit.tools_json);
  overlay(content.tool_choice_json, edit.tool_choice_json);
  overlay(content.output_schema_json, edit.output_schema_json);
  return content;
}

// What of a prompt an edit can change by itself.
bool same_names(const Prompt& a, const Prompt& b) {
  return a.slug == b.slug && a.name == b.name && a.description == b.description && a.default_label == b.default_label;
}

// `prompt` with one more version, if its content is new.
Changed with_content(Prompt prompt, const Version& newest, Content content, const std::optional<std::string>& note,
                     std::string_view author, Timestamp now) {
  Changed changed{std::move(prompt), std::nullopt};
  if (content == newest.content) return changed;
  changed.prompt.current_version += 1;
  changed.version = Version{.prompt_id = changed.prompt.id,
                            .number = changed.prompt.current_version,
                            .content = std::move(content),
                            .note = note,
                            .author = std::string(author),
                            .created = now};
  return changed;
}

void stamp(Prompt& prompt, Timestamp now) {
  prompt.revision += 1;
  prompt.updated = std::max(prompt.updated, now);
}

Error not_found(std::string message) { return {.code = ErrorCode::kNotFound, .message = std::move(message)}; }

}  // namespace

Result<Changed> apply(const Prompt& prompt, const Version& newest, const Edit& edit, std::string_view author,
                      Timestamp now) {
  TRACIA_TRY(check_base(prompt, edit.base_version));
  Prompt next = prompt;
  overlay(next.name, edit.name);
  overlay(next.slug, edit.slug);
  overlay(next.description, edit.description);
  overlay(next.default_label, edit.default_label);
  if (edit.default_label && !next.default_label.empty() && !next.labels.contains(next.default_label)) {
    return fail(Error::invalid("defaultLabel must be an existing label: " + prompt.slug + " has no label " +
                               next.default_label));
  }
  Content content = edited_content(newest.content, edit);
  TRACIA_TRY(check_content(content));
  Changed changed = with_content(std::move(next), newest, std::move(content), edit.note, author, now);
  if (changed.version || !same_names(prompt, changed.prompt)) stamp(changed.prompt, now);
  return changed;
}

Result<Changed> restore(const Prompt& prompt, const Version& newest, const Version& old,
                        const std::optional<std::string>& note, const std::optional<int64_t>& base_version,
                        std::string_view author, Timestamp now) {
  TRACIA_TRY(check_base(prompt, base_version));
  Changed changed = with_content(prompt, newest, old.content, note, author, now);
  if (changed.version) stamp(changed.prompt, now);
  return changed;
}

Result<Choice> choose_version(const Prompt& prompt, std::optional<int64_t> version, std::string_view label) {
  if (version) {
    if (*version >= 1 && *version <= prompt.current_version) return Choice{*version, ""};
    return fail(not_found("Version not found: " + prompt.slug + " has no version " + std::to_string(*version)));
  }
  const std::string wanted(label.empty() ? std::string_view(prompt.default_label) : label);
  if (wanted.empty()) return Choice{prompt.current_version, ""};
  const auto found = prompt.labels.find(wanted);
  if (found == prompt.labels.end()) {
    return fail(not_found("Label not found: " + prompt.slug + " has no label " + wanted));
  }
  return Choice{found->second, wanted};
}

}  // namespace tracia::prompt
