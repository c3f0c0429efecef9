// Where a gateway's call may go. Private to the service.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/service/connections.h"
#include "tracia/service/gateway.h"

namespace tracia::service {

struct GatewayPlan {
  std::vector<Connections::Named> to;  // the model asked for, then the fallbacks
  std::vector<bool> relayed;           // of each: its protocol is the client's own, so that bytes are handed on
  std::string alias;                   // that the model was the name of; "" = none
  int retries = 0;
};

// Model names: an alias of the project, which wins over a model of its name, "gpt-4o" (the provider is found by the
// name), "anthropic/claude-…", "my-connection/model". Errors: see Gateway::start(). Does not block.
Result<GatewayPlan> plan_gateway(const Services& services, std::string_view project_id, const GatewayRequest& request);

// Where one target of an alias leads, or one model name. Errors: as above.
Result<Connections::Named> resolve_gateway_target(const Services& services, std::string_view project_id,
                                                  const store::GatewayAlias::Target& target);

}  // namespace tracia::service
