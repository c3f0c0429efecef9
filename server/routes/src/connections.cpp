// /api/v1/connections: how the project reaches providers. Secrets come in and never go out: an answer says whether
// there is a key, and its last four characters when it is long enough for that to give nothing away.
#include "tracia/service/connections.h"

#include <utility>

#include "on_worker.h"
#include "request_json.h"
#include "tracia/routes/routes.h"
#include "tracia/service/audit.h"
#include "tracia/service/runs.h"

namespace tracia::routes {
namespace {

using service::ConnectionDraft;
using service::LiveConnection;
using service::record_audit;
using service::Services;

constexpr size_t kBodyBytesMax = 256u << 10;  // a key and some headers
constexpr size_t kShownKeyBytesMin = 16;
constexpr size_t kModelBytesMax = 256;

std::string key_end(const std::string& key) { return key.size() < kShownKeyBytesMin ? "" : key.substr(key.size() - 4); }

void write_connection(json::Writer& w, const LiveConnection& live) {
  const store::Connection& c = live.connection;
  w.begin_object().field("id", c.id).field("name", c.name).field("protocol", c.protocol);
  write_text_or_null(w, "baseUrl", c.base_url);
  write_text_or_null(w, "region", c.region);
  w.field("hasKey", !live.key.empty());
  write_text_or_null(w, "keyEnd", key_end(live.key));
  w.key("headerNames").begin_array();
  for (const auto& [name, value] : live.headers) w.value(name);
  w.end_array();
  w.field("createdAt", format_rfc3339_millis(c.created)).field("updatedAt", format_rfc3339_millis(c.updated));
  w.end_object();
}

// For the audit log: never the key, nor what headers say.
std::string connection_detail(const store::Connection& connection) {
  json::Writer w;
  w.begin_object().field("name", connection.name).field("protocol", connection.protocol);
  return w.field_if("baseUrl", connection.base_url).end_object().take();
}

Answer answer_connection(Services& services, int status, const store::Connection& connection) {
  const auto live = services.cache->connection(connection.project_id, connection.name);
  json::Writer w;
  write_connection(w, live ? *live : LiveConnection{.connection = connection, .key = "", .headers = {}});
  return answer_json(status, w.take());
}

Status read_text(const json::Value& body, std::string_view name, std::string& out) {
  const json::Value value = body[name];
  if (value.is_missing_or_null()) return {};
  if (!value.is_string()) return fail(Error::invalid(std::string(name) + " must be a string"));
  out = value.text();
  return {};
}

// ConnectionInput: an omitted key or headers keep what is stored; null clears.
Result<ConnectionDraft> read_draft(const json::Value& body) {
  ConnectionDraft draft;
  TRACIA_TRY(read_text(body, "name", draft.name));
  TRACIA_TRY(read_text(body, "protocol", draft.protocol));
  TRACIA_TRY(read_text(body, "baseUrl", draft.base_url));
  TRACIA_TRY(read_text(body, "region", draft.region));
  if (body["key"]) {
    draft.key.emplace();
    TRACIA_TRY(read_text(body, "key", *draft.key));
  }
  const json::Value headers = body["headers"];
  if (!headers) return draft;
  draft.headers.emplace();
  if (headers.is_null()) return draft;
  if (!headers.is_object()) return fail(Error::invalid("headers must be an object of strings"));
  for (const json::Member member : headers.members()) {
    const auto value = member.value.string();
    if (!value) return fail(Error::invalid("headers must be an object of strings"));
    draft.headers->emplace_back(member.key, *value);
  }
  return draft;
}

Result<ConnectionDraft> read_draft_body(std::string_view text) {
  const auto body = read_object(text);
  if (!body) return fail(body.error());
  return read_draft(body->value);
}

std::string id_of(const http::ExchangePtr& exchange) { return std::string(exchange->parameter("connectionId")); }

void list(Services& services, const http::ExchangePtr& exchange) {
  const auto who = admit(services, exchange);
  if (!who) return;
  json::Writer w;
  w.begin_object().key("connections").begin_array();
  for (const auto& live : services.cache->connections_of(who->project_id)) write_connection(w, *live);
  w.end_array().key("environment").begin_array();
  for (const llm::Provider provider : services.connections->environment(who->project_id)) {
    w.begin_object().field("provider", llm::provider_name(provider)).field("source", "environment").end_object();
  }
  w.end_array().end_object();
  exchange->json(200, w.str());
}

void get(Services& services, const http::ExchangePtr& exchange) {
  const auto who = admit(services, exchange);
  if (!who) return;
  const std::string id = id_of(exchange);
  for (const auto& live : services.cache->connections_of(who->project_id)) {
    if (live->connection.id != id) continue;
    json::Writer w;
    write_connection(w, *live);
    return exchange->json(200, w.str());
  }
  exchange->error(service::connection_not_found(id));
}

void create(Services& services, const http::ExchangePtr& exchange) {
  auto who = admit(services, exchange);
  if (!who) return;
  auto draft = read_draft_body(exchange->request.body);
  if (!draft) return exchange->error(draft.error());
  on_worker(services, exchange, [&services, exchange, who = std::move(*who), draft = std::move(*draft)] {
    const auto made = services.connections->create(who.project_id, draft);
    if (!made) return answer_error(made.error());
    record_audit(services, *exchange, who, "connection.create", made->id, connection_detail(*made));
    return answer_connection(services, 201, *made);
  });
}

void update(Services& services, const http::ExchangePtr& exchange) {
  auto who = admit(services, exchange);
  if (!who) return;
  auto draft = read_draft_body(exchange->request.body);
  if (!draft) return exchange->error(draft.error());
  on_worker(services, exchange,
            [&services, exchange, who = std::move(*who), id = id_of(exchange), draft = std::move(*draft)] {
              const auto changed = services.connections->update(who.project_id, id, draft);
              if (!changed) return answer_error(changed.error());
              record_audit(services, *exchange, who, "connection.update", id, connection_detail(*changed));
              return answer_connection(services, 200, *changed);
            });
}

void remove(Services& services, const http::ExchangePtr& exchange) {
  auto who = admit(services, exchange);
  if (!who) return;
  on_worker(services, exchange, [&services, exchange, who = std::move(*who), id = id_of(exchange)] {
    const Status removed = services.connections->remove(who.project_id, id);
    if (!removed) return answer_error(removed.error());
    record_audit(services, *exchange, who, "connection.delete", id);
    return answer_json(200, R"({"success":true})");
  });
}

std::string test_json(const Result<Millis>& outcome) {
  json::Writer w;
  w.begin_object().field("ok", outcome.has_value()).key("latencyMs");
  outcome ? w.value(static_cast<int64_t>(outcome->count())) : w.null();
  w.key("error");
  outcome ? w.null() : w.value(outcome.error().message);
  w.end_object();
  return w.take();
}

// What the provider says is the answer, not an error of ours.
void test(Services& services, const http::ExchangePtr& exchange) {
  const auto who = admit(services, exchange);
  if (!who) return;
  const auto body = read_optional_object(exchange->request.body);
  if (!body) return exchange->error(body.error());
  std::string model;
  if (const Status read = read_text(body->value, "model", model); !read) return exchange->error(read.error());
  if (model.size() > kModelBytesMax) return exchange->error(Error::invalid("model must have at most 256 characters"));
  auto named = services.connections->resolve_id(who->project_id, id_of(exchange), model);
  if (!named) return exchange->error(named.error());
  const transport::CancelToken cancel;
  exchange->writer.on_close([cancel] { cancel.cancel(); });
  services.runs->probe(std::move(named->target), cancel, [exchange](Result<Millis> outcome) {
    exchange->writer.post([exchange, outcome = std::move(outcome)] {
      const bool asked = outcome || outcome.error().code != ErrorCode::kInvalidRequest || outcome.error().status != 0;
      asked ? exchange->json(200, test_json(outcome)) : exchange->error(outcome.error());
    });
  });
}

}  // namespace

void add_connections(http::Router& router, Services& services) {
  const auto add = [&](const char* method, const char* pattern, void (*handler)(Services&, const http::ExchangePtr&)) {
    const auto bound = [&services, handler](const http::ExchangePtr& exchange) { handler(services, exchange); };
    router.add(method, pattern, bound, kBodyBytesMax);
  };
  add("GET", "/api/v1/connections", list);
  add("POST", "/api/v1/connections", create);
  add("GET", "/api/v1/connections/{connectionId}", get);
  add("PUT", "/api/v1/connections/{connectionId}", update);
  add("DELETE", "/api/v1/connections/{connectionId}", remove);
  add("POST", "/api/v1/connections/{connectionId}/test", test);
}

}  // namespace tracia::routes
