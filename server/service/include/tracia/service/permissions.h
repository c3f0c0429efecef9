// Who may do what: the one table of operations and the least role each needs. Access::authenticate() asks it for every
// request, by method and route; an operation that is not in it is refused to everyone. api/openapi.yaml says the same
// as x-least-role, and tests/server/test_isolation.py asks a server as each role whether the two agree.
//
// Not here: what needs no sign-in (health, setup, login, invitations), and what needs no more than a session of one's
// own (logging out, one's password).
#pragma once

#include <span>
#include <string_view>

#include "tracia/base/result.h"
#include "tracia/store/control_store.h"

namespace tracia::service {

enum class Caller {
  kAnyone,               // members, and API keys, which act as editors of their project
  kMember,               // signed-in members only
  kMemberOfAllProjects,  // members who are not limited to some projects: what concerns the whole server
};

struct Permission {
  std::string_view method, pattern;  // as given to the router
  store::MemberRole least = store::MemberRole::kOwner;
  Caller caller = Caller::kAnyone;
};

std::span<const Permission> permissions();
// HEAD is GET. An operation that is not in the table needs an owner of all projects, and check_permission() refuses
// even them: it has no pattern.
const Permission& permission_of(std::string_view method, std::string_view pattern);
// kForbidden that names the role needed.
Status check_permission(const Permission& permission, store::MemberRole role, bool is_member);

// Owners enter every project, others those they were given; who was given none in particular enters all.
bool enters_every_project(const store::Member& member);
bool may_enter(const store::Member& member, std::string_view project_id);

}  // namespace tracia::service
