// /api/v1/prompts/{slug}/experiments: A/B tests of a prompt, and their results. Everything is done on a worker.
#include "tracia/service/experiments.h"

#include "experiment_json.h"
#include "on_worker.h"
#include "request_json.h"
#include "tracia/routes/routes.h"
#include "tracia/span/limits.h"

namespace tracia::routes {
namespace {

using prompt::ExperimentStatus;
using service::ExperimentPtr;
using service::Need;
using service::Principal;
using service::Services;

std::string_view slug_of(const http::Exchange& exchange) { return exchange.parameter("slug"); }
std::string_view id_of(const http::Exchange& exchange) { return exchange.parameter("experimentId"); }

Result<Answer> answer_experiment(int status, const Result<ExperimentPtr>& experiment) {
  if (!experiment) return fail(experiment.error());
  return answer_json(status, experiment_json(**experiment));
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

Result<Answer> create_experiment(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto body = read_object(exchange.request.body);
  if (!body) return fail(body.error());
  return answer_experiment(201, services.experiments->create(who.project_id, slug_of(exchange), body->value, who.name));
}

Result<Answer> get_experiment(Services& services, const Principal& who, const http::Exchange& exchange) {
  return answer_experiment(200, services.experiments->get(who.project_id, slug_of(exchange), id_of(exchange)));
}

Result<Answer> update_experiment(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto body = read_object(exchange.request.body);
  if (!body) return fail(body.error());
  return answer_experiment(
      200, services.experiments->update(who.project_id, slug_of(exchange), id_of(exchange), body->value));
}

Result<Answer> delete_experiment(Services& services, const Principal& who, const http::Exchange& exchange) {
  TRACIA_TRY(services.experiments->remove(who.project_id, slug_of(exchange), id_of(exchange)));
  return answer_json(200, R"({"success":true})");
}

template <ExperimentStatus kTo>
Result<Answer> move_experiment(Services& services, const Principal& who, const http::Exchange& exchange) {
  return answer_experiment(200, services.experiments->move(who.project_id, slug_of(exchange), id_of(exchange), kTo));
}

Result<Answer> promote_variant(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto body = read_object(exchange.request.body);
  if (!body) return fail(body.error());
  std::string variant;
  TRACIA_TRY(read_text(body->value, "variant", span::limits::kVariantCharsMax, variant));
  if (variant.empty()) return fail(Error::invalid("Missing required field: variant"));
  return answer_experiment(
      200, services.experiments->promote(who.project_id, slug_of(exchange), id_of(exchange), variant, who.name));
}

Result<Answer> experiment_results(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto results = services.experiments->results(who.project_id, slug_of(exchange), id_of(exchange), {});
  if (!results) return fail(results.error());
  return answer_json(200, results_json(*results));
}

}  // namespace

void add_experiments(http::Router& router, Services& services) {
  const std::string all = "/api/v1/prompts/{slug}/experiments", one = all + "/{experimentId}";
  add_on_worker(router, services, "GET", all, Need::kRead, list_experiments);
  add_on_worker(router, services, "POST", all, Need::kWrite, create_experiment);
  add_on_worker(router, services, "GET", one, Need::kRead, get_experiment);
  add_on_worker(router, services, "PUT", one, Need::kWrite, update_experiment);
  add_on_worker(router, services, "DELETE", one, Need::kWrite, delete_experiment);
  add_on_worker(router, services, "POST", one + "/start", Need::kWrite, move_experiment<ExperimentStatus::kRunning>);
  add_on_worker(router, services, "POST", one + "/pause", Need::kWrite, move_experiment<ExperimentStatus::kPaused>);
  add_on_worker(router, services, "POST", one + "/stop", Need::kWrite, move_experiment<ExperimentStatus::kStopped>);
  add_on_worker(router, services, "POST", one + "/promote", Need::kWrite, promote_variant);
  add_on_worker(router, services, "GET", one + "/results", Need::kRead, experiment_results);
}

}  // namespace tracia::routes
