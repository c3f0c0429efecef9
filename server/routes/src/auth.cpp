// /api/v1/auth/*: the first-start setup, signing in and out, one's sessions and password, and following an invitation.
// Sessions are for browsers; programs use API keys.
#include <algorithm>
#include <utility>

#include "account_json.h"
#include "on_worker.h"
#include "request_json.h"
#include "tracia/base/bytes.h"
#include "tracia/routes/routes.h"
#include "tracia/service/access.h"
#include "tracia/service/audit.h"
#include "tracia/service/members.h"
#include "tracia/service/peer.h"

namespace tracia::routes {
namespace {

using service::Access;
using service::AuditActor;
using service::Services;

constexpr size_t kBodyBytesMax = 16u << 10;  // an email, a name and a password

// Whether the browser speaks TLS to us or to the proxy before us: then the cookie must never travel in clear.
bool wants_secure_cookie(const Services& services, const http::Request& request) {
  if (!services.config->tls_cert.empty()) return true;
  if (ascii_lower(services.config->public_url).starts_with("https://")) return true;
  return service::from_trusted_proxy(*services.config, request) &&
         ascii_iequals(trim(request.headers.get_or("x-forwarded-proto", "")), "https");
}

Access::Browser browser_of(const Services& services, const http::Request& request) {
  return {.peer = service::client_address(*services.config, request),
          .secure_cookie = wants_secure_cookie(services, request),
          .device = std::string(request.headers.get_or("user-agent", ""))};
}

Result<std::string> required_text(const json::Value& body, std::string_view name) {
  const json::Value value = body[name];
  if (value.is_missing_or_null()) return fail(Error::invalid("Missing required field: " + std::string(name)));
  if (!value.is_string()) return fail(Error::invalid(std::string(name) + ": must be a string"));
  return value.text();
}

std::string session_json(const Services& services, const store::Member& member, std::string_view csrf_token) {
  json::Writer w;
  w.begin_object().key("member");
  write_member(w, member);
  w.field("csrfToken", csrf_token).key("projects").begin_array();
  for (const store::Project& project : services.access->projects_of(member)) write_project(w, project);
  w.end_array().end_object();
  return w.take();
}

Answer answer_login(const Services& services, Result<Access::Login> login) {
  if (!login) return answer_error(login.error());
  return answer_json(200, session_json(services, login->member, login->csrf_token),
                     wire::Headers{{"Set-Cookie", login->cookie}});
}

AuditActor actor_of(const store::Member& member) { return {.kind = "member", .id = member.id, .name = member.name}; }

// What came of signing in, recorded and answered.
Answer record_login(Services& services, const http::Exchange& exchange, std::string_view action,
                    Result<Access::Login> login) {
  if (login) service::record_audit(services, exchange, actor_of(login->member), action, login->member.email);
  return answer_login(services, std::move(login));
}

void get_session(Services& services, const http::ExchangePtr& exchange) {
  if (const auto session = services.access->signed_in(*exchange)) {
    exchange->json(200, session_json(services, session->first, session->second));
    return;
  }
  exchange->error({.code = ErrorCode::kUnauthorized, .message = "Not signed in"},
                  services.access->setup_required() ? "\"setupRequired\":true" : "\"setupRequired\":false");
}

// What a form sent, each member required.
struct Form {
  std::string token, email, name, password, current, replacement;
};
Result<Form> read_form(std::string_view text,
                       std::initializer_list<std::pair<const char*, std::string Form::*>> fields) {
  const auto body = read_object(text);
  if (!body) return fail(body.error());
  Form form;
  for (const auto& [name, member] : fields) {
    auto value = required_text(body->value, name);
    if (!value) return fail(value.error());
    form.*member = std::move(*value);
  }
  return form;
}

void set_up(Services& services, const http::ExchangePtr& exchange) {
  auto form = read_form(
      exchange->request.body,
      {{"token", &Form::token}, {"email", &Form::email}, {"name", &Form::name}, {"password", &Form::password}});
  if (!form) return exchange->error(form.error());
  on_worker(services, exchange, [&services, exchange, form = std::move(*form)] {
    const auto browser = browser_of(services, exchange->request);
    return record_login(services, *exchange, "server.setup",
                        services.access->set_up(form.token, form.email, form.name, form.password, browser));
  });
}

void log_in(Services& services, const http::ExchangePtr& exchange) {
  auto form = read_form(exchange->request.body, {{"email", &Form::email}, {"password", &Form::password}});
  if (!form) return exchange->error(form.error());
  on_worker(services, exchange, [&services, exchange, form = std::move(*form)] {
    auto login = services.access->login(form.email, form.password, browser_of(services, exchange->request));
    // A text without '@' is no email: some type their password there.
    const bool wrong = !login && login.error().code == ErrorCode::kUnauthorized;
    if (wrong || (!login && login.error().code == ErrorCode::kForbidden)) {
      const std::string_view email = form.email.find('@') == std::string::npos ? "" : std::string_view(form.email);
      service::record_audit(services, *exchange, AuditActor{.kind = "member"}, "login.failed", email);
    }
    return record_login(services, *exchange, "login", std::move(login));
  });
}

void log_out(Services& services, const http::ExchangePtr& exchange) {
  const auto member = services.access->confirmed(*exchange);
  if (!member) return exchange->error(member.error());
  const bool secure = wants_secure_cookie(services, exchange->request);
  on_worker(services, exchange, [&services, exchange, member = *member, secure] {
    if (const Status done = services.access->logout(*exchange); !done) return answer_error(done.error());
    service::record_audit(services, *exchange, actor_of(member), "logout", member.email);
    return answer_json(200, R"({"success":true})", wire::Headers{{"Set-Cookie", Access::sign_out_cookie(secure)}});
  });
}

void change_password(Services& services, const http::ExchangePtr& exchange) {
  const auto member = services.access->confirmed(*exchange);
  if (!member) return exchange->error(member.error());
  auto form = read_form(exchange->request.body, {{"current", &Form::current}, {"new", &Form::replacement}});
  if (!form) return exchange->error(form.error());
  on_worker(services, exchange, [&services, exchange, id = member->id, form = std::move(*form)] {
    const auto browser = browser_of(services, exchange->request);
    return record_login(services, *exchange, "password.change",
                        services.access->change_password(id, form.current, form.replacement, browser));
  });
}

void list_sessions(Services& services, const http::ExchangePtr& exchange) {
  if (const auto member = services.access->confirmed(*exchange); !member) return exchange->error(member.error());
  json::Writer w;
  w.begin_object().key("sessions").begin_array();
  for (const Access::SignedIn& one : services.access->sessions(*exchange)) {
    w.begin_object().field("id", one.id).field("current", one.current).field("device", one.session.device);
    w.field("createdAt", format_rfc3339_millis(one.session.created));
    w.field("lastSeenAt", format_rfc3339_millis(one.session.last_seen));
    w.field("expiresAt", format_rfc3339_millis(one.session.expires)).end_object();
  }
  w.end_array().end_object();
  exchange->json(200, w.str());
}

void end_session(Services& services, const http::ExchangePtr& exchange) {
  const auto member = services.access->confirmed(*exchange);
  if (!member) return exchange->error(member.error());
  on_worker(services, exchange, [&services, exchange, member = *member] {
    const std::string_view id = exchange->parameter("sessionId");
    if (const Status ended = services.access->end_session(*exchange, id); !ended) return answer_error(ended.error());
    service::record_audit(services, *exchange, actor_of(member), "session.end", id);
    return answer_json(200, R"({"success":true})");
  });
}

void end_other_sessions(Services& services, const http::ExchangePtr& exchange) {
  const auto member = services.access->confirmed(*exchange);
  if (!member) return exchange->error(member.error());
  on_worker(services, exchange, [&services, exchange, member = *member] {
    const auto ended = services.access->end_other_sessions(*exchange);
    if (!ended) return answer_error(ended.error());
    json::Writer w;
    w.begin_object().field("ended", static_cast<int64_t>(*ended)).end_object();
    service::record_audit(services, *exchange, actor_of(member), "session.end_others", member.email, w.str());
    return answer_json(200, w.take());
  });
}

// What the page behind a link shows before it asks for a password.
void look_at_invitation(Services& services, const http::ExchangePtr& exchange) {
  auto form = read_form(exchange->request.body, {{"token", &Form::token}});
  if (!form) return exchange->error(form.error());
  const std::string peer = service::client_address(*services.config, exchange->request);
  on_worker(services, exchange, [&services, token = std::move(form->token), peer] {
    const auto invitation = services.members->look_at(token, peer);
    if (!invitation) return answer_error(invitation.error());
    json::Writer w;
    w.begin_object().field("purpose", invitation_purpose(*invitation)).field("email", invitation->email);
    w.field("role", store::member_role_name(invitation->role));
    w.field("invitedBy", services.members->name_of(invitation->invited_by));
    w.field("expiresAt", format_rfc3339_millis(invitation->expires)).end_object();
    return answer_json(200, w.take());
  });
}

void accept_invitation(Services& services, const http::ExchangePtr& exchange) {
  auto form = read_form(exchange->request.body, {{"token", &Form::token}, {"password", &Form::password}});
  if (!form) return exchange->error(form.error());
  const auto body = read_object(exchange->request.body);
  if (!body) return exchange->error(body.error());
  if (!body->value["name"].is_missing_or_null()) {  // not needed with a link for a password
    auto name = required_text(body->value, "name");
    if (!name) return exchange->error(name.error());
    form->name = std::move(*name);
  }
  on_worker(services, exchange, [&services, exchange, form = std::move(*form)] {
    const auto browser = browser_of(services, exchange->request);
    return record_login(services, *exchange, "invitation.accept",
                        services.members->accept(form.token, form.name, form.password, browser));
  });
}

}  // namespace

void add_auth(http::Router& router, Services& services) {
  const auto add = [&](const char* method, const char* pattern, void (*handler)(Services&, const http::ExchangePtr&)) {
    const auto bound = [&services, handler](const http::ExchangePtr& exchange) { handler(services, exchange); };
    router.add(method, pattern, bound, kBodyBytesMax);
  };
  add("GET", "/api/v1/auth/session", get_session);
  add("POST", "/api/v1/auth/setup", set_up);
  add("POST", "/api/v1/auth/login", log_in);
  add("POST", "/api/v1/auth/logout", log_out);
  add("POST", "/api/v1/auth/password", change_password);
  add("GET", "/api/v1/auth/sessions", list_sessions);
  add("DELETE", "/api/v1/auth/sessions", end_other_sessions);
  add("DELETE", "/api/v1/auth/sessions/{sessionId}", end_session);
  add("POST", "/api/v1/auth/invitation", look_at_invitation);
  add("POST", "/api/v1/auth/accept-invitation", accept_invitation);
}

}  // namespace tracia::routes
