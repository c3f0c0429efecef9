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
};

// Model names: "gpt-4o" (the provider is found by the name), "anthropic/claude-…", "my-connection/model".
// Errors: see Gateway::start(). Does not block.
Result<GatewayPlan> plan_gateway(const Services& services, std::string_view project_id, const GatewayRequest& request);

}  // namespace tracia::service
