#include "control_sqlite.h"

#include "binding.h"
#include "control_schema.h"
#include "tracia/base/bytes.h"

namespace tracia::store_sqlite {

using store::ApiKey;
using store::Connection;

namespace {

ApiKey read_api_key(const Statement& row) {
  return {.id = text(row, 0),
          .project_id = text(row, 1),
          .name = text(row, 2),
          .prefix = text(row, 3),
          .hash = std::string(row.blob(4)),
          .created_by = text(row, 5),
          .created = stamp(row, 6),
          .last_used = optional_stamp(row, 7),
          .revoked = optional_stamp(row, 8),
          .limits_json = text(row, 9)};
}

Connection read_connection(const Statement& row) {
  return {.id = text(row, 0),
          .project_id = text(row, 1),
          .name = text(row, 2),
          .protocol = text(row, 3),
          .base_url = text(row, 4),
          .region = text(row, 5),
          .sealed_secrets = std::string(row.blob(6)),
          .headers_json = text(row, 7),
          .created = stamp(row, 8),
          .updated = stamp(row, 9)};
}

}  // namespace

Result<std::unique_ptr<ControlSqlite>> ControlSqlite::open(const std::filesystem::path& file, const std::string& vfs,
                                                           bool synchronous_off) {
  auto sessions = Sessions::open(file, vfs, synchronous_off, migrate_control);
  if (!sessions) return fail(std::move(sessions).error());
  return std::unique_ptr<ControlSqlite>(new ControlSqlite(std::move(*sessions)));
}

Result<bool> ControlSqlite::remove(std::string_view sql, const Session::Bind& bind) {
  bool removed = false;
  TRACIA_TRY(sessions_->write([&](Session& session) -> Status {
    TRACIA_TRY(session.run(sql, bind));
    removed = session.db().changes() > 0;
    return {};
  }));
  return removed;
}

Result<std::vector<ApiKey>> ControlSqlite::api_keys() {
  return all_rows<ApiKey>(*sessions_,
                          "SELECT id, project, name, prefix, hash, created_by, created, last_used, revoked,"
                          " limits FROM api_keys ORDER BY created, rowid",
                          {}, read_api_key);
}

Status ControlSqlite::put_api_key(const ApiKey& key) {
  return sessions_->write([&](Session& session) {
    return session.run(
        "INSERT INTO api_keys(id, project, name, prefix, hash, created_by, created, last_used, revoked, limits)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT(id) DO UPDATE SET project = excluded.project, name = excluded.name, prefix = excluded.prefix,"
        " hash = excluded.hash, created_by = excluded.created_by, created = excluded.created,"
        " last_used = excluded.last_used, revoked = excluded.revoked, limits = excluded.limits",
        values(key.id, key.project_id, key.name, key.prefix, Blob{key.hash}, key.created_by, key.created, key.last_used,
               key.revoked, key.limits_json));
  });
}

Status ControlSqlite::touch_api_keys(const std::vector<std::pair<std::string, Timestamp>>& last_used) {
  if (last_used.empty()) return {};
  return sessions_->write([&](Session& session) -> Status {
    for (const auto& [id, used] : last_used) {
      TRACIA_TRY(session.run("UPDATE api_keys SET last_used = ? WHERE id = ?", values(used, id)));
    }
    return {};
  });
}

Result<std::vector<Connection>> ControlSqlite::connections() {
  return all_rows<Connection>(*sessions_,
                              "SELECT id, project, name, protocol, base_url, region, sealed_secrets, headers, created,"
                              " updated FROM connections ORDER BY created, rowid",
                              {}, read_connection);
}

Status ControlSqlite::put_connection(const Connection& connection) {
  return sessions_->write([&](Session& session) -> Status {
    const std::string name_key = ascii_lower(connection.name);
    const auto taken = session.any("SELECT 1 FROM connections WHERE project = ? AND name_key = ? AND id <> ?",
                                   values(connection.project_id, name_key, connection.id));
    if (!taken) return fail(taken.error());
    if (*taken) return fail(name_conflict("There is a connection '" + connection.name + "' already"));
    return session.run(
        "INSERT INTO connections(id, project, name, name_key, protocol, base_url, region, sealed_secrets, headers,"
        " created, updated) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT(id) DO UPDATE SET project = excluded.project, name = excluded.name,"
        " name_key = excluded.name_key, protocol = excluded.protocol, base_url = excluded.base_url,"
        " region = excluded.region, sealed_secrets = excluded.sealed_secrets, headers = excluded.headers,"
        " created = excluded.created, updated = excluded.updated",
        values(connection.id, connection.project_id, connection.name, name_key, connection.protocol,
               connection.base_url, connection.region, Blob{connection.sealed_secrets}, connection.headers_json,
               connection.created, connection.updated));
  });
}

Result<bool> ControlSqlite::remove_connection(std::string_view project_id, std::string_view id) {
  return remove("DELETE FROM connections WHERE id = ? AND project = ?", values(id, project_id));
}

Result<std::optional<std::string>> ControlSqlite::setting(std::string_view name) {
  return first_row<std::string>(*sessions_, "SELECT value FROM settings WHERE name = ?", values(name),
                                [](const Statement& row) { return text(row, 0); });
}

Status ControlSqlite::put_setting(std::string_view name, const std::optional<std::string>& value) {
  return sessions_->write([&](Session& session) {
    return value ? session.run("INSERT OR REPLACE INTO settings(name, value) VALUES(?, ?)", values(name, *value))
                 : session.run("DELETE FROM settings WHERE name = ?", values(name));
  });
}

}  // namespace tracia::store_sqlite
