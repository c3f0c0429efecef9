// Default base URLs, paths of environment variables, and authorisation of each provider (docs/guide/providers.md).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/llm/codec.h"

namespace tracia::llm {

// Reads one environment variable; nullopt when unset or empty. Injected, so that tests and servers choose their own.
using EnvReader = std::function<std::optional<std::string>(std::string_view)>;
const EnvReader& process_env();

// How each provider's requests are authorised.
struct ApiKey {
  std::string value;
};  // Bearer, x-api-key or x-goog-api-key, as the vendor wants
struct AwsCredentials {
  std::string access_key_id, secret_access_key, session_token;
};
using Auth = std::variant<std::monostate, ApiKey, AwsCredentials>;

// base_url conventions: OPENAI_BASE_URL and VOYAGE_BASE_URL include "/v1"; ANTHROPIC_BASE_URL and
// GOOGLE_GEMINI_BASE_URL carry no version; Bedrock's is AWS_ENDPOINT_URL_BEDROCK_RUNTIME, else built from the region.
std::string default_base_url(Provider provider, std::string_view region);
// The environment's base URL, else the default; trailing slashes and white space stripped. `is_vendor` is always true:
// a variable of the vendor's own that names another host is a proxy to that vendor, or a simulator of it. Only
// connections with a name of their own speak a compatible dialect. Bedrock also reads AWS_ENDPOINT_URL, as the AWS SDKs
// do, unless AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is "true".
Endpoint endpoint_from_env(Provider provider, const EnvReader& env, std::string_view region);

// AWS_REGION, AWS_DEFAULT_REGION, else "us-east-1". A profile's region is in a file: read it with the overload of
// aws_credentials.h.
std::string aws_region(const EnvReader& env);

// The environment variable that holds a provider's key: "OPENAI_API_KEY". Google: GOOGLE_API_KEY wins over
// GEMINI_API_KEY, as in Google's SDKs.
std::string_view key_variable(Provider provider);
// Key from the environment, white space around it stripped; for Bedrock AWS_BEARER_TOKEN_BEDROCK, then BEDROCK_API_KEY,
// else monostate (AWS chain).
Auth auth_from_env(Provider provider, const EnvReader& env);

// Adds the vendor's authorisation headers; for AwsCredentials signs with SigV4 (service "bedrock") at time `now`.
// Must be the last change to the request. Monostate adds nothing where an endpoint may do without (is_vendor false, or
// a plain http URL: simulators and local models) and fails with kMissingProviderApiKey elsewhere. A key that a header
// cannot carry fails with kInvalidRequest and is not echoed.
Status authorize(wire::HttpRequest& request, const Endpoint& endpoint, const Auth& auth, std::string_view region,
                 Timestamp now);

}  // namespace tracia::llm
