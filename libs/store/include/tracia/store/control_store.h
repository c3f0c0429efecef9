// Where everything but spans lives: projects, keys, accounts, connections, prompts, experiments, evaluations. Small,
// and read mostly from memory (server/service); durable when a call returns. The contract tests in
// libs/store/test/control_store_contract.h hold every engine to what is said here.
//
// Ids are made by the caller (new_id). An engine keeps values, and checks `revision`s: a put of something that changed
// since it was read is kConflict. No unique constraint is relied on: where a name must be unique (slug, email,
// connection name), the call says so and the engine decides it in its own transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/prompt/experiment.h"
#include "tracia/prompt/prompt.h"

namespace tracia::store {

// "<prefix>_" + 16 lower-case hex: "prj_…", "key_…", "con_…", "prm_…", "evl_…", "mem_…", "exp_…",
// "inv_…".
std::string new_id(std::string_view prefix);

struct Project {
  std::string id, name;
  Timestamp created;
};

// A project that was deleted, while its spans and evaluations are being removed.
struct RemovedProject {
  std::string id;
  Timestamp removed;
};

// The key itself is never stored.
struct ApiKey {
  std::string id, project_id, name;
  std::string prefix;      // its first 11 characters ("tr_" + 8), to be recognised by
  std::string hash;        // SHA-256 of the key, 32 bytes
  std::string created_by;  // for people: "bootstrap", "command line", a member's email
  Timestamp created;
  std::optional<Timestamp> last_used, revoked;
  std::string limits_json;  // object: what the key may spend and how often it may ask; "" = no limits
};

// From the one who may do most.
enum class MemberRole { kOwner, kAdmin, kEditor, kViewer };
std::string_view member_role_name(MemberRole role);  // "owner"
std::optional<MemberRole> member_role_from_name(std::string_view name);
// Whether `role` may do at least what `least` may: owner > admin > editor > viewer.
inline bool role_reaches(MemberRole role, MemberRole least) { return role <= least; }

struct Member {
  std::string id, email, name;  // email is unique, ASCII case-insensitive
  std::string password_hash;    // argon2id, in libsodium's text form
  MemberRole role = MemberRole::kOwner;
  bool disabled = false;                 // may not sign in, and is signed in nowhere
  std::vector<std::string> project_ids;  // those that may be entered; empty = all
  Timestamp created;
};

// A link that makes somebody a member, or gives a member a new password. The link's token is never stored.
struct Invitation {
  std::string id, email;
  std::string member_id;  // whose password it sets; "" = it makes a new member
  MemberRole role = MemberRole::kViewer;
  std::vector<std::string> project_ids;  // as Member's
  std::string token_hash;                // SHA-256 of the token, 32 bytes
  std::string invited_by;                // a member's id
  Timestamp created, expires;
};

// Who did what, when, from where. Never changed once written.
struct AuditEvent {
  int64_t number = 0;  // given by the store, growing
  Timestamp time;
  std::string project_id;  // "" = of the whole server
  std::string actor_kind;  // "member" | "key" | "system"
  std::string actor_id, actor_name;
  std::string action;       // "prompt.update"
  std::string target;       // what it was done to: a slug, an id, an email
  std::string detail_json;  // object of what changed; "" = none
  std::string request_id, peer;
};

struct AuditQuery {
  std::string actor, action;          // an actor's id; "" = any
  std::optional<Timestamp> from, to;  // from <= time < to
  int64_t before = 0;                 // only numbers below this one; 0 = from the newest
  size_t limit = 50;
};

// A signed-in browser.
struct LoginSession {
  std::string token_hash;  // SHA-256 of the cookie's value, 32 bytes
  std::string member_id;
  std::string csrf_token;
  Timestamp created, expires;
  std::string device;   // the browser's User-Agent, for people; "" when it sent none, or an older server signed it in
  Timestamp last_seen;  // {} when it was not seen since it was made
};

// How a project reaches a provider (docs/concepts.md).
struct Connection {
  std::string id, project_id;
  std::string name;            // unique in the project, ASCII case-insensitive; what `provider` says to use it
  std::string protocol;        // "openai" | "anthropic" | "google" | "amazon_bedrock" | "voyage"
  std::string base_url;        // "" = the vendor's
  std::string region;          // Bedrock
  std::string sealed_secrets;  // the key and secret headers, sealed with the directory's key; "" = none
  std::string headers_json;    // object of further, public headers; "" = none
  Timestamp created, updated;
};

// A name that the gateway's clients give as a model, and the models that it stands for, tried in turn.
struct GatewayAlias {
  struct Target {
    std::string provider;  // or a connection's name; "" = found by the model's name
    std::string model;
    bool operator==(const Target&) const = default;
  };
  std::string project_id, name;  // unique in the project; lower case
  std::vector<Target> targets;   // at least one
  std::optional<int64_t> retries;
  Timestamp created, updated;
  bool operator==(const GatewayAlias&) const = default;
};

// The evaluator that every project has, without a row of its own.
inline constexpr std::string_view kQualityEvaluator = "quality";

enum class EvaluatorType { kNumeric, kBoolean, kCategorical };
std::string_view evaluator_type_name(EvaluatorType type);  // "numeric"
std::optional<EvaluatorType> evaluator_type_from_name(std::string_view name);

// What a project's evaluations of one kind say, and which values they may have.
struct Evaluator {
  std::string project_id;
  std::string key;  // with the project its identity
  std::string name;
  EvaluatorType type = EvaluatorType::kNumeric;
  std::optional<double> minimum, maximum;  // numeric: inclusive
  std::vector<std::string> categories;     // categorical: an evaluation's value is an index into them
  Timestamp created, updated;
};

struct Evaluation {
  std::string id, project_id, span_id, trace_id;  // of the stored span
  std::string evaluator_key;
  double value = 0;
  std::string source;  // "api" | "sdk" | "dashboard"
  std::optional<std::string> note;
  Timestamp created;
  std::optional<std::string> category;  // of a categorical evaluator: the text that `value` stood for
};

// What a project has set for itself: one object with the members "spendCap", "masking", "retentionDays". Whoever
// changes one of them keeps the others, also those it does not know.
struct ProjectSettings {
  std::string project_id;
  std::string json;
  int64_t revision = 0;
  Timestamp updated;
};

// What a key or a project has spent in a period.
struct Spent {
  std::string scope;   // the key's or the project's id
  std::string period;  // "2026-11" or "2026-11-21", UTC
  std::string usd;     // exact decimal
};

// A project's own price of a model.
struct ModelPrice {
  std::string project_id, provider, model;
  std::string json;  // object of exact decimals: "input", "output", "cachedInput", in US dollars per million tokens
  Timestamp updated;
};

// Thread-safe; every call blocks on the disk (a few milliseconds for writes) and belongs on a worker thread.
// Errors of all: kUnavailable when the disk fails; nothing was changed then. Others are named at each call.
class ControlStore {
 public:
  virtual ~ControlStore() = default;

  // Projects. put: inserts or replaces by id.
  virtual Result<std::vector<Project>> projects() = 0;  // oldest first, then as put
  virtual Status put_project(const Project& project) = 0;
  // Removes a project with all that belongs to it, in one step, but for its evaluations, which may be many, and keeps
  // its id among removed_projects(). Members and invitations lose it from their lists; a member who may enter no other
  // keeps it there, for an empty list means all, and such an invitation goes. False: there was none.
  virtual Result<bool> remove_project(std::string_view id, Timestamp now) = 0;
  virtual Result<std::vector<RemovedProject>> removed_projects() = 0;  // oldest first
  // At most `limit` of its evaluations; how many went.
  virtual Result<size_t> remove_evaluations_of_project(std::string_view project_id, size_t limit) = 0;
  // Ends a removal: what somebody still put for the project after it was removed goes too, and its id is forgotten.
  virtual Status forget_removed_project(std::string_view id) = 0;

  // API keys.
  virtual Result<std::vector<ApiKey>> api_keys() = 0;  // of all projects, revoked ones too, oldest first
  virtual Status put_api_key(const ApiKey& key) = 0;   // insert or replace by id
  virtual Status touch_api_keys(const std::vector<std::pair<std::string, Timestamp>>& last_used) = 0;  // by id

  // Accounts. put_member: kConflict when another member has the email.
  virtual Result<std::vector<Member>> members() = 0;
  virtual Status put_member(const Member& member) = 0;
  virtual Result<std::optional<LoginSession>> login_session(std::string_view token_hash) = 0;
  virtual Result<std::vector<LoginSession>> login_sessions() = 0;  // of all members, oldest first
  virtual Status put_login_session(const LoginSession& session) = 0;
  virtual Status touch_login_sessions(const std::vector<std::pair<std::string, Timestamp>>& last_seen) = 0;  // by hash
  virtual Status remove_login_session(std::string_view token_hash) = 0;
  virtual Status remove_login_sessions_of(std::string_view member_id) = 0;
  virtual Status remove_expired_login_sessions(Timestamp now) = 0;

  // Members, invitations and the audit log. remove_member takes along the member's
  // sessions, and the links that were made for or by them.
  virtual Result<bool> remove_member(std::string_view id) = 0;
  virtual Result<std::vector<Invitation>> invitations() = 0;  // oldest first, expired ones too
  // Inserts; another invitation of the same email (ASCII case-insensitive) and purpose goes.
  virtual Status put_invitation(const Invitation& invitation) = 0;
  virtual Result<bool> remove_invitation(std::string_view id) = 0;
  virtual Status remove_expired_invitations(Timestamp now) = 0;
  // Puts `member` and removes the invitation, both or neither. kNotFound when the invitation is gone, kConflict as
  // put_member().
  virtual Status accept_invitation(std::string_view invitation_id, const Member& member) = 0;
  virtual Status append_audit(const AuditEvent& event) = 0;                    // `number` is not read
  virtual Result<std::vector<AuditEvent>> audit(const AuditQuery& query) = 0;  // newest first
  // Removes what is older than `before`, and the oldest of more than `events_max`.
  virtual Status trim_audit(Timestamp before, size_t events_max) = 0;

  // Connections. put: kConflict when another connection of the project has the name. remove: false = there was none.
  virtual Result<std::vector<Connection>> connections() = 0;  // of all projects
  virtual Status put_connection(const Connection& connection) = 0;
  virtual Result<bool> remove_connection(std::string_view project_id, std::string_view id) = 0;

  // Aliases of models. put: inserts or replaces by project and name. remove: false = there was none.
  virtual Result<std::vector<GatewayAlias>> gateway_aliases() = 0;  // of all projects, by name
  virtual Status put_gateway_alias(const GatewayAlias& alias) = 0;
  virtual Result<bool> remove_gateway_alias(std::string_view project_id, std::string_view name) = 0;

  // Prompts. A Prompt carries its labels; versions are kept beside it and never change.
  virtual Result<std::vector<prompt::Prompt>> prompts() = 0;  // of all projects, any order
  // kConflict when the slug is taken in the project. `first` is version 1.
  virtual Status create_prompt(const prompt::Prompt& prompt, const prompt::Version& first) = 0;
  // Replaces the prompt, and adds `version` (its number is prompt.current_version) when given, in one transaction.
  // kConflict when the stored revision is not prompt.revision - 1 (kind kOther), or when another prompt has the slug
  // (kind kInvalidRequest). kNotFound when there is no such prompt.
  virtual Status update_prompt(const prompt::Prompt& prompt, const prompt::Version* version) = 0;
  // Its versions and experiments go too.
  virtual Result<bool> remove_prompt(std::string_view project_id, std::string_view prompt_id) = 0;
  virtual Result<std::optional<prompt::Version>> version(std::string_view prompt_id, int64_t number) = 0;
  // Newest first; only those with number < before when `before` > 0.
  virtual Result<std::vector<prompt::Version>> versions(std::string_view prompt_id, int64_t before, size_t limit) = 0;

  // Experiments. put: inserts (revision 1), or replaces by id. kConflict when the stored revision is not
  // experiment.revision - 1 (kind kOther), or when this one is running and another of its prompt is too (kind
  // kInvalidRequest). kNotFound when there is no such prompt in its project, or when it was removed meanwhile.
  virtual Result<std::vector<prompt::Experiment>> experiments() = 0;  // of all projects, oldest first
  virtual Status put_experiment(const prompt::Experiment& experiment) = 0;
  virtual Result<bool> remove_experiment(std::string_view project_id, std::string_view id) = 0;

  // Evaluations of one span, newest first; only those older than the one with id `after` when it is not "".
  virtual Result<std::vector<Evaluation>> evaluations(std::string_view project_id, std::string_view span_id,
                                                      std::string_view trace_id, std::string_view after,
                                                      size_t limit) = 0;
  // The newest evaluations of many spans, given as (span id, trace id), from one read: one list for each, in order.
  using SpanKeys = std::vector<std::pair<std::string, std::string>>;
  virtual Result<std::vector<std::vector<Evaluation>>> evaluations_of(std::string_view project_id,
                                                                      const SpanKeys& spans, size_t limit_each) = 0;
  // A project's evaluations that were made at `from` or later, newest first. Reads all of the project's.
  virtual Result<std::vector<Evaluation>> evaluations_since(std::string_view project_id, Timestamp from,
                                                            size_t limit) = 0;
  virtual Result<std::optional<Evaluation>> evaluation(std::string_view project_id, std::string_view id) = 0;
  virtual Status put_evaluation(const Evaluation& evaluation) = 0;  // insert or replace by id
  virtual Result<bool> remove_evaluation(std::string_view project_id, std::string_view id) = 0;
  virtual Status remove_evaluations_of(std::string_view project_id, std::string_view span_id,
                                       std::string_view trace_id) = 0;

  // Of many spans, in one transaction.
  virtual Status remove_evaluations_of(std::string_view project_id, const SpanKeys& spans) = 0;
  // Of all projects, ordered by id, after the one with id `after`: for walking through them.
  virtual Result<std::vector<Evaluation>> evaluations_after(std::string_view after, size_t limit) = 0;

  // Evaluators. put: inserts, or replaces by project and key. remove: its evaluations stay; false = there was none.
  virtual Result<std::vector<Evaluator>> evaluators() = 0;  // of all projects, oldest first
  virtual Status put_evaluator(const Evaluator& evaluator) = 0;
  virtual Result<bool> remove_evaluator(std::string_view project_id, std::string_view key) = 0;

  // Guards. Settings of projects: put inserts (revision 1) or replaces; kConflict when the stored revision is not
  // settings.revision - 1.
  virtual Result<std::vector<ProjectSettings>> project_settings() = 0;  // of all projects
  virtual Status put_project_settings(const ProjectSettings& settings) = 0;
  // Replaces each by its scope and period, all or none, and removes those of the periods before `oldest_day` and
  // `oldest_month` ("" = removes none).
  virtual Status put_spent(const std::vector<Spent>& spent, std::string_view oldest_day,
                           std::string_view oldest_month) = 0;
  virtual Result<std::vector<Spent>> spent() = 0;               // of all
  virtual Result<std::vector<ModelPrice>> model_prices() = 0;   // of all projects
  virtual Status put_model_price(const ModelPrice& price) = 0;  // inserts or replaces
  virtual Result<bool> remove_model_price(std::string_view project_id, std::string_view provider,
                                          std::string_view model) = 0;  // false = there was none

  // Named values of the installation ("setup_token_hash", …). nullopt removes.
  virtual Result<std::optional<std::string>> setting(std::string_view name) = 0;
  virtual Status put_setting(std::string_view name, const std::optional<std::string>& value) = 0;
};

}  // namespace tracia::store
