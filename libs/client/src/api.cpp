#include "api.h"

#include "sender.h"
#include "tracia/wire/http.h"

namespace tracia::client {
namespace {

// Host and port alone: a base URL may carry a password.
std::string server_name(const ClientCore& core) {
  const auto parts = wire::split_url(core.base_url);
  return parts ? std::string(parts->authority) : "the base URL";
}

}  // namespace

Result<ApiAnswer> call_api(ClientCore& core, const ApiRequest& request) {
  if (core.api_key.empty()) {
    return fail(Error::invalid("An API key is required. Pass api_key or set the TRACIA_API_KEY environment variable."));
  }
  wire::HttpRequest http{
      .method = request.method, .url = wire::join_url(core.base_url, request.path), .body = request.body};
  http.headers.add("authorization", "Bearer " + core.api_key);
  http.headers.add("accept", "application/json");
  if (!request.body.empty()) http.headers.add("content-type", "application/json");
  transport::ExchangeOptions options;
  options.cancel = request.cancel;
  options.deadlines.total = request.timeout_ms.value_or(0) > 0 ? Millis{*request.timeout_ms} : core.options.api_timeout;
  auto response = core.transport->fetch(http, options);
  if (!response) return fail(std::move(response).error());
  if (response->status >= 400) return fail(api_error(*response));
  ApiAnswer answer;
  if (response->body.empty()) return answer;
  auto root = answer.document.parse_lenient(response->body);
  if (!root) {
    return fail(
        {.code = ErrorCode::kUnknown,
         .kind = ErrorKind::kMalformedResponse,
         .message = "The Tracia server at " + server_name(core) + " sent an answer that is " + root.error().message,
         .status = response->status});
  }
  answer.root = *root;
  return answer;
}

}  // namespace tracia::client
