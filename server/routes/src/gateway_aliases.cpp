// /api/v1/gateway/aliases: names of a project's own for models of the gateway, with fallbacks and retries behind them.
#include <utility>

#include "on_worker.h"
#include "request_json.h"
#include "tracia/base/bytes.h"
#include "tracia/routes/routes.h"
#include "tracia/service/audit.h"
#include "tracia/service/gateway.h"
#include "tracia/span/limits.h"

namespace tracia::routes {
namespace {

using service::Services;
using store::GatewayAlias;

constexpr size_t kBodyBytesMax = 64u << 10;

void write_alias(json::Writer& w, const GatewayAlias& alias) {
  w.begin_object().field("name", alias.name).key("targets").begin_array();
  for (const GatewayAlias::Target& target : alias.targets) {
    w.begin_object();
    write_text_or_null(w, "provider", target.provider);
    w.field("model", target.model).end_object();
  }
  w.end_array();
  write_or_null(w, "retries", alias.retries);
  w.field("createdAt", format_rfc3339_millis(alias.created)).field("updatedAt", format_rfc3339_millis(alias.updated));
  w.end_object();
}

std::string alias_json(const GatewayAlias& alias) {
  json::Writer w;
  write_alias(w, alias);
  return w.take();
}

Result<GatewayAlias::Target> read_target(const json::Value& value) {
  if (!value.is_object()) return fail(Error::invalid("targets must be an array of objects"));
  GatewayAlias::Target target;
  TRACIA_TRY(read_text(value, "provider", span::limits::kProviderCharsMax, target.provider));
  TRACIA_TRY(read_text(value, "model", span::limits::kModelCharsMax, target.model));
  if (target.model.empty()) return fail(Error::invalid("Missing required field: targets[].model"));
  return target;
}

Result<GatewayAlias> read_alias(std::string_view text) {
  const auto body = read_object(text);
  if (!body) return fail(body.error());
  const json::Value targets = body->value["targets"], retries = body->value["retries"];
  if (!targets.is_array()) return fail(Error::invalid("targets must be an array of objects"));
  if (targets.size() > service::kGatewayAliasTargetsMax) {
    return fail(
        Error::invalid("targets must have 1 to " + std::to_string(service::kGatewayAliasTargetsMax) + " members"));
  }
  GatewayAlias alias;
  for (const json::Value value : targets.items()) {
    auto target = read_target(value);
    if (!target) return fail(std::move(target).error());
    alias.targets.push_back(std::move(*target));
  }
  if (retries.is_missing_or_null()) return alias;
  alias.retries = retries.integer();
  if (!alias.retries || *alias.retries < 0 || *alias.retries > limits::kRetriesMax) {
    return fail(Error::invalid("retries must be a whole number from 0 to " + std::to_string(limits::kRetriesMax)));
  }
  return alias;
}

void list(Services& services, const http::ExchangePtr& exchange) {
  const auto who = admit(services, exchange);
  if (!who) return;
  json::Writer w;
  w.begin_object().key("aliases").begin_array();
  for (const auto& alias : services.cache->gateway_aliases_of(who->project_id)) write_alias(w, *alias);
  w.end_array().end_object();
  exchange->json(200, w.str());
}

void get(Services& services, const http::ExchangePtr& exchange) {
  const auto who = admit(services, exchange);
  if (!who) return;
  const std::string_view name = exchange->parameter("name");
  const auto alias = services.cache->gateway_alias(who->project_id, ascii_lower(name));
  alias ? exchange->json(200, alias_json(*alias)) : exchange->error(service::gateway_alias_not_found(name));
}

void put(Services& services, const http::ExchangePtr& exchange) {
  auto who = admit(services, exchange);
  if (!who) return;
  auto alias = read_alias(exchange->request.body);
  if (!alias) return exchange->error(alias.error());
  alias->name = exchange->parameter("name");
  on_worker(services, exchange, [&services, exchange, who = std::move(*who), alias = std::move(*alias)] {
    const auto stored = services.gateway->put_alias(who.project_id, alias);
    if (!stored) return answer_error(stored.error());
    std::string answer = alias_json(*stored);
    service::record_audit(services, *exchange, who, "alias.put", stored->name, answer);
    return answer_json(200, std::move(answer));
  });
}

void remove(Services& services, const http::ExchangePtr& exchange) {
  auto who = admit(services, exchange);
  if (!who) return;
  on_worker(services, exchange,
            [&services, exchange, who = std::move(*who), name = std::string(exchange->parameter("name"))] {
              const Status removed = services.gateway->remove_alias(who.project_id, name);
              if (!removed) return answer_error(removed.error());
              service::record_audit(services, *exchange, who, "alias.remove", name);
              return answer_json(200, R"({"success":true})");
            });
}

}  // namespace

void add_gateway_aliases(http::Router& router, Services& services) {
  const auto add = [&](const char* method, const char* pattern, void (*handler)(Services&, const http::ExchangePtr&)) {
    const auto bound = [&services, handler](const http::ExchangePtr& exchange) { handler(services, exchange); };
    router.add(method, pattern, bound, kBodyBytesMax);
  };
  add("GET", "/api/v1/gateway/aliases", list);
  add("GET", "/api/v1/gateway/aliases/{name}", get);
  add("PUT", "/api/v1/gateway/aliases/{name}", put);
  add("DELETE", "/api/v1/gateway/aliases/{name}", remove);
}

}  // namespace tracia::routes
