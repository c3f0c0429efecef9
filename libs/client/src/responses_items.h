// Input items of OpenAI's Responses API, as callers give them. Private to libs/client.
#pragma once

#include <string>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/llm/model.h"

namespace tracia::client {

struct ResponsesItems {
  std::vector<llm::Message> verbatim;  // what is sent: each item exactly as given
  std::vector<llm::Message> readable;  // what a span shows: messages, tool calls and results
};

// INVALID_REQUEST names the item: "input[1] must be a JSON object with a role or a type".
Result<ResponsesItems> responses_items(const std::vector<std::string>& items);

}  // namespace tracia::client
