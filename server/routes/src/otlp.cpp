// POST /v1/traces and POST /v1/logs: OpenTelemetry's OTLP over HTTP, in protobuf and JSON. An answer of 200 means that
// what was not rejected is on disk. Errors are google.rpc.Status in the encoding of the request.
#include "tracia/ingest/otlp.h"

#include <memory>
#include <utility>

#include "on_worker.h"
#include "span_requests.h"
#include "tracia/base/bytes.h"
#include "tracia/ingest/nested_calls.h"
#include "tracia/routes/routes.h"
#include "tracia/service/prices.h"

namespace tracia::routes {
namespace {

namespace otlp = ingest::otlp;
using otlp::Encoding;

constexpr size_t kOtlpBodyBytesMax = 32u << 20;  // decompressed

std::optional<Encoding> encoding_of(const http::Request& request) {
  std::string_view type = request.headers.get_or("Content-Type", "");
  type = trim(type.substr(0, type.find(';')));
  if (ascii_iequals(type, "application/x-protobuf") || ascii_iequals(type, "application/protobuf")) {
    return Encoding::kProtobuf;
  }
  if (ascii_iequals(type, "application/json")) return Encoding::kJson;
  return std::nullopt;
}

void send(http::Exchange& exchange, int status, Encoding encoding, std::string_view body, wire::Headers headers = {}) {
  headers.add("Content-Type", std::string(otlp::content_type(encoding)));
  exchange.json(status, body, std::move(headers));
}

void answer_status(http::Exchange& exchange, const Error& error) {
  const int status = http::status_of(error);
  const Encoding encoding = encoding_of(exchange.request).value_or(Encoding::kJson);
  send(exchange, status, encoding, otlp::status_body(encoding, status, error.message), http::error_headers(error));
}

// OTEL_EXPORTER_OTLP_HEADERS makes any header easy, but some exporters keep Authorization for themselves.
void adopt_key_header(http::Request& request) {
  if (request.headers.get("Authorization")) return;
  const auto key = request.headers.get("x-tracia-api-key");
  if (key) request.headers.add("Authorization", "Bearer " + std::string(*key));
}

class Receiver : public std::enable_shared_from_this<Receiver> {
 public:
  explicit Receiver(service::Services& services) : services_(services) {}

  void receive(const http::ExchangePtr& exchange, otlp::Signal signal) {
    adopt_key_header(exchange->request);
    auto who = admit(services_, exchange);
    if (!who) return;
    const auto encoding = encoding_of(exchange->request);
    if (!encoding) {
      Error error = Error::invalid("Content-Type must be application/x-protobuf or application/json");
      error.status = 415;
      return exchange->error(error);
    }
    decode_body(services_, exchange,
                [self = shared_from_this(), exchange, signal, encoding = *encoding, who = std::move(*who)] {
                  self->decode(exchange, signal, encoding, who);
                });
  }

 private:
  // On the connection's thread or a worker.
  void decode(const http::ExchangePtr& exchange, otlp::Signal signal, Encoding encoding,
              const service::Principal& who) {
    const std::string& project = who.project_id;
    const std::string& body = exchange->request.body;
    auto decoded = signal == otlp::Signal::kTraces
                       ? otlp::read_traces(body, encoding, project, prompt_ids(services_, project),
                                           services_.clock->now(), service::price_book(services_).get())
                       : otlp::read_logs(body, encoding, project);
    if (!decoded) {
      return exchange->writer.post([exchange, error = std::move(decoded).error()] { exchange->error(error); });
    }
    if (signal == otlp::Signal::kTraces) nested_.mark(decoded->spans, services_.clock->steady());
    std::string answer = otlp::response_body(encoding, signal, decoded->rejected, decoded->reason);
    if (decoded->spans.empty()) {
      return exchange->writer.post(
          [exchange, encoding, answer = std::move(answer)] { send(*exchange, 200, encoding, answer); });
    }
    append_spans(services_, who, std::move(decoded->spans),
                 [exchange, encoding, answer = std::move(answer)](auto result) {
                   exchange->writer.post([exchange, encoding, answer, result = std::move(result)] {
                     if (!result) return answer_refusal(*exchange, result.error());
                     send(*exchange, 200, encoding, answer);
                   });
                 });
  }

  service::Services& services_;
  ingest::NestedCalls nested_;
};

}  // namespace

void add_otlp(http::Router& router, service::Services& services) {
  const auto receiver = std::make_shared<Receiver>(services);
  const auto add = [&](const char* path, otlp::Signal signal) {
    router.add(
        "POST", path, [receiver, signal](const http::ExchangePtr& exchange) { receiver->receive(exchange, signal); },
        kOtlpBodyBytesMax, answer_status);
  };
  add("/v1/traces", otlp::Signal::kTraces);
  add("/v1/logs", otlp::Signal::kLogs);
}

}  // namespace tracia::routes
