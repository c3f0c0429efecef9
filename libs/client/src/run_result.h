// What the server answers to a run of a prompt, whole or as the end of a stream. Private to libs/client.
#pragma once

#include <string>

#include "tracia/client/api_types.h"
#include "tracia/json/reader.h"

namespace tracia::client {

// Errors: INVALID_REQUEST when its messages cannot be read.
Result<RunResult> read_run(const json::Value& v);

std::string json_or_empty(const json::Value& value);  // "" for what is missing or null

}  // namespace tracia::client
