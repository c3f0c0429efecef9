// GET /api/v1/audit: who changed what. Written by record_audit() (tracia/service/audit.h).
#include "tracia/service/audit.h"

#include "on_worker.h"
#include "request_json.h"
#include "tracia/routes/routes.h"

namespace tracia::routes {
namespace {

using service::Principal;
using service::Services;

constexpr std::string_view kCursor = "a";
constexpr size_t kActorCharsMax = 64, kActionCharsMax = 64;

Result<store::AuditQuery> read_query(const http::Exchange& exchange) {
  const auto actor = query_text(exchange, "actor", kActorCharsMax);
  if (!actor) return fail(actor.error());
  const auto action = query_text(exchange, "action", kActionCharsMax);
  if (!action) return fail(action.error());
  const auto from = query_time(exchange, "from");
  if (!from) return fail(from.error());
  const auto to = query_time(exchange, "to");
  if (!to) return fail(to.error());
  const auto limit = query_limit(exchange);
  if (!limit) return fail(limit.error());
  const auto cursor = query_cursor(exchange, kCursor);
  if (!cursor) return fail(cursor.error());
  const auto before = *cursor ? parse_integer(**cursor) : 0;
  if (!before || *before < 0) return fail(Error::invalid("cursor is not one that this list made"));
  return store::AuditQuery{.actor = actor->value_or(""),
                           .action = action->value_or(""),
                           .from = *from,
                           .to = *to,
                           .before = *before,
                           .limit = limit->value_or(kPageDefault)};
}

void write_event(json::Writer& w, const store::AuditEvent& event) {
  w.begin_object().field("id", std::to_string(event.number)).field("time", format_rfc3339_millis(event.time));
  write_text_or_null(w, "projectId", event.project_id);
  w.key("actor").begin_object().field("kind", event.actor_kind);
  write_text_or_null(w, "id", event.actor_id);
  write_text_or_null(w, "name", event.actor_name);
  w.end_object().field("action", event.action).field("target", event.target).key("detail");
  event.detail_json.empty() ? w.null() : w.raw(event.detail_json);
  write_text_or_null(w, "requestId", event.request_id);
  write_text_or_null(w, "peer", event.peer);
  w.end_object();
}

Result<Answer> list_audit(Services& services, const Principal&, const http::Exchange& exchange) {
  auto query = read_query(exchange);
  if (!query) return fail(query.error());
  const size_t limit = query->limit;
  query->limit = limit + 1;  // to know whether there is more
  auto events = services.control->audit(*query);
  if (!events) return fail(events.error());
  const bool more = events->size() > limit;
  if (more) events->pop_back();
  json::Writer w;
  w.begin_object().key("events").begin_array();
  for (const store::AuditEvent& event : *events) write_event(w, event);
  w.end_array();
  write_page(w, more ? make_cursor(kCursor, std::to_string(events->back().number)) : "");
  w.end_object();
  return answer_json(200, w.take());
}

}  // namespace

void add_audit(http::Router& router, Services& services) {
  add_on_worker(router, services, "GET", "/api/v1/audit", list_audit);
}

}  // namespace tracia::routes
