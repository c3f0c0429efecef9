// Reasoning items of the Responses API: a model's thinking travels through a client in `encrypted_content`, which
// clients send back unread. Private to libs/gateway.
#pragma once

#include <optional>
#include <string>

#include "tracia/json/reader.h"
#include "tracia/llm/model.h"

namespace tracia::gateway {

// "tracia:<provider>:t:<signature>", or "…:r:…" when it is redacted; "" when the model gave no signature.
std::string sealed_reasoning(const llm::ReasoningPart& part);
// nullopt for items that another wrote: they would mean nothing to the model.
std::optional<llm::ReasoningPart> read_reasoning_item(const json::Value& item);

}  // namespace tracia::gateway
