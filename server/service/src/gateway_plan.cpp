#include "gateway_plan.h"

#include <array>
#include <string_view>
#include <utility>

#include "tracia/base/bytes.h"
#include "tracia/llm/call.h"
#include "tracia/llm/catalog.h"

namespace tracia::service {
namespace {

using gateway::ChatInput;
using gateway::Dialect;
using gateway::EmbeddingsInput;
using llm::Provider;

Error unknown_model(std::string_view model) {
  const std::string name(utf8_prefix(model, 80));
  return {.code = ErrorCode::kUnsupportedModel,
          .kind = ErrorKind::kNotFound,
          .message = "The model '" + name + "' does not exist or no provider is known for it. Put a provider or a " +
                     "connection before it, as in openai/" + name,
          .provider = {.param = "model"}};
}

// What LiteLLM puts before a provider's models, where that is not the provider's name.
constexpr std::array<std::pair<std::string_view, Provider>, 2> kOtherPrefixes{{
    {"gemini", Provider::kGoogle},
    {"bedrock", Provider::kAmazonBedrock},
}};

// The provider or the connection that a model's prefix (in lower case) names; "" = none.
std::string_view named_by_prefix(const Services& services, std::string_view project_id, std::string_view prefix) {
  if (services.cache->connection(project_id, prefix) || llm::provider_from_name(prefix)) return prefix;
  for (const auto& [other, provider] : kOtherPrefixes) {
    if (other == prefix) return llm::provider_name(provider);
  }
  return "";
}

using Targets = std::vector<store::GatewayAlias::Target>;

bool is_relayed(const ChatInput& input, const llm::Target& target) {
  if (target.provider != Provider::kOpenAi) return false;
  return input.dialect == Dialect::kResponses || &llm::chat_codec(target) == &llm::openai_chat_codec();
}
bool is_relayed(const EmbeddingsInput&, const llm::Target& target) { return target.provider == Provider::kOpenAi; }

Status check(const ChatInput&, const llm::Target& target) {
  if (target.provider != Provider::kVoyage) return {};
  return fail(gateway::invalid_param("model", "is one of Voyage, which has embedding models only"));
}
Status check(const EmbeddingsInput&, const llm::Target& target) {
  if (llm::embedding_codec(target.provider) != nullptr) return {};
  return fail(gateway::invalid_param(
      "model", "is one of " + std::string(llm::provider_title(target.provider)) + ", which has no embedding models"));
}

template <typename Input>
Status add(const Services& services, std::string_view project_id, const store::GatewayAlias::Target& target,
           const Input& input, GatewayPlan& plan) {
  auto named = resolve_gateway_target(services, project_id, target);
  if (!named) return fail(std::move(named).error());
  TRACIA_TRY(check(input, named->target));
  const bool relayed = is_relayed(input, named->target);
  if (!relayed && input.untranslatable) return fail(*input.untranslatable);
  plan.to.push_back(std::move(*named));
  plan.relayed.push_back(relayed);
  return {};
}

// What a name stands for. Targets of an alias are no aliases, so that one may have the name of a model.
std::shared_ptr<const store::GatewayAlias> add_targets(const Services& services, std::string_view project_id,
                                                       const std::string& model, Targets& out) {
  auto alias = services.cache->gateway_alias(project_id, ascii_lower(model));
  if (alias) {
    out.insert(out.end(), alias->targets.begin(), alias->targets.end());
  } else {
    out.push_back({.provider = "", .model = model});
  }
  return alias;
}

}  // namespace

Result<Connections::Named> resolve_gateway_target(const Services& services, std::string_view project_id,
                                                  const store::GatewayAlias::Target& target) {
  const std::string_view model = target.model;
  if (!target.provider.empty()) return services.connections->resolve(project_id, target.provider, model);
  const size_t slash = model.find('/');
  if (slash != std::string_view::npos && slash + 1 < model.size()) {
    const std::string prefix = ascii_lower(model.substr(0, slash));
    if (const auto name = named_by_prefix(services, project_id, prefix); !name.empty()) {
      return services.connections->resolve(project_id, name, model.substr(slash + 1));
    }
  }
  if (!llm::resolve_provider(model)) return fail(unknown_model(model));
  return services.connections->resolve(project_id, "", model);
}

Result<GatewayPlan> plan_gateway(const Services& services, std::string_view project_id, const GatewayRequest& request) {
  GatewayPlan plan;
  Targets targets;
  const std::string& model =
      std::visit([](const auto& input) -> const std::string& { return input.model; }, request.input);
  const auto alias = add_targets(services, project_id, model, targets);
  if (alias) plan.alias = alias->name;
  plan.retries = request.retries.value_or(alias ? static_cast<int>(alias->retries.value_or(0)) : 0);
  for (const std::string& fallback : request.fallbacks) add_targets(services, project_id, fallback, targets);
  if (targets.size() > kGatewayTargetsMax) {
    return fail(gateway::invalid_param(
        "model", "and its fallbacks must lead to at most " + std::to_string(kGatewayTargetsMax) + " models"));
  }
  const auto add_all = [&](const auto& input) -> Status {
    for (const auto& target : targets) TRACIA_TRY(add(services, project_id, target, input, plan));
    return {};
  };
  TRACIA_TRY(std::visit(add_all, request.input));
  return plan;
}

}  // namespace tracia::service
