// Prompts as the server sends them. Reading is lenient: what is absent stays empty. Private to libs/client.
#pragma once

#include <string>
#include <string_view>

#include "tracia/client/api_types.h"
#include "tracia/json/reader.h"

namespace tracia::client {

// "/api/v1/prompts/<slug><tail>"; the tail is encoded already.
std::string prompt_path(const std::string& slug, std::string_view tail = "");

Prompt read_prompt(const json::Value& value);
PromptVersion read_version(const json::Value& value);

// A version as the server sends it, fetched as `slug`. INVALID_REQUEST when it is no version.
Result<FetchedPrompt> read_fetched_version(const json::Value& value, std::string slug, std::string label);
// What to_json(FetchedPrompt) wrote. Errors as above.
Result<FetchedPrompt> read_fetched_prompt(const json::Value& value);

}  // namespace tracia::client
