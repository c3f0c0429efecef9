// What a project does with its data: GET, PUT /api/v1/projects/{projectId}/masking and POST …/masking/test; GET, PUT
// /api/v1/retention; DELETE /api/v1/users/{userId}/spans.
#include "tracia/service/policies.h"

#include <utility>

#include "on_worker.h"
#include "request_json.h"
#include "tracia/base/bytes.h"
#include "tracia/routes/routes.h"
#include "tracia/service/audit.h"
#include "tracia/service/retention.h"

namespace tracia::routes {
namespace {

using service::Principal;
using service::record_audit;
using service::Services;

constexpr size_t kTestCharsMax = 100'000;
constexpr Millis kDeleteTime{10'000};  // below what proxies wait for an answer

// The project that the path names, if it is one that the caller may see.
Result<std::string> named_project(Services& services, const Principal& who, const http::Exchange& exchange) {
  std::string id(exchange.parameter("projectId"));
  if (reaches_project(services, exchange, who, id)) return id;
  return fail(project_not_found());
}

Answer answer_rules(const std::vector<ingest::MaskingRule>& rules) {
  json::Writer w;
  w.begin_object().key("rules");
  ingest::write_masking_rules(w, rules);
  w.end_object();
  return answer_json(200, w.take());
}

Result<Answer> get_masking(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto project = named_project(services, who, exchange);
  if (!project) return fail(project.error());
  const auto masker = services.policies->masker(*project);
  return answer_rules(masker ? masker->rules() : std::vector<ingest::MaskingRule>());
}

Result<Answer> put_masking(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto project = named_project(services, who, exchange);
  if (!project) return fail(project.error());
  const auto body = read_object(exchange.request.body);
  if (!body) return fail(body.error());
  const json::Value list = body->value["rules"];
  if (list.is_missing_or_null()) return fail(Error::invalid("Missing required field: rules"));
  auto rules = ingest::read_masking_rules(list, "rules");
  if (!rules) return fail(std::move(rules).error());
  TRACIA_TRY(services.policies->set_masking(*project, *rules));
  json::Writer w;
  w.begin_object().key("rules").begin_array();
  for (const ingest::MaskingRule& rule : *rules) w.value(rule.name);
  w.end_array().end_object();
  record_audit(services, exchange, who, "masking.update", *project, w.str());
  return answer_rules(*rules);
}

// The project's rules, or others that are tried before they are kept.
Result<std::shared_ptr<const ingest::Masker>> masker_to_test(Services& services, const std::string& project,
                                                             const json::Value& body) {
  const json::Value list = body["rules"];
  if (list.is_missing_or_null()) return services.policies->masker(project);
  auto rules = ingest::read_masking_rules(list, "rules");
  if (!rules) return fail(std::move(rules).error());
  return ingest::Masker::make(std::move(*rules));
}

Result<Answer> test_masking(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto project = named_project(services, who, exchange);
  if (!project) return fail(project.error());
  const auto body = read_object(exchange.request.body);
  if (!body) return fail(body.error());
  const json::Value text = body->value["text"];
  if (text.is_missing_or_null()) return fail(Error::invalid("Missing required field: text"));
  if (!text.is_string()) return fail(Error::invalid("text must be a string"));
  if (count_chars(*text.string()) > kTestCharsMax) {
    return fail(Error::invalid("text must have at most " + std::to_string(kTestCharsMax) + " characters"));
  }
  const auto masker = masker_to_test(services, *project, body->value);
  if (!masker) return fail(masker.error());
  json::Writer w;
  w.begin_object().field("text", *masker ? (*masker)->text(*text.string()) : text.text()).end_object();
  return answer_json(200, w.take());
}

Result<Answer> answer_retention(Services& services, const std::string& project) {
  const auto state = services.retention->state(project);
  if (!state) return fail(state.error());
  json::Writer w;
  w.begin_object();
  write_or_null(w, "days", state->days);
  write_or_null(w, "serverDays", state->server_days);
  write_text_or_null(w, "oldestSpan", state->oldest ? format_rfc3339_millis(*state->oldest) : "");
  write_or_null(w, "spansPastRetention", state->past);
  w.end_object();
  return answer_json(200, w.take());
}

Result<Answer> get_retention(Services& services, const Principal& who, const http::Exchange&) {
  return answer_retention(services, who.project_id);
}

Result<Answer> put_retention(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto body = read_object(exchange.request.body);
  if (!body) return fail(body.error());
  const json::Value days = body->value["days"];
  if (!days) return fail(Error::invalid("Missing required field: days"));
  const auto number = days.is_null() ? std::nullopt : days.integer();
  if (!days.is_null() && (!number || *number < 1 || *number > service::kRetentionDaysMax)) {
    return fail(
        Error::invalid("days must be null or a whole number from 1 to " + std::to_string(service::kRetentionDaysMax)));
  }
  TRACIA_TRY(services.policies->set_retention_days(who.project_id, number));
  json::Writer w;
  w.begin_object();
  write_or_null(w, "days", number);
  w.end_object();
  record_audit(services, exchange, who, "retention.update", who.project_id, w.str());
  // At once, not at the next turn of the clock; when there is no room for it, then.
  (void)services.workers->submit([&services] { services.retention->run(); });
  return answer_retention(services, who.project_id);
}

Result<Answer> delete_user_spans(Services& services, const Principal& who, const http::Exchange& exchange) {
  const std::string user(exchange.parameter("userId"));
  if (user.empty()) return fail(Error::invalid("userId must not be empty"));
  const auto deleted = services.retention->delete_user(who.project_id, user, kDeleteTime);
  if (!deleted) return fail(deleted.error());
  json::Writer w;
  w.begin_object().field("deleted", deleted->spans).field("complete", deleted->complete).end_object();
  std::string answer = w.take();
  record_audit(services, exchange, who, "user.delete_spans", user, answer);
  return answer_json(200, std::move(answer));
}

}  // namespace

void add_policies(http::Router& router, Services& services) {
  constexpr const char* kMasking = "/api/v1/projects/{projectId}/masking";
  add_on_worker(router, services, "GET", kMasking, get_masking);
  add_on_worker(router, services, "PUT", kMasking, put_masking);
  add_on_worker(router, services, "POST", "/api/v1/projects/{projectId}/masking/test", test_masking);
  add_on_worker(router, services, "GET", "/api/v1/retention", get_retention);
  add_on_worker(router, services, "PUT", "/api/v1/retention", put_retention);
  add_on_worker(router, services, "DELETE", "/api/v1/users/{userId}/spans", delete_user_spans);
}

}  // namespace tracia::routes
