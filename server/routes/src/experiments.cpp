// /api/v1/experiments and /api/v1/prompts/{slug}/experiments: A/B tests of a prompt, and their results. Everything is
// done on a worker.
#include "tracia/service/experiments.h"

#include <algorithm>
#include <tuple>

#include "experiment_json.h"
#include "on_worker.h"
#include "request_json.h"
#include "tracia/routes/routes.h"
#include "tracia/service/audit.h"
#include "tracia/span/limits.h"

namespace tracia::routes {
namespace {

using prompt::ExperimentStatus;
using service::ExperimentPtr;
using service::Principal;
using service::record_audit;
using service::Services;

constexpr std::string_view kCursor = "x";
constexpr size_t kStatusCharsMax = 16;

std::string_view slug_of(const http::Exchange& exchange) { return exchange.parameter("slug"); }
std::string_view id_of(const http::Exchange& exchange) { return exchange.parameter("experimentId"); }

Result<Answer> answer_experiment(int status, const Result<ExperimentPtr>& experiment) {
  if (!experiment) return fail(experiment.error());
  return answer_json(status, experiment_json(**experiment));
}

std::string prompt_detail(const http::Exchange& exchange, std::string_view variant = "") {
  json::Writer w;
  return w.begin_object().field("prompt", slug_of(exchange)).field_if("variant", variant).end_object().take();
}

// Records a change and answers it.
Result<Answer> answer_change(Services& services, const Principal& who, const http::Exchange& exchange, int status,
                             std::string_view action, const Result<ExperimentPtr>& changed,
                             std::string_view variant = "") {
  if (changed) {
    record_audit(services, exchange, who, action, (*changed)->id, prompt_detail(exchange, variant));
  }
  return answer_experiment(status, changed);
}

constexpr std::string_view action_of(ExperimentStatus to) {
  switch (to) {
    case ExperimentStatus::kRunning: return "experiment.start";
    case ExperimentStatus::kPaused: return "experiment.pause";
    default: return "experiment.stop";
  }
}

Result<Answer> list_experiments(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto at = services.prompts->get(who.project_id, slug_of(exchange));
  if (!at) return fail(at.error());
  json::Writer w;
  w.begin_object().key("experiments").begin_array();
  for (const ExperimentPtr& experiment : services.experiments->list(at->prompt)) write_experiment(w, *experiment);
  w.end_array().end_object();
  return answer_json(200, w.take());
}

// Where a page of all experiments ends: the last one's "<created> <id>".
std::string position_of(const prompt::Experiment& experiment) {
  return std::to_string(experiment.created.micros) + " " + experiment.id;
}

Result<std::optional<std::pair<Timestamp, std::string>>> read_position(const http::Exchange& exchange) {
  const auto cursor = query_cursor(exchange, kCursor);
  if (!cursor) return fail(cursor.error());
  if (!*cursor) return std::nullopt;
  const size_t space = (*cursor)->find(' ');
  const auto micros = parse_integer(std::string_view(**cursor).substr(0, space));
  if (!micros || space == std::string::npos) return fail(Error::invalid("cursor is not one that this list made"));
  return std::pair(Timestamp{*micros}, (*cursor)->substr(space + 1));
}

Result<std::optional<ExperimentStatus>> read_status(const http::Exchange& exchange) {
  const auto name = query_text(exchange, "status", kStatusCharsMax);
  if (!name) return fail(name.error());
  if (!*name) return std::nullopt;
  const auto status = prompt::experiment_status_from_name(**name);
  if (!status) return fail(Error::invalid("status must be draft, running, paused or stopped"));
  return status;
}

Result<Answer> list_all_experiments(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto status = read_status(exchange);
  if (!status) return fail(status.error());
  const auto after = read_position(exchange);
  if (!after) return fail(after.error());
  const auto limit = query_limit(exchange);
  if (!limit) return fail(limit.error());
  auto all = services.experiments->list_all(who.project_id);
  std::erase_if(all, [&](const auto& one) {
    const prompt::Experiment& it = *one.experiment;
    return (*status && it.status != **status) ||
           (*after && std::tie(it.created, it.id) >= std::tie((*after)->first, (*after)->second));
  });
  const size_t count = std::min(all.size(), limit->value_or(kPageDefault));
  json::Writer w;
  w.begin_object().key("experiments").begin_array();
  for (size_t i = 0; i < count; ++i) {
    w.begin_object().key("prompt").begin_object().field("slug", all[i].prompt->slug);
    w.field("name", all[i].prompt->name).end_object().key("experiment");
    write_experiment(w, *all[i].experiment);
    w.end_object();
  }
  w.end_array();
  write_page(w, count < all.size() ? make_cursor(kCursor, position_of(*all[count - 1].experiment)) : "");
  w.end_object();
  return answer_json(200, w.take());
}

Result<Answer> create_experiment(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto body = read_object(exchange.request.body);
  if (!body) return fail(body.error());
  const auto made = services.experiments->create(who.project_id, slug_of(exchange), body->value, who.name);
  return answer_change(services, who, exchange, 201, "experiment.create", made);
}

Result<Answer> get_experiment(Services& services, const Principal& who, const http::Exchange& exchange) {
  return answer_experiment(200, services.experiments->get(who.project_id, slug_of(exchange), id_of(exchange)));
}

Result<Answer> update_experiment(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto body = read_object(exchange.request.body);
  if (!body) return fail(body.error());
  const auto changed = services.experiments->update(who.project_id, slug_of(exchange), id_of(exchange), body->value);
  return answer_change(services, who, exchange, 200, "experiment.update", changed);
}

Result<Answer> delete_experiment(Services& services, const Principal& who, const http::Exchange& exchange) {
  TRACIA_TRY(services.experiments->remove(who.project_id, slug_of(exchange), id_of(exchange)));
  record_audit(services, exchange, who, "experiment.delete", id_of(exchange), prompt_detail(exchange));
  return answer_json(200, R"({"success":true})");
}

template <ExperimentStatus kTo>
Result<Answer> move_experiment(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto moved = services.experiments->move(who.project_id, slug_of(exchange), id_of(exchange), kTo);
  return answer_change(services, who, exchange, 200, action_of(kTo), moved);
}

Result<Answer> promote_variant(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto body = read_object(exchange.request.body);
  if (!body) return fail(body.error());
  std::string variant;
  TRACIA_TRY(read_text(body->value, "variant", span::limits::kVariantCharsMax, variant));
  if (variant.empty()) return fail(Error::invalid("Missing required field: variant"));
  const auto promoted =
      services.experiments->promote(who.project_id, slug_of(exchange), id_of(exchange), variant, who.name);
  return answer_change(services, who, exchange, 200, "experiment.promote", promoted, variant);
}

Result<Answer> experiment_results(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto results = services.experiments->results(who.project_id, slug_of(exchange), id_of(exchange), {});
  if (!results) return fail(results.error());
  return answer_json(200, results_json(*results));
}

}  // namespace

void add_experiments(http::Router& router, Services& services) {
  const std::string all = "/api/v1/prompts/{slug}/experiments", one = all + "/{experimentId}";
  add_on_worker(router, services, "GET", "/api/v1/experiments", list_all_experiments);
  add_on_worker(router, services, "GET", all, list_experiments);
  add_on_worker(router, services, "POST", all, create_experiment);
  add_on_worker(router, services, "GET", one, get_experiment);
  add_on_worker(router, services, "PUT", one, update_experiment);
  add_on_worker(router, services, "DELETE", one, delete_experiment);
  add_on_worker(router, services, "POST", one + "/start", move_experiment<ExperimentStatus::kRunning>);
  add_on_worker(router, services, "POST", one + "/pause", move_experiment<ExperimentStatus::kPaused>);
  add_on_worker(router, services, "POST", one + "/stop", move_experiment<ExperimentStatus::kStopped>);
  add_on_worker(router, services, "POST", one + "/promote", promote_variant);
  add_on_worker(router, services, "GET", one + "/results", experiment_results);
}

}  // namespace tracia::routes
