// PUT /api/v1/api-keys/{keyId}, /api/v1/projects/{projectId}/limits, GET /api/v1/usage: what keys and projects may do,
// and what they have spent.
#include "tracia/service/limits.h"

#include <utility>
#include <vector>

#include "account_json.h"
#include "on_worker.h"
#include "request_json.h"
#include "tracia/routes/routes.h"
#include "tracia/service/access.h"
#include "tracia/service/audit.h"
#include "tracia/service/spend.h"

namespace tracia::routes {
namespace {

using service::Principal;
using service::record_audit;
using service::Services;
using service::Spend;
using service::SpendPeriod;

constexpr size_t kBodyBytesMax = 16u << 10;  // a name and a few figures

Result<service::Access::KeyChange> read_key_change(std::string_view text) {
  const auto body = read_object(text);
  if (!body) return fail(body.error());
  service::Access::KeyChange change;
  if (const json::Value name = body->value["name"]) {
    if (!name.is_string()) return fail(Error::invalid("name: must be a string"));
    change.name = name.text();
  }
  if (const json::Value count = body->value["requestsPerMinute"]) {
    auto read = service::read_requests_per_minute(count);
    if (!read) return fail(std::move(read).error());
    change.requests_per_minute = *read;
  }
  if (const json::Value cap = body->value["spendCap"]) {
    auto read = service::read_spend_cap(cap);
    if (!read) return fail(std::move(read).error());
    change.spend_cap = *read;
  }
  return change;
}

void update_key(Services& services, const http::ExchangePtr& exchange) {
  auto who = admit(services, exchange);
  if (!who) return;
  auto change = read_key_change(exchange->request.body);
  if (!change) return exchange->error(change.error());
  on_worker(services, exchange,
            [&services, exchange, who = std::move(*who), id = std::string(exchange->parameter("keyId")),
             change = std::move(*change)] {
              const auto key = services.access->update_key(who.project_id, id, change);
              if (!key) return answer_error(key.error());
              record_audit(services, *exchange, who, "key.update", key->id, key->limits_json);
              json::Writer w;
              write_api_key(w, *key);
              return answer_json(200, w.take());
            });
}

std::string limits_json(const Spend::Use& use) {
  json::Writer w;
  w.begin_object();
  service::write_spend_cap(w, use.cap);
  w.end_object();
  return w.take();
}

void get_limits(Services& services, const http::ExchangePtr& exchange) {
  const auto who = admit(services, exchange);
  if (!who) return;
  const std::string_view id = exchange->parameter("projectId");
  if (!reaches_project(services, *exchange, *who, id)) return exchange->error(project_not_found());
  exchange->json(200, limits_json(services.spend->use(id)));
}

void put_limits(Services& services, const http::ExchangePtr& exchange) {
  auto who = admit(services, exchange);
  if (!who) return;
  std::string id(exchange->parameter("projectId"));
  if (!reaches_project(services, *exchange, *who, id)) return exchange->error(project_not_found());
  const auto body = read_object(exchange->request.body);
  if (!body) return exchange->error(body.error());
  const json::Value given = body->value["spendCap"];
  if (!given) return exchange->error(Error::invalid("Missing required field: spendCap"));
  auto cap = service::read_spend_cap(given);
  if (!cap) return exchange->error(cap.error());
  on_worker(services, exchange,
            [&services, exchange, who = std::move(*who), id = std::move(id), cap = *cap]() -> Answer {
              const Status put = services.spend->set_project_cap(id, cap);
              if (!put) return answer_error(put.error());
              std::string limits = limits_json(services.spend->use(id));
              record_audit(services, *exchange, who, "project.limits", id, limits);
              return answer_json(200, std::move(limits));
            });
}

void write_period(json::Writer& w, SpendPeriod period, llm::Decimal spent, Timestamp now) {
  w.key(service::spend_period_name(period)).begin_object();
  w.field("spentUsd", spent.to_string());
  w.field("resetsAt", format_rfc3339_millis(service::spend_period_end(period, now))).end_object();
}

void write_use(json::Writer& w, const Spend::Use& use, Timestamp now) {
  service::write_spend_cap(w, use.cap);
  write_period(w, SpendPeriod::kDay, use.day, now);
  write_period(w, SpendPeriod::kMonth, use.month, now);
  w.field("reservedUsd", use.reserved.to_string());
}

// A member sees every key that works; a key itself.
std::string usage_json(Services& services, const Principal& who) {
  const Timestamp now = services.clock->now();
  json::Writer w;
  w.begin_object().key("project").begin_object().field("id", who.project_id);
  write_use(w, services.spend->use(who.project_id), now);
  w.end_object().key("apiKeys").begin_array();
  for (const store::ApiKey& key : services.cache->keys_of(who.project_id)) {
    if (key.revoked || (!who.is_member() && key.id != who.key_id)) continue;
    w.begin_object().field("id", key.id).field("name", key.name);
    write_or_null(w, "requestsPerMinute", service::read_key_limits(key.limits_json).requests_per_minute);
    write_use(w, services.spend->use(key.id), now);
    w.end_object();
  }
  w.end_array().end_object();
  return w.take();
}

void get_usage(Services& services, const http::ExchangePtr& exchange) {
  auto who = admit(services, exchange);
  if (!who) return;
  on_worker(services, exchange,
            [&services, who = std::move(*who)] { return answer_json(200, usage_json(services, who)); });
}

}  // namespace

void add_limits(http::Router& router, Services& services) {
  const auto add = [&](const char* method, const char* pattern, void (*handler)(Services&, const http::ExchangePtr&)) {
    const auto bound = [&services, handler](const http::ExchangePtr& exchange) { handler(services, exchange); };
    router.add(method, pattern, bound, kBodyBytesMax);
  };
  add("PUT", "/api/v1/api-keys/{keyId}", update_key);
  add("GET", "/api/v1/projects/{projectId}/limits", get_limits);
  add("PUT", "/api/v1/projects/{projectId}/limits", put_limits);
  add("GET", "/api/v1/usage", get_usage);
}

}  // namespace tracia::routes
