// /api/v1/auth/*: the first-start setup, signing in and out, and the password. Sessions are for browsers; programs use
// API keys.
#include <algorithm>
#include <utility>

#include "account_json.h"
#include "on_worker.h"
#include "request_json.h"
#include "tracia/base/bytes.h"
#include "tracia/routes/routes.h"
#include "tracia/service/access.h"

namespace tracia::routes {
namespace {

using service::Access;
using service::Services;

constexpr size_t kBodyBytesMax = 16u << 10;  // an email, a name and a password

// Addresses whose X-Forwarded-* headers are believed: proxies that the operator named.
bool from_trusted_proxy(const Services& services, const http::Request& request) {
  std::string_view host = request.peer;
  host = host.substr(0, std::min(host.rfind(':'), host.size()));
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const auto& trusted = services.config->trusted_proxies;
  return std::find(trusted.begin(), trusted.end(), host) != trusted.end();
}

// Whether the browser speaks TLS to us or to the proxy before us: then the cookie must never travel in clear.
bool wants_secure_cookie(const Services& services, const http::Request& request) {
  if (!services.config->tls_cert.empty()) return true;
  if (ascii_lower(services.config->public_url).starts_with("https://")) return true;
  return from_trusted_proxy(services, request) &&
         ascii_iequals(trim(request.headers.get_or("x-forwarded-proto", "")), "https");
}

// Who is slowed down after failures: the peer, or whom a trusted proxy says it speaks for (the last it added).
std::string client_address(const Services& services, const http::Request& request) {
  if (!from_trusted_proxy(services, request)) return request.peer;
  const std::string_view chain = request.headers.get_or("x-forwarded-for", "");
  const size_t comma = chain.rfind(',');
  const std::string_view last = trim(comma == std::string_view::npos ? chain : chain.substr(comma + 1));
  return last.empty() ? request.peer : std::string(last);
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
  for (const store::Project& project : services.cache->projects()) write_project(w, project);
  w.end_array().end_object();
  return w.take();
}

Answer answer_login(const Services& services, Result<Access::Login> login) {
  if (!login) return answer_error(login.error());
  return answer_json(200, session_json(services, login->member, login->csrf_token),
                     wire::Headers{{"Set-Cookie", login->cookie}});
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
  const bool secure = wants_secure_cookie(services, exchange->request);
  on_worker(services, exchange, [&services, form = std::move(*form), secure] {
    return answer_login(services, services.access->set_up(form.token, form.email, form.name, form.password, secure));
  });
}

void log_in(Services& services, const http::ExchangePtr& exchange) {
  auto form = read_form(exchange->request.body, {{"email", &Form::email}, {"password", &Form::password}});
  if (!form) return exchange->error(form.error());
  const bool secure = wants_secure_cookie(services, exchange->request);
  const std::string peer = client_address(services, exchange->request);
  on_worker(services, exchange, [&services, form = std::move(*form), peer, secure] {
    return answer_login(services, services.access->login(form.email, form.password, peer, secure));
  });
}

void log_out(Services& services, const http::ExchangePtr& exchange) {
  if (const auto member = services.access->confirmed(*exchange); !member) return exchange->error(member.error());
  const bool secure = wants_secure_cookie(services, exchange->request);
  on_worker(services, exchange, [&services, exchange, secure] {
    if (const Status done = services.access->logout(*exchange); !done) return answer_error(done.error());
    return answer_json(200, R"({"success":true})", wire::Headers{{"Set-Cookie", Access::sign_out_cookie(secure)}});
  });
}

void change_password(Services& services, const http::ExchangePtr& exchange) {
  const auto member = services.access->confirmed(*exchange);
  if (!member) return exchange->error(member.error());
  auto form = read_form(exchange->request.body, {{"current", &Form::current}, {"new", &Form::replacement}});
  if (!form) return exchange->error(form.error());
  const bool secure = wants_secure_cookie(services, exchange->request);
  const std::string peer = client_address(services, exchange->request);
  on_worker(services, exchange, [&services, id = member->id, form = std::move(*form), peer, secure] {
    return answer_login(services, services.access->change_password(id, form.current, form.replacement, peer, secure));
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
}

}  // namespace tracia::routes
