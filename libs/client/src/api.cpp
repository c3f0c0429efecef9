#include "api.h"

#include <limits>

#include "sender.h"

namespace tracia::client {
namespace {

constexpr size_t kPathBytesMax = 16u << 10;
constexpr int kPageMax = 100;  // what the server gives at most

// Host and port alone: a base URL may carry a password.
std::string server_name(const ClientCore& core) {
  const auto parts = wire::split_url(core.base_url);
  return parts ? std::string(parts->authority) : "the base URL";
}

Status check_path(std::string_view path) {
  if (!path.starts_with('/')) return fail(Error::invalid("path must begin with '/'"));
  if (path.size() > kPathBytesMax) {
    return fail(Error::invalid("path must be at most " + std::to_string(kPathBytesMax) + " bytes"));
  }
  for (const char c : path) {
    if (c <= ' ' || c == 0x7F || c == '#') return fail(Error::invalid("path must be percent-encoded"));
  }
  return {};
}

Result<ApiResponse> read_response(wire::HttpResponse response) {
  if (response.status >= 400) return fail(api_error(response));
  return ApiResponse{.status = response.status, .body = std::move(response.body)};
}

// Hands a success on as it comes, and keeps a refusal.
class StreamedAnswer final : public transport::ResponseHandler {
 public:
  explicit StreamedAnswer(const std::function<bool(std::string_view)>& on_bytes) : on_bytes_(on_bytes) {}

  void on_head(wire::HttpResponseHead head) override { refusal_.on_head(std::move(head)); }
  bool on_body(std::string_view bytes) override {
    if (!refused()) return on_bytes_(bytes);
    return refusal_.on_body(bytes.substr(0, kRefusalBytesMax)) && refusal_.response.body.size() < kRefusalBytesMax;
  }

  bool refused() const { return refusal_.response.status >= 400; }
  Error error() const { return api_error(refusal_.response); }

 private:
  static constexpr size_t kRefusalBytesMax = 64u << 10;
  const std::function<bool(std::string_view)>& on_bytes_;
  transport::ResponseCollector refusal_;
};

}  // namespace

Result<wire::HttpRequest> api_http_request(const ClientCore& core, const ApiRequest& request) {
  if (core.api_key.empty()) {
    return fail(Error::invalid("An API key is required. Pass api_key or set the TRACIA_API_KEY environment variable."));
  }
  TRACIA_TRY(check_path(request.path));
  wire::HttpRequest http{
      .method = request.method, .url = wire::join_url(core.base_url, request.path), .body = request.body};
  http.headers.add("authorization", "Bearer " + core.api_key);
  http.headers.add("accept", "application/json");
  if (!request.body.empty()) http.headers.add("content-type", "application/json");
  if (!request.last_event_id.empty()) http.headers.add("last-event-id", request.last_event_id);
  return http;
}

transport::ExchangeOptions api_exchange_options(const ClientCore& core, const ApiRequest& request) {
  transport::ExchangeOptions options;
  options.cancel = request.cancel;
  options.deadlines.total = request.timeout_ms.value_or(0) > 0 ? Millis{*request.timeout_ms} : core.options.api_timeout;
  return options;
}

Error aborted() {
  return {.code = ErrorCode::kAborted, .kind = ErrorKind::kAborted, .message = "The call was cancelled"};
}

Error malformed_answer(const ClientCore& core, int status, const std::string& what) {
  return {.code = ErrorCode::kUnknown,
          .kind = ErrorKind::kMalformedResponse,
          .message = "The Tracia server at " + server_name(core) + " sent an answer that is " + what,
          .status = status};
}

Result<ApiResponse> fetch_api(ClientCore& core, const ApiRequest& request) {
  const auto http = api_http_request(core, request);
  if (!http) return fail(http.error());
  const calls::Driver::Activity activity(*core.driver, request.cancel);
  auto options = api_exchange_options(core, request);
  options.cancel = activity.cancel();
  options.interrupted = core.options.interrupted;
  auto response = core.transport->fetch(*http, options);
  if (!response) return fail(std::move(response).error());
  return read_response(std::move(*response));
}

Status stream_api(ClientCore& core, const ApiRequest& request, const std::function<bool(std::string_view)>& on_bytes) {
  const auto http = api_http_request(core, request);
  if (!http) return fail(http.error());
  const calls::Driver::Activity activity(*core.driver, request.cancel);
  auto options = api_exchange_options(core, request);
  options.deadlines.first_byte = std::exchange(options.deadlines.total, Millis{0});
  options.deadlines.idle = options.deadlines.first_byte;
  options.body_bytes_max = std::numeric_limits<size_t>::max();
  options.cancel = activity.cancel();
  options.interrupted = core.options.interrupted;
  StreamedAnswer answer(on_bytes);
  const transport::Outcome outcome = core.transport->perform(*http, options, answer);
  if (answer.refused()) return fail(answer.error());
  return outcome.status;
}

CallHandle start_api(const std::shared_ptr<ClientCore>& core, const ApiRequest& request, Callback<ApiResponse> done) {
  auto http = api_http_request(*core, request);
  if (!http) {
    refuse_later(*core, std::move(done), std::move(http).error());
    return {};
  }
  auto collector = std::make_shared<transport::ResponseCollector>();
  return CallHandle(calls::start_exchange(driver_of(core), std::move(*http), api_exchange_options(*core, request),
                                          collector, [collector, done = std::move(done)](transport::Outcome outcome) {
                                            if (!outcome.status) {
                                              done(fail(std::move(outcome.status).error()));
                                            } else {
                                              done(read_response(std::move(collector->response)));
                                            }
                                          }));
}

Result<ApiAnswer> call_api(ClientCore& core, const ApiRequest& request) {
  const auto response = fetch_api(core, request);
  if (!response) return fail(response.error());
  return parse_answer(core, *response);
}

Result<ApiAnswer> parse_answer(const ClientCore& core, const ApiResponse& response) {
  ApiAnswer answer;
  if (response.body.empty()) return answer;
  auto root = answer.document.parse_lenient(response.body);
  if (!root) return fail(malformed_answer(core, response.status, root.error().message));
  answer.root = *root;
  return answer;
}

std::string next_cursor(const json::Value& page) {
  const json::Value next = page["nextCursor"];
  return next.is_string() ? next.text() : page["cursor"].text();
}

Status each_page(ClientCore& core, const std::string& path, const std::function<Status(const json::Value&)>& on_page) {
  std::string cursor;
  while (true) {
    std::string page = path + "?limit=" + std::to_string(kPageMax);
    if (!cursor.empty()) page.append("&cursor=").append(wire::percent_encode(cursor));
    const auto answer = call_api(core, {.path = std::move(page)});
    if (!answer) return fail(answer.error());
    TRACIA_TRY(on_page(answer->root));
    std::string next = next_cursor(answer->root);
    if (next.empty()) return {};
    if (next == cursor) return fail(malformed_answer(core, 200, "a page that leads to itself"));
    cursor = std::move(next);
  }
}

}  // namespace tracia::client
