#include "tracia/service/access.h"

#include <algorithm>

#include "access_impl.h"
#include "access_rules.h"
#include "password.h"
#include "tracia/service/digest.h"
#include "tracia/service/spend.h"

namespace tracia::service {
namespace {

constexpr const char* kSetupTokenSetting = "setup_token_hash";
constexpr int64_t kSessionSeconds = 30 * 24 * 3600;
constexpr size_t kKeyPrefixCharacters = 11;
constexpr size_t kDeviceBytesMax = 256;  // browsers send some 120
// Far above what a team needs, so that a script that went wild is stopped.
constexpr size_t kKeysOfProjectMax = 10'000;

std::string cookie(std::string_view value, int64_t seconds, bool secure) {
  std::string out = std::string(kSessionCookie) + "=" + std::string(value);
  out += "; Path=/; HttpOnly; SameSite=Lax; Max-Age=" + std::to_string(seconds);
  if (secure) out += "; Secure";
  return out;
}

Status check_wait(Millis wait) {
  if (wait.count() == 0) return {};
  return fail({.code = ErrorCode::kRateLimited,
               .kind = ErrorKind::kRateLimit,
               .message = "Too many failed attempts to sign in. Wait a little and try again.",
               .retry_after = wait});
}

}  // namespace

Access::Access(Services& services) : impl_(std::make_unique<Impl>(services)) {}
Access::~Access() = default;

// --- Who asks -------------------------------------------------------------------------------------------------------

Result<Principal> Access::Impl::key_principal(const http::Exchange& exchange, std::string_view token,
                                              const Permission& permission) const {
  // Found by its hash: how long that takes says nothing about the key.
  const auto key = token.empty() ? nullptr : services.cache->key_by_hash(sha256(token));
  if (!key || !services.cache->has_project(key->project_id)) return fail(unauthorized("Invalid or missing API key"));
  TRACIA_TRY(take_turn(limiter, services, exchange, *key));
  Principal who{.project_id = key->project_id, .name = key->name, .key_id = key->id};
  if (const Status may = check_permission(permission, who.role, false); !may) return fail(may.error());
  const std::lock_guard lock(used_mutex);
  used[key->id] = now();
  return who;
}

std::optional<SessionTable::Found> Access::Impl::found(const http::Exchange& exchange) const {
  const std::string_view token = session_cookie(exchange.request.headers);
  if (token.empty()) return std::nullopt;
  return sessions.find(sha256(token), now());
}

// Of what only sessions may do: a good API key is known, and still not allowed.
Error Access::Impl::no_session(const http::Exchange& exchange) const {
  const auto token = bearer_token(exchange.request.headers);
  if (!token || token->empty() || !services.cache->key_by_hash(sha256(*token))) {
    return unauthorized("Invalid or missing API key");
  }
  return forbidden("An API key may not do this; sign in as a member with the role viewer or above");
}

Result<SessionTable::Found> Access::Impl::confirmed(const http::Exchange& exchange) const {
  auto session = found(exchange);
  if (!session) return fail(no_session(exchange));
  const http::Request& request = exchange.request;
  if (!is_safe_method(request.method) &&
      !same_secret(request.headers.get_or("x-csrf-token", ""), session->csrf_token)) {
    return fail(forbidden("X-CSRF-Token is missing or wrong; GET /api/v1/auth/session answers it"));
  }
  return std::move(*session);
}

Result<Principal> Access::Impl::member_principal(const http::Exchange& exchange, const Permission& permission) const {
  auto session = confirmed(exchange);
  if (!session) return fail(session.error());
  const store::Member& member = session->member;
  if (const Status may = check_permission(permission, member.role, true); !may) return fail(may.error());
  if (permission.caller == Caller::kMemberOfAllProjects && !enters_every_project(member)) {
    return fail(forbidden("This concerns every project, and you may enter only some; ask an owner"));
  }
  Principal who{.name = member.name, .member_id = member.id, .role = member.role};
  if (const auto wanted = exchange.request.headers.get("x-tracia-project")) {
    const auto project = services.cache->project(*wanted);
    if (!project || !may_enter(member, project->id)) {
      return fail(forbidden("X-Tracia-Project: there is no such project, or you may not enter it"));
    }
    who.project_id = project->id;
    return who;
  }
  const auto projects = projects_of(member);
  if (projects.empty()) return fail(forbidden("You may enter no project; ask an owner or admin"));
  who.project_id = projects.front().id;
  return who;
}

std::vector<store::Project> Access::Impl::projects_of(const store::Member& member) const {
  auto projects = services.cache->projects();
  if (!enters_every_project(member)) {
    std::erase_if(projects, [&](const store::Project& project) { return !may_enter(member, project.id); });
  }
  return projects;
}

std::vector<store::Project> Access::projects_of(const store::Member& member) const {
  return impl_->projects_of(member);
}

Result<Principal> Access::authenticate(const http::Exchange& exchange) const {
  const Permission& permission = permission_of(exchange.request.method, exchange.route);
  if (const auto token = bearer_token(exchange.request.headers))
    return impl_->key_principal(exchange, *token, permission);
  return impl_->member_principal(exchange, permission);
}

bool Access::still_may(const http::Exchange& exchange, const Principal& who) const {
  if (!impl_->services.cache->has_project(who.project_id)) return false;
  if (!who.is_member()) {
    const auto token = bearer_token(exchange.request.headers);
    const auto key = token ? impl_->services.cache->key_by_hash(sha256(*token)) : nullptr;
    return key && key->id == who.key_id;
  }
  const auto session = impl_->found(exchange);
  return session && may_enter(session->member, who.project_id) &&
         check_permission(permission_of(exchange.request.method, exchange.route), session->member.role, true);
}

std::optional<std::pair<store::Member, std::string>> Access::signed_in(const http::Exchange& exchange) const {
  auto session = impl_->found(exchange);
  if (!session) return std::nullopt;
  return std::pair(std::move(session->member), std::move(session->csrf_token));
}

Result<store::Member> Access::confirmed(const http::Exchange& exchange) const {
  auto session = impl_->confirmed(exchange);
  if (!session) return fail(session.error());
  return std::move(session->member);
}

bool Access::setup_required() const { return !impl_->sessions.has_owner(); }

std::string Access::sign_out_cookie(bool secure_cookie) { return cookie("", 0, secure_cookie); }

// --- First start ----------------------------------------------------------------------------------------------------

Status Access::Impl::ensure_project() {
  if (!services.cache->projects().empty()) return {};
  const store::Project project{.id = store::new_id("prj"), .name = "Default", .created = now()};
  TRACIA_TRY(services.control->put_project(project));
  services.cache->put_project(project);
  return {};
}

Status Access::Impl::ensure_key(const std::string& key) {
  TRACIA_TRY(check_bootstrap_key(key));
  const std::string hash = sha256(key);
  const auto keys = services.control->api_keys();
  if (!keys) return fail(keys.error());
  // One that was revoked stays so: the variable may still be set where nobody remembers it.
  if (std::any_of(keys->begin(), keys->end(), [&](const store::ApiKey& k) { return k.hash == hash; })) return {};
  const store::ApiKey made{.id = store::new_id("key"),
                           .project_id = services.cache->projects().front().id,
                           .name = "Bootstrap key",
                           .prefix = key.substr(0, kKeyPrefixCharacters),
                           .hash = hash,
                           .created_by = "bootstrap",
                           .created = now()};
  TRACIA_TRY(services.control->put_api_key(made));
  services.cache->put_key(made);
  return {};
}

Result<std::string> Access::Impl::renew_setup_token() {
  std::string token = new_token();
  TRACIA_TRY(services.control->put_setting(kSetupTokenSetting, hex_encode(sha256(token))));
  return token;
}

Result<std::optional<std::string>> Access::prepare(const std::optional<std::string>& bootstrap_key) {
  Impl& my = *impl_;
  const std::lock_guard lock(my.writes);
  if (bootstrap_key) TRACIA_TRY(check_bootstrap_key(*bootstrap_key));  // before anything is written
  TRACIA_TRY(my.services.control->remove_expired_login_sessions(my.now()));
  const auto members = my.services.control->members();
  if (!members) return fail(members.error());
  for (const store::Member& member : *members) my.sessions.put_member(member);
  const auto sessions = my.services.control->login_sessions();
  if (!sessions) return fail(sessions.error());
  for (const store::LoginSession& session : *sessions) my.sessions.put(session);
  TRACIA_TRY(my.ensure_project());
  if (bootstrap_key) TRACIA_TRY(my.ensure_key(*bootstrap_key));
  if (my.sessions.has_owner()) return std::optional<std::string>();
  auto token = my.renew_setup_token();
  if (!token) return fail(token.error());
  return std::optional<std::string>(std::move(*token));
}

// --- Accounts -------------------------------------------------------------------------------------------------------

Status Access::Impl::check_setup_token(std::string_view token) {
  if (sessions.has_owner()) return fail(forbidden("This server has an owner already; sign in instead"));
  const auto hash = services.control->setting(kSetupTokenSetting);
  if (!hash) return fail(hash.error());
  if (*hash && same_secret(**hash, hex_encode(sha256(token)))) return {};
  return fail(forbidden("The setup link is wrong or was replaced; the newest is in the server's log"));
}

Result<Access::Login> Access::Impl::sign_in(const store::Member& member, const Browser& browser) {
  const std::string token = new_token();
  const Timestamp created = now();
  const store::LoginSession session{.token_hash = sha256(token),
                                    .member_id = member.id,
                                    .csrf_token = new_token(),
                                    .created = created,
                                    .expires = {created.micros + kSessionSeconds * 1'000'000},
                                    .device = std::string(utf8_prefix(to_valid_utf8(browser.device), kDeviceBytesMax)),
                                    .last_seen = created};
  TRACIA_TRY(services.control->put_login_session(session));
  const std::string evicted = sessions.put(session);
  if (!evicted.empty()) TRACIA_TRY(services.control->remove_login_session(evicted));
  return Login{.cookie = cookie(token, kSessionSeconds, browser.secure_cookie),
               .csrf_token = session.csrf_token,
               .member = member};
}

Result<Access::Login> Access::set_up(std::string_view token, std::string_view email, std::string_view name,
                                     std::string_view password, const Browser& browser) {
  Impl& my = *impl_;
  const std::lock_guard lock(my.writes);
  TRACIA_TRY(my.check_setup_token(token));
  auto good_email = check_email(email);
  if (!good_email) return fail(good_email.error());
  auto good_name = check_name("name", name);
  if (!good_name) return fail(good_name.error());
  TRACIA_TRY(check_password(password));
  auto hash = hash_password(password);
  if (!hash) return fail(hash.error());
  const store::Member owner{.id = store::new_id("mem"),
                            .email = std::move(*good_email),
                            .name = std::move(*good_name),
                            .password_hash = std::move(*hash),
                            .role = store::MemberRole::kOwner,
                            .created = my.now()};
  TRACIA_TRY(my.services.control->put_member(owner));
  my.sessions.put_member(owner);
  // From here an owner exists: the link is dead whether or not its hash can be removed.
  TRACIA_TRY(my.services.control->put_setting(kSetupTokenSetting, std::nullopt));
  return my.sign_in(owner, browser);
}

Status Access::Impl::slow_down_peer(const std::string& network) { return check_wait(peers.count_try(network)); }

Status Access::Impl::slow_down(const std::string& email, const std::string& network) {
  TRACIA_TRY(slow_down_peer(network));
  Status waits = check_wait(emails.count_try(email));
  if (!waits) peers.take_back(network);
  return waits;
}

Result<bool> Access::Impl::check_login(const std::string& email, std::string_view peer, std::string_view password,
                                       const std::string& hash) {
  const std::string network = network_of(peer);
  TRACIA_TRY(slow_down(email, network));
  auto right = verify_password(password, hash);
  if (!right) {
    emails.take_back(email);
    peers.take_back(network);
    return fail(right.error());
  }
  if (*right) {
    emails.forgive(email);
    peers.take_back(network);  // other accounts may still be under attack from there
  }
  return right;
}

Result<Access::Login> Access::login(std::string_view email, std::string_view password, const Browser& browser) {
  Impl& my = *impl_;
  const Error refused = unauthorized("Wrong email or password");
  const auto good_email = check_email(email);
  // Nobody has such an account; nothing is hashed for it.
  if (!good_email || !check_password(password)) {
    TRACIA_TRY(my.slow_down("", network_of(browser.peer)));
    return fail(refused);
  }
  const auto member = my.sessions.member_by_email(*good_email);
  const auto right =
      my.check_login(ascii_lower(*good_email), browser.peer, password, member ? member->password_hash : std::string());
  if (!right) return fail(right.error());
  if (!*right || !member) return fail(refused);
  if (member->disabled) return fail(forbidden("This account is disabled; ask an owner or admin"));
  const std::lock_guard lock(my.writes);
  // The password may have been changed while it was checked, which signs everybody out.
  const auto now_member = my.sessions.member(member->id);
  if (!now_member || now_member->disabled || now_member->password_hash != member->password_hash) return fail(refused);
  return my.sign_in(*member, browser);
}

Result<Access::Login> Access::change_password(std::string_view member_id, std::string_view current,
                                              std::string_view replacement, const Browser& browser) {
  Impl& my = *impl_;
  const std::lock_guard lock(my.writes);
  auto member = my.sessions.member(member_id);
  if (!member) return fail(unauthorized("Sign in again"));
  TRACIA_TRY(check_password(replacement));
  const auto right = my.check_login(ascii_lower(member->email), browser.peer, current, member->password_hash);
  if (!right) return fail(right.error());
  if (!*right) return fail(Error::invalid("current: this is not your password"));
  auto hash = hash_password(replacement);
  if (!hash) return fail(hash.error());
  member->password_hash = std::move(*hash);
  TRACIA_TRY(my.services.control->put_member(*member));
  my.sessions.put_member(*member);
  TRACIA_TRY(my.services.control->remove_login_sessions_of(member->id));
  my.sessions.remove_of(member->id);
  return my.sign_in(*member, browser);
}

Status Access::logout(const http::Exchange& exchange) {
  if (auto session = impl_->confirmed(exchange); !session) return fail(session.error());
  const std::string hash = sha256(session_cookie(exchange.request.headers));
  TRACIA_TRY(impl_->services.control->remove_login_session(hash));
  impl_->sessions.remove(hash);
  return {};
}

void Access::forget_expired_sessions() {
  const Timestamp now = impl_->now();
  impl_->sessions.remove_expired(now);
  // What stays on disk is refused all the same, and goes the next time.
  (void)impl_->services.control->remove_expired_login_sessions(now);
}

// Of the token's hash, which is found from a cookie and leads to none.
static std::string session_id(const store::LoginSession& session) {
  return "ses_" + hex_encode(session.token_hash).substr(0, 16);
}

std::vector<Access::SignedIn> Access::sessions(const http::Exchange& exchange) const {
  const auto session = impl_->found(exchange);
  if (!session) return {};
  const std::string own = sha256(session_cookie(exchange.request.headers));
  std::vector<SignedIn> all;
  for (store::LoginSession& one : impl_->sessions.sessions_of(session->member.id)) {
    if (one.expires <= impl_->now()) continue;
    const bool current = one.token_hash == own;
    all.push_back({.id = session_id(one), .session = std::move(one), .current = current});
  }
  return all;
}

Status Access::Impl::end(const store::LoginSession& session) {
  TRACIA_TRY(services.control->remove_login_session(session.token_hash));
  sessions.remove(session.token_hash);
  return {};
}

Status Access::end_session(const http::Exchange& exchange, std::string_view id) {
  if (auto session = impl_->confirmed(exchange); !session) return fail(session.error());
  for (const SignedIn& one : sessions(exchange)) {
    if (one.id == id) return impl_->end(one.session);
  }
  return fail(not_found("Session not found"));
}

Result<size_t> Access::end_other_sessions(const http::Exchange& exchange) {
  if (auto session = impl_->confirmed(exchange); !session) return fail(session.error());
  size_t ended = 0;
  for (const SignedIn& one : sessions(exchange)) {
    if (one.current) continue;
    TRACIA_TRY(impl_->end(one.session));
    ++ended;
  }
  return ended;
}

// --- Keys -----------------------------------------------------------------------------------------------------------

std::optional<store::ApiKey> Access::Impl::find_key(std::string_view project_id, std::string_view id) const {
  for (store::ApiKey& key : services.cache->keys_of(project_id)) {
    if (key.id == id) return std::move(key);
  }
  return std::nullopt;
}

Result<std::pair<store::ApiKey, std::string>> Access::create_key(std::string_view project_id, std::string_view name,
                                                                 std::string_view created_by) {
  Impl& my = *impl_;
  auto good_name = check_name("name", name);
  if (!good_name) return fail(good_name.error());
  const std::lock_guard lock(my.writes);
  if (!my.services.cache->project(project_id)) return fail(not_found("Project not found"));
  if (my.services.cache->keys_of(project_id).size() >= kKeysOfProjectMax) {
    return fail({.code = ErrorCode::kConflict, .message = "This project has too many API keys"});
  }
  std::string secret = new_api_key();
  store::ApiKey key{.id = store::new_id("key"),
                    .project_id = std::string(project_id),
                    .name = std::move(*good_name),
                    .prefix = secret.substr(0, kKeyPrefixCharacters),
                    .hash = sha256(secret),
                    .created_by = std::string(created_by),
                    .created = my.now()};
  TRACIA_TRY(my.services.control->put_api_key(key));
  my.services.cache->put_key(key);
  return std::pair(std::move(key), std::move(secret));
}

Result<store::ApiKey> Access::revoke_key(std::string_view project_id, std::string_view id) {
  Impl& my = *impl_;
  const std::lock_guard lock(my.writes);
  auto key = my.find_key(project_id, id);
  if (!key) return fail(not_found("API key not found"));
  if (key->revoked) return std::move(*key);
  key->revoked = my.now();
  TRACIA_TRY(my.services.control->put_api_key(*key));
  my.services.cache->put_key(*key);
  return std::move(*key);
}

Result<store::ApiKey> Access::update_key(std::string_view project_id, std::string_view id, const KeyChange& change) {
  Impl& my = *impl_;
  std::optional<std::string> name;
  if (change.name) {
    auto good = check_name("name", *change.name);
    if (!good) return fail(good.error());
    name = std::move(*good);
  }
  const std::lock_guard lock(my.writes);
  auto key = my.find_key(project_id, id);
  if (!key) return fail(not_found("API key not found"));
  if (key->revoked) return fail({.code = ErrorCode::kConflict, .message = "This API key is revoked"});
  if (name) key->name = std::move(*name);
  KeyLimits limits = read_key_limits(key->limits_json);
  if (change.requests_per_minute) limits.requests_per_minute = *change.requests_per_minute;
  if (change.spend_cap) limits.spend_cap = *change.spend_cap;
  key->limits_json = key_limits_json(limits);
  TRACIA_TRY(my.services.control->put_api_key(*key));
  my.services.cache->put_key(*key);
  if (my.services.spend != nullptr) my.services.spend->set_cap(key->id, limits.spend_cap);
  return std::move(*key);
}

void Access::adopt_key(const store::ApiKey& key) {
  const std::lock_guard lock(impl_->writes);
  impl_->services.cache->put_key(key);
}

void Access::flush_last_used() {
  Impl& my = *impl_;
  std::unordered_map<std::string, Timestamp> used;
  {
    const std::lock_guard lock(my.used_mutex);
    used.swap(my.used);
  }
  // What cannot be written now is written when it is used again.
  (void)my.services.control->touch_login_sessions(my.sessions.take_seen());
  if (used.empty()) return;
  const std::lock_guard lock(my.writes);
  if (!my.services.control->touch_api_keys({used.begin(), used.end()})) return;  // the next use will be written
  for (const store::Project& project : my.services.cache->projects()) {
    for (store::ApiKey& key : my.services.cache->keys_of(project.id)) {
      const auto found = used.find(key.id);
      if (found == used.end()) continue;
      key.last_used = found->second;
      my.services.cache->put_key(key);
    }
  }
}

}  // namespace tracia::service
