// Aliases of the gateway's models in control.db. Their targets are JSON: [{"provider": "…", "model": "…"}, …].
#include "binding.h"
#include "control_sqlite.h"
#include "tracia/json/reader.h"
#include "tracia/json/writer.h"

namespace tracia::store_sqlite {

using store::GatewayAlias;

namespace {

std::string targets_json(const std::vector<GatewayAlias::Target>& targets) {
  json::Writer w;
  w.begin_array();
  for (const GatewayAlias::Target& target : targets) {
    w.begin_object().field("provider", target.provider).field("model", target.model).end_object();
  }
  return w.end_array().take();
}

Result<GatewayAlias> read_alias(const Statement& row) {
  GatewayAlias alias{.project_id = text(row, 0), .name = text(row, 1), .targets = {}, .retries = {}};
  json::Document document;
  const auto targets = document.parse(row.text(2));
  if (!targets || !targets->is_array()) {
    return fail({.code = ErrorCode::kUnavailable,
                 .message = "The targets of a gateway alias in control.db cannot be read; `tracia doctor` says more"});
  }
  for (const json::Value target : targets->items()) {
    alias.targets.push_back({.provider = target["provider"].text(), .model = target["model"].text()});
  }
  if (!row.is_null(3)) alias.retries = row.integer(3);
  alias.created = stamp(row, 4);
  alias.updated = stamp(row, 5);
  return alias;
}

}  // namespace

Result<std::vector<GatewayAlias>> ControlSqlite::gateway_aliases() {
  return all_rows<GatewayAlias>(*sessions_,
                                "SELECT project, name, targets, retries, created, updated FROM gateway_aliases"
                                " ORDER BY name, project",
                                {}, read_alias);
}

Status ControlSqlite::put_gateway_alias(const GatewayAlias& alias) {
  const std::string targets = targets_json(alias.targets);
  return sessions_->write([&](Session& session) {
    return session.run(
        "INSERT OR REPLACE INTO gateway_aliases(project, name, targets, retries, created, updated)"
        " VALUES(?, ?, ?, ?, ?, ?)",
        values(alias.project_id, alias.name, targets, alias.retries, alias.created, alias.updated));
  });
}

Result<bool> ControlSqlite::remove_gateway_alias(std::string_view project_id, std::string_view name) {
  return remove("DELETE FROM gateway_aliases WHERE project = ? AND name = ?", values(project_id, name));
}

}  // namespace tracia::store_sqlite
