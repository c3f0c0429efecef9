#include "tracia/base/bytes.h"
#include "tracia/llm/endpoint.h"
#include "tracia/wire/sigv4.h"

namespace tracia::llm {
namespace {

std::optional<std::string> first_of(const EnvReader& env, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (const auto value = env(name); value && !trim(*value).empty()) return std::string(trim(*value));
  }
  return std::nullopt;
}

Error missing_key(Provider provider) {
  std::string message = "No API key found for provider '" + std::string(provider_name(provider)) + "'. Set the " +
                        std::string(key_variable(provider)) + " environment variable";
  message.append(provider == Provider::kAmazonBedrock ? " or configure AWS credentials." : ".");
  return {.code = ErrorCode::kMissingProviderApiKey,
          .kind = ErrorKind::kAuthentication,
          .message = std::move(message),
          .provider = {.provider = std::string(provider_name(provider))}};
}

Status add_key(wire::HttpRequest& request, Provider provider, std::string_view key) {
  key = trim(key);
  if (key.empty()) return fail(missing_key(provider));
  if (!wire::is_valid_header("authorization", key)) {
    return fail(
        Error::invalid("The API key for " + std::string(provider_title(provider)) + " contains a line break or NUL"));
  }
  switch (provider) {
    case Provider::kAnthropic: request.headers.set("x-api-key", std::string(key)); break;
    case Provider::kGoogle: request.headers.set("x-goog-api-key", std::string(key)); break;
    case Provider::kOpenAi:
    case Provider::kVoyage:
    case Provider::kAmazonBedrock: request.headers.set("authorization", "Bearer " + std::string(key)); break;
  }
  return {};
}

}  // namespace

std::string_view key_variable(Provider provider) {
  switch (provider) {
    case Provider::kOpenAi: return "OPENAI_API_KEY";
    case Provider::kAnthropic: return "ANTHROPIC_API_KEY";
    case Provider::kGoogle: return "GOOGLE_API_KEY";
    case Provider::kAmazonBedrock: return "AWS_BEARER_TOKEN_BEDROCK";
    case Provider::kVoyage: return "VOYAGE_API_KEY";
  }
  return "";
}

Auth auth_from_env(Provider provider, const EnvReader& env) {
  std::optional<std::string> key;
  switch (provider) {
    case Provider::kGoogle: key = first_of(env, {"GOOGLE_API_KEY", "GEMINI_API_KEY"}); break;
    case Provider::kAmazonBedrock: key = first_of(env, {"AWS_BEARER_TOKEN_BEDROCK", "BEDROCK_API_KEY"}); break;
    default: key = first_of(env, {key_variable(provider)}); break;
  }
  if (!key) return std::monostate{};
  return ApiKey{std::move(*key)};
}

Status authorize(wire::HttpRequest& request, const Endpoint& endpoint, const Auth& auth, std::string_view region,
                 Timestamp now) {
  if (const auto* key = std::get_if<ApiKey>(&auth)) return add_key(request, endpoint.provider, key->value);
  if (const auto* aws = std::get_if<AwsCredentials>(&auth)) {
    return wire::sign_sigv4(request,
                            {.access_key_id = aws->access_key_id,
                             .secret_access_key = aws->secret_access_key,
                             .session_token = aws->session_token},
                            region, "bedrock", now);
  }
  const auto url = wire::split_url(request.url);
  const bool may_do_without = !endpoint.is_vendor || (url && ascii_iequals(url->scheme, "http"));
  return may_do_without ? Status{} : fail(missing_key(endpoint.provider));
}

}  // namespace tracia::llm
