#include "tracia/service/members.h"

#include <algorithm>

#include "access_impl.h"
#include "access_rules.h"
#include "password.h"
#include "tracia/service/digest.h"

namespace tracia::service {
namespace {

using store::Invitation;
using store::Member;
using store::MemberRole;

// Bounds of what people make; far above what a team needs.
constexpr size_t kMembersMax = 2'000;
constexpr size_t kLinksMax = 1'000;
constexpr size_t kTokenBytesMax = 128;

Error link_is_dead() {
  return forbidden("This link is wrong, was used or replaced, or has expired; ask for a new one");
}

Error conflict(std::string message) { return {.code = ErrorCode::kConflict, .message = std::move(message)}; }

bool is_live_owner(const Member& member) { return member.role == MemberRole::kOwner && !member.disabled; }

Status check_reaches(const Member& by, MemberRole role, std::string_view field) {
  if (store::role_reaches(by.role, role)) return {};
  return fail(forbidden(std::string(field) + ": this needs the role " + std::string(store::member_role_name(role)) +
                        "; yours is " + std::string(store::member_role_name(by.role))));
}

}  // namespace

// --- Members --------------------------------------------------------------------------------------------------------

std::vector<Member> Members::all() const { return access_.impl_->sessions.members(); }

std::string Members::name_of(std::string_view member_id) const {
  const auto member = access_.impl_->sessions.member(member_id);
  return member ? member->name : std::string();
}

// The one who acts, as an admin of all projects.
Result<Member> Members::actor(const Principal& by) const {
  const auto member = access_.impl_->sessions.member(by.member_id);
  if (!member || member->disabled) return fail(forbidden("You are no member any more"));
  TRACIA_TRY(check_reaches(*member, MemberRole::kAdmin, "members"));
  if (!enters_every_project(*member)) {
    return fail(forbidden("This concerns every project, and you may enter only some; ask an owner"));
  }
  return *member;
}

// The one it is done to, whom `by` must reach.
Result<Member> Members::subject(const Principal& by, std::string_view id) const {
  const auto who = actor(by);
  if (!who) return fail(who.error());
  const auto member = access_.impl_->sessions.member(id);
  if (!member) return fail(not_found("Member not found"));
  TRACIA_TRY(check_reaches(*who, member->role, "memberId"));
  return *member;
}

Status Members::check_stays_owned(const Member& before, const Member* after) const {
  if (!is_live_owner(before) || (after != nullptr && is_live_owner(*after))) return {};
  const auto members = all();
  const bool other = std::any_of(members.begin(), members.end(),
                                 [&](const Member& one) { return one.id != before.id && is_live_owner(one); });
  if (other) return {};
  return fail(conflict("This is the last owner; make another member an owner first"));
}

// `held` are those of the member until now. One of them may have been deleted: it goes when there is another, and stays
// when there is none, for an empty list means all.
Result<std::vector<std::string>> Members::check_projects(MemberRole role, const std::vector<std::string>& ids,
                                                         const std::vector<std::string>& held) const {
  if (role == MemberRole::kOwner && !ids.empty())
    return fail(Error::invalid("projectIds: an owner enters all projects"));
  const auto has = [](const std::vector<std::string>& list, const std::string& id) {
    return std::find(list.begin(), list.end(), id) != list.end();
  };
  std::vector<std::string> good, gone;
  for (const std::string& id : ids) {
    const bool there = services_.cache->has_project(id);
    if (!there && !has(held, id)) return fail(Error::invalid("projectIds: there is no such project"));
    std::vector<std::string>& list = there ? good : gone;
    if (!has(list, id)) list.push_back(id);
  }
  return good.empty() ? gone : good;
}

Status Members::revoke_links_of(std::string_view member_id) {
  const auto links = services_.control->invitations();
  if (!links) return fail(links.error());
  for (const Invitation& link : *links) {
    if (link.invited_by != member_id) continue;
    if (const auto removed = services_.control->remove_invitation(link.id); !removed) return fail(removed.error());
  }
  return {};
}

Result<Member> Members::update(const Principal& by, std::string_view id, const Change& change) {
  Access::Impl& access = *access_.impl_;
  const std::lock_guard lock(access.writes);
  const bool own_name = id == by.member_id && change.only_name();
  const auto before = own_name ? Result<Member>(access.sessions.member(id).value_or(Member{})) : subject(by, id);
  if (!before) return fail(before.error());
  if (before->id.empty()) return fail(not_found("Member not found"));
  Member after = *before;
  if (change.name) {
    auto name = check_name("name", *change.name);
    if (!name) return fail(name.error());
    after.name = std::move(*name);
  }
  if (change.role) {
    const auto who = actor(by);
    if (!who) return fail(who.error());
    TRACIA_TRY(check_reaches(*who, *change.role, "role"));
    after.role = *change.role;
    if (after.role == MemberRole::kOwner) after.project_ids.clear();
  }
  if (change.disabled) after.disabled = *change.disabled;
  if (change.project_ids) {
    auto projects = check_projects(after.role, *change.project_ids, before->project_ids);
    if (!projects) return fail(projects.error());
    after.project_ids = std::move(*projects);
  }
  TRACIA_TRY(check_stays_owned(*before, &after));
  const bool loses = after.disabled || !store::role_reaches(after.role, before->role) ||
                     (enters_every_project(*before) && !enters_every_project(after));
  // Links first: if the disk fails in between, too little is left, never too much.
  if (loses) TRACIA_TRY(revoke_links_of(id));
  TRACIA_TRY(services_.control->put_member(after));
  access.sessions.put_member(after);
  if (after.disabled) {
    access.sessions.remove_of(id);
    TRACIA_TRY(services_.control->remove_login_sessions_of(id));
  }
  return after;
}

Result<Member> Members::remove(const Principal& by, std::string_view id) {
  Access::Impl& access = *access_.impl_;
  const std::lock_guard lock(access.writes);
  auto member = subject(by, id);
  if (!member) return fail(member.error());
  TRACIA_TRY(check_stays_owned(*member, nullptr));
  if (const auto removed = services_.control->remove_member(id); !removed) return fail(removed.error());
  access.sessions.remove_member(id);
  return member;
}

// --- Links ----------------------------------------------------------------------------------------------------------

Result<Members::Link> Members::put_link(Invitation invitation) {
  const Timestamp now = services_.clock->now();
  TRACIA_TRY(services_.control->remove_expired_invitations(now));
  const auto links = services_.control->invitations();
  if (!links) return fail(links.error());
  if (links->size() >= kLinksMax) return fail(conflict("There are too many open invitations; revoke some"));
  std::string token = new_token();
  invitation.id = store::new_id("inv");
  invitation.token_hash = sha256(token);
  invitation.created = now;
  invitation.expires = {now.micros + kLinkSeconds * 1'000'000};
  TRACIA_TRY(services_.control->put_invitation(invitation));
  return Link{.invitation = std::move(invitation), .token = std::move(token)};
}

Result<Members::Link> Members::invite(const Principal& by, const Invite& wanted) {
  auto email = check_email(wanted.email);
  if (!email) return fail(email.error());
  Access::Impl& access = *access_.impl_;
  const std::lock_guard lock(access.writes);
  const auto who = actor(by);
  if (!who) return fail(who.error());
  TRACIA_TRY(check_reaches(*who, wanted.role, "role"));
  auto projects = check_projects(wanted.role, wanted.project_ids, {});
  if (!projects) return fail(projects.error());
  if (access.sessions.member_by_email(*email))
    return fail(conflict("email: there is a member with this email already"));
  if (all().size() >= kMembersMax) return fail(conflict("There are too many members"));
  return put_link(
      {.email = std::move(*email), .role = wanted.role, .project_ids = std::move(*projects), .invited_by = who->id});
}

Result<Members::Link> Members::make_password_link(const Principal& by, std::string_view member_id) {
  const std::lock_guard lock(access_.impl_->writes);
  const auto member = subject(by, member_id);
  if (!member) return fail(member.error());
  if (member->disabled) return fail(conflict("This member is disabled; enable them first"));
  return put_link({.email = member->email, .member_id = member->id, .role = member->role, .invited_by = by.member_id});
}

Result<std::vector<Invitation>> Members::invitations() {
  auto links = services_.control->invitations();
  if (links) std::erase_if(*links, [now = services_.clock->now()](const auto& link) { return link.expires <= now; });
  return links;
}

Result<Invitation> Members::revoke(const Principal& by, std::string_view invitation_id) {
  const std::lock_guard lock(access_.impl_->writes);
  const auto who = actor(by);
  if (!who) return fail(who.error());
  const auto links = invitations();
  if (!links) return fail(links.error());
  const auto found =
      std::find_if(links->begin(), links->end(), [&](const auto& link) { return link.id == invitation_id; });
  if (found == links->end()) return fail(not_found("Invitation not found"));
  TRACIA_TRY(check_reaches(*who, found->role, "invitationId"));
  if (const auto removed = services_.control->remove_invitation(invitation_id); !removed) return fail(removed.error());
  return *found;
}

Result<Invitation> Members::look_at(std::string_view token, std::string_view peer) {
  const std::string network = network_of(peer);
  TRACIA_TRY(access_.impl_->slow_down_peer(network));
  if (token.empty() || token.size() > kTokenBytesMax) return fail(link_is_dead());
  const auto links = invitations();
  if (!links) {
    access_.impl_->peers.take_back(network);
    return fail(links.error());
  }
  // Found by its hash: how long that takes says nothing about the token.
  const std::string hash = sha256(token);
  const auto found =
      std::find_if(links->begin(), links->end(), [&](const auto& link) { return link.token_hash == hash; });
  if (found == links->end()) return fail(link_is_dead());
  access_.impl_->peers.take_back(network);
  return *found;
}

// The member that the invitation makes, or whose password it sets, not stored yet.
Result<Member> Members::accepted(const Invitation& invitation, std::string_view name, std::string hash) {
  if (!invitation.member_id.empty()) {
    auto member = access_.impl_->sessions.member(invitation.member_id);
    if (!member || member->disabled) return fail(link_is_dead());
    member->password_hash = std::move(hash);
    return std::move(*member);
  }
  return Member{.id = store::new_id("mem"),
                .email = invitation.email,
                .name = std::string(name),
                .password_hash = std::move(hash),
                .role = invitation.role,
                .project_ids = invitation.project_ids,
                .created = services_.clock->now()};
}

Result<Access::Login> Members::accept(std::string_view token, std::string_view name, std::string_view password,
                                      const Access::Browser& browser) {
  TRACIA_TRY(check_password(password));
  const auto invitation = look_at(token, browser.peer);
  if (!invitation) return fail(invitation.error());
  std::string good_name;
  if (invitation->member_id.empty()) {
    auto checked = check_name("name", name);
    if (!checked) return fail(checked.error());
    good_name = std::move(*checked);
  }
  auto hash = hash_password(password);
  if (!hash) return fail(hash.error());
  Access::Impl& access = *access_.impl_;
  const std::lock_guard lock(access.writes);
  const auto member = accepted(*invitation, good_name, std::move(*hash));
  if (!member) return fail(member.error());
  // The store decides, in one transaction, whether the link is still there: of two who follow it one wins.
  if (const Status stored = services_.control->accept_invitation(invitation->id, *member); !stored) {
    return fail(stored.error().code == ErrorCode::kNotFound ? link_is_dead() : stored.error());
  }
  access.sessions.put_member(*member);
  if (!invitation->member_id.empty()) {
    access.sessions.remove_of(member->id);
    TRACIA_TRY(services_.control->remove_login_sessions_of(member->id));
    access.emails.forgive(ascii_lower(member->email));
  }
  return access.sign_in(*member, browser);
}

void Members::forget_expired() {
  // What stays is refused all the same, and goes the next time.
  (void)services_.control->remove_expired_invitations(services_.clock->now());
}

}  // namespace tracia::service
