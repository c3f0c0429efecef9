// Experiments in control.db. Their variants are JSON, in the form of the API.
#include "binding.h"
#include "control_sqlite.h"
#include "tracia/json/writer.h"

namespace tracia::store_sqlite {

using prompt::Experiment;
using prompt::ExperimentStatus;

namespace {

Error not_found(std::string message) { return {.code = ErrorCode::kNotFound, .message = std::move(message)}; }
Error conflict(ErrorKind kind, std::string message) {
  return {.code = ErrorCode::kConflict, .kind = kind, .message = std::move(message)};
}

Result<Experiment> read_experiment(const Statement& row) {
  Experiment experiment{.id = text(row, 0),
                        .project_id = text(row, 1),
                        .prompt_id = text(row, 2),
                        .name = text(row, 3),
                        // A status this program does not know decides nothing, and may not begin to.
                        .status = prompt::experiment_status_from_name(row.text(4)).value_or(ExperimentStatus::kStopped),
                        .variants = {},
                        .primary_metric = prompt::metric_from_name(row.text(6)),
                        .promoted = text(row, 7),
                        .author = text(row, 8),
                        .revision = row.integer(9),
                        .created = stamp(row, 10),
                        .updated = stamp(row, 11),
                        .started = optional_stamp(row, 12),
                        .stopped = optional_stamp(row, 13)};
  auto variants = prompt::stored_variants(row.text(5));
  if (!variants) {
    return fail({.code = ErrorCode::kUnavailable,
                 .message = "An experiment's variants in control.db cannot be read; `tracia doctor` says more"});
  }
  experiment.variants = std::move(*variants);
  return experiment;
}

// The experiment's revision follows the stored one.
Status check_revision(Session& session, const Experiment& experiment) {
  int64_t stored = 0;
  TRACIA_TRY(session.each("SELECT revision FROM experiments WHERE id = ?", values(experiment.id),
                          [&](Statement& row) -> Status {
                            stored = row.integer(0);
                            return {};
                          }));
  if (stored == experiment.revision - 1) return {};
  if (stored == 0) return fail(not_found("There is no such experiment"));
  return fail(conflict(ErrorKind::kOther, "The experiment was changed by somebody else at the same time"));
}

Status check_only_one_runs(Session& session, const Experiment& experiment) {
  if (experiment.status != ExperimentStatus::kRunning) return {};
  const auto other =
      session.any("SELECT 1 FROM experiments WHERE prompt = ? AND status = ? AND id <> ?",
                  values(experiment.prompt_id, prompt::experiment_status_name(experiment.status), experiment.id));
  if (!other) return fail(other.error());
  if (!*other) return {};
  return fail(conflict(ErrorKind::kInvalidRequest, "Another experiment of this prompt is running"));
}

}  // namespace

Result<std::vector<Experiment>> ControlSqlite::experiments() {
  return all_rows<Experiment>(*sessions_,
                              "SELECT id, project, prompt, name, status, variants, primary_metric, promoted, author,"
                              " revision, created, updated, started, stopped FROM experiments ORDER BY created, id",
                              {}, read_experiment);
}

Status ControlSqlite::put_experiment(const Experiment& experiment) {
  json::Writer w;
  prompt::write_variants(w, experiment.variants);
  const std::string variants = w.take();
  const std::string_view metric = experiment.primary_metric ? prompt::metric_name(*experiment.primary_metric) : "";
  const std::string_view status = prompt::experiment_status_name(experiment.status);
  return sessions_->write([&](Session& session) -> Status {
    const auto prompt = session.any("SELECT 1 FROM prompts WHERE id = ? AND project = ?",
                                    values(experiment.prompt_id, experiment.project_id));
    if (!prompt) return fail(prompt.error());
    if (!*prompt) return fail(not_found("There is no such prompt"));
    TRACIA_TRY(check_revision(session, experiment));
    TRACIA_TRY(check_only_one_runs(session, experiment));
    return session.run(
        "INSERT OR REPLACE INTO experiments(id, project, prompt, name, status, variants, primary_metric, promoted,"
        " author, revision, created, updated, started, stopped) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        values(experiment.id, experiment.project_id, experiment.prompt_id, experiment.name, status, variants, metric,
               experiment.promoted, experiment.author, experiment.revision, experiment.created, experiment.updated,
               experiment.started, experiment.stopped));
  });
}

Result<bool> ControlSqlite::remove_experiment(std::string_view project_id, std::string_view id) {
  return remove("DELETE FROM experiments WHERE id = ? AND project = ?", values(id, project_id));
}

}  // namespace tracia::store_sqlite
