#include "tracia/service/permissions.h"

#include <algorithm>
#include <string>

#include "access_impl.h"

namespace tracia::service {
namespace {

constexpr auto kViewer = store::MemberRole::kViewer;
constexpr auto kEditor = store::MemberRole::kEditor;
constexpr auto kAdmin = store::MemberRole::kAdmin;
constexpr auto kOwner = store::MemberRole::kOwner;

constexpr Permission kPermissions[] = {
    // Prompts and experiments: viewers read, editors change.
    {"GET", "/api/v1/prompts", kViewer},
    {"POST", "/api/v1/prompts", kEditor},
    {"GET", "/api/v1/prompts/{slug}", kViewer},
    {"PUT", "/api/v1/prompts/{slug}", kEditor},
    {"DELETE", "/api/v1/prompts/{slug}", kEditor},
    {"POST", "/api/v1/prompts/{slug}/render", kViewer},
    {"GET", "/api/v1/prompts/{slug}/versions", kViewer},
    {"GET", "/api/v1/prompts/{slug}/version", kViewer},
    {"GET", "/api/v1/prompts/{slug}/versions/{version}", kViewer},
    {"POST", "/api/v1/prompts/{slug}/versions/{version}/restore", kEditor},
    {"PUT", "/api/v1/prompts/{slug}/labels/{label}", kEditor},
    {"DELETE", "/api/v1/prompts/{slug}/labels/{label}", kEditor},
    {"GET", "/api/v1/experiments", kViewer},
    {"GET", "/api/v1/prompts/{slug}/experiments", kViewer},
    {"POST", "/api/v1/prompts/{slug}/experiments", kEditor},
    {"GET", "/api/v1/prompts/{slug}/experiments/{experimentId}", kViewer},
    {"PUT", "/api/v1/prompts/{slug}/experiments/{experimentId}", kEditor},
    {"DELETE", "/api/v1/prompts/{slug}/experiments/{experimentId}", kEditor},
    {"POST", "/api/v1/prompts/{slug}/experiments/{experimentId}/start", kEditor},
    {"POST", "/api/v1/prompts/{slug}/experiments/{experimentId}/pause", kEditor},
    {"POST", "/api/v1/prompts/{slug}/experiments/{experimentId}/stop", kEditor},
    {"POST", "/api/v1/prompts/{slug}/experiments/{experimentId}/promote", kEditor},
    {"GET", "/api/v1/prompts/{slug}/experiments/{experimentId}/results", kViewer},

    // Calls to models cost money: editors.
    {"POST", "/api/v1/prompts/{slug}/run", kEditor},
    {"POST", "/api/v1/run", kEditor},
    {"POST", "/v1/chat/completions", kEditor},
    {"POST", "/v1/responses", kEditor},
    {"POST", "/v1/embeddings", kEditor},
    {"GET", "/v1/models", kViewer},
    {"GET", "/api/v1/gateway/aliases", kViewer},
    {"GET", "/api/v1/gateway/aliases/{name}", kViewer},
    {"PUT", "/api/v1/gateway/aliases/{name}", kEditor},
    {"DELETE", "/api/v1/gateway/aliases/{name}", kEditor},
    {"GET", "/api/v1/models", kViewer},

    // What was recorded.
    {"GET", "/api/v1/spans", kViewer},
    {"POST", "/api/v1/spans", kEditor},
    {"POST", "/api/v1/spans/batch", kEditor},
    {"POST", "/v1/traces", kEditor},
    {"POST", "/v1/logs", kEditor},
    {"GET", "/api/v1/spans/export", kViewer},
    {"GET", "/api/v1/spans/tail", kViewer},
    {"GET", "/api/v1/spans/{spanId}", kViewer},
    {"DELETE", "/api/v1/spans/{spanId}", kEditor},
    {"GET", "/api/v1/spans/{spanId}/evaluations", kViewer},
    {"POST", "/api/v1/spans/{spanId}/evaluations", kEditor},
    {"PUT", "/api/v1/spans/{spanId}/evaluations/{evaluationId}", kEditor},
    {"DELETE", "/api/v1/spans/{spanId}/evaluations/{evaluationId}", kEditor},
    {"GET", "/api/v1/traces", kViewer},
    {"GET", "/api/v1/traces/{traceId}", kViewer},
    {"GET", "/api/v1/sessions", kViewer},
    {"GET", "/api/v1/users", kViewer},
    {"GET", "/api/v1/analytics", kViewer},
    {"DELETE", "/api/v1/users/{userId}/spans", kEditor},
    {"GET", "/api/v1/evaluators", kViewer},
    {"POST", "/api/v1/evaluators", kEditor},
    {"PUT", "/api/v1/evaluators/{key}", kEditor},
    {"DELETE", "/api/v1/evaluators/{key}", kEditor},

    // Settings of a project: who administers it. API keys cannot make API keys, nor read how providers are reached.
    {"GET", "/api/v1/api-keys", kAdmin},
    {"POST", "/api/v1/api-keys", kAdmin},
    {"PUT", "/api/v1/api-keys/{keyId}", kAdmin},
    {"DELETE", "/api/v1/api-keys/{keyId}", kAdmin},
    {"GET", "/api/v1/projects/{projectId}/limits", kViewer},
    {"PUT", "/api/v1/projects/{projectId}/limits", kAdmin},
    {"GET", "/api/v1/usage", kViewer},
    {"GET", "/api/v1/projects/{projectId}/masking", kViewer},
    {"PUT", "/api/v1/projects/{projectId}/masking", kAdmin},
    {"POST", "/api/v1/projects/{projectId}/masking/test", kAdmin},
    {"GET", "/api/v1/retention", kViewer},
    {"PUT", "/api/v1/retention", kAdmin},
    {"PUT", "/api/v1/models/{provider}/{model}/price", kAdmin},
    {"DELETE", "/api/v1/models/{provider}/{model}/price", kAdmin},
    {"GET", "/api/v1/connections", kAdmin},
    {"POST", "/api/v1/connections", kAdmin},
    {"GET", "/api/v1/connections/{connectionId}", kAdmin},
    {"PUT", "/api/v1/connections/{connectionId}", kAdmin},
    {"DELETE", "/api/v1/connections/{connectionId}", kAdmin},
    {"POST", "/api/v1/connections/{connectionId}/test", kAdmin},

    // Projects, people and the audit log: the whole server's.
    {"GET", "/api/v1/projects", kViewer},
    {"POST", "/api/v1/projects", kAdmin, Caller::kMemberOfAllProjects},
    {"PUT", "/api/v1/projects/{projectId}", kAdmin},
    {"DELETE", "/api/v1/projects/{projectId}", kOwner},
    {"GET", "/api/v1/members", kAdmin, Caller::kMemberOfAllProjects},
    {"PUT", "/api/v1/members/{memberId}", kViewer, Caller::kMember},  // one's own name; all else as DELETE (members.h)
    {"DELETE", "/api/v1/members/{memberId}", kAdmin, Caller::kMemberOfAllProjects},
    {"POST", "/api/v1/members/{memberId}/password-reset-link", kAdmin, Caller::kMemberOfAllProjects},
    {"GET", "/api/v1/members/invitations", kAdmin, Caller::kMemberOfAllProjects},
    {"POST", "/api/v1/members/invitations", kAdmin, Caller::kMemberOfAllProjects},
    {"DELETE", "/api/v1/members/invitations/{invitationId}", kAdmin, Caller::kMemberOfAllProjects},
    {"GET", "/api/v1/audit", kAdmin, Caller::kMemberOfAllProjects},
};

}  // namespace

std::span<const Permission> permissions() { return kPermissions; }

const Permission& permission_of(std::string_view method, std::string_view pattern) {
  static constexpr Permission kUnknown{"", "", store::MemberRole::kOwner, Caller::kMemberOfAllProjects};
  if (method == "HEAD") method = "GET";
  const auto* const found = std::find_if(std::begin(kPermissions), std::end(kPermissions), [&](const Permission& one) {
    return one.pattern == pattern && one.method == method;
  });
  return found == std::end(kPermissions) ? kUnknown : *found;
}

Status check_permission(const Permission& permission, store::MemberRole role, bool is_member) {
  if (permission.pattern.empty()) return fail(forbidden("Nobody may do this: the server has no rule for it"));
  const std::string needed(store::member_role_name(permission.least));
  if (!is_member && (permission.caller != Caller::kAnyone || !store::role_reaches(role, permission.least))) {
    return fail(forbidden("An API key may not do this; sign in as a member with the role " + needed + " or above"));
  }
  if (store::role_reaches(role, permission.least)) return {};
  return fail(
      forbidden("This needs the role " + needed + " or above; yours is " + std::string(store::member_role_name(role))));
}

bool enters_every_project(const store::Member& member) {
  return member.role == store::MemberRole::kOwner || member.project_ids.empty();
}

bool may_enter(const store::Member& member, std::string_view project_id) {
  return enters_every_project(member) ||
         std::find(member.project_ids.begin(), member.project_ids.end(), project_id) != member.project_ids.end();
}

}  // namespace tracia::service
