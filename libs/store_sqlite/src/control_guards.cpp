// Settings of projects, what was spent, and projects' own prices, in control.db.
#include "binding.h"
#include "control_sqlite.h"

namespace tracia::store_sqlite {

using store::ModelPrice;
using store::ProjectSettings;
using store::Spent;

Result<std::vector<ProjectSettings>> ControlSqlite::project_settings() {
  return all_rows<ProjectSettings>(
      *sessions_, "SELECT project, settings, revision, updated FROM project_settings ORDER BY project", {},
      [](const Statement& row) { return ProjectSettings{text(row, 0), text(row, 1), row.integer(2), stamp(row, 3)}; });
}

Status ControlSqlite::put_project_settings(const ProjectSettings& settings) {
  return sessions_->write([&](Session& session) -> Status {
    int64_t stored = 0;
    TRACIA_TRY(session.each("SELECT revision FROM project_settings WHERE project = ?", values(settings.project_id),
                            [&](Statement& row) -> Status {
                              stored = row.integer(0);
                              return {};
                            }));
    if (stored != settings.revision - 1) {
      return fail({.code = ErrorCode::kConflict,
                   .message = "The project's settings were changed by somebody else at the same time"});
    }
    return session.run(
        "INSERT OR REPLACE INTO project_settings(project, settings, revision, updated) VALUES(?, ?, ?, ?)",
        values(settings.project_id, settings.json, settings.revision, settings.updated));
  });
}

// A month's name is shorter than a day's, so that each is compared with its own kind.
Status ControlSqlite::put_spent(const std::vector<Spent>& spent, std::string_view oldest_day,
                                std::string_view oldest_month) {
  return sessions_->write([&](Session& session) -> Status {
    for (const Spent& one : spent) {
      TRACIA_TRY(session.run("INSERT OR REPLACE INTO spend(scope, period, spent) VALUES(?, ?, ?)",
                             values(one.scope, one.period, one.usd)));
    }
    return session.run(
        "DELETE FROM spend WHERE (length(period) = length(?1) AND period < ?1)"
        " OR (length(period) = length(?2) AND period < ?2)",
        values(oldest_day, oldest_month));
  });
}

Result<std::vector<Spent>> ControlSqlite::spent() {
  return all_rows<Spent>(*sessions_, "SELECT scope, period, spent FROM spend ORDER BY scope, period", {},
                         [](const Statement& row) { return Spent{text(row, 0), text(row, 1), text(row, 2)}; });
}

Result<std::vector<ModelPrice>> ControlSqlite::model_prices() {
  return all_rows<ModelPrice>(
      *sessions_, "SELECT project, provider, model, price, updated FROM model_prices ORDER BY project, provider, model",
      {}, [](const Statement& row) {
        return ModelPrice{text(row, 0), text(row, 1), text(row, 2), text(row, 3), stamp(row, 4)};
      });
}

Status ControlSqlite::put_model_price(const ModelPrice& price) {
  return sessions_->write([&](Session& session) {
    return session.run(
        "INSERT OR REPLACE INTO model_prices(project, provider, model, price, updated) VALUES(?, ?, ?, ?, ?)",
        values(price.project_id, price.provider, price.model, price.json, price.updated));
  });
}

Result<bool> ControlSqlite::remove_model_price(std::string_view project_id, std::string_view provider,
                                               std::string_view model) {
  return remove("DELETE FROM model_prices WHERE project = ? AND provider = ? AND model = ?",
                values(project_id, provider, model));
}

}  // namespace tracia::store_sqlite
