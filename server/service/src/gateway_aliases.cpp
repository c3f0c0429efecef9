// Names of a project's own for models: checked, stored, and seen by the next call.
#include <algorithm>

#include "gateway_plan.h"
#include "tracia/base/bytes.h"
#include "tracia/service/gateway.h"

namespace tracia::service {
namespace {

constexpr size_t kNameBytesMax = 64;

bool is_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' || c == ':';
  };
  return !name.empty() && name.size() <= kNameBytesMax && std::all_of(name.begin(), name.end(), fits);
}

Status check_targets(const Services& services, std::string_view project_id,
                     const std::vector<store::GatewayAlias::Target>& targets) {
  if (targets.empty() || targets.size() > kGatewayAliasTargetsMax) {
    return fail(Error::invalid("targets must have 1 to " + std::to_string(kGatewayAliasTargetsMax) + " members"));
  }
  for (size_t i = 0; i < targets.size(); ++i) {
    const auto named = resolve_gateway_target(services, project_id, targets[i]);
    if (named || named.error().code == ErrorCode::kMissingProviderKey) continue;
    return fail(Error::invalid("targets[" + std::to_string(i) + "] leads nowhere: " + named.error().message));
  }
  return {};
}

}  // namespace

Error gateway_alias_not_found(std::string_view name) {
  return {.code = ErrorCode::kNotFound, .message = "Alias not found: " + std::string(utf8_prefix(name, 80))};
}

Result<store::GatewayAlias> Gateway::put_alias(std::string_view project_id, store::GatewayAlias alias) {
  alias.name = ascii_lower(alias.name);
  if (!is_name(alias.name)) {
    return fail(Error::invalid("name must be 1 to 64 characters of a-z, 0-9, '.', '_', '-' and ':'"));
  }
  TRACIA_TRY(check_targets(services_, project_id, alias.targets));
  const std::lock_guard lock(alias_writes_);
  const auto old = services_.cache->gateway_alias(project_id, alias.name);
  if (!old && services_.cache->gateway_aliases_of(project_id).size() >= kGatewayAliasesMax) {
    return fail(Error::invalid("A project has at most " + std::to_string(kGatewayAliasesMax) + " aliases"));
  }
  alias.project_id = std::string(project_id);
  alias.updated = services_.clock->now();
  alias.created = old ? old->created : alias.updated;
  TRACIA_TRY(services_.control->put_gateway_alias(alias));
  services_.cache->put_gateway_alias(alias);
  return alias;
}

Status Gateway::remove_alias(std::string_view project_id, std::string_view name) {
  const std::string key = ascii_lower(name);
  const std::lock_guard lock(alias_writes_);
  const auto removed = services_.control->remove_gateway_alias(project_id, key);
  if (!removed) return fail(removed.error());
  services_.cache->remove_gateway_alias(project_id, key);
  if (!*removed) return fail(gateway_alias_not_found(name));
  return {};
}

}  // namespace tracia::service
