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

// "<prefix>_" + 16 lower-case hex: "prj_…", "key_…", "con_…", "prm_…", "evl_…", "mem_…", "exp_…".
std::string new_id(std::string_view prefix);

struct Project {
  std::string id, name;
  Timestamp created;
};

// The key itself is never stored.
struct ApiKey {
  std::string id, project_id, name;
  std::string prefix;      // its first 11 characters ("tr_" + 8), to be recognised by
  std::string hash;        // SHA-256 of the key, 32 bytes
  std::string created_by;  // for people: "bootstrap", "command line", a member's email
  Timestamp created;
  std::optional<Timestamp> last_used, revoked;
};

enum class MemberRole { kOwner, kAdmin, kEditor, kViewer };
std::string_view member_role_name(MemberRole role);  // "owner"

struct Member {
  std::string id, email, name;  // email is unique, ASCII case-insensitive
  std::string password_hash;    // argon2id, in libsodium's text form
  MemberRole role = MemberRole::kOwner;
  Timestamp created;
};

// A signed-in browser.
struct LoginSession {
  std::string token_hash;  // SHA-256 of the cookie's value, 32 bytes
  std::string member_id;
  std::string csrf_token;
  Timestamp created, expires;
};

// How a project reaches a provider (design section 5).
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

// The evaluator that every project has.
inline constexpr std::string_view kQualityEvaluator = "quality";

struct Evaluation {
  std::string id, project_id, span_id, trace_id;  // of the stored span
  std::string evaluator_key;
  double value = 0;
  std::string source;  // "api" | "sdk" | "dashboard"
  std::optional<std::string> note;
  Timestamp created;
};

// Thread-safe; every call blocks on the disk (a few milliseconds for writes) and belongs on a worker thread.
// Errors of all: kUnavailable when the disk fails; nothing was changed then. Others are named at each call.
class ControlStore {
 public:
  virtual ~ControlStore() = default;

  // Projects. put: inserts or replaces by id.
  virtual Result<std::vector<Project>> projects() = 0;  // oldest first, then as put
  virtual Status put_project(const Project& project) = 0;

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
  virtual Status remove_login_session(std::string_view token_hash) = 0;
  virtual Status remove_login_sessions_of(std::string_view member_id) = 0;
  virtual Status remove_expired_login_sessions(Timestamp now) = 0;

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

  // Named values of the installation ("setup_token_hash", …). nullopt removes.
  virtual Result<std::optional<std::string>> setting(std::string_view name) = 0;
  virtual Status put_setting(std::string_view name, const std::optional<std::string>& value) = 0;
};

}  // namespace tracia::store
