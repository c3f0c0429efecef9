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

  // Whether who authenticate() let in may still do what they asked for: for answers that go on for long. False once the
  // key was revoked, the session ended, the member lost the role or the project, or the project is gone. Takes no turn
  // of a limit. Does not block.
  bool still_may(const http::Exchange& exchange, const Principal& who) const;

  // First start. Makes the first project when there is none, the bootstrap key (kInvalidRequest when it is weak), and,
  // while there is no owner, the setup token: nullopt once there is one. Blocks.
  Result<std::optional<std::string>> prepare(const std::optional<std::string>& bootstrap_key);

  // Accounts; each blocks (argon2id takes tens of milliseconds).
  struct Login {
    std::string cookie;  // the value of Set-Cookie
    std::string csrf_token;
    store::Member member;
  };
  // Who signs in, from where.
  struct Browser {
    std::string peer;            // the client's address
    bool secure_cookie = false;  // it speaks TLS, to us or to the proxy before us
    std::string device;          // its User-Agent, as sent
  };
  // Errors: kForbidden for a wrong or used token or when an owner exists, kInvalidRequest naming the field.
  Result<Login> set_up(std::string_view token, std::string_view email, std::string_view name, std::string_view password,
                       const Browser& browser);
  // Errors: kUnauthorized "Wrong email or password" (one message for both), kRateLimited with retry_after after
  // repeated failures of the email or the peer's address; kForbidden for a disabled account.
  Result<Login> login(std::string_view email, std::string_view password, const Browser& browser);
  Status logout(const http::Exchange& exchange);
  // The member signed in by this exchange's cookie, and the CSRF token of the session.
  std::optional<std::pair<store::Member, std::string>> signed_in(const http::Exchange& exchange) const;
  // As signed_in(), for unsafe methods: kUnauthorized without a session, kForbidden without its X-CSRF-Token, and for
  // an API key.
  Result<store::Member> confirmed(const http::Exchange& exchange) const;
  // Signs the member out everywhere, and in again here. Errors: as login(); kInvalidRequest for a weak new password.
  Result<Login> change_password(std::string_view member_id, std::string_view current, std::string_view replacement,
                                const Browser& browser);
  // Where the member of this exchange's session is signed in, the last seen first. An id says nothing about its cookie.
  struct SignedIn {
    std::string id;
    store::LoginSession session;
    bool current = false;  // this exchange's own
  };
  std::vector<SignedIn> sessions(const http::Exchange& exchange) const;  // empty for who is not signed in
  // Ends one of their sessions: kNotFound. Or all but this exchange's own: how many. Errors also as confirmed().
  Status end_session(const http::Exchange& exchange, std::string_view id);
  Result<size_t> end_other_sessions(const http::Exchange& exchange);
  std::vector<store::Project> projects_of(const store::Member& member) const;  // those they may enter, oldest first
  bool setup_required() const;                                                 // no owner yet. Does not block
  void forget_expired_sessions();                                              // called by a timer. Blocks
  static std::string sign_out_cookie(bool secure_cookie);                      // the Set-Cookie that removes ours

  // Projects. Names are unique, ASCII case-insensitive. Errors: kInvalidRequest, kConflict, kNotFound. Block.
  Result<store::Project> create_project(std::string_view name);
  Result<store::Project> rename_project(std::string_view id, std::string_view name);
  // Deletes the project `name`, which must be its name: its keys stop working, and prompts, connections and all else
  // that is in the control store is gone when it returns. Spans and evaluations, which nobody can reach any more, are
  // removed by Retention::run(), also after a crash. The first project stays (kConflict): the environment's provider
  // keys and the bootstrap key are its own.
  Result<store::Project> remove_project(std::string_view id, std::string_view name);

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
  void flush_last_used();  // writes when keys and sessions were last used; called by a timer and at shutdown. Blocks
  // A key that was made or revoked beside us, in the store already (the control socket).
  void adopt_key(const store::ApiKey& key);

 private:
  friend class Members;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tracia::service
