// Projects in control.db: made, renamed, and removed with all that belongs to them.
#include "binding.h"
#include "control_sqlite.h"

namespace tracia::store_sqlite {

using store::Project;
using store::RemovedProject;

namespace {

Project read_project(const Statement& row) { return {text(row, 0), text(row, 1), stamp(row, 2)}; }

// What belongs to a project, but for its evaluations. What is found through another table goes before that table.
constexpr const char* kRemovals[] = {
    "DELETE FROM spend WHERE scope = ?1 OR scope IN (SELECT id FROM api_keys WHERE project = ?1)",
    "DELETE FROM prompt_versions WHERE prompt IN (SELECT id FROM prompts WHERE project = ?1)",
    "DELETE FROM prompts WHERE project = ?1",
    "DELETE FROM experiments WHERE project = ?1",
    "DELETE FROM api_keys WHERE project = ?1",
    "DELETE FROM connections WHERE project = ?1",
    "DELETE FROM gateway_aliases WHERE project = ?1",
    "DELETE FROM evaluators WHERE project = ?1",
    "DELETE FROM project_settings WHERE project = ?1",
    "DELETE FROM model_prices WHERE project = ?1",
};

// '' is a list that means all: the last id of a list stays in it, though its project is gone, so that nobody who could
// enter one project now enters every one. An invitation to nothing goes. A list that cannot be read opens nothing.
constexpr const char* kLeaveLists[] = {
    "UPDATE members SET projects ="
    " (SELECT json_group_array(value) FROM json_each(members.projects) WHERE value <> ?1)"
    " WHERE CASE WHEN json_valid(projects) THEN json_array_length(projects) > 1"
    " AND EXISTS(SELECT 1 FROM json_each(members.projects) WHERE value = ?1) ELSE 0 END",
    "DELETE FROM invitations WHERE CASE WHEN json_valid(projects) THEN json_array_length(projects) = 1"
    " AND EXISTS(SELECT 1 FROM json_each(invitations.projects) WHERE value = ?1) ELSE 0 END",
    "UPDATE invitations SET projects ="
    " (SELECT json_group_array(value) FROM json_each(invitations.projects) WHERE value <> ?1)"
    " WHERE CASE WHEN json_valid(projects) THEN"
    " EXISTS(SELECT 1 FROM json_each(invitations.projects) WHERE value = ?1) ELSE 0 END",
};

}  // namespace

Result<std::vector<Project>> ControlSqlite::projects() {
  return all_rows<Project>(*sessions_, "SELECT id, name, created FROM projects ORDER BY created, rowid", {},
                           read_project);
}

Status ControlSqlite::put_project(const Project& project) {
  return sessions_->write([&](Session& session) {
    return session.run(
        "INSERT INTO projects(id, name, created) VALUES(?, ?, ?)"
        " ON CONFLICT(id) DO UPDATE SET name = excluded.name, created = excluded.created",
        values(project.id, project.name, project.created));
  });
}

Result<bool> ControlSqlite::remove_project(std::string_view id, Timestamp now) {
  bool removed = false;
  TRACIA_TRY(sessions_->write([&](Session& session) -> Status {
    TRACIA_TRY(session.run("DELETE FROM projects WHERE id = ?", values(id)));
    removed = session.db().changes() > 0;
    if (!removed) return {};
    for (const char* sql : kRemovals) TRACIA_TRY(session.run(sql, values(id)));
    for (const char* sql : kLeaveLists) TRACIA_TRY(session.run(sql, values(id)));
    return session.run("INSERT OR REPLACE INTO removed_projects(id, removed) VALUES(?, ?)", values(id, now));
  }));
  // Else the keys that were sealed would stay in the log of writes for a while.
  if (removed) sessions_->checkpoint();
  return removed;
}

Result<std::vector<RemovedProject>> ControlSqlite::removed_projects() {
  return all_rows<RemovedProject>(*sessions_, "SELECT id, removed FROM removed_projects ORDER BY removed, rowid", {},
                                  [](const Statement& row) { return RemovedProject{text(row, 0), stamp(row, 1)}; });
}

Result<size_t> ControlSqlite::remove_evaluations_of_project(std::string_view project_id, size_t limit) {
  size_t removed = 0;
  TRACIA_TRY(sessions_->write([&](Session& session) -> Status {
    TRACIA_TRY(session.run("DELETE FROM evaluations WHERE id IN (SELECT id FROM evaluations WHERE project = ? LIMIT ?)",
                           values(project_id, limit)));
    removed = static_cast<size_t>(session.db().changes());
    return {};
  }));
  return removed;
}

Status ControlSqlite::forget_removed_project(std::string_view id) {
  return sessions_->write([&](Session& session) -> Status {
    for (const char* sql : kRemovals) TRACIA_TRY(session.run(sql, values(id)));
    TRACIA_TRY(session.run("DELETE FROM evaluations WHERE project = ?", values(id)));
    return session.run("DELETE FROM removed_projects WHERE id = ?", values(id));
  });
}

}  // namespace tracia::store_sqlite
