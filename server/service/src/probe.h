// The smallest call that shows whether a provider answers. Private to the service.
#pragma once

#include <memory>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/llm/call.h"

namespace tracia::service {

// With target.model: a chat of a few tokens, or an embedding for Voyage. Without: the list of models. kInvalidRequest
// for providers whose list cannot be asked for (Bedrock, Voyage). `clock` must outlive the call.
Result<std::unique_ptr<llm::Call>> make_probe(llm::Target target, const Clock& clock);

}  // namespace tracia::service
