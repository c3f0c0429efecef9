// What a handler answers through: whole JSON answers, errors, and server-sent events.
#include <algorithm>
#include <chrono>

#include "tracia/http/router.h"
#include "tracia/json/writer.h"

namespace tracia::http {
namespace {

// The vendor's answer, or what stood in for one, as api/openapi.yaml maps it.
int provider_status(const Error& error) {
  if (error.status == 429) return 429;
  if (error.status >= 400 && error.status < 500) return 400;
  switch (error.kind) {
    case ErrorKind::kTimeout: return 504;
    case ErrorKind::kRateLimit:
    case ErrorKind::kQuota: return error.status == 0 ? 429 : 502;  // said inside a stream that began with 200
    case ErrorKind::kAuthentication:
    case ErrorKind::kPermission:
    case ErrorKind::kNotFound:
    case ErrorKind::kInvalidRequest:
    case ErrorKind::kContextLength:
    case ErrorKind::kContentFilter: return error.status == 0 ? 400 : 502;
    default: return 502;
  }
}

// The codes of a client's own making name what happened on our way to the provider.
ErrorCode code_on_wire(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNetworkError:
    case ErrorCode::kTimeout:
    case ErrorCode::kAborted: return ErrorCode::kProviderError;
    case ErrorCode::kMissingProviderSdk:
    case ErrorCode::kUnsupportedModel: return ErrorCode::kInvalidRequest;
    case ErrorCode::kMissingProviderApiKey: return ErrorCode::kMissingProviderKey;
    default: return code;
  }
}

// What has no code of its own is a defect of this server.
std::string_view name_on_wire(ErrorCode code) {
  return code == ErrorCode::kUnknown ? "INTERNAL_ERROR" : error_code_name(code_on_wire(code));
}

void append_lines(std::string& out, std::string_view field, std::string_view text) {
  for (;;) {
    const size_t end = text.find_first_of("\r\n");
    out.append(field).append(": ").append(text.substr(0, end)).push_back('\n');
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + (text.substr(end, 2) == "\r\n" ? 2 : 1));
  }
}

std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find_first_of(std::string_view("\r\n\0", 3)));
}

void keep_alive(ResponseWriter writer, Millis every) {
  writer.after(every, [writer, every]() mutable {
    writer.write(":\n\n");
    keep_alive(writer, every);
  });
}

}  // namespace

int status_of(const Error& error) {
  if (error.code == ErrorCode::kProviderError) return provider_status(error);
  switch (error.code) {
    case ErrorCode::kTimeout: return 504;
    case ErrorCode::kNetworkError:
    case ErrorCode::kAborted: return 502;
    default: break;
  }
  if (error.status >= 400 && error.status <= 599) return error.status;
  switch (error.code) {
    case ErrorCode::kUnauthorized: return 401;
    case ErrorCode::kForbidden: return 403;
    case ErrorCode::kNotFound: return 404;
    case ErrorCode::kConflict: return 409;
    case ErrorCode::kPayloadTooLarge: return 413;
    case ErrorCode::kRateLimited: return 429;
    case ErrorCode::kUnavailable: return 503;
    case ErrorCode::kInvalidRequest:
    case ErrorCode::kMissingVariables:
    case ErrorCode::kMissingProviderKey:
    case ErrorCode::kMissingProviderSdk:
    case ErrorCode::kMissingProviderApiKey:
    case ErrorCode::kUnsupportedModel: return 400;
    default: return 500;
  }
}

std::string error_json(const Error& error, std::string_view extra) {
  json::Writer w;
  w.begin_object().key("error").begin_object();
  w.field("code", name_on_wire(error.code)).field("message", error.message);
  std::string out = w.take();
  if (!extra.empty()) out.append(",").append(extra);
  return out.append("}}");
}

std::string_view Exchange::parameter(std::string_view name) const {
  for (const auto& [known, value] : parameters) {
    if (known == name) return value;
  }
  return {};
}

void Exchange::json(int status, std::string_view body, wire::Headers headers) {
  if (!headers.get("content-type")) headers.add("Content-Type", "application/json");
  if (!headers.get("cache-control")) headers.add("Cache-Control", "no-store");
  writer.send(status, headers, body);
}

wire::Headers error_headers(const Error& error) {
  wire::Headers headers;
  const int status = status_of(error);
  if (error.retry_after) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*error.retry_after).count();
    headers.add("Retry-After", std::to_string(std::max<int64_t>(1, seconds)));
  } else if (status == 503) {
    headers.add("Retry-After", "1");  // the contract promises one
  }
  if (status == 401) headers.add("WWW-Authenticate", "Bearer");
  return headers;
}

void Exchange::error(const Error& error, std::string_view extra) {
  if (error_answer != nullptr) return error_answer(*this, error);
  json(status_of(error), error_json(error, extra), error_headers(error));
}

SseStream::SseStream(ExchangePtr exchange, Millis keep_alive_every)
    : exchange_(std::move(exchange)), keep_alive_every_(keep_alive_every) {}

void SseStream::begin() {
  if (begun_) return;
  begun_ = true;
  // X-Accel-Buffering: nginx would else hold events back.
  exchange_->writer.begin(
      200, {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}});
  if (exchange_->request.method == "HEAD") return exchange_->writer.end();
  keep_alive(exchange_->writer, keep_alive_every_);
}

void SseStream::event(std::string_view name, std::string_view data, std::string_view id) {
  std::string text;
  text.reserve(data.size() + name.size() + id.size() + 32);
  if (!id.empty()) text.append("id: ").append(first_line(id)).push_back('\n');
  if (!name.empty()) text.append("event: ").append(first_line(name)).push_back('\n');
  append_lines(text, "data", data);
  text.push_back('\n');
  exchange_->writer.write(text);
}

void SseStream::end() { exchange_->writer.end(); }

}  // namespace tracia::http
