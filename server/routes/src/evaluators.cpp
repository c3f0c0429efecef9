// GET and POST /api/v1/evaluators, PUT and DELETE /api/v1/evaluators/{key}.
#include "tracia/service/evaluators.h"

#include <cmath>
#include <utility>

#include "on_worker.h"
#include "request_json.h"
#include "tracia/routes/routes.h"
#include "tracia/service/audit.h"

namespace tracia::routes {
namespace {

using service::Principal;
using service::record_audit;
using service::Services;
using store::Evaluator;

void write_evaluator(json::Writer& w, const Evaluator& evaluator) {
  const bool built_in = evaluator.key == store::kQualityEvaluator;
  w.begin_object().field("key", evaluator.key).field("name", evaluator.name);
  w.field("type", store::evaluator_type_name(evaluator.type)).field("builtIn", built_in);
  w.field("min", evaluator.minimum).field("max", evaluator.maximum);
  if (evaluator.type == store::EvaluatorType::kCategorical) {
    w.key("categories").begin_array();
    for (const std::string& category : evaluator.categories) w.value(category);
    w.end_array();
  }
  if (!built_in) {
    w.field("createdAt", format_rfc3339_millis(evaluator.created));
    w.field("updatedAt", format_rfc3339_millis(evaluator.updated));
  }
  w.end_object();
}

Answer answer_evaluator(int status, const Evaluator& evaluator) {
  json::Writer w;
  write_evaluator(w, evaluator);
  return answer_json(status, w.take());
}

Result<std::optional<std::string>> read_text_member(const json::Value& body, std::string_view name) {
  const json::Value value = body[name];
  if (value.is_missing_or_null()) return std::nullopt;
  const auto text = value.string();
  if (!text) return fail(Error::invalid(std::string(name) + " must be a string"));
  return std::optional(std::string(*text));
}

Result<std::string> required(const json::Value& body, std::string_view name) {
  auto text = read_text_member(body, name);
  if (!text) return fail(std::move(text).error());
  if (!*text) return fail(Error::invalid("Missing required field: " + std::string(name)));
  return std::move(**text);
}

// nullopt: not sent; nullopt in it: null.
Result<std::optional<std::optional<double>>> read_bound(const json::Value& body, std::string_view name) {
  using Bound = std::optional<std::optional<double>>;
  const json::Value value = body[name];
  if (!value) return Bound();
  if (value.is_null()) return Bound(std::optional<double>());
  const auto number = value.number();
  if (!number || !std::isfinite(*number)) return fail(Error::invalid(std::string(name) + " must be a number"));
  return Bound(number);
}

Result<std::optional<std::vector<std::string>>> read_categories(const json::Value& body) {
  using Categories = std::optional<std::vector<std::string>>;
  const json::Value value = body["categories"];
  if (value.is_missing_or_null()) return Categories();
  if (!value.is_array()) return fail(Error::invalid("categories must be a list of strings"));
  std::vector<std::string> categories;
  for (const json::Value item : value.items()) {
    const auto text = item.string();
    if (!text) return fail(Error::invalid("categories[" + std::to_string(categories.size()) + "] must be a string"));
    categories.emplace_back(*text);
    if (categories.size() > service::kCategoriesMax) break;  // the rules say how many there may be
  }
  return Categories(std::move(categories));
}

Result<service::Evaluators::Change> read_change(const json::Value& body) {
  service::Evaluators::Change change;
  auto name = read_text_member(body, "name");
  if (!name) return fail(std::move(name).error());
  change.name = std::move(*name);
  const auto minimum = read_bound(body, "min");
  if (!minimum) return fail(minimum.error());
  change.minimum = *minimum;
  const auto maximum = read_bound(body, "max");
  if (!maximum) return fail(maximum.error());
  change.maximum = *maximum;
  auto categories = read_categories(body);
  if (!categories) return fail(std::move(categories).error());
  change.categories = std::move(*categories);
  return change;
}

Result<store::EvaluatorType> read_type(const json::Value& body) {
  const auto name = required(body, "type");
  if (!name) return fail(name.error());
  const auto type = store::evaluator_type_from_name(*name);
  if (!type) return fail(Error::invalid("type must be numeric, boolean or categorical"));
  return *type;
}

Result<Evaluator> read_new(const std::string& project_id, std::string_view text) {
  const auto body = read_object(text);
  if (!body) return fail(body.error());
  auto key = required(body->value, "key");
  if (!key) return fail(std::move(key).error());
  auto name = required(body->value, "name");
  if (!name) return fail(std::move(name).error());
  const auto type = read_type(body->value);
  if (!type) return fail(type.error());
  auto rest = read_change(body->value);
  if (!rest) return fail(std::move(rest).error());
  return Evaluator{.project_id = project_id,
                   .key = std::move(*key),
                   .name = std::move(*name),
                   .type = *type,
                   .minimum = rest->minimum.value_or(std::nullopt),
                   .maximum = rest->maximum.value_or(std::nullopt),
                   .categories = std::move(rest->categories).value_or(std::vector<std::string>()),
                   .created = {},
                   .updated = {}};
}

Result<Answer> list_evaluators(Services& services, const Principal& who, const http::Exchange&) {
  json::Writer w;
  w.begin_object().key("evaluators").begin_array();
  for (const Evaluator& evaluator : services.evaluators->list(who.project_id)) write_evaluator(w, evaluator);
  w.end_array().end_object();
  return answer_json(200, w.take());
}

Result<Answer> create_evaluator(Services& services, const Principal& who, const http::Exchange& exchange) {
  auto evaluator = read_new(who.project_id, exchange.request.body);
  if (!evaluator) return fail(std::move(evaluator).error());
  const auto created = services.evaluators->create(std::move(*evaluator));
  if (!created) return fail(created.error());
  record_audit(services, exchange, who, "evaluator.create", created->key);
  return answer_evaluator(201, *created);
}

Result<Answer> update_evaluator(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto body = read_object(exchange.request.body);
  if (!body) return fail(body.error());
  const std::string key(exchange.parameter("key"));
  const auto before = services.evaluators->find(who.project_id, key);
  for (const char* fixed : {"key", "type"}) {
    const auto sent = read_text_member(body->value, fixed);
    if (!sent) return fail(sent.error());
    const std::string_view stands = !before                            ? ""
                                    : std::string_view(fixed) == "key" ? key
                                                                       : store::evaluator_type_name(before->type);
    if (before && *sent && **sent != stands) return fail(Error::invalid(std::string(fixed) + " cannot be changed"));
  }
  const auto change = read_change(body->value);
  if (!change) return fail(change.error());
  const auto updated = services.evaluators->update(who.project_id, key, *change);
  if (!updated) return fail(updated.error());
  record_audit(services, exchange, who, "evaluator.update", updated->key);
  return answer_evaluator(200, *updated);
}

Result<Answer> delete_evaluator(Services& services, const Principal& who, const http::Exchange& exchange) {
  const Status removed = services.evaluators->remove(who.project_id, exchange.parameter("key"));
  if (!removed) return fail(removed.error());
  record_audit(services, exchange, who, "evaluator.delete", exchange.parameter("key"));
  return answer_json(200, R"({"success":true})");
}

}  // namespace

void add_evaluators(http::Router& router, Services& services) {
  constexpr const char* kAll = "/api/v1/evaluators";
  constexpr const char* kOne = "/api/v1/evaluators/{key}";
  add_on_worker(router, services, "GET", kAll, list_evaluators);
  add_on_worker(router, services, "POST", kAll, create_evaluator);
  add_on_worker(router, services, "PUT", kOne, update_evaluator);
  add_on_worker(router, services, "DELETE", kOne, delete_evaluator);
}

}  // namespace tracia::routes
