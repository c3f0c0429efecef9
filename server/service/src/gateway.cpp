#include "tracia/service/gateway.h"

#include <algorithm>
#include <utility>

#include "gateway_call.h"
#include "gateway_plan.h"
#include "model_call.h"
#include "tracia/base/bytes.h"
#include "tracia/service/connections.h"

namespace tracia::service {

namespace {

CallSize size_of_request(const GatewayRequest& request) {
  if (const auto* embeddings = std::get_if<gateway::EmbeddingsInput>(&request.input)) {
    return size_of(embeddings->request, request.body.size());
  }
  const auto& chat = std::get<gateway::ChatInput>(request.input);
  CallSize size = size_of(chat.chat);
  // What only an OpenAI upstream can read is counted as it came.
  if (!chat.raw_input_json.empty()) size.input_bytes = std::max(size.input_bytes, request.body.size());
  return size;
}

}  // namespace

void Gateway::start(const Principal& who, GatewayRequest request, transport::CancelToken cancel, Listener listener) {
  auto plan = plan_gateway(services_, who.project_id, request);
  if (!plan) return listener.on_end({.error = std::move(plan).error()});
  const CallSize size = size_of_request(request);
  auto hold = reserve_call(services_, who, plan->to, size);
  if (!hold) return listener.on_end({.error = std::move(hold).error()});
  if (const Status entered = lanes_.enter(); !entered) return listener.on_end({.error = entered.error()});
  auto call = make_gateway_call({.services = services_,
                                 .lanes = lanes_,
                                 .project_id = who.project_id,
                                 .request = std::move(request),
                                 .plan = std::move(*plan),
                                 .size = size,
                                 .hold = std::move(*hold),
                                 .cancel = std::move(cancel),
                                 .listener = std::move(listener)});
  if (!call->needs_trace()) return call->start();
  const Status taken = services_.workers->submit([call] {
    call->find_trace();
    call->start();
  });
  if (!taken) call->refuse(taken.error());
}

std::string Gateway::models_json(std::string_view project_id) const {
  using llm::Provider;
  std::vector<gateway::ModelEntry> models;
  const auto aliases = services_.cache->gateway_aliases_of(project_id);
  models.reserve(aliases.size());
  for (const auto& alias : aliases) {
    models.push_back({.id = alias->name, .owned_by = "alias", .created = alias->created.micros / 1'000'000});
  }
  for (const Provider provider :
       {Provider::kOpenAi, Provider::kAnthropic, Provider::kGoogle, Provider::kAmazonBedrock, Provider::kVoyage}) {
    const std::string_view name = llm::provider_name(provider);
    if (services_.connections->resolve(project_id, name, "")) gateway::add_models(models, provider, "", name);
  }
  // A connection of another name: what the vendor offers under its name. What a compatible endpoint offers is not
  // known.
  for (const auto& live : services_.cache->connections_of(project_id)) {
    const store::Connection& connection = live->connection;
    const auto provider = llm::provider_from_name(connection.protocol);
    const std::string name = ascii_lower(connection.name);
    if (!provider || llm::provider_from_name(name) || live->locked) continue;
    if (*provider == Provider::kOpenAi && !connection.base_url.empty()) continue;
    gateway::add_models(models, *provider, connection.name + "/", name);
  }
  // A model that an alias hides is not offered.
  const auto is_hidden = [&](const gateway::ModelEntry& model) {
    return services_.cache->gateway_alias(project_id, ascii_lower(model.id)) != nullptr;
  };
  const auto first = models.begin() + static_cast<std::ptrdiff_t>(aliases.size());
  models.erase(std::remove_if(first, models.end(), is_hidden), models.end());
  return gateway::models_json(models);
}

}  // namespace tracia::service
