// Errors as OpenAI's API says them. Source: OpenAI's guide "Error codes", and the fields its client libraries read.
#include "tracia/gateway/answer.h"
#include "tracia/json/writer.h"

namespace tracia::gateway {
namespace {

int status_of_kind(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kAuthentication: return 401;
    case ErrorKind::kPermission: return 403;
    case ErrorKind::kNotFound: return 404;
    case ErrorKind::kInvalidRequest:
    case ErrorKind::kContextLength:
    case ErrorKind::kContentFilter: return 400;
    case ErrorKind::kRateLimit:
    case ErrorKind::kQuota: return 429;
    case ErrorKind::kOverloaded: return 503;
    case ErrorKind::kTimeout: return 504;
    default: return 502;
  }
}

std::string_view type_of(int status) {
  switch (status) {
    case 401: return "authentication_error";
    case 403: return "permission_error";
    case 429: return "rate_limit_error";
    default: return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

std::string_view code_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::kUnauthorized: return "invalid_api_key";
    case ErrorCode::kUnsupportedModel: return "model_not_found";
    case ErrorCode::kMissingProviderKey:
    case ErrorCode::kMissingProviderApiKey: return "missing_provider_key";
    case ErrorCode::kPayloadTooLarge: return "request_too_large";
    case ErrorCode::kRateLimited: return "rate_limit_exceeded";
    case ErrorCode::kUnavailable: return "unavailable";
    case ErrorCode::kTimeout: return "timeout";
    default: break;
  }
  switch (error.kind) {
    case ErrorKind::kAuthentication: return "invalid_api_key";
    case ErrorKind::kNotFound: return "model_not_found";
    case ErrorKind::kContextLength: return "context_length_exceeded";
    case ErrorKind::kContentFilter: return "content_filter";
    case ErrorKind::kRateLimit: return "rate_limit_exceeded";
    case ErrorKind::kQuota: return "insufficient_quota";
    case ErrorKind::kTimeout: return "timeout";
    default: return "";
  }
}

void text_or_null(json::Writer& w, std::string_view name, std::string_view text) {
  w.key(name);
  text.empty() ? w.null() : w.value(text);
}

void write_members(json::Writer& w, const Error& error) {
  const int status = status_of(error);
  w.field("message", error.message);
  w.field("type", error.provider.type.empty() ? type_of(status) : std::string_view(error.provider.type));
  text_or_null(w, "param", error.provider.param);
  text_or_null(w, "code", error.provider.code.empty() ? code_of(error) : std::string_view(error.provider.code));
}

}  // namespace

int status_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::kUnauthorized: return 401;
    case ErrorCode::kForbidden: return 403;
    case ErrorCode::kNotFound:
    case ErrorCode::kUnsupportedModel: return 404;
    case ErrorCode::kConflict: return 409;
    case ErrorCode::kPayloadTooLarge: return 413;
    case ErrorCode::kRateLimited: return 429;
    case ErrorCode::kUnavailable: return 503;
    case ErrorCode::kInvalidRequest:  // 405 and 415 are the router's
      return error.status >= 400 && error.status <= 499 ? error.status : 400;
    case ErrorCode::kMissingVariables:
    case ErrorCode::kMissingProviderKey:
    case ErrorCode::kMissingProviderApiKey: return 400;
    case ErrorCode::kUnknown: return error.status >= 400 && error.status <= 599 ? error.status : 500;
    default: break;
  }
  // A provider's own word; 200 is of an error inside a stream.
  if (error.status >= 400 && error.status <= 599) return error.status;
  return status_of_kind(error.kind);
}

std::string error_json(const Error& error) {
  json::Writer w;
  w.begin_object().key("error").begin_object();
  write_members(w, error);
  w.end_object().end_object();
  return w.take();
}

std::string error_event(Dialect dialect, const Error& error) {
  if (dialect == Dialect::kChatCompletions) return "data: " + error_json(error) + "\n\n";
  json::Writer w;
  w.begin_object().field("type", "error");
  text_or_null(w, "code", error.provider.code.empty() ? code_of(error) : std::string_view(error.provider.code));
  w.field("message", error.message);
  text_or_null(w, "param", error.provider.param);
  w.end_object();
  return "event: error\ndata: " + w.str() + "\n\n";
}

}  // namespace tracia::gateway
