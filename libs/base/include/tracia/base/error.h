// One error type for the whole of Tracia: what went wrong, in a code that callers branch on, with a message a person
// can act on, and, when a model provider said no, that provider's own words.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace tracia {

// What callers branch on. Names on the wire and in the SDKs are `error_code_name()`: UPPER_SNAKE_CASE.
// Source: the codes of the hosted product's REST API and SDKs, plus those of api/openapi.yaml.
enum class ErrorCode {
  kUnknown,
  // Sent by a Tracia server.
  kUnauthorized,
  kForbidden,
  kNotFound,
  kConflict,
  kInvalidRequest,
  kMissingVariables,
  kMissingProviderKey,
  kPayloadTooLarge,
  kRateLimited,
  kUnavailable,
  kProviderError,  // the model provider answered with an error, or with something that is not an answer
  // Made on the client's side only.
  kNetworkError,  // no connection, TLS failure, connection lost
  kTimeout,
  kAborted,
  kMissingProviderSdk,
  kMissingProviderApiKey,
  kUnsupportedModel,
};

std::string_view error_code_name(ErrorCode code);       // "PROVIDER_ERROR"
ErrorCode error_code_from_name(std::string_view name);  // kUnknown for names this version does not know

// Why a provider (or the network) failed, finer than the code. Decides what is retried.
enum class ErrorKind {
  kOther,
  kAuthentication,     // 401: key missing or wrong
  kPermission,         // 403
  kNotFound,           // 404: no such model
  kInvalidRequest,     // other 4xx
  kContextLength,      // prompt longer than the model's window
  kContentFilter,      // prompt blocked by the provider's policy
  kRateLimit,          // 429, worth a retry
  kQuota,              // 429 that no retry mends: credit exhausted
  kOverloaded,         // 503, 529
  kServer,             // other 5xx
  kStreamTruncated,    // the stream ended before its end mark
  kMalformedResponse,  // not what the protocol says
  kTooLarge,           // an answer or a buffer over its bound
  kConnect,            // DNS, refused, unreachable
  kTls,
  kConnectionLost,  // after the request was sent
  kTimeout,
  kAborted,
};
std::string_view error_kind_name(ErrorKind kind);  // "rate_limit"

// What the provider said about itself. Empty strings where it said nothing.
struct ProviderErrorInfo {
  std::string provider;  // "openai"
  std::string
      type;  // the vendor's type or status word: "rate_limit_error", "RESOURCE_EXHAUSTED", "ThrottlingException"
  std::string code;        // the vendor's code: "insufficient_quota"; Google's number as text
  std::string param;       // OpenAI's `param`
  std::string request_id;  // from the response headers
  int status = 0;  // of the vendor's answer, where a Tracia server tells of it; 0 = it is Error::status, or unknown
};

struct Error {
  ErrorCode code = ErrorCode::kUnknown;
  ErrorKind kind = ErrorKind::kOther;
  std::string message;                                   // secrets already redacted
  int status = 0;                                        // HTTP status; 0 when there was no response
  std::optional<std::chrono::milliseconds> retry_after;  // what the server asked for
  ProviderErrorInfo provider;
  std::string span_id = {};  // of the span that tells of the failure, where a Tracia server names it

  // "[PROVIDER_ERROR] message (status: 429)", as the hosted SDKs print it.
  std::string to_string() const;

  static Error invalid(std::string message) {
    return {.code = ErrorCode::kInvalidRequest, .kind = ErrorKind::kInvalidRequest, .message = std::move(message)};
  }
};

}  // namespace tracia
