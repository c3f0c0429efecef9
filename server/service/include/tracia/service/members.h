// People: members, invitations by link, links for a new password.
//
// A link carries a token of 256 random bits, is good once and for seven days, and is seen only when it is made: the
// store keeps the token's SHA-256. There is no mail server; whoever makes a link hands it over.
//
// Rules: nobody touches a member, or gives a role, above their own. There is always an owner who may sign in. Owners
// enter every project. Who is removed, disabled or loses a role takes along the links they made.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/service/access.h"
#include "tracia/service/services.h"

namespace tracia::service {

inline constexpr int64_t kLinkSeconds = 7 * 24 * 3600;  // how long a link for a member is good

// Thread-safe. Every call but all() blocks. `by` is who does it; their role is read again, as it is by then.
// Errors of all: kForbidden by the rules above, kNotFound, kInvalidRequest naming the field.
class Members {
 public:
  Members(Services& services, Access& access) : services_(services), access_(access) {}

  std::vector<store::Member> all() const;  // oldest first

  struct Change {
    std::optional<std::string> name;
    std::optional<store::MemberRole> role;
    std::optional<bool> disabled;
    std::optional<std::vector<std::string>> project_ids;
    bool only_name() const { return !role && !disabled && !project_ids; }
  };
  // A member may change their own name; all else is for admins of all projects. kConflict: the last owner.
  Result<store::Member> update(const Principal& by, std::string_view id, const Change& change);
  Result<store::Member> remove(const Principal& by, std::string_view id);  // kConflict: the last owner

  struct Invite {
    std::string email;
    store::MemberRole role = store::MemberRole::kViewer;
    std::vector<std::string> project_ids;
  };
  struct Link {
    store::Invitation invitation;
    std::string token;
  };
  // Replaces an earlier invitation of the same email. kConflict: a member has the email.
  Result<Link> invite(const Principal& by, const Invite& wanted);
  Result<Link> make_password_link(const Principal& by, std::string_view member_id);
  Result<std::vector<store::Invitation>> invitations();  // that can still be accepted, password links too; oldest first
  Result<store::Invitation> revoke(const Principal& by, std::string_view invitation_id);
  std::string name_of(std::string_view member_id) const;  // "" when there is no such member

  // For the one with the link. Errors: kForbidden for a token that is wrong, used, revoked or expired; kRateLimited as
  // Access::login().
  Result<store::Invitation> look_at(std::string_view token, std::string_view peer);
  // Makes the member, or sets their password (`name` is not read then, and they are signed out everywhere), and signs
  // in.
  Result<Access::Login> accept(std::string_view token, std::string_view name, std::string_view password,
                               const Access::Browser& browser);
  void forget_expired();  // called by a timer

 private:
  Result<store::Member> actor(const Principal& by) const;
  Result<store::Member> subject(const Principal& by, std::string_view id) const;
  Status check_stays_owned(const store::Member& before, const store::Member* after) const;
  Result<std::vector<std::string>> check_projects(store::MemberRole role, const std::vector<std::string>& ids,
                                                  const std::vector<std::string>& held) const;
  Status revoke_links_of(std::string_view member_id);
  Result<Link> put_link(store::Invitation invitation);
  Result<store::Member> accepted(const store::Invitation& invitation, std::string_view name, std::string hash);

  Services& services_;
  Access& access_;
};

}  // namespace tracia::service
