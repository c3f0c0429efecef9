// One request to the Tracia server's API. Private to libs/client.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "core.h"
#include "tracia/json/reader.h"
#include "tracia/wire/http.h"

namespace tracia::client {

// A successful answer, parsed. Values live as long as this; the root of an empty answer is missing.
struct ApiAnswer {
  json::Document document;
  json::Value root;
};

// The request as it is sent, with the client's key. INVALID_REQUEST: no key, or a path that is none.
Result<wire::HttpRequest> api_http_request(const ClientCore& core, const ApiRequest& request);
// Its deadline, bounds and cancellation (the request's own token).
transport::ExchangeOptions api_exchange_options(const ClientCore& core, const ApiRequest& request);
Error aborted();
// An answer of the server that makes no sense: `what` follows "sent an answer that is ".
Error malformed_answer(const ClientCore& core, int status, const std::string& what);

// Errors: the server's (api_error), NETWORK_ERROR, TIMEOUT, ABORTED, and those of api_http_request().
Result<ApiResponse> fetch_api(ClientCore& core, const ApiRequest& request);
// See Client::request_stream().
Status stream_api(ClientCore& core, const ApiRequest& request, const std::function<bool(std::string_view)>& on_bytes);
// The same on the loop, where `done` runs, also for errors of the input.
CallHandle start_api(const std::shared_ptr<ClientCore>& core, const ApiRequest& request, Callback<ApiResponse> done);

// A fetch_api() whose answer is JSON.
Result<ApiAnswer> call_api(ClientCore& core, const ApiRequest& request);
Result<ApiAnswer> parse_answer(const ClientCore& core, const ApiResponse& response);
// Asks for page after page of a list, each given to `on_page`, until the last. Each page says where the next one begins
// (`nextCursor`; a hosted server says `cursor`).
Status each_page(ClientCore& core, const std::string& path, const std::function<Status(const json::Value&)>& on_page);
// "" = the last page.
std::string next_cursor(const json::Value& page);

// Gives `result` to `done` on the loop, or wherever the loop drops it because the client goes.
template <typename T>
void deliver_later(ClientCore& core, Callback<T> done, Result<T> result) {
  struct Delivery {
    Callback<T> done;
    Result<T> result;
    void tell() {
      if (const auto to = std::exchange(done, nullptr)) to(std::move(result));
    }
    ~Delivery() { tell(); }
  };
  std::shared_ptr<Delivery> delivery(new Delivery{std::move(done), std::move(result)});
  core.transport->schedule(Millis{0}, [delivery = std::move(delivery)] { delivery->tell(); });
}
// Also errors of the input arrive through the callback, so that there is one way to handle them.
template <typename T>
void refuse_later(ClientCore& core, Callback<T> done, Error error) {
  deliver_later<T>(core, std::move(done), fail(std::move(error)));
}

}  // namespace tracia::client
