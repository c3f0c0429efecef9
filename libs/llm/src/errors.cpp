#include "tracia/llm/errors.h"

#include "tracia/base/bytes.h"
#include "tracia/base/limits.h"
#include "tracia/base/redact.h"

namespace tracia::llm {
namespace {

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// The vendors' type words inside a 200 stream, where no status tells.
ErrorKind kind_of_type(std::string_view type) {
  const std::string t = ascii_lower(type);
  if (contains(t, "insufficient_quota") || contains(t, "billing")) return ErrorKind::kQuota;
  if (contains(t, "rate_limit") || contains(t, "throttling") || t == "resource_exhausted" || contains(t, "requests") ||
      contains(t, "tokens")) {
    return ErrorKind::kRateLimit;
  }
  if (contains(t, "overloaded") || contains(t, "unavailable") || contains(t, "modelnotready"))
    return ErrorKind::kOverloaded;
  if (contains(t, "timeout") || t == "deadline_exceeded") return ErrorKind::kServer;
  if (contains(t, "authentication") || contains(t, "unauthenticated") || contains(t, "unrecognizedclient")) {
    return ErrorKind::kAuthentication;
  }
  if (contains(t, "permission") || contains(t, "accessdenied")) return ErrorKind::kPermission;
  if (contains(t, "not_found") || contains(t, "resourcenotfound")) return ErrorKind::kNotFound;
  if (contains(t, "invalid_request") || contains(t, "invalid_argument") || contains(t, "validation")) {
    return ErrorKind::kInvalidRequest;
  }
  if (contains(t, "content_filter") || contains(t, "content_policy")) return ErrorKind::kContentFilter;
  if (contains(t, "server") || contains(t, "api_error") || contains(t, "internal") || contains(t, "modelstreamerror") ||
      contains(t, "modelerror")) {
    return ErrorKind::kServer;
  }
  return ErrorKind::kOther;
}

ErrorKind kind_of(int status, const VendorError& vendor) {
  const std::string message = ascii_lower(vendor.message);
  const bool is_quota = vendor.code == "insufficient_quota" || vendor.type == "insufficient_quota" ||
                        contains(message, "credit balance is too low") ||
                        contains(message, "exceeded your current quota, please check your plan and billing");
  const bool is_length = vendor.code == "context_length_exceeded" || contains(message, "prompt is too long") ||
                         contains(message, "maximum context length") || contains(message, "input is too long") ||
                         contains(message, "exceeds the maximum number of tokens");
  switch (status) {
    case 401: return ErrorKind::kAuthentication;
    case 403: return ErrorKind::kPermission;
    case 404: return ErrorKind::kNotFound;
    // Google says "exceeded your current quota" for per-minute limits too and then names a retry delay.
    case 429: return is_quota && vendor.type != "RESOURCE_EXHAUSTED" ? ErrorKind::kQuota : ErrorKind::kRateLimit;
    case 503:
    case 529: return ErrorKind::kOverloaded;
    case 408: return ErrorKind::kServer;
    case 413: return ErrorKind::kTooLarge;
    default: break;
  }
  if (status >= 500) return ErrorKind::kServer;
  if (is_length) return ErrorKind::kContextLength;
  if (vendor.code == "content_filter" || vendor.code == "content_policy_violation") return ErrorKind::kContentFilter;
  if (status >= 400) return is_quota ? ErrorKind::kQuota : ErrorKind::kInvalidRequest;
  const ErrorKind by_code = kind_of_type(vendor.code);
  return by_code != ErrorKind::kOther ? by_code : kind_of_type(vendor.type);
}

}  // namespace

std::string request_id(const wire::Headers& headers) {
  for (const std::string_view name :
       {"x-request-id", "request-id", "x-amzn-requestid", "x-goog-request-id", "apim-request-id"}) {
    if (const auto value = headers.get(name)) return std::string(utf8_prefix(*value, 200));
  }
  return "";
}

Error provider_error(Provider provider, int status, VendorError vendor, const wire::Headers& headers) {
  Error error{.code = ErrorCode::kProviderError, .kind = kind_of(status, vendor), .status = status};
  if (vendor.message.empty()) vendor.message = status != 0 ? "HTTP " + std::to_string(status) : "unknown error";
  error.message = redact_secrets(utf8_prefix(vendor.message, limits::kErrorMessageBytesMax));
  error.retry_after = wire::retry_after(headers, system_clock().now());
  error.provider = {.provider = std::string(provider_name(provider)),
                    .type = std::move(vendor.type),
                    .code = std::move(vendor.code),
                    .param = std::move(vendor.param),
                    .request_id = request_id(headers)};
  return error;
}

Error malformed_response(Provider provider, const std::string& what) {
  return {.code = ErrorCode::kProviderError,
          .kind = ErrorKind::kMalformedResponse,
          .message = std::string(provider_title(provider)) + " sent an answer that could not be read: " + what,
          .provider = {.provider = std::string(provider_name(provider))}};
}

Error truncated_stream(Provider provider) {
  return {.code = ErrorCode::kProviderError,
          .kind = ErrorKind::kStreamTruncated,
          .message = "The stream from " + std::string(provider_title(provider)) + " ended before it was complete",
          .provider = {.provider = std::string(provider_name(provider))}};
}

}  // namespace tracia::llm
