// Who asks: API keys, login sessions, CSRF, the first-start setup link. Members are in members.h, what each role may do
// in permissions.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/http/router.h"
#include "tracia/service/limits.h"
#include "tracia/service/services.h"

namespace tracia::service {

// The one who asks, and the project they act in.
struct Principal {
  std::string project_id;
  std::string name;       // for people: the key's or the member's name; the author of versions
  std::string key_id;     // "" for a signed-in member
  std::string member_id;  // "" for a key
  store::MemberRole role = store::MemberRole::kEditor;  // keys act as editors of their project
  bool is_member() const { return !member_id.empty(); }
};

class Access {
 public:
  explicit Access(Services& services);
  ~Access();

  // From `Authorization: Bearer tr_…`, else from the session cookie. Members name the project with `X-Tracia-Project`
  // (its id; the first they may enter when missing). Unsafe methods by cookie need `X-CSRF-Token`. Does not block.
  // What they may do is in permissions.h, by the exchange's method and route.
  // A key with a limit of requests takes its turn here, and the answer says in X-RateLimit-* what is left.
  // Errors: kUnauthorized "Invalid or missing API key"; kForbidden with the role that is needed, or another reason;
  // kRateLimited with retry_after.
  Result<Principal> authenticate(const http::Exchange& exchange) const;

  // First start. Makes the first project when there is none, the bootstrap key (kInvalidRequest when it is weak), and,
  // while there is no owner, the setup token: nullopt once there is one. Blocks.
  Result<std::optional<std::string>> prepare(const std::optional<std::string>& bootstrap_key);

  // Accounts; each blocks (argon2id takes tens of milliseconds).
  struct Login {
    std::string cookie;  // the value of Set-Cookie
    std::string csrf_token;
    store::Member member;
  };
  // Errors: kForbidden for a wrong or used token or when an owner exists, kInvalidRequest naming the field.
  Result<Login> set_up(std::string_view token, std::string_view email, std::string_view name, std::string_view password,
                       bool secure_cookie);
  // Errors: kUnauthorized "Wrong email or password" (one message for both), kRateLimited with retry_after after
  // repeated failures of the email or the peer's address; kForbidden for a disabled account.
  Result<Login> login(std::string_view email, std::string_view password, std::string_view peer, bool secure_cookie);
  Status logout(const http::Exchange& exchange);
  // The member signed in by this exchange's cookie, and the CSRF token of the session.
  std::optional<std::pair<store::Member, std::string>> signed_in(const http::Exchange& exchange) const;
  // As signed_in(), for unsafe methods: kUnauthorized without a session, kForbidden without its X-CSRF-Token.
  Result<store::Member> confirmed(const http::Exchange& exchange) const;
  // Signs the member out everywhere, and in again here. Errors: as login(); kInvalidRequest for a weak new password.
  Result<Login> change_password(std::string_view member_id, std::string_view current, std::string_view replacement,
                                std::string_view peer, bool secure_cookie);
  std::vector<store::Project> projects_of(const store::Member& member) const;  // those they may enter, oldest first
  bool setup_required() const;                                                 // no owner yet. Does not block
  void forget_expired_sessions();                                              // called by a timer. Blocks
  static std::string sign_out_cookie(bool secure_cookie);                      // the Set-Cookie that removes ours

  // Projects. Names are unique, ASCII case-insensitive. Errors: kInvalidRequest, kConflict, kNotFound. Block.
  Result<store::Project> create_project(std::string_view name);
  Result<store::Project> rename_project(std::string_view id, std::string_view name);

  // Keys. create_key answers the key itself: the only time it is seen.
  Result<std::pair<store::ApiKey, std::string>> create_key(std::string_view project_id, std::string_view name,
                                                           std::string_view created_by);
  Result<store::ApiKey> revoke_key(std::string_view project_id, std::string_view id);  // kNotFound; idempotent
  // What is not given stays; an inner nullopt clears. Errors: kInvalidRequest, kNotFound, kConflict when it is revoked.
  struct KeyChange {
    std::optional<std::string> name;
    std::optional<std::optional<int64_t>> requests_per_minute;
    std::optional<std::optional<SpendCap>> spend_cap;
  };
  Result<store::ApiKey> update_key(std::string_view project_id, std::string_view id, const KeyChange& change);
  void flush_last_used();  // writes the last-used times of keys; called by a timer and at shutdown. Blocks
  // A key that was made or revoked beside us, in the store already (the control socket).
  void adopt_key(const store::ApiKey& key);

 private:
  friend class Members;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tracia::service
