#include "tracia/service/control_cache.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <utility>

#include "tracia/base/bytes.h"
#include "tracia/json/reader.h"
#include "version_cache.h"

namespace tracia::service {
namespace {

constexpr size_t kVersionsMax = 4096;
constexpr size_t kVersionBytesMax = 256u << 20;

using KeyPtr = std::shared_ptr<const store::ApiKey>;
using ConnectionPtr = std::shared_ptr<const LiveConnection>;
using AliasPtr = std::shared_ptr<const store::GatewayAlias>;
using PromptPtr = std::shared_ptr<const prompt::Prompt>;
using EvaluatorPtr = std::shared_ptr<const store::Evaluator>;
using ExperimentPtr = std::shared_ptr<const prompt::Experiment>;

// Looks up by string_view without making a string.
struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
template <typename T>
using ByText = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

template <typename T>
T find_or_null(const ByText<T>& map, std::string_view key) {
  const auto found = map.find(key);
  return found == map.end() ? T{} : found->second;
}

template <typename Map>
void erase_key(Map& map, std::string_view key) {
  if (const auto found = map.find(key); found != map.end()) map.erase(found);
}

bool is_older(const auto& a, const auto& b) { return std::tie(a.created, a.id) < std::tie(b.created, b.id); }

void add_headers(const json::Value& object, std::vector<std::pair<std::string, std::string>>& headers) {
  for (const json::Member member : object.members()) headers.emplace_back(member.key, member.value.text());
}

Result<LiveConnection> open_connection(store::Connection connection, const ControlCache::Unseal& unseal) {
  LiveConnection live{.connection = std::move(connection), .key = "", .headers = {}, .locked = false};
  json::Document document;
  if (!live.connection.headers_json.empty()) {
    const auto headers = document.parse(live.connection.headers_json);
    if (!headers) return fail(headers.error());
    add_headers(*headers, live.headers);
  }
  if (!live.connection.sealed_secrets.empty()) {
    const auto text = unseal(live.connection);
    if (!text) {
      live.locked = true;
      return live;
    }
    const auto secrets = document.parse(*text);
    if (!secrets) return fail(secrets.error());
    live.key = (*secrets)["key"].text();
    add_headers((*secrets)["headers"], live.headers);
  }
  return live;
}

// A prompt's experiments, and which of them runs.
struct Experiments {
  std::vector<ExperimentPtr> all;
  ExperimentPtr running;
};

// Everything but versions. Prompts are found by id, and by slug within their project.
struct Tables {
  ByText<KeyPtr> keys_by_id, keys_by_hash;
  std::vector<store::Project> projects;  // oldest first
  ByText<bool> project_ids;              // of those
  ByText<std::vector<ConnectionPtr>> connections;
  ByText<std::map<std::string, AliasPtr, std::less<>>> aliases;
  ByText<PromptPtr> prompts_by_id;
  ByText<ByText<PromptPtr>> prompts;
  ByText<Experiments> experiments;               // by their prompt's id
  ByText<std::vector<EvaluatorPtr>> evaluators;  // by project, oldest first

  void put(const EvaluatorPtr& evaluator) {
    std::vector<EvaluatorPtr>& list = evaluators[evaluator->project_id];
    for (EvaluatorPtr& other : list) {
      if (other->key == evaluator->key) return void(other = evaluator);
    }
    list.push_back(evaluator);
  }

  void put(const store::ApiKey& key) {
    const auto shared = std::make_shared<const store::ApiKey>(key);
    if (const KeyPtr old = find_or_null(keys_by_id, key.id)) keys_by_hash.erase(old->hash);
    keys_by_id[key.id] = shared;
    if (!key.revoked) keys_by_hash[key.hash] = shared;
  }

  void put(const store::Project& project) {
    project_ids[project.id] = true;
    for (store::Project& other : projects) {
      if (other.id == project.id) return void(other = project);
    }
    // Of two made at the same time the one that was put first comes first, as in the store: the first project is
    // special, and must be the same one after a restart.
    const auto later = [](const store::Project& a, const store::Project& b) { return a.created < b.created; };
    projects.insert(std::upper_bound(projects.begin(), projects.end(), project, later), project);
  }

  // Answers the ids of its prompts.
  std::vector<std::string> remove_project(const std::string& id) {
    std::erase_if(projects, [&](const store::Project& project) { return project.id == id; });
    project_ids.erase(id);
    std::erase_if(keys_by_id, [&](const auto& entry) { return entry.second->project_id == id; });
    std::erase_if(keys_by_hash, [&](const auto& entry) { return entry.second->project_id == id; });
    connections.erase(id);
    aliases.erase(id);
    evaluators.erase(id);
    prompts.erase(id);
    std::vector<std::string> gone;
    for (const auto& [prompt_id, prompt] : prompts_by_id) {
      if (prompt->project_id == id) gone.push_back(prompt_id);
    }
    for (const std::string& prompt_id : gone) {
      prompts_by_id.erase(prompt_id);
      experiments.erase(prompt_id);
    }
    return gone;
  }

  void put(ConnectionPtr connection) {
    std::vector<ConnectionPtr>& list = connections[connection->connection.project_id];
    for (ConnectionPtr& other : list) {
      if (other->connection.id == connection->connection.id) return other.swap(connection);
    }
    list.push_back(std::move(connection));
  }

  void put(const store::GatewayAlias& alias) {
    aliases[alias.project_id][alias.name] = std::make_shared<const store::GatewayAlias>(alias);
  }

  void put(const PromptPtr& prompt) {
    remove_prompt(prompt->id);
    prompts_by_id[prompt->id] = prompt;
    prompts[prompt->project_id][prompt->slug] = prompt;
  }

  void remove_prompt(std::string_view prompt_id) {
    const auto found = prompts_by_id.find(prompt_id);
    if (found == prompts_by_id.end()) return;
    prompts[found->second->project_id].erase(found->second->slug);
    prompts_by_id.erase(found);
  }

  void put(const ExperimentPtr& experiment) {
    remove_experiment(experiment->prompt_id, experiment->id);
    Experiments& of_prompt = experiments[experiment->prompt_id];
    of_prompt.all.push_back(experiment);
    if (experiment->status == prompt::ExperimentStatus::kRunning) of_prompt.running = experiment;
  }

  void remove_experiment(std::string_view prompt_id, std::string_view id) {
    const auto found = experiments.find(prompt_id);
    if (found == experiments.end()) return;
    Experiments& of_prompt = found->second;
    if (of_prompt.running && of_prompt.running->id == id) of_prompt.running = nullptr;
    std::erase_if(of_prompt.all, [&](const ExperimentPtr& one) { return one->id == id; });
  }
};

}  // namespace

struct ControlCache::Impl {
  explicit Impl(store::ControlStore& s) : store(s) {}

  store::ControlStore& store;
  mutable std::shared_mutex mutex;
  Tables tables;
  VersionCache versions{kVersionsMax, kVersionBytesMax};
};

ControlCache::ControlCache(store::ControlStore& store) : impl_(std::make_unique<Impl>(store)) {}
ControlCache::~ControlCache() = default;

Status ControlCache::load(const Unseal& unseal) {
  Tables tables;
  const auto projects = impl_->store.projects();
  if (!projects) return fail(projects.error());
  for (const store::Project& project : *projects) tables.put(project);
  const auto keys = impl_->store.api_keys();
  if (!keys) return fail(keys.error());
  for (const store::ApiKey& key : *keys) tables.put(key);
  auto connections = impl_->store.connections();
  if (!connections) return fail(connections.error());
  for (store::Connection& connection : *connections) {
    const std::string name = connection.name;
    auto live = open_connection(std::move(connection), unseal);
    if (!live) {
      Error error = std::move(live).error();
      error.message = "The connection '" + name + "' cannot be opened: " + error.message;
      return fail(std::move(error));
    }
    tables.put(std::make_shared<const LiveConnection>(std::move(*live)));
  }
  const auto aliases = impl_->store.gateway_aliases();
  if (!aliases) return fail(aliases.error());
  for (const store::GatewayAlias& alias : *aliases) tables.put(alias);
  auto prompts = impl_->store.prompts();
  if (!prompts) return fail(prompts.error());
  for (prompt::Prompt& prompt : *prompts) tables.put(std::make_shared<const prompt::Prompt>(std::move(prompt)));
  auto experiments = impl_->store.experiments();
  if (!experiments) return fail(experiments.error());
  for (prompt::Experiment& one : *experiments) tables.put(std::make_shared<const prompt::Experiment>(std::move(one)));
  auto evaluators = impl_->store.evaluators();
  if (!evaluators) return fail(evaluators.error());
  for (store::Evaluator& one : *evaluators) tables.put(std::make_shared<const store::Evaluator>(std::move(one)));
  const std::unique_lock lock(impl_->mutex);
  std::swap(impl_->tables, tables);
  return {};
}

std::shared_ptr<const store::ApiKey> ControlCache::key_by_hash(std::string_view hash) const {
  const std::shared_lock lock(impl_->mutex);
  return find_or_null(impl_->tables.keys_by_hash, hash);
}

std::vector<store::ApiKey> ControlCache::keys_of(std::string_view project_id) const {
  std::vector<store::ApiKey> keys;
  {
    const std::shared_lock lock(impl_->mutex);
    for (const auto& [id, key] : impl_->tables.keys_by_id) {
      if (key->project_id == project_id) keys.push_back(*key);
    }
  }
  std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return is_older(a, b); });
  return keys;
}

void ControlCache::put_key(const store::ApiKey& key) {
  const std::unique_lock lock(impl_->mutex);
  impl_->tables.put(key);
}

std::optional<store::Project> ControlCache::project(std::string_view id) const {
  const std::shared_lock lock(impl_->mutex);
  for (const store::Project& project : impl_->tables.projects) {
    if (project.id == id) return project;
  }
  return std::nullopt;
}

std::vector<store::Project> ControlCache::projects() const {
  const std::shared_lock lock(impl_->mutex);
  return impl_->tables.projects;
}

void ControlCache::put_project(const store::Project& project) {
  const std::unique_lock lock(impl_->mutex);
  impl_->tables.put(project);
}

bool ControlCache::has_project(std::string_view id) const {
  const std::shared_lock lock(impl_->mutex);
  return impl_->tables.project_ids.contains(id);
}

bool ControlCache::is_first_project(std::string_view id) const {
  const std::shared_lock lock(impl_->mutex);
  const auto& projects = impl_->tables.projects;
  return !projects.empty() && projects.front().id == id;
}

void ControlCache::remove_project(std::string_view id) {
  std::vector<std::string> prompts;
  {
    const std::unique_lock lock(impl_->mutex);
    prompts = impl_->tables.remove_project(std::string(id));
  }
  for (const std::string& prompt_id : prompts) impl_->versions.remove(prompt_id);
}

std::shared_ptr<const LiveConnection> ControlCache::connection(std::string_view project_id,
                                                               std::string_view name) const {
  const std::shared_lock lock(impl_->mutex);
  const auto found = impl_->tables.connections.find(project_id);
  if (found == impl_->tables.connections.end()) return nullptr;
  for (const ConnectionPtr& connection : found->second) {
    if (ascii_iequals(connection->connection.name, name)) return connection;
  }
  return nullptr;
}

std::vector<std::shared_ptr<const LiveConnection>> ControlCache::connections_of(std::string_view project_id) const {
  const std::shared_lock lock(impl_->mutex);
  return find_or_null(impl_->tables.connections, project_id);
}

void ControlCache::put_connection(LiveConnection connection) {
  auto shared = std::make_shared<const LiveConnection>(std::move(connection));
  const std::unique_lock lock(impl_->mutex);
  impl_->tables.put(std::move(shared));
}

void ControlCache::remove_connection(std::string_view project_id, std::string_view id) {
  const std::unique_lock lock(impl_->mutex);
  const auto found = impl_->tables.connections.find(project_id);
  if (found == impl_->tables.connections.end()) return;
  std::erase_if(found->second, [&](const ConnectionPtr& connection) { return connection->connection.id == id; });
}

std::shared_ptr<const store::GatewayAlias> ControlCache::gateway_alias(std::string_view project_id,
                                                                       std::string_view name) const {
  const std::shared_lock lock(impl_->mutex);
  const auto found = impl_->tables.aliases.find(project_id);
  if (found == impl_->tables.aliases.end()) return nullptr;
  const auto alias = found->second.find(name);
  return alias == found->second.end() ? nullptr : alias->second;
}

std::vector<std::shared_ptr<const store::GatewayAlias>> ControlCache::gateway_aliases_of(
    std::string_view project_id) const {
  std::vector<AliasPtr> aliases;
  const std::shared_lock lock(impl_->mutex);
  const auto found = impl_->tables.aliases.find(project_id);
  if (found == impl_->tables.aliases.end()) return aliases;
  for (const auto& [name, alias] : found->second) aliases.push_back(alias);
  return aliases;
}

void ControlCache::put_gateway_alias(const store::GatewayAlias& alias) {
  const std::unique_lock lock(impl_->mutex);
  impl_->tables.put(alias);
}

void ControlCache::remove_gateway_alias(std::string_view project_id, std::string_view name) {
  const std::unique_lock lock(impl_->mutex);
  const auto found = impl_->tables.aliases.find(project_id);
  if (found != impl_->tables.aliases.end()) erase_key(found->second, name);
}

std::shared_ptr<const prompt::Prompt> ControlCache::prompt(std::string_view project_id, std::string_view slug) const {
  const std::shared_lock lock(impl_->mutex);
  const auto found = impl_->tables.prompts.find(project_id);
  return found == impl_->tables.prompts.end() ? nullptr : find_or_null(found->second, slug);
}

std::shared_ptr<const prompt::Prompt> ControlCache::prompt_by_id(std::string_view prompt_id) const {
  const std::shared_lock lock(impl_->mutex);
  return find_or_null(impl_->tables.prompts_by_id, prompt_id);
}

std::vector<std::shared_ptr<const prompt::Prompt>> ControlCache::prompts_of(std::string_view project_id) const {
  std::vector<PromptPtr> prompts;
  const std::shared_lock lock(impl_->mutex);
  const auto found = impl_->tables.prompts.find(project_id);
  if (found == impl_->tables.prompts.end()) return prompts;
  prompts.reserve(found->second.size());
  for (const auto& [slug, prompt] : found->second) prompts.push_back(prompt);
  return prompts;
}

void ControlCache::put_prompt(const prompt::Prompt& prompt) {
  const auto shared = std::make_shared<const prompt::Prompt>(prompt);
  const std::unique_lock lock(impl_->mutex);
  impl_->tables.put(shared);
}

void ControlCache::remove_prompt(std::string_view prompt_id) {
  const std::string id(prompt_id);  // may view into what goes away
  {
    const std::unique_lock lock(impl_->mutex);
    impl_->tables.remove_prompt(id);
    erase_key(impl_->tables.experiments, id);
  }
  impl_->versions.remove(id);
}

std::shared_ptr<const prompt::Experiment> ControlCache::running_experiment(std::string_view prompt_id) const {
  const std::shared_lock lock(impl_->mutex);
  const auto found = impl_->tables.experiments.find(prompt_id);
  return found == impl_->tables.experiments.end() ? nullptr : found->second.running;
}

std::shared_ptr<const prompt::Experiment> ControlCache::experiment(std::string_view prompt_id,
                                                                   std::string_view id) const {
  for (const ExperimentPtr& experiment : experiments_of(prompt_id)) {
    if (experiment->id == id) return experiment;
  }
  return nullptr;
}

std::vector<std::shared_ptr<const prompt::Experiment>> ControlCache::experiments_of(std::string_view prompt_id) const {
  const std::shared_lock lock(impl_->mutex);
  const auto found = impl_->tables.experiments.find(prompt_id);
  return found == impl_->tables.experiments.end() ? std::vector<ExperimentPtr>() : found->second.all;
}

void ControlCache::put_experiment(const prompt::Experiment& experiment) {
  const auto shared = std::make_shared<const prompt::Experiment>(experiment);
  const std::unique_lock lock(impl_->mutex);
  impl_->tables.put(shared);
}

void ControlCache::remove_experiment(std::string_view prompt_id, std::string_view id) {
  const std::unique_lock lock(impl_->mutex);
  impl_->tables.remove_experiment(prompt_id, id);
}

std::shared_ptr<const store::Evaluator> ControlCache::evaluator(std::string_view project_id,
                                                                std::string_view key) const {
  const std::shared_lock lock(impl_->mutex);
  const auto found = impl_->tables.evaluators.find(project_id);
  if (found == impl_->tables.evaluators.end()) return nullptr;
  for (const EvaluatorPtr& evaluator : found->second) {
    if (evaluator->key == key) return evaluator;
  }
  return nullptr;
}

std::vector<std::shared_ptr<const store::Evaluator>> ControlCache::evaluators_of(std::string_view project_id) const {
  const std::shared_lock lock(impl_->mutex);
  return find_or_null(impl_->tables.evaluators, project_id);
}

void ControlCache::put_evaluator(const store::Evaluator& evaluator) {
  const auto shared = std::make_shared<const store::Evaluator>(evaluator);
  const std::unique_lock lock(impl_->mutex);
  impl_->tables.put(shared);
}

void ControlCache::remove_evaluator(std::string_view project_id, std::string_view key) {
  const std::unique_lock lock(impl_->mutex);
  const auto found = impl_->tables.evaluators.find(project_id);
  if (found == impl_->tables.evaluators.end()) return;
  std::erase_if(found->second, [&](const EvaluatorPtr& one) { return one->key == key; });
}

std::shared_ptr<const prompt::Version> ControlCache::version(std::string_view prompt_id, int64_t number) const {
  return impl_->versions.find(prompt_id, number);
}

Result<std::shared_ptr<const prompt::Version>> ControlCache::load_version(std::string_view prompt_id, int64_t number) {
  if (auto kept = impl_->versions.find(prompt_id, number)) return kept;
  auto read = impl_->store.version(prompt_id, number);
  if (!read) return fail(std::move(read).error());
  if (!*read) {
    return fail(
        {.code = ErrorCode::kNotFound, .message = "Version not found: there is no version " + std::to_string(number)});
  }
  auto version = std::make_shared<const prompt::Version>(std::move(**read));
  impl_->versions.put(version);
  return version;
}

void ControlCache::put_version(const prompt::Version& version) {
  impl_->versions.put(std::make_shared<const prompt::Version>(version));
}

}  // namespace tracia::service
