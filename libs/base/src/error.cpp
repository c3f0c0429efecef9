#include "tracia/base/error.h"

#include <array>
#include <utility>

namespace tracia {
namespace {

constexpr std::array<std::pair<ErrorCode, std::string_view>, 18> kCodeNames{{
    {ErrorCode::kUnknown, "UNKNOWN"},
    {ErrorCode::kUnauthorized, "UNAUTHORIZED"},
    {ErrorCode::kForbidden, "FORBIDDEN"},
    {ErrorCode::kNotFound, "NOT_FOUND"},
    {ErrorCode::kConflict, "CONFLICT"},
    {ErrorCode::kInvalidRequest, "INVALID_REQUEST"},
    {ErrorCode::kMissingVariables, "MISSING_VARIABLES"},
    {ErrorCode::kMissingProviderKey, "MISSING_PROVIDER_KEY"},
    {ErrorCode::kPayloadTooLarge, "PAYLOAD_TOO_LARGE"},
    {ErrorCode::kRateLimited, "RATE_LIMITED"},
    {ErrorCode::kUnavailable, "UNAVAILABLE"},
    {ErrorCode::kProviderError, "PROVIDER_ERROR"},
    {ErrorCode::kNetworkError, "NETWORK_ERROR"},
    {ErrorCode::kTimeout, "TIMEOUT"},
    {ErrorCode::kAborted, "ABORTED"},
    {ErrorCode::kMissingProviderSdk, "MISSING_PROVIDER_SDK"},
    {ErrorCode::kMissingProviderApiKey, "MISSING_PROVIDER_API_KEY"},
    {ErrorCode::kUnsupportedModel, "UNSUPPORTED_MODEL"},
}};

}  // namespace

std::string_view error_code_name(ErrorCode code) {
  for (const auto& [value, name] : kCodeNames) {
    if (value == code) return name;
  }
  return "UNKNOWN";
}

ErrorCode error_code_from_name(std::string_view name) {
  for (const auto& [value, known] : kCodeNames) {
    if (known == name) return value;
  }
  return ErrorCode::kUnknown;
}

std::string_view error_kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kOther: return "other";
    case ErrorKind::kAuthentication: return "authentication";
    case ErrorKind::kPermission: return "permission";
    case ErrorKind::kNotFound: return "not_found";
    case ErrorKind::kInvalidRequest: return "invalid_request";
    case ErrorKind::kContextLength: return "context_length";
    case ErrorKind::kContentFilter: return "content_filter";
    case ErrorKind::kRateLimit: return "rate_limit";
    case ErrorKind::kQuota: return "quota";
    case ErrorKind::kOverloaded: return "overloaded";
    case ErrorKind::kServer: return "server";
    case ErrorKind::kStreamTruncated: return "stream_truncated";
    case ErrorKind::kMalformedResponse: return "malformed_response";
    case ErrorKind::kTooLarge: return "too_large";
    case ErrorKind::kConnect: return "connect";
    case ErrorKind::kTls: return "tls";
    case ErrorKind::kConnectionLost: return "connection_lost";
    case ErrorKind::kTimeout: return "timeout";
    case ErrorKind::kAborted: return "aborted";
  }
  return "other";
}

std::string Error::to_string() const {
  std::string text = "[";
  text.append(error_code_name(code)).append("] ").append(message);
  if (status != 0) text.append(" (status: ").append(std::to_string(status)).append(")");
  return text;
}

}  // namespace tracia
