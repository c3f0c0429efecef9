// /api/v1/members: people, their roles, and the links that invite them. A link is answered once, when it is made.
#include "tracia/service/members.h"

#include <utility>

#include "account_json.h"
#include "on_worker.h"
#include "request_json.h"
#include "tracia/base/bytes.h"
#include "tracia/routes/routes.h"
#include "tracia/service/audit.h"
#include "tracia/service/peer.h"

namespace tracia::routes {
namespace {

using service::Members;
using service::Principal;
using service::record_audit;
using service::Services;

constexpr size_t kProjectIdsMax = 1'000;
constexpr size_t kIdBytesMax = 64;

Result<store::MemberRole> read_role(const json::Value& value) {
  const auto role = value.is_string() ? store::member_role_from_name(value.text()) : std::nullopt;
  if (role) return *role;
  return fail(Error::invalid("role: must be owner, admin, editor or viewer"));
}

Result<std::vector<std::string>> read_project_ids(const json::Value& value) {
  std::vector<std::string> ids;
  if (value.is_missing_or_null()) return ids;
  const Error wrong = Error::invalid("projectIds: must be an array of at most 1,000 ids of projects");
  if (!value.is_array()) return fail(wrong);
  for (const json::Value id : value.items()) {
    if (!id.is_string() || ids.size() == kProjectIdsMax || id.text().size() > kIdBytesMax) return fail(wrong);
    ids.push_back(id.text());
  }
  return ids;
}

Result<Members::Change> read_change(const json::Value& body) {
  Members::Change change;
  if (const json::Value name = body["name"]; !name.is_missing_or_null()) {
    if (!name.is_string()) return fail(Error::invalid("name: must be a string"));
    change.name = name.text();
  }
  if (const json::Value role = body["role"]; !role.is_missing_or_null()) {
    const auto read = read_role(role);
    if (!read) return fail(read.error());
    change.role = *read;
  }
  if (const json::Value disabled = body["disabled"]; !disabled.is_missing_or_null()) {
    const auto read = disabled.boolean();
    if (!read) return fail(Error::invalid("disabled: must be true or false"));
    change.disabled = read;
  }
  if (const json::Value ids = body["projectIds"]; !ids.is_missing_or_null()) {
    auto read = read_project_ids(ids);
    if (!read) return fail(read.error());
    change.project_ids = std::move(*read);
  }
  if (!change.name && change.only_name()) {
    return fail(Error::invalid("Nothing to change: give name, role, disabled or projectIds"));
  }
  return change;
}

// What was asked for, for the audit log.
std::string change_detail(const Members::Change& change) {
  json::Writer w;
  w.begin_object();
  if (change.name) w.field("name", *change.name);
  if (change.role) w.field("role", store::member_role_name(*change.role));
  if (change.disabled) w.field("disabled", *change.disabled);
  if (change.project_ids) write_ids(w, "projectIds", *change.project_ids);
  return w.end_object().take();
}

std::string invitation_detail(const store::Invitation& invitation) {
  json::Writer w;
  w.begin_object().field("purpose", invitation_purpose(invitation));
  w.field("role", store::member_role_name(invitation.role));
  write_ids(w, "projectIds", invitation.project_ids);
  return w.end_object().take();
}

std::string email_detail(const store::Member& member) {
  json::Writer w;
  return w.begin_object().field("email", member.email).end_object().take();
}

// Where the server is reached, as the operator said or, when they did not, as this request did. The token is behind
// '#': browsers do not send it, so it is in no log.
std::string link_of(const Services& services, const http::Request& request, std::string_view token) {
  std::string base = services.config->public_url;
  if (base.empty()) {
    const std::string_view proto = service::from_trusted_proxy(*services.config, request)
                                       ? request.headers.get_or("x-forwarded-proto", "")
                                       : std::string_view();
    const bool tls = !services.config->tls_cert.empty() || ascii_iequals(trim(proto), "https");
    base = std::string(tls ? "https://" : "http://") + std::string(request.headers.get_or("host", "localhost"));
  }
  while (base.ends_with('/')) base.pop_back();
  return base + "/invite#token=" + std::string(token);
}

Answer answer_link(const Services& services, const http::Exchange& exchange, const Members::Link& link) {
  json::Writer w;
  w.begin_object().key("invitation");
  write_invitation(w, link.invitation, services.members->name_of(link.invitation.invited_by));
  w.field("link", link_of(services, exchange.request, link.token)).end_object();
  return answer_json(201, w.take());
}

Answer answer_member(const store::Member& member) {
  json::Writer w;
  write_member(w, member);
  return answer_json(200, w.take());
}

Answer answer_success() { return answer_json(200, R"({"success":true})"); }

Result<Answer> list_members(Services& services, const Principal&, const http::Exchange&) {
  json::Writer w;
  w.begin_object().key("members").begin_array();
  for (const store::Member& member : services.members->all()) write_member(w, member);
  w.end_array().end_object();
  return answer_json(200, w.take());
}

Result<Answer> update_member(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto body = read_object(exchange.request.body);
  if (!body) return fail(body.error());
  const auto change = read_change(body->value);
  if (!change) return fail(change.error());
  const auto member = services.members->update(who, exchange.parameter("memberId"), *change);
  if (!member) return fail(member.error());
  record_audit(services, exchange, who, "member.update", member->id, change_detail(*change));
  return answer_member(*member);
}

Result<Answer> remove_member(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto member = services.members->remove(who, exchange.parameter("memberId"));
  if (!member) return fail(member.error());
  record_audit(services, exchange, who, "member.remove", member->id, email_detail(*member));
  return answer_success();
}

Result<Answer> make_password_link(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto link = services.members->make_password_link(who, exchange.parameter("memberId"));
  if (!link) return fail(link.error());
  record_audit(services, exchange, who, "member.password_link", link->invitation.member_id);
  return answer_link(services, exchange, *link);
}

Result<Answer> list_invitations(Services& services, const Principal&, const http::Exchange&) {
  const auto invitations = services.members->invitations();
  if (!invitations) return fail(invitations.error());
  json::Writer w;
  w.begin_object().key("invitations").begin_array();
  for (const auto& one : *invitations) write_invitation(w, one, services.members->name_of(one.invited_by));
  w.end_array().end_object();
  return answer_json(200, w.take());
}

Result<Answer> invite(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto body = read_object(exchange.request.body);
  if (!body) return fail(body.error());
  const json::Value email = body->value["email"];
  if (email.is_missing_or_null()) return fail(Error::invalid("Missing required field: email"));
  if (!email.is_string()) return fail(Error::invalid("email: must be a string"));
  if (body->value["role"].is_missing_or_null()) return fail(Error::invalid("Missing required field: role"));
  const auto role = read_role(body->value["role"]);
  if (!role) return fail(role.error());
  auto projects = read_project_ids(body->value["projectIds"]);
  if (!projects) return fail(projects.error());
  const auto link =
      services.members->invite(who, {.email = email.text(), .role = *role, .project_ids = std::move(*projects)});
  if (!link) return fail(link.error());
  record_audit(services, exchange, who, "member.invite", link->invitation.email, invitation_detail(link->invitation));
  return answer_link(services, exchange, *link);
}

Result<Answer> revoke_invitation(Services& services, const Principal& who, const http::Exchange& exchange) {
  const auto revoked = services.members->revoke(who, exchange.parameter("invitationId"));
  if (!revoked) return fail(revoked.error());
  record_audit(services, exchange, who, "invitation.revoke", revoked->email, invitation_detail(*revoked));
  return answer_success();
}

}  // namespace

void add_members(http::Router& router, Services& services) {
  const std::string all = "/api/v1/members", one = all + "/{memberId}", invitations = all + "/invitations";
  add_on_worker(router, services, "GET", all, list_members);
  add_on_worker(router, services, "PUT", one, update_member);
  add_on_worker(router, services, "DELETE", one, remove_member);
  add_on_worker(router, services, "POST", one + "/password-reset-link", make_password_link);
  add_on_worker(router, services, "GET", invitations, list_invitations);
  add_on_worker(router, services, "POST", invitations, invite);
  add_on_worker(router, services, "DELETE", invitations + "/{invitationId}", revoke_invitation);
}

}  // namespace tracia::routes
