#include "tracia/service/connections.h"

#include <array>
#include <mutex>

#include "connection_rules.h"
#include "tracia/base/bytes.h"
#include "tracia/llm/catalog.h"
#include "tracia/wire/http.h"

namespace tracia::service {
namespace {

using llm::Provider;

constexpr Provider kProviders[] = {Provider::kOpenAi, Provider::kAnthropic, Provider::kGoogle, Provider::kAmazonBedrock,
                                   Provider::kVoyage};
constexpr size_t kConnectionsMax = 100;  // of one project

std::string context_of(const store::Connection& connection) {
  return "connection:" + connection.project_id + ":" + connection.id;
}

// The environment's way to a provider; nullopt when it holds no key. Bedrock's keys may be anywhere in AWS's chain, so
// it counts as configured when the environment points there in any way.
std::optional<llm::Target> target_from_env(Provider provider, const llm::EnvReader& env) {
  llm::Target target{.provider = provider};
  if (provider == Provider::kAmazonBedrock) target.region = llm::aws_region(env);
  target.endpoint = llm::endpoint_from_env(provider, env, target.region);
  target.auth = llm::auth_from_env(provider, env);
  if (!wire::split_url(target.endpoint.base_url)) return std::nullopt;
  if (const auto* key = std::get_if<llm::ApiKey>(&target.auth)) {
    return wire::is_valid_header("authorization", key->value) ? std::optional(std::move(target)) : std::nullopt;
  }
  if (provider != Provider::kAmazonBedrock) return std::nullopt;
  for (const std::string_view name :
       {"AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (env(name)) return target;
  }
  return std::nullopt;
}

}  // namespace

Error missing_provider_key(Provider provider) {
  return {.code = ErrorCode::kMissingProviderKey,
          .kind = ErrorKind::kAuthentication,
          .message = "No " + std::string(llm::provider_title(provider)) +
                     " API key configured. Add one in Settings > Providers."};
}

Error connection_not_found(std::string_view id) {
  return {.code = ErrorCode::kNotFound,
          .kind = ErrorKind::kNotFound,
          .message = "Connection not found: " + std::string(utf8_prefix(id, 80))};
}

struct Connections::Impl {
  Services& services;
  const Sealer& sealer;
  std::array<std::optional<llm::Target>, std::size(kProviders)> from_env;  // by provider
  std::mutex writes;  // one change at a time: what is checked is what is stored

  const std::optional<llm::Target>& env_target(Provider provider) const {
    return from_env[static_cast<size_t>(provider)];
  }

  std::shared_ptr<const LiveConnection> find(std::string_view project_id, std::string_view id) const {
    for (auto& live : services.cache->connections_of(project_id)) {
      if (live->connection.id == id) return live;
    }
    return nullptr;
  }

  // Seals, stores, and makes it seen.
  Result<store::Connection> put(store::Connection connection, std::string key,
                                std::vector<std::pair<std::string, std::string>> headers) {
    const std::string secrets = secrets_json(key, headers);
    connection.sealed_secrets = secrets.empty() ? "" : sealer.seal(secrets, context_of(connection));
    TRACIA_TRY(services.control->put_connection(connection));
    services.cache->put_connection({connection, std::move(key), std::move(headers), false});
    return connection;
  }

  Result<Named> through(const LiveConnection& live, std::string_view model) const {
    const store::Connection& connection = live.connection;
    const Provider provider = llm::provider_from_name(connection.protocol).value_or(Provider::kOpenAi);
    const bool own_url = !connection.base_url.empty();
    if (live.locked) {
      return fail({.code = ErrorCode::kMissingProviderKey,
                   .message = "The key of the connection '" + connection.name +
                              "' was sealed with another secret.key. Give its key again, or put back that file."});
    }
    if (live.key.empty() && !own_url) return fail(missing_provider_key(provider));
    Named named{.name = ascii_lower(connection.name)};
    llm::Target& target = named.target;
    target.provider = provider;
    target.model = std::string(model);
    target.auth = auth_of_key(provider, live.key);
    if (provider == Provider::kAmazonBedrock) {
      // Never the server's own AWS credentials, wherever the connection points.
      if (live.key.empty()) return fail(missing_provider_key(provider));
      target.region = connection.region.empty() ? "us-east-1" : connection.region;
    }
    target.endpoint = {.provider = provider,
                       .base_url = own_url ? connection.base_url : llm::default_base_url(provider, target.region),
                       .is_vendor = !own_url || (named.name == llm::provider_name(provider) && !live.key.empty())};
    for (const auto& [name, value] : live.headers) target.endpoint.headers.add(name, value);
    target.public_addresses_only = own_url && !services.config->allow_private_upstreams;
    return named;
  }
};

Connections::Connections(Services& services, const Sealer& sealer, const llm::EnvReader& env)
    : impl_(new Impl{.services = services, .sealer = sealer}) {
  for (const Provider provider : kProviders) {
    impl_->from_env[static_cast<size_t>(provider)] = target_from_env(provider, env);
  }
}

Connections::~Connections() = default;

ControlCache::Unseal Connections::unsealer(const Sealer& sealer) {
  return [&sealer](const store::Connection& connection) {
    return sealer.unseal(connection.sealed_secrets, context_of(connection));
  };
}

Result<store::Connection> Connections::create(std::string_view project_id, ConnectionDraft draft) {
  TRACIA_TRY(check_connection(draft, impl_->services.config->allow_private_upstreams));
  const std::lock_guard lock(impl_->writes);
  if (impl_->services.cache->connections_of(project_id).size() >= kConnectionsMax) {
    return fail(Error::invalid("A project has at most " + std::to_string(kConnectionsMax) + " connections"));
  }
  const Timestamp now = impl_->services.clock->now();
  return impl_->put({.id = store::new_id("con"),
                     .project_id = std::string(project_id),
                     .name = std::move(draft.name),
                     .protocol = std::move(draft.protocol),
                     .base_url = std::move(draft.base_url),
                     .region = std::move(draft.region),
                     .created = now,
                     .updated = now},
                    draft.key.value_or(""), std::move(draft.headers).value_or(decltype(draft.headers)::value_type{}));
}

Result<store::Connection> Connections::update(std::string_view project_id, std::string_view id, ConnectionDraft draft) {
  TRACIA_TRY(check_connection(draft, impl_->services.config->allow_private_upstreams));
  const std::lock_guard lock(impl_->writes);
  const auto live = impl_->find(project_id, id);
  if (!live) return fail(connection_not_found(id));
  // Secrets stay with the host they were given for: whoever points the connection elsewhere has to give them again.
  if (live->locked && !draft.key) {
    return fail(
        Error::invalid("key must be given again, and headers if there were any: secret.key is another one now"));
  }
  const bool moved = draft.base_url != live->connection.base_url || draft.protocol != live->connection.protocol;
  if (moved && !draft.key && !live->key.empty()) {
    return fail(Error::invalid("key must be given again when baseUrl or protocol changes"));
  }
  if (moved && !draft.headers && !live->headers.empty()) {
    return fail(Error::invalid("headers must be given again when baseUrl or protocol changes"));
  }
  store::Connection next = live->connection;
  next.name = std::move(draft.name);
  next.protocol = std::move(draft.protocol);
  next.base_url = std::move(draft.base_url);
  next.region = std::move(draft.region);
  next.updated = impl_->services.clock->now();
  return impl_->put(std::move(next), draft.key.value_or(live->key), draft.headers.value_or(live->headers));
}

Status Connections::remove(std::string_view project_id, std::string_view id) {
  const std::lock_guard lock(impl_->writes);
  const auto removed = impl_->services.control->remove_connection(project_id, id);
  if (!removed) return fail(removed.error());
  impl_->services.cache->remove_connection(project_id, id);
  if (!*removed) return fail(connection_not_found(id));
  return {};
}

Result<Connections::Named> Connections::resolve(std::string_view project_id, std::string_view provider_name,
                                                std::string_view model) const {
  std::string name = ascii_lower(provider_name);
  if (name.empty()) {
    const auto found = llm::resolve_provider(model);
    if (!found) {
      return fail(Error::invalid("No provider is known for the model '" + std::string(utf8_prefix(model, 80)) +
                                 "'. Name one in provider."));
    }
    name = llm::provider_name(*found);
  }
  const ControlCache& cache = *impl_->services.cache;
  if (const auto live = cache.connection(project_id, name)) return impl_->through(*live, model);
  const auto provider = llm::provider_from_name(name);
  if (!provider) {
    return fail(Error::invalid("Unknown provider '" + std::string(utf8_prefix(name, 80)) +
                               "': neither a built-in one nor a connection of this project"));
  }
  for (const auto& live : cache.connections_of(project_id)) {
    const bool plain = live->connection.protocol == name && live->connection.base_url.empty();
    if (plain && (!live->key.empty() || live->locked)) return impl_->through(*live, model);
  }
  const auto& from_env = impl_->env_target(*provider);
  if (!from_env) return fail(missing_provider_key(*provider));
  if (!cache.is_first_project(project_id)) return fail(missing_provider_key(*provider));
  Named named{.target = *from_env, .name = std::move(name)};
  named.target.model = std::string(model);
  return named;
}

std::vector<Provider> Connections::environment(std::string_view project_id) const {
  std::vector<Provider> served;
  if (!impl_->services.cache->is_first_project(project_id)) return served;
  for (const Provider provider : kProviders) {
    if (impl_->env_target(provider)) served.push_back(provider);
  }
  return served;
}

Result<Connections::Named> Connections::resolve_id(std::string_view project_id, std::string_view id,
                                                   std::string_view model) const {
  const auto live = impl_->find(project_id, id);
  if (!live) return fail(connection_not_found(id));
  return impl_->through(*live, model);
}

Result<llm::Target> Connections::target(std::string_view project_id, std::string_view provider,
                                        std::string_view model) const {
  auto named = resolve(project_id, provider, model);
  if (!named) return fail(std::move(named).error());
  return std::move(named->target);
}

}  // namespace tracia::service
