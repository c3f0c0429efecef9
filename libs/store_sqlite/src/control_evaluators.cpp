// Evaluations and evaluators in control.db.
#include "binding.h"
#include "control_sqlite.h"
#include "tracia/json/reader.h"
#include "tracia/json/writer.h"

namespace tracia::store_sqlite {

using store::Evaluation;
using store::Evaluator;
using store::EvaluatorType;

namespace {

constexpr std::string_view kEvaluationsOfSpan =
    "SELECT id, project, span, trace, evaluator, value, source, note, created, category FROM evaluations"
    " WHERE project = ? AND span = ? AND trace = ? ORDER BY created DESC, id DESC LIMIT ?";

Evaluation read_evaluation(const Statement& row) {
  return {.id = text(row, 0),
          .project_id = text(row, 1),
          .span_id = text(row, 2),
          .trace_id = text(row, 3),
          .evaluator_key = text(row, 4),
          .value = row.real(5),
          .source = text(row, 6),
          .note = row.optional_text(7),
          .created = stamp(row, 8),
          .category = row.optional_text(9)};
}

// Categories as a JSON array of texts; "" for none.
std::string categories_json(const std::vector<std::string>& categories) {
  if (categories.empty()) return "";
  json::Writer w;
  w.begin_array();
  for (const std::string& category : categories) w.value(category);
  w.end_array();
  return w.take();
}

Result<Evaluator> read_evaluator(const Statement& row) {
  Evaluator evaluator{.project_id = text(row, 0),
                      .key = text(row, 1),
                      .name = text(row, 2),
                      .type = store::evaluator_type_from_name(row.text(3)).value_or(EvaluatorType::kNumeric),
                      .minimum = optional_real(row, 4),
                      .maximum = optional_real(row, 5),
                      .categories = {},
                      .created = stamp(row, 7),
                      .updated = stamp(row, 8)};
  if (row.text(6).empty()) return evaluator;
  json::Document document;
  const auto categories = document.parse(row.text(6));
  if (!categories || !categories->is_array()) {
    return fail({.code = ErrorCode::kUnavailable,
                 .message = "An evaluator's categories in control.db cannot be read; `tracia doctor` says more"});
  }
  for (const json::Value category : categories->items()) evaluator.categories.push_back(category.text());
  return evaluator;
}

}  // namespace

Result<std::vector<Evaluation>> ControlSqlite::evaluations(std::string_view project_id, std::string_view span_id,
                                                           std::string_view trace_id, std::string_view after,
                                                           size_t limit) {
  // An `after` that is gone has no place in the order: nothing follows it.
  constexpr std::string_view kColumnsAfter =
      "SELECT id, project, span, trace, evaluator, value, source, note, created, category FROM evaluations"
      " WHERE project = ?1 AND span = ?2 AND trace = ?3 AND (created, id) <"
      " (SELECT created, id FROM evaluations WHERE id = ?5 AND project = ?1)"
      " ORDER BY created DESC, id DESC LIMIT ?4";
  if (after.empty()) {
    return all_rows<Evaluation>(*sessions_, kEvaluationsOfSpan, values(project_id, span_id, trace_id, limit),
                                read_evaluation);
  }
  return all_rows<Evaluation>(*sessions_, kColumnsAfter, values(project_id, span_id, trace_id, limit, after),
                              read_evaluation);
}

Result<std::vector<Evaluation>> ControlSqlite::evaluations_since(std::string_view project_id, Timestamp from,
                                                                 size_t limit) {
  return all_rows<Evaluation>(
      *sessions_,
      "SELECT id, project, span, trace, evaluator, value, source, note, created, category FROM evaluations"
      " WHERE project = ? AND created >= ? ORDER BY created DESC, id DESC LIMIT ?",
      values(project_id, from, limit), read_evaluation);
}

Result<std::vector<std::vector<Evaluation>>> ControlSqlite::evaluations_of(std::string_view project_id,
                                                                           const SpanKeys& spans, size_t limit_each) {
  std::vector<std::vector<Evaluation>> lists(spans.size());
  TRACIA_TRY(sessions_->read([&](Session& session) -> Status {
    for (size_t i = 0; i < spans.size(); ++i) {
      const auto& [span_id, trace_id] = spans[i];
      TRACIA_TRY(session.each(kEvaluationsOfSpan, values(project_id, span_id, trace_id, limit_each),
                              [&](Statement& row) -> Status {
                                lists[i].push_back(read_evaluation(row));
                                return {};
                              }));
    }
    return {};
  }));
  return lists;
}

Result<std::optional<Evaluation>> ControlSqlite::evaluation(std::string_view project_id, std::string_view id) {
  return first_row<Evaluation>(*sessions_,
                               "SELECT id, project, span, trace, evaluator, value, source, note, created, category"
                               " FROM evaluations WHERE id = ? AND project = ?",
                               values(id, project_id), read_evaluation);
}

Status ControlSqlite::put_evaluation(const Evaluation& evaluation) {
  return sessions_->write([&](Session& session) {
    return session.run(
        "INSERT OR REPLACE INTO evaluations(id, project, span, trace, evaluator, value, source, note, created, "
        "category)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        values(evaluation.id, evaluation.project_id, evaluation.span_id, evaluation.trace_id, evaluation.evaluator_key,
               evaluation.value, evaluation.source, evaluation.note, evaluation.created, evaluation.category));
  });
}

Result<bool> ControlSqlite::remove_evaluation(std::string_view project_id, std::string_view id) {
  return remove("DELETE FROM evaluations WHERE id = ? AND project = ?", values(id, project_id));
}

Status ControlSqlite::remove_evaluations_of(std::string_view project_id, std::string_view span_id,
                                            std::string_view trace_id) {
  return remove_evaluations_of(project_id, {{std::string(span_id), std::string(trace_id)}});
}

Status ControlSqlite::remove_evaluations_of(std::string_view project_id, const SpanKeys& spans) {
  if (spans.empty()) return {};
  return sessions_->write([&](Session& session) -> Status {
    for (const auto& [span_id, trace_id] : spans) {
      TRACIA_TRY(session.run("DELETE FROM evaluations WHERE project = ? AND span = ? AND trace = ?",
                             values(project_id, span_id, trace_id)));
    }
    return {};
  });
}

Result<std::vector<Evaluation>> ControlSqlite::evaluations_after(std::string_view after, size_t limit) {
  return all_rows<Evaluation>(*sessions_,
                              "SELECT id, project, span, trace, evaluator, value, source, note, created, category"
                              " FROM evaluations WHERE id > ? ORDER BY id LIMIT ?",
                              values(after, limit), read_evaluation);
}

Result<std::vector<Evaluator>> ControlSqlite::evaluators() {
  return all_rows<Evaluator>(*sessions_,
                             "SELECT project, key, name, type, minimum, maximum, categories, created, updated"
                             " FROM evaluators ORDER BY created, key",
                             {}, read_evaluator);
}

Status ControlSqlite::put_evaluator(const Evaluator& evaluator) {
  const std::string categories = categories_json(evaluator.categories);
  return sessions_->write([&](Session& session) {
    return session.run(
        "INSERT OR REPLACE INTO evaluators(project, key, name, type, minimum, maximum, categories, created, updated)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
        values(evaluator.project_id, evaluator.key, evaluator.name, store::evaluator_type_name(evaluator.type),
               evaluator.minimum, evaluator.maximum, categories, evaluator.created, evaluator.updated));
  });
}

Result<bool> ControlSqlite::remove_evaluator(std::string_view project_id, std::string_view key) {
  return remove("DELETE FROM evaluators WHERE project = ? AND key = ?", values(project_id, key));
}

}  // namespace tracia::store_sqlite
