// Accounts in control.db: members, their login sessions, invitations; and the audit log.
#include "binding.h"
#include "control_sqlite.h"
#include "tracia/base/bytes.h"
#include "tracia/json/reader.h"
#include "tracia/json/writer.h"

namespace tracia::store_sqlite {

using store::AuditEvent;
using store::AuditQuery;
using store::Invitation;
using store::LoginSession;
using store::Member;
using store::MemberRole;

namespace {

// A role that this program does not know may do least.
MemberRole role_from_name(std::string_view name) {
  return store::member_role_from_name(name).value_or(MemberRole::kViewer);
}

// Ids as a JSON array, '' for none. Unreadable text must not open every project: it names one that does not exist.
std::string ids_json(const std::vector<std::string>& ids) {
  if (ids.empty()) return "";
  json::Writer w;
  w.begin_array();
  for (const std::string& id : ids) w.value(id);
  return w.end_array().take();
}

std::vector<std::string> read_ids(std::string_view text) {
  std::vector<std::string> ids;
  if (text.empty()) return ids;
  json::Document document;
  if (const auto list = document.parse(text)) {
    for (const json::Value id : list->items()) ids.push_back(id.text());
  }
  if (ids.empty()) ids.emplace_back("unreadable");
  return ids;
}

Member read_member(const Statement& row) {
  return {.id = text(row, 0),
          .email = text(row, 1),
          .name = text(row, 2),
          .password_hash = text(row, 3),
          .role = role_from_name(row.text(4)),
          .disabled = row.integer(5) != 0,
          .project_ids = read_ids(row.text(6)),
          .created = stamp(row, 7)};
}

LoginSession read_login_session(const Statement& row) {
  return {.token_hash = std::string(row.blob(0)),
          .member_id = text(row, 1),
          .csrf_token = text(row, 2),
          .created = stamp(row, 3),
          .expires = stamp(row, 4),
          .device = text(row, 5),
          .last_seen = stamp(row, 6)};
}

Invitation read_invitation(const Statement& row) {
  return {.id = text(row, 0),
          .email = text(row, 1),
          .member_id = text(row, 2),
          .role = role_from_name(row.text(3)),
          .project_ids = read_ids(row.text(4)),
          .token_hash = std::string(row.blob(5)),
          .invited_by = text(row, 6),
          .created = stamp(row, 7),
          .expires = stamp(row, 8)};
}

AuditEvent read_audit_event(const Statement& row) {
  return {.number = row.integer(0),
          .time = stamp(row, 1),
          .project_id = text(row, 2),
          .actor_kind = text(row, 3),
          .actor_id = text(row, 4),
          .actor_name = text(row, 5),
          .action = text(row, 6),
          .target = text(row, 7),
          .detail_json = text(row, 8),
          .request_id = text(row, 9),
          .peer = text(row, 10)};
}

// In a transaction of the caller's.
Status write_member(Session& session, const Member& member) {
  const std::string email_key = ascii_lower(member.email);
  const auto taken = session.any("SELECT 1 FROM members WHERE email_key = ? AND id <> ?", values(email_key, member.id));
  if (!taken) return fail(taken.error());
  if (*taken) return fail(name_conflict("There is an account with this email already"));
  return session.run(
      "INSERT INTO members(id, email, email_key, name, password_hash, role, disabled, projects, created)"
      " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)"
      " ON CONFLICT(id) DO UPDATE SET email = excluded.email, email_key = excluded.email_key, name = excluded.name,"
      " password_hash = excluded.password_hash, role = excluded.role, disabled = excluded.disabled,"
      " projects = excluded.projects, created = excluded.created",
      values(member.id, member.email, email_key, member.name, member.password_hash,
             store::member_role_name(member.role), int64_t{member.disabled}, ids_json(member.project_ids),
             member.created));
}

}  // namespace

Result<std::vector<Member>> ControlSqlite::members() {
  return all_rows<Member>(*sessions_,
                          "SELECT id, email, name, password_hash, role, disabled, projects, created FROM members"
                          " ORDER BY created, rowid",
                          {}, read_member);
}

Status ControlSqlite::put_member(const Member& member) {
  return sessions_->write([&](Session& session) { return write_member(session, member); });
}

Result<bool> ControlSqlite::remove_member(std::string_view id) {
  bool removed = false;
  TRACIA_TRY(sessions_->write([&](Session& session) -> Status {
    TRACIA_TRY(session.run("DELETE FROM login_sessions WHERE member = ?", values(id)));
    TRACIA_TRY(session.run("DELETE FROM invitations WHERE member = ? OR invited_by = ?", values(id, id)));
    TRACIA_TRY(session.run("DELETE FROM members WHERE id = ?", values(id)));
    removed = session.db().changes() > 0;
    return {};
  }));
  return removed;
}

Result<std::optional<LoginSession>> ControlSqlite::login_session(std::string_view token_hash) {
  return first_row<LoginSession>(*sessions_,
                                 "SELECT token_hash, member, csrf_token, created, expires, device, last_seen"
                                 " FROM login_sessions WHERE token_hash = ?",
                                 values(Blob{token_hash}), read_login_session);
}

Result<std::vector<LoginSession>> ControlSqlite::login_sessions() {
  return all_rows<LoginSession>(*sessions_,
                                "SELECT token_hash, member, csrf_token, created, expires, device, last_seen"
                                " FROM login_sessions ORDER BY created, rowid",
                                {}, read_login_session);
}

Status ControlSqlite::put_login_session(const LoginSession& session) {
  return sessions_->write([&](Session& db) {
    return db.run(
        "INSERT OR REPLACE INTO login_sessions(token_hash, member, csrf_token, created, expires, device, last_seen)"
        " VALUES(?, ?, ?, ?, ?, ?, ?)",
        values(Blob{session.token_hash}, session.member_id, session.csrf_token, session.created, session.expires,
               session.device, session.last_seen));
  });
}

Status ControlSqlite::touch_login_sessions(const std::vector<std::pair<std::string, Timestamp>>& last_seen) {
  if (last_seen.empty()) return {};
  return sessions_->write([&](Session& session) -> Status {
    for (const auto& [hash, seen] : last_seen) {
      TRACIA_TRY(session.run("UPDATE login_sessions SET last_seen = ? WHERE token_hash = ?", values(seen, Blob{hash})));
    }
    return {};
  });
}

Status ControlSqlite::remove_login_session(std::string_view token_hash) {
  return sessions_->write([&](Session& session) {
    return session.run("DELETE FROM login_sessions WHERE token_hash = ?", values(Blob{token_hash}));
  });
}

Status ControlSqlite::remove_login_sessions_of(std::string_view member_id) {
  return sessions_->write(
      [&](Session& session) { return session.run("DELETE FROM login_sessions WHERE member = ?", values(member_id)); });
}

Status ControlSqlite::remove_expired_login_sessions(Timestamp now) {
  return sessions_->write(
      [&](Session& session) { return session.run("DELETE FROM login_sessions WHERE expires <= ?", values(now)); });
}

Result<std::vector<Invitation>> ControlSqlite::invitations() {
  return all_rows<Invitation>(*sessions_,
                              "SELECT id, email, member, role, projects, token_hash, invited_by, created, expires"
                              " FROM invitations ORDER BY created, rowid",
                              {}, read_invitation);
}

Status ControlSqlite::put_invitation(const Invitation& invitation) {
  return sessions_->write([&](Session& session) -> Status {
    const std::string email_key = ascii_lower(invitation.email);
    TRACIA_TRY(session.run("DELETE FROM invitations WHERE email_key = ? AND member = ?",
                           values(email_key, invitation.member_id)));
    return session.run(
        "INSERT INTO invitations(id, email, email_key, member, role, projects, token_hash, invited_by, created,"
        " expires) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        values(invitation.id, invitation.email, email_key, invitation.member_id,
               store::member_role_name(invitation.role), ids_json(invitation.project_ids), Blob{invitation.token_hash},
               invitation.invited_by, invitation.created, invitation.expires));
  });
}

Result<bool> ControlSqlite::remove_invitation(std::string_view id) {
  return remove("DELETE FROM invitations WHERE id = ?", values(id));
}

Status ControlSqlite::remove_expired_invitations(Timestamp now) {
  return sessions_->write(
      [&](Session& session) { return session.run("DELETE FROM invitations WHERE expires <= ?", values(now)); });
}

Status ControlSqlite::accept_invitation(std::string_view invitation_id, const Member& member) {
  return sessions_->write([&](Session& session) -> Status {
    TRACIA_TRY(session.run("DELETE FROM invitations WHERE id = ?", values(invitation_id)));
    if (session.db().changes() == 0) {
      return fail({.code = ErrorCode::kNotFound, .message = "There is no such invitation"});
    }
    return write_member(session, member);
  });
}

Status ControlSqlite::append_audit(const AuditEvent& event) {
  return sessions_->write([&](Session& session) {
    return session.run(
        "INSERT INTO audit(time, project, actor_kind, actor, actor_name, action, target, detail, request, peer)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        values(event.time, event.project_id, event.actor_kind, event.actor_id, event.actor_name, event.action,
               event.target, event.detail_json, event.request_id, event.peer));
  });
}

Result<std::vector<AuditEvent>> ControlSqlite::audit(const AuditQuery& query) {
  return all_rows<AuditEvent>(
      *sessions_,
      "SELECT number, time, project, actor_kind, actor, actor_name, action, target, detail, request, peer FROM audit"
      " WHERE (?1 = 0 OR number < ?1) AND (?2 = '' OR actor = ?2) AND (?3 = '' OR action = ?3)"
      " AND (?4 IS NULL OR time >= ?4) AND (?5 IS NULL OR time < ?5) ORDER BY number DESC LIMIT ?6",
      values(query.before, query.actor, query.action, query.from, query.to, query.limit), read_audit_event);
}

Status ControlSqlite::trim_audit(Timestamp before, size_t events_max) {
  return sessions_->write([&](Session& session) -> Status {
    TRACIA_TRY(session.run("DELETE FROM audit WHERE time < ?", values(before)));
    return session.run("DELETE FROM audit WHERE number <= (SELECT MAX(number) FROM audit) - ?", values(events_max));
  });
}

}  // namespace tracia::store_sqlite
