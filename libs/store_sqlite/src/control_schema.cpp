#include "control_schema.h"

#include <string>

namespace tracia::store_sqlite {
namespace {

// Step n leads from version n - 1 to n. A step that was released is never edited: a change is a new step.
// Times are microseconds since 1970. *_key columns hold the lower-case (ASCII) form of a name that is unique.
constexpr const char* kSteps[] = {
    // 1
    R"sql(
CREATE TABLE projects(
  id TEXT PRIMARY KEY, name TEXT NOT NULL, created INTEGER NOT NULL) STRICT;
CREATE TABLE api_keys(
  id TEXT PRIMARY KEY, project TEXT NOT NULL, name TEXT NOT NULL, prefix TEXT NOT NULL, hash BLOB NOT NULL,
  created_by TEXT NOT NULL, created INTEGER NOT NULL, last_used INTEGER, revoked INTEGER) STRICT;
CREATE TABLE members(
  id TEXT PRIMARY KEY, email TEXT NOT NULL, email_key TEXT NOT NULL, name TEXT NOT NULL,
  password_hash TEXT NOT NULL, role TEXT NOT NULL, created INTEGER NOT NULL) STRICT;
CREATE TABLE login_sessions(
  token_hash BLOB PRIMARY KEY, member TEXT NOT NULL, csrf_token TEXT NOT NULL,
  created INTEGER NOT NULL, expires INTEGER NOT NULL) STRICT;
CREATE TABLE connections(
  id TEXT PRIMARY KEY, project TEXT NOT NULL, name TEXT NOT NULL, name_key TEXT NOT NULL, protocol TEXT NOT NULL,
  base_url TEXT NOT NULL, region TEXT NOT NULL, sealed_secrets BLOB NOT NULL, headers TEXT NOT NULL,
  created INTEGER NOT NULL, updated INTEGER NOT NULL) STRICT;
CREATE TABLE prompts(
  id TEXT PRIMARY KEY, project TEXT NOT NULL, slug TEXT NOT NULL, name TEXT NOT NULL, description TEXT,
  default_label TEXT NOT NULL, labels TEXT NOT NULL, current_version INTEGER NOT NULL, revision INTEGER NOT NULL,
  created INTEGER NOT NULL, updated INTEGER NOT NULL) STRICT;
CREATE INDEX prompts_by_slug ON prompts(project, slug);
CREATE TABLE prompt_versions(
  prompt TEXT NOT NULL, number INTEGER NOT NULL, messages TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
  temperature REAL, top_p REAL, max_output_tokens INTEGER, stop_sequences TEXT NOT NULL, tools TEXT NOT NULL,
  tool_choice TEXT NOT NULL, output_schema TEXT NOT NULL, note TEXT, author TEXT NOT NULL, created INTEGER NOT NULL,
  PRIMARY KEY(prompt, number)) STRICT;
CREATE TABLE evaluations(
  id TEXT PRIMARY KEY, project TEXT NOT NULL, span TEXT NOT NULL, trace TEXT NOT NULL, evaluator TEXT NOT NULL,
  value REAL NOT NULL, source TEXT NOT NULL, note TEXT, created INTEGER NOT NULL) STRICT;
CREATE INDEX evaluations_by_span ON evaluations(project, span, trace, created, id);
CREATE TABLE settings(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
)sql",
    // 2: experiments
    R"sql(
CREATE TABLE experiments(
  id TEXT PRIMARY KEY, project TEXT NOT NULL, prompt TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL,
  variants TEXT NOT NULL, primary_metric TEXT NOT NULL, promoted TEXT NOT NULL, author TEXT NOT NULL,
  revision INTEGER NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL, started INTEGER, stopped INTEGER
  ) STRICT;
CREATE INDEX experiments_by_prompt ON experiments(prompt);
)sql",
    // 3: governance. `projects` of members and invitations: a JSON array of ids, '' for all. `targets`: a JSON array.
    // `limits`, `settings`,
    // `price`, `detail`: JSON objects, '' for none. `spent`: exact US dollars as a decimal.
    R"sql(
ALTER TABLE members ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN projects TEXT NOT NULL DEFAULT '';
CREATE TABLE invitations(
  id TEXT PRIMARY KEY, email TEXT NOT NULL, email_key TEXT NOT NULL, member TEXT NOT NULL, role TEXT NOT NULL,
  projects TEXT NOT NULL, token_hash BLOB NOT NULL, invited_by TEXT NOT NULL, created INTEGER NOT NULL,
  expires INTEGER NOT NULL) STRICT;
CREATE TABLE audit(
  number INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, project TEXT NOT NULL, actor_kind TEXT NOT NULL,
  actor TEXT NOT NULL, actor_name TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL, detail TEXT NOT NULL,
  request TEXT NOT NULL, peer TEXT NOT NULL) STRICT;
CREATE TABLE evaluators(
  project TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, minimum REAL, maximum REAL,
  categories TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL, PRIMARY KEY(project, key)) STRICT;
ALTER TABLE evaluations ADD COLUMN category TEXT;
ALTER TABLE api_keys ADD COLUMN limits TEXT NOT NULL DEFAULT '';
CREATE TABLE project_settings(
  project TEXT PRIMARY KEY, settings TEXT NOT NULL, revision INTEGER NOT NULL, updated INTEGER NOT NULL) STRICT;
CREATE TABLE spend(
  scope TEXT NOT NULL, period TEXT NOT NULL, spent TEXT NOT NULL, PRIMARY KEY(scope, period)) STRICT;
CREATE TABLE model_prices(
  project TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, price TEXT NOT NULL, updated INTEGER NOT NULL,
  PRIMARY KEY(project, provider, model)) STRICT;
CREATE TABLE gateway_aliases(
  project TEXT NOT NULL, name TEXT NOT NULL, targets TEXT NOT NULL, retries INTEGER, created INTEGER NOT NULL,
  updated INTEGER NOT NULL, PRIMARY KEY(project, name)) STRICT;
)sql",
    // 4: projects that were deleted, while what belongs to them is being removed; where members are signed in
    R"sql(
ALTER TABLE login_sessions ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE login_sessions ADD COLUMN last_seen INTEGER NOT NULL DEFAULT 0;
CREATE TABLE removed_projects(id TEXT PRIMARY KEY, removed INTEGER NOT NULL) STRICT;
)sql",
};
constexpr int64_t kNewest = std::size(kSteps);

Status refuse(std::string message) { return fail({.code = ErrorCode::kUnavailable, .message = std::move(message)}); }

// One step and its number, together or not at all.
Status take_step(Db& db, int64_t number) {
  auto transaction = Transaction::begin(db);
  if (!transaction) return fail(std::move(transaction).error());
  TRACIA_TRY(db.exec(kSteps[number - 1]));
  const std::string stamp = "PRAGMA application_id=" + std::to_string(kControlApplicationId) +
                            "; PRAGMA user_version=" + std::to_string(number);
  TRACIA_TRY(db.exec(stamp.c_str()));
  return transaction->commit();
}

}  // namespace

int64_t control_schema_version() { return kNewest; }

Status migrate_control(Db& db) {
  // What is deleted is overwritten: keys and password hashes must not stay in free pages.
  TRACIA_TRY(db.exec("PRAGMA secure_delete=ON"));
  const auto version = db.integer("PRAGMA user_version");
  if (!version) return fail(version.error());
  const auto application = db.integer("PRAGMA application_id");
  if (!application) return fail(application.error());
  if (*version < 0 || (*version > 0 && *application != kControlApplicationId)) {
    return refuse("control.db is a database of another program");
  }
  if (*version > kNewest) {
    return refuse("control.db was written by a newer Tracia (version " + std::to_string(*version) +
                  "; this one knows " + std::to_string(kNewest) + ")");
  }
  for (int64_t number = *version + 1; number <= kNewest; ++number) TRACIA_TRY(take_step(db, number));
  return {};
}

}  // namespace tracia::store_sqlite
