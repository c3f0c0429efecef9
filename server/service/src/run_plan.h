// From a run as asked for to the call that is made: version, messages, model, provider. Private to the service.
#pragma once

#include <string>

#include "tracia/base/result.h"
#include "tracia/llm/model.h"
#include "tracia/service/connections.h"
#include "tracia/service/runs.h"

namespace tracia::service {

struct RunPlan {
  llm::ChatRequest chat;  // complete, its messages rendered
  Connections::Named to;  // chat.model is to.target.model
};

// Errors: kMissingVariables, kMissingProviderKey, kInvalidRequest, kPayloadTooLarge. Nothing was sent then. Does not
// block. O(text).
Result<RunPlan> plan_run(const Connections& connections, std::string_view project_id, const RunRequest& request);

// The members that an error answer adds: "missingVariables" for kMissingVariables, else none.
std::string refusal_extra(const Error& error, const RunRequest& request);

}  // namespace tracia::service
