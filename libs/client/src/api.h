// One request to the Tracia server's API. Private to libs/client.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core.h"
#include "tracia/json/reader.h"

namespace tracia::client {

struct ApiRequest {
  std::string method;
  std::string path;       // "/api/v1/prompts", encoded, with its query
  std::string body = {};  // JSON; "" = none
  std::optional<int64_t> timeout_ms = {};
  transport::CancelToken cancel = {};
};

// A successful answer, parsed. Values live as long as this.
struct ApiAnswer {
  json::Document document;
  json::Value root;
};

// Errors: the server's (api_error), NETWORK_ERROR, TIMEOUT, ABORTED; INVALID_REQUEST without an API key.
Result<ApiAnswer> call_api(ClientCore& core, const ApiRequest& request);

}  // namespace tracia::client
