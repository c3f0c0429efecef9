#include "account_json.h"

#include <optional>
#include <string>

#include "request_json.h"
#include "tracia/base/clock.h"
#include "tracia/service/limits.h"

namespace tracia::routes {
namespace {

void write_time_or_null(json::Writer& w, std::string_view name, const std::optional<Timestamp>& time) {
  w.key(name);
  time ? w.value(format_rfc3339_millis(*time)) : w.null();
}

}  // namespace

void write_member(json::Writer& w, const store::Member& member) {
  w.begin_object()
      .field("id", member.id)
      .field("email", member.email)
      .field("name", member.name)
      .field("role", store::member_role_name(member.role))
      .field("disabled", member.disabled);
  write_ids(w, "projectIds", member.project_ids);
  w.field("createdAt", format_rfc3339_millis(member.created)).end_object();
}

std::string_view invitation_purpose(const store::Invitation& invitation) {
  return invitation.member_id.empty() ? "join" : "password";
}

void write_invitation(json::Writer& w, const store::Invitation& invitation, std::string_view invited_by) {
  w.begin_object()
      .field("id", invitation.id)
      .field("purpose", invitation_purpose(invitation))
      .field("email", invitation.email)
      .field("role", store::member_role_name(invitation.role));
  write_ids(w, "projectIds", invitation.project_ids);
  w.field("invitedBy", invited_by)
      .field("createdAt", format_rfc3339_millis(invitation.created))
      .field("expiresAt", format_rfc3339_millis(invitation.expires))
      .end_object();
}

void write_ids(json::Writer& w, std::string_view name, const std::vector<std::string>& ids) {
  w.key(name).begin_array();
  for (const std::string& id : ids) w.value(id);
  w.end_array();
}

void write_project(json::Writer& w, const store::Project& project) {
  w.begin_object()
      .field("id", project.id)
      .field("name", project.name)
      .field("createdAt", format_rfc3339_millis(project.created))
      .end_object();
}

void write_api_key(json::Writer& w, const store::ApiKey& key, std::string_view secret) {
  w.begin_object().field("id", key.id).field("name", key.name).field("prefix", key.prefix);
  w.field_if("key", secret);
  w.field("createdBy", key.created_by).field("createdAt", format_rfc3339_millis(key.created));
  write_time_or_null(w, "lastUsedAt", key.last_used);
  write_time_or_null(w, "revokedAt", key.revoked);
  const service::KeyLimits limits = service::read_key_limits(key.limits_json);
  write_or_null(w, "requestsPerMinute", limits.requests_per_minute);
  service::write_spend_cap(w, limits.spend_cap);
  w.end_object();
}

}  // namespace tracia::routes
