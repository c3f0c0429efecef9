// What Access keeps, for the files that implement it and for Members, which changes accounts under the same lock.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "login_throttle.h"
#include "rate_limiter.h"
#include "session_table.h"
#include "tracia/base/bytes.h"
#include "tracia/base/ids.h"
#include "tracia/service/access.h"
#include "tracia/service/permissions.h"

namespace tracia::service {

// For links and cookies: 256 random bits.
inline std::string new_token() { return base64url_encode(random_bytes(32)); }

inline Error unauthorized(std::string message) {
  return {.code = ErrorCode::kUnauthorized, .kind = ErrorKind::kAuthentication, .message = std::move(message)};
}
inline Error forbidden(std::string message) {
  return {.code = ErrorCode::kForbidden, .kind = ErrorKind::kPermission, .message = std::move(message)};
}
inline Error not_found(std::string message) {
  return {.code = ErrorCode::kNotFound, .kind = ErrorKind::kNotFound, .message = std::move(message)};
}

struct Access::Impl {
  explicit Impl(Services& s) : services(s), emails(*s.clock), peers(*s.clock) {}

  Services& services;
  mutable SessionTable sessions;  // notes who was seen
  LoginThrottle emails, peers;
  mutable RateLimiter limiter;
  std::mutex writes;  // one change of keys, projects or accounts at a time: what is checked is what is stored

  mutable std::mutex used_mutex;
  mutable std::unordered_map<std::string, Timestamp> used;  // by key id, since the last flush

  Timestamp now() const { return services.clock->now(); }
  Result<Principal> key_principal(const http::Exchange& exchange, std::string_view token,
                                  const Permission& permission) const;
  std::optional<SessionTable::Found> found(const http::Exchange& exchange) const;
  Result<SessionTable::Found> confirmed(const http::Exchange& exchange) const;
  Error no_session(const http::Exchange& exchange) const;
  Result<Principal> member_principal(const http::Exchange& exchange, const Permission& permission) const;
  std::vector<store::Project> projects_of(const store::Member& member) const;
  Status ensure_project();
  Status ensure_key(const std::string& key);
  Result<std::string> renew_setup_token();
  Status check_setup_token(std::string_view token);
  Result<Login> sign_in(const store::Member& member, const Browser& browser);
  Status end(const store::LoginSession& session);
  Status slow_down_peer(const std::string& network);
  Status slow_down(const std::string& email, const std::string& network);
  Result<bool> check_login(const std::string& email, std::string_view peer, std::string_view password,
                           const std::string& hash);
  std::optional<store::ApiKey> find_key(std::string_view project_id, std::string_view id) const;
  Status check_project_name(std::string_view id, std::string_view name) const;
  Status check_removable(const store::Project& project, std::string_view name) const;
  void forget_project(const store::Project& project);
};

}  // namespace tracia::service
