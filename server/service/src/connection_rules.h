// What a connection may be: names, URLs, headers, keys. Pure; private to the service.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/llm/endpoint.h"
#include "tracia/service/connections.h"

namespace tracia::service {

// Bounds; api/openapi.yaml states the same.
inline constexpr size_t kConnectionNameCharsMax = 64;
inline constexpr size_t kBaseUrlBytesMax = 2048;
inline constexpr size_t kProviderKeyBytesMax = 8192;  // AWS session tokens are long
inline constexpr size_t kConnectionHeadersMax = 20;
inline constexpr size_t kHeaderValueBytesMax = 8192;

// Brings a draft into its one form (lower-case name, protocol and region, no slash at the URL's end) or says what is
// wrong: kInvalidRequest naming the field. Hosts that are plainly private are refused unless allowed; what a name leads
// to is checked when it is called.
Status check_connection(ConnectionDraft& draft, bool allow_private);

// How a connection's key authorises: an API key, or AWS credentials for Bedrock's ID:SECRET[:TOKEN]. "" = monostate.
llm::Auth auth_of_key(llm::Provider provider, std::string_view key);

// {"key":…,"headers":{…}}, what is sealed; "" when there is nothing to seal.
std::string secrets_json(std::string_view key, const std::vector<std::pair<std::string, std::string>>& headers);

}  // namespace tracia::service
