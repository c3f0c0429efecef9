// Error bodies and headers as each vendor words them. Source: the vendors' API references and recorded answers.
#include <algorithm>

#include "answer.h"
#include "tracia/base/bytes.h"

namespace tracia::simulate {
namespace {

std::string openai_type(int status) {
  switch (status) {
    case 429: return "requests";
    case 500:
    case 502:
    case 503:
    case 504: return "server_error";
    default: return "invalid_request_error";
  }
}

std::string openai_body(const VendorError& error) {
  json::Writer w;
  w.begin_object().key("error").begin_object();
  w.field("message", error.message).field("type", error.type.empty() ? openai_type(error.status) : error.type);
  w.key("param");
  if (error.param.empty())
    w.null();
  else
    w.value(error.param);
  w.key("code");
  if (error.code.empty())
    w.null();
  else
    w.value(error.code);
  w.end_object().end_object();
  return w.take();
}

std::string anthropic_type(int status) {
  switch (status) {
    case 401: return "authentication_error";
    case 402: return "billing_error";
    case 403: return "permission_error";
    case 404: return "not_found_error";
    case 408:
    case 504: return "timeout_error";
    case 413: return "request_too_large";
    case 429: return "rate_limit_error";
    case 529: return "overloaded_error";
    default: return status >= 500 ? "api_error" : "invalid_request_error";
  }
}

std::string anthropic_body(const VendorError& error, std::string_view request_id) {
  json::Writer w;
  w.begin_object().field("type", "error").key("error").begin_object();
  w.field("type", error.type.empty() ? anthropic_type(error.status) : error.type).field("message", error.message);
  w.end_object().field("request_id", request_id).end_object();
  return w.take();
}

std::string google_status(int status) {
  switch (status) {
    case 400: return "INVALID_ARGUMENT";
    case 401: return "UNAUTHENTICATED";
    case 403: return "PERMISSION_DENIED";
    case 404: return "NOT_FOUND";
    case 409: return "ABORTED";
    case 429: return "RESOURCE_EXHAUSTED";
    case 499: return "CANCELLED";
    case 501: return "UNIMPLEMENTED";
    case 503: return "UNAVAILABLE";
    case 504: return "DEADLINE_EXCEEDED";
    default: return status >= 500 ? "INTERNAL" : "FAILED_PRECONDITION";
  }
}

std::string google_body(const VendorError& error, Millis retry_after) {
  json::Writer w;
  w.begin_object().key("error").begin_object();
  w.field("code", error.status).field("message", error.message);
  w.field("status", google_status(error.status));
  if (!error.code.empty()) {  // the reason, as google.rpc.ErrorInfo
    w.key("details").begin_array().begin_object();
    w.field("@type", "type.googleapis.com/google.rpc.ErrorInfo").field("reason", error.code);
    w.field("domain", "googleapis.com").end_object().end_array();
  } else if (retry_after.count() > 0) {
    w.key("details").begin_array().begin_object();
    w.field("@type", "type.googleapis.com/google.rpc.RetryInfo");
    w.field("retryDelay", std::to_string((retry_after.count() + 999) / 1000) + "s").end_object().end_array();
  }
  w.end_object().end_object();
  return w.take();
}

std::string bedrock_type(int status) {
  switch (status) {
    case 401:
    case 403: return "AccessDeniedException";
    case 404: return "ResourceNotFoundException";
    case 408: return "ModelTimeoutException";
    case 424: return "ModelErrorException";
    case 429: return "ThrottlingException";
    case 503: return "ServiceUnavailableException";
    default: return status >= 500 ? "InternalServerException" : "ValidationException";
  }
}

std::string usual_message(Vendor vendor, int status) {
  const bool google = vendor == Vendor::kGoogle, anthropic = vendor == Vendor::kAnthropic,
             aws = vendor == Vendor::kBedrock;
  switch (status) {
    case 401: return anthropic ? "invalid x-api-key" : "Incorrect API key provided.";
    case 403: return "You are not allowed to do this.";
    case 408: return "The request took too long.";
    case 413: return anthropic ? "Request exceeds the maximum size" : "The request is too large.";
    case 429:
      if (anthropic) return "This request would exceed your account's rate limit. Please try again later.";
      if (google) return "Resource has been exhausted (e.g. check quota).";
      if (aws) return "Too many requests, please wait before trying again.";
      return "Rate limit reached for requests. Please try again later.";
    case 503:
      return google ? "The model is overloaded. Please try again later."
                    : "Service temporarily unavailable. Please try again later.";
    case 529: return "Overloaded";
    default:
      if (status < 500) return "The request is not valid.";
      return anthropic ? "Internal server error" : "The server had an error while processing your request.";
  }
}

}  // namespace

std::pair<std::string, std::string> request_id_header(Vendor vendor, uint64_t hash) {
  Rng rng(hash ^ 0x1D);
  switch (vendor) {
    case Vendor::kOpenAi: return {"x-request-id", "req_" + make_hex(rng, 32)};
    case Vendor::kAnthropic: return {"request-id", make_id("req_01", rng, 22)};
    case Vendor::kBedrock: return {"x-amzn-RequestId", make_uuid(rng)};
    case Vendor::kGoogle: return {"server-timing", "gfet4t7; dur=" + std::to_string(20 + rng.below(400))};
    case Vendor::kVoyage: break;
  }
  return {"x-request-id", make_uuid(rng)};
}

Answer error_answer(Vendor vendor, const VendorError& error, uint64_t hash) {
  Answer answer{.vendor = vendor, .status = error.status};
  auto id = request_id_header(vendor, hash);
  switch (vendor) {
    case Vendor::kOpenAi: answer.body = openai_body(error); break;
    case Vendor::kAnthropic: answer.body = anthropic_body(error, id.second); break;
    case Vendor::kGoogle: answer.body = google_body(error, Millis(0)); break;
    case Vendor::kVoyage:
      answer.body = json::Writer().begin_object().field("detail", error.message).end_object().take();
      break;
    case Vendor::kBedrock:
      answer.body = json::Writer().begin_object().field("message", error.message).end_object().take();
      answer.headers.add("x-amzn-ErrorType", (error.type.empty() ? bedrock_type(error.status) : error.type) +
                                                 ":http://internal.amazon.com/coral/com.amazon.bedrock/");
      break;
  }
  answer.headers.add("Content-Type",
                     vendor == Vendor::kGoogle ? "application/json; charset=UTF-8" : "application/json");
  answer.headers.add(std::move(id.first), std::move(id.second));
  return answer;
}

Answer fault_answer(Vendor vendor, int status, Millis retry_after, uint64_t hash) {
  VendorError error{.status = status, .message = usual_message(vendor, status)};
  if (vendor == Vendor::kOpenAi && status == 429) error.code = "rate_limit_exceeded";
  if (vendor == Vendor::kOpenAi && status == 401) error.code = "invalid_api_key";
  Answer answer = error_answer(vendor, error, hash);
  if (status == 429 || status == 503 || status == 529) {
    // Google tells the delay in the body, AWS not at all.
    if (vendor == Vendor::kGoogle)
      answer.body = google_body(error, retry_after);
    else if (vendor != Vendor::kBedrock)
      answer.headers.add("retry-after", std::to_string((retry_after.count() + 999) / 1000));
  }
  return answer;
}

Answer json_answer(Vendor vendor, std::string body, uint64_t hash) {
  Answer answer{.vendor = vendor};
  answer.headers.add("Content-Type",
                     vendor == Vendor::kGoogle ? "application/json; charset=UTF-8" : "application/json");
  auto id = request_id_header(vendor, hash);
  answer.headers.add(std::move(id.first), std::move(id.second));
  if (vendor == Vendor::kOpenAi) answer.headers.add("openai-version", "2020-10-01");
  answer.body = std::move(body);
  return answer;
}

Answer stream_answer(Vendor vendor, StreamKind kind, uint64_t hash) {
  Answer answer{.vendor = vendor, .stream = kind};
  std::string type = "text/event-stream";
  if (vendor == Vendor::kOpenAi || vendor == Vendor::kAnthropic) type += "; charset=utf-8";
  if (kind == StreamKind::kJsonArray) type = "application/json; charset=UTF-8";
  if (kind == StreamKind::kEventStream) type = "application/vnd.amazon.eventstream";
  answer.headers.add("Content-Type", std::move(type));
  auto id = request_id_header(vendor, hash);
  answer.headers.add(std::move(id.first), std::move(id.second));
  if (kind == StreamKind::kSse) answer.headers.add("Cache-Control", "no-cache");
  return answer;
}

int64_t pretend_time(uint64_t hash) { return 1'750'000'000 + static_cast<int64_t>(hash % 10'000'000); }

bool is_unknown_model(std::string_view model) {
  return model.find("nonexistent") != std::string_view::npos || model.find("non-existent") != std::string_view::npos;
}

}  // namespace tracia::simulate
