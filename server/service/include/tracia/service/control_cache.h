// What the hot path reads of the control store, in memory: keys, projects, connections, aliases
// of models, prompts, experiments. Lookups
// take a shared lock for nanoseconds and return shared, immutable values. Writers (the services) change the store
// first, then call the matching put or remove here; there is one server per data directory, so nobody else changes the
// store.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/store/control_store.h"

namespace tracia::service {

// A connection with its secrets unsealed. Never logged, never answered.
struct LiveConnection {
  store::Connection connection;
  std::string key;                                           // "" = none
  std::vector<std::pair<std::string, std::string>> headers;  // public and secret ones
  bool locked = false;  // sealed with another secret.key, as after a restore without it: the key is needed again
};

class ControlCache {
 public:
  explicit ControlCache(store::ControlStore& store);
  ~ControlCache();

  // Reads everything but versions; called once, before serving. `unseal` (Connections::unsealer) opens
  // Connection::sealed_secrets: {"key": "…", "headers": {…}} as JSON; what it cannot open is locked, and no error.
  using Unseal = std::function<Result<std::string>(const store::Connection& connection)>;
  Status load(const Unseal& unseal);

  // Keys. `hash` is the SHA-256 of the presented key. nullptr: unknown or revoked.
  std::shared_ptr<const store::ApiKey> key_by_hash(std::string_view hash) const;
  std::vector<store::ApiKey> keys_of(std::string_view project_id) const;  // oldest first
  void put_key(const store::ApiKey& key);

  std::optional<store::Project> project(std::string_view id) const;
  std::vector<store::Project> projects() const;  // oldest first; never empty once loaded and set up
  bool has_project(std::string_view id) const;
  bool is_first_project(std::string_view id) const;  // the oldest: it may use the keys of the environment
  void put_project(const store::Project& project);
  void remove_project(std::string_view id);  // with everything that belongs to it

  // By name, ASCII case-insensitive. nullptr: none.
  std::shared_ptr<const LiveConnection> connection(std::string_view project_id, std::string_view name) const;
  std::vector<std::shared_ptr<const LiveConnection>> connections_of(std::string_view project_id) const;
  void put_connection(LiveConnection connection);
  void remove_connection(std::string_view project_id, std::string_view id);

  // By name, lower case. nullptr: none.
  std::shared_ptr<const store::GatewayAlias> gateway_alias(std::string_view project_id, std::string_view name) const;
  std::vector<std::shared_ptr<const store::GatewayAlias>> gateway_aliases_of(
      std::string_view project_id) const;  // by name
  void put_gateway_alias(const store::GatewayAlias& alias);
  void remove_gateway_alias(std::string_view project_id, std::string_view name);

  std::shared_ptr<const prompt::Prompt> prompt(std::string_view project_id, std::string_view slug) const;
  std::shared_ptr<const prompt::Prompt> prompt_by_id(std::string_view prompt_id) const;
  std::vector<std::shared_ptr<const prompt::Prompt>> prompts_of(std::string_view project_id) const;
  void put_prompt(const prompt::Prompt& prompt);
  void remove_prompt(std::string_view prompt_id);

  // Experiments of a prompt. The one that runs is found without looking at the others; nullptr: none runs.
  std::shared_ptr<const prompt::Experiment> running_experiment(std::string_view prompt_id) const;
  std::shared_ptr<const prompt::Experiment> experiment(std::string_view prompt_id, std::string_view id) const;
  std::vector<std::shared_ptr<const prompt::Experiment>> experiments_of(std::string_view prompt_id) const;  // any order
  void put_experiment(const prompt::Experiment& experiment);
  void remove_experiment(std::string_view prompt_id, std::string_view id);

  // Evaluators that the project made. nullptr: none of that key.
  std::shared_ptr<const store::Evaluator> evaluator(std::string_view project_id, std::string_view key) const;
  std::vector<std::shared_ptr<const store::Evaluator>> evaluators_of(
      std::string_view project_id) const;  // oldest first
  void put_evaluator(const store::Evaluator& evaluator);
  void remove_evaluator(std::string_view project_id, std::string_view key);

  // A version from memory: nullptr when it has to be read first (load_version, which blocks and remembers the 4,096
  // last used, at most 256 MiB of them).
  std::shared_ptr<const prompt::Version> version(std::string_view prompt_id, int64_t number) const;
  Result<std::shared_ptr<const prompt::Version>> load_version(std::string_view prompt_id, int64_t number);
  void put_version(const prompt::Version& version);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tracia::service
