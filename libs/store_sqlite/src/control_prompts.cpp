// Prompts and their versions in control.db. A version's messages are JSON text; the content of each message is kept as
// the text it was given as, so that what is read is what was written, byte for byte.
#include "binding.h"
#include "control_sqlite.h"
#include "tracia/json/reader.h"
#include "tracia/json/writer.h"

namespace tracia::store_sqlite {

using prompt::Prompt;
using prompt::Version;

namespace {

constexpr std::string_view kPromptGone = "There is no such prompt";

Error conflict(ErrorKind kind, std::string message) {
  return {.code = ErrorCode::kConflict, .kind = kind, .message = std::move(message)};
}

std::string labels_json(const Prompt& prompt) {
  json::Writer w;
  w.begin_object();
  for (const auto& [label, version] : prompt.labels) w.field(label, version);
  return w.end_object().take();
}

std::string messages_json(const prompt::Content& content) {
  json::Writer w;
  w.begin_array();
  for (const prompt::TemplateMessage& message : content.messages) {
    w.begin_object().field("id", message.id).field("role", message.role);
    w.field("content", message.content_json).end_object();
  }
  return w.end_array().take();
}

std::string stop_sequences_json(const prompt::Content& content) {
  json::Writer w;
  w.begin_array();
  for (const std::string& sequence : content.stop_sequences) w.value(sequence);
  return w.end_array().take();
}

Error damaged(std::string_view what) {
  return {.code = ErrorCode::kUnavailable,
          .message = std::string(what) + " in control.db cannot be read; `tracia doctor` says more"};
}

Result<Prompt> read_prompt(const Statement& row) {
  Prompt prompt{.id = text(row, 0),
                .project_id = text(row, 1),
                .slug = text(row, 2),
                .name = text(row, 3),
                .description = row.optional_text(4),
                .default_label = text(row, 5),
                .labels = {},
                .current_version = row.integer(7),
                .revision = row.integer(8),
                .created = stamp(row, 9),
                .updated = stamp(row, 10)};
  json::Document document;
  const auto labels = document.parse(row.text(6));
  if (!labels) return fail(damaged("A prompt's labels"));
  for (const auto& [label, version] : labels->members()) prompt.labels.emplace(label, version.integer().value_or(0));
  return prompt;
}

Result<Version> read_version(const Statement& row) {
  Version version{.prompt_id = text(row, 0),
                  .number = row.integer(1),
                  .content = {.messages = {},
                              .provider = text(row, 3),
                              .model = text(row, 4),
                              .temperature = optional_real(row, 5),
                              .top_p = optional_real(row, 6),
                              .max_output_tokens = row.optional_integer(7),
                              .stop_sequences = {},
                              .tools_json = text(row, 9),
                              .tool_choice_json = text(row, 10),
                              .output_schema_json = text(row, 11)},
                  .note = row.optional_text(12),
                  .author = text(row, 13),
                  .created = stamp(row, 14)};
  json::Document document;
  const auto messages = document.parse(row.text(2));
  if (!messages) return fail(damaged("A version's messages"));
  for (const json::Value message : messages->items()) {
    version.content.messages.push_back(
        {.id = message["id"].text(), .role = message["role"].text(), .content_json = message["content"].text()});
  }
  const auto sequences = document.parse(row.text(8));
  if (!sequences) return fail(damaged("A version's stop sequences"));
  for (const json::Value sequence : sequences->items()) version.content.stop_sequences.push_back(sequence.text());
  return version;
}

Status insert_version(Session& session, const Version& version) {
  const prompt::Content& content = version.content;
  return session.run(
      "INSERT INTO prompt_versions(prompt, number, messages, provider, model, temperature, top_p, max_output_tokens,"
      " stop_sequences, tools, tool_choice, output_schema, note, author, created)"
      " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      values(version.prompt_id, version.number, messages_json(content), content.provider, content.model,
             content.temperature, content.top_p, content.max_output_tokens, stop_sequences_json(content),
             content.tools_json, content.tool_choice_json, content.output_schema_json, version.note, version.author,
             version.created));
}

Status check_slug(Session& session, const Prompt& prompt) {
  const auto taken = session.any("SELECT 1 FROM prompts WHERE project = ? AND slug = ? AND id <> ?",
                                 values(prompt.project_id, prompt.slug, prompt.id));
  if (!taken) return fail(taken.error());
  if (*taken) {
    return fail(conflict(ErrorKind::kInvalidRequest, "There is a prompt with the slug '" + prompt.slug + "' already"));
  }
  return {};
}

// The prompt is there, in its project, and was not changed since it was read.
Status check_revision(Session& session, const Prompt& prompt) {
  int64_t stored = 0;
  TRACIA_TRY(session.each("SELECT revision FROM prompts WHERE id = ? AND project = ?",
                          values(prompt.id, prompt.project_id), [&](Statement& row) -> Status {
                            stored = row.integer(0);
                            return {};
                          }));
  if (stored == 0) return fail({.code = ErrorCode::kNotFound, .message = std::string(kPromptGone)});
  if (stored != prompt.revision - 1) {
    return fail(conflict(ErrorKind::kOther, "The prompt was changed by somebody else at the same time"));
  }
  return {};
}

constexpr std::string_view kVersion =
    "SELECT prompt, number, messages, provider, model, temperature, top_p, max_output_tokens, stop_sequences, tools,"
    " tool_choice, output_schema, note, author, created FROM prompt_versions WHERE prompt = ? AND number = ?";
constexpr std::string_view kVersionsBefore =
    "SELECT prompt, number, messages, provider, model, temperature, top_p, max_output_tokens, stop_sequences, tools,"
    " tool_choice, output_schema, note, author, created FROM prompt_versions"
    " WHERE prompt = ? AND number < ? ORDER BY number DESC LIMIT ?";

}  // namespace

Result<std::vector<Prompt>> ControlSqlite::prompts() {
  return all_rows<Prompt>(*sessions_,
                          "SELECT id, project, slug, name, description, default_label, labels, current_version,"
                          " revision, created, updated FROM prompts",
                          {}, read_prompt);
}

Status ControlSqlite::create_prompt(const Prompt& prompt, const Version& first) {
  return sessions_->write([&](Session& session) -> Status {
    TRACIA_TRY(check_slug(session, prompt));
    TRACIA_TRY(session.run(
        "INSERT INTO prompts(id, project, slug, name, description, default_label, labels, current_version, revision,"
        " created, updated) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        values(prompt.id, prompt.project_id, prompt.slug, prompt.name, prompt.description, prompt.default_label,
               labels_json(prompt), prompt.current_version, prompt.revision, prompt.created, prompt.updated)));
    return insert_version(session, first);
  });
}

Status ControlSqlite::update_prompt(const Prompt& prompt, const Version* version) {
  return sessions_->write([&](Session& session) -> Status {
    TRACIA_TRY(check_revision(session, prompt));
    TRACIA_TRY(check_slug(session, prompt));
    TRACIA_TRY(session.run(
        "UPDATE prompts SET slug = ?, name = ?, description = ?, default_label = ?, labels = ?, current_version = ?,"
        " revision = ?, created = ?, updated = ? WHERE id = ?",
        values(prompt.slug, prompt.name, prompt.description, prompt.default_label, labels_json(prompt),
               prompt.current_version, prompt.revision, prompt.created, prompt.updated, prompt.id)));
    return version != nullptr ? insert_version(session, *version) : Status{};
  });
}

Result<bool> ControlSqlite::remove_prompt(std::string_view project_id, std::string_view prompt_id) {
  bool removed = false;
  TRACIA_TRY(sessions_->write([&](Session& session) -> Status {
    TRACIA_TRY(session.run("DELETE FROM prompts WHERE id = ? AND project = ?", values(prompt_id, project_id)));
    removed = session.db().changes() > 0;
    if (!removed) return {};
    TRACIA_TRY(session.run("DELETE FROM prompt_versions WHERE prompt = ?", values(prompt_id)));
    return session.run("DELETE FROM experiments WHERE prompt = ?", values(prompt_id));
  }));
  return removed;
}

Result<std::optional<Version>> ControlSqlite::version(std::string_view prompt_id, int64_t number) {
  return first_row<Version>(*sessions_, kVersion, values(prompt_id, number), read_version);
}

Result<std::vector<Version>> ControlSqlite::versions(std::string_view prompt_id, int64_t before, size_t limit) {
  const int64_t below = before > 0 ? before : INT64_MAX;
  return all_rows<Version>(*sessions_, kVersionsBefore, values(prompt_id, below, limit), read_version);
}

}  // namespace tracia::store_sqlite
