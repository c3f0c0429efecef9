// Prompts as the server sends them. Reading is lenient: what is absent stays empty; only parts of a message that are
// not understood are errors, as leaving them out would make another prompt of it. Private to libs/client.
#pragma once

#include <string>
#include <string_view>

#include "tracia/client/api_types.h"
#include "tracia/json/reader.h"

namespace tracia::client {

// "/api/v1/prompts/<slug><tail>"; the tail is encoded already.
std::string prompt_path(const std::string& slug, std::string_view tail = "");

Result<Prompt> read_prompt(const json::Value& value);
Result<PromptVersion> read_version(const json::Value& value);

// As a message of a conversation. INVALID_REQUEST: a role that is none.
Result<Message> message_of(const PromptMessage& message);

// A version as the server sends it, fetched as `slug`. INVALID_REQUEST when it is no version.
Result<FetchedPrompt> read_fetched_version(const json::Value& value, std::string slug, std::string label);
// What to_json(FetchedPrompt) wrote. Errors as above.
Result<FetchedPrompt> read_fetched_prompt(const json::Value& value);

}  // namespace tracia::client
