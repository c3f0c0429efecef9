#include "sender.h"

#include <algorithm>

#include "tracia/base/bytes.h"
#include "tracia/base/redact.h"
#include "tracia/client/version.h"
#include "tracia/json/reader.h"

namespace tracia::client {
namespace {

constexpr size_t kAnswerBytesMax = 4u << 20;

ErrorCode code_of(int status, std::string_view name) {
  if (const ErrorCode code = error_code_from_name(name); code != ErrorCode::kUnknown) return code;
  switch (status) {
    case 401: return ErrorCode::kUnauthorized;
    case 403: return ErrorCode::kForbidden;
    case 404: return ErrorCode::kNotFound;
    case 409: return ErrorCode::kConflict;
    case 413: return ErrorCode::kPayloadTooLarge;
    case 429: return ErrorCode::kRateLimited;
    case 503: return ErrorCode::kUnavailable;
    default: return ErrorCode::kUnknown;
  }
}

// Code, message, provider and span; what is not there stays as it is.
void read_error(const json::Value& root, Error& error) {
  const json::Value body = root["error"].is_object() ? root["error"] : root;
  error.code = code_of(error.status, body["code"].string_or(""));
  if (const auto message = body["message"].string(); message && !message->empty())
    error.message = redact_secrets(*message);
  const json::Value provider = body["provider"];
  error.provider.provider = provider["name"].text();
  error.provider.request_id = provider["requestId"].text();
  error.provider.status = static_cast<int>(std::clamp<int64_t>(provider["status"].integer().value_or(0), 0, 999));
  if (error.status == 0) error.status = error.provider.status;
  error.span_id = body["spanId"].text();
}

}  // namespace

std::string user_agent() { return "tracia-cpp/" + std::string(kVersion); }

Error api_error(const wire::HttpResponse& response) {
  Error error{.code = code_of(response.status, ""),
              .message = "HTTP " + std::to_string(response.status),
              .status = response.status};
  error.retry_after = wire::retry_after(response.headers, system_clock().now());
  json::Document document;
  const auto root = document.parse_lenient(response.body);
  if (!root) {
    const std::string_view text = trim(response.body);
    if (!text.empty() && text.front() != '<' && text.size() < 500) error.message = redact_secrets(to_valid_utf8(text));
    return error;
  }
  read_error(*root, error);
  return error;
}

Error stream_error(const json::Value& root) {
  Error error{.message = "The run failed"};
  read_error(root, error);
  return error;
}

HttpSpanSender::HttpSpanSender(std::shared_ptr<transport::Transport> transport, std::string base_url,
                               std::string api_key)
    : transport_(std::move(transport)), base_url_(std::move(base_url)), api_key_(std::move(api_key)) {}

record::PostResult HttpSpanSender::post(std::string_view path, std::string_view body, bool gzipped, Millis timeout) {
  wire::HttpRequest request{.url = wire::join_url(base_url_, path), .body = std::string(body)};
  request.headers.add("authorization", "Bearer " + api_key_);
  request.headers.add("content-type", "application/json");
  if (gzipped) request.headers.add("content-encoding", "gzip");
  transport::ExchangeOptions options;
  options.deadlines.total = timeout;
  options.body_bytes_max = kAnswerBytesMax;
  {
    const std::lock_guard lock(mutex_);
    current_ = transport::CancelToken();
    options.cancel = current_;
  }
  const auto response = transport_->fetch(request, options);
  if (!response) return {.message = response.error().message};
  return {.status = response->status,
          .body = response->body,
          .retry_after = wire::retry_after(response->headers, system_clock().now())};
}

void HttpSpanSender::cancel() {
  const std::lock_guard lock(mutex_);
  current_.cancel();
}

}  // namespace tracia::client
