// POST /v1/chat/completions, /v1/responses, /v1/embeddings and GET /v1/models. Bodies of usual size are read on the
// connection's thread, and the call runs there too: from the client to the provider and back no thread is changed.
#include "tracia/service/gateway.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "gateway_labels.h"
#include "on_worker.h"
#include "tracia/gateway/answer.h"
#include "tracia/gateway/request.h"
#include "tracia/routes/routes.h"

namespace tracia::routes {
namespace {

using gateway::Dialect;
using service::Gateway;
using service::GatewayEnd;
using service::GatewayIds;
using service::GatewayRequest;
using service::Principal;
using service::Services;

// Longer bodies are read on a worker: a connection's thread serves others too.
constexpr size_t kBodyBytesMax = 32u << 20;  // decompressed
constexpr size_t kInlineBodyBytesMax = 1u << 20;

// OpenAI's shape, on the connection's thread.
void answer_error(http::Exchange& exchange, const Error& error) {
  wire::Headers headers;
  const int status = gateway::status_of(error);
  if (error.retry_after) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*error.retry_after).count();
    headers.add("Retry-After", std::to_string(std::max<int64_t>(1, seconds)));
  } else if (status == 429 || status == 503) {
    headers.add("Retry-After", "1");  // the contract promises one
  }
  if (error.code == ErrorCode::kUnauthorized) headers.add("WWW-Authenticate", "Bearer");
  exchange.json(status, gateway::error_json(error), std::move(headers));
}

// One answer, on its way from the threads that make it to the connection's.
class GatewayAnswer : public std::enable_shared_from_this<GatewayAnswer> {
 public:
  GatewayAnswer(const http::ExchangePtr& exchange, Dialect dialect, bool stream)
      : exchange_(exchange), dialect_(dialect), stream_(stream), events_(exchange) {}

  Gateway::Listener listener() {
    return {.on_begin = [self = shared_from_this()](const GatewayIds& ids) { self->begin(ids); },
            .on_events = [self = shared_from_this()](const std::string& events) { self->queue(events); },
            .on_end = [self = shared_from_this()](GatewayEnd end) { self->end(std::move(end)); }};
  }
  void refuse(const Error& error) { end({.error = error}); }

 private:
  void begin(const GatewayIds& ids) {
    const std::lock_guard lock(mutex_);
    ids_ = ids;
  }

  void queue(std::string_view events) {
    {
      const std::lock_guard lock(mutex_);
      queue_.append(events);
      if (std::exchange(posted_, true)) return;
    }
    exchange_->writer.post([self = shared_from_this()] { self->flush(); });
  }

  void end(GatewayEnd end) {
    exchange_->writer.post([self = shared_from_this(), end = std::move(end)] {
      self->flush();
      self->finish(end);
    });
  }

  // What follows runs on the connection's thread.

  void flush() {
    std::string ready;
    {
      const std::lock_guard lock(mutex_);
      ready.swap(queue_);
      posted_ = false;
    }
    if (ready.empty() || !exchange_->writer.open()) return;
    begin_stream();
    exchange_->writer.write(ready);
  }

  void finish(const GatewayEnd& end) {
    if (!exchange_->writer.open()) return;
    if (!stream_ || (end.error && !events_.begun())) {
      add_ids();
      if (end.error) return answer_error(*exchange_, *end.error);
      return exchange_->json(200, end.bytes);
    }
    begin_stream();
    exchange_->writer.write(end.error ? gateway::error_event(dialect_, *end.error) : end.bytes);
    events_.end();
  }

  void begin_stream() {
    if (!events_.begun()) add_ids();
    events_.begin();
  }

  void add_ids() {
    const std::lock_guard lock(mutex_);
    if (ids_.span_id.empty()) return;
    exchange_->writer.add_header("x-tracia-span-id", ids_.span_id);
    exchange_->writer.add_header("x-tracia-trace-id", ids_.trace_id);
  }

  http::ExchangePtr exchange_;
  const Dialect dialect_;
  const bool stream_;
  http::SseStream events_;
  std::mutex mutex_;
  GatewayIds ids_;     // empty: no call was begun
  std::string queue_;  // whole events
  bool posted_ = false;
};

// One request, from the moment it was admitted.
struct Job {
  Services& services;
  http::ExchangePtr exchange;
  Principal who;
  transport::CancelToken cancel;  // cancelled when the peer leaves
};

void start(const Job& job, Result<GatewayRequest> request) {
  Dialect dialect = Dialect::kChatCompletions;
  bool stream = false;
  if (request) {
    if (const auto* chat = std::get_if<gateway::ChatInput>(&request->input)) {
      dialect = chat->dialect;
      stream = chat->stream;
    }
  }
  const auto answer = std::make_shared<GatewayAnswer>(job.exchange, dialect, stream);
  if (!request) return answer->refuse(request.error());
  request->body = std::move(job.exchange->request.body);
  if (const Status labels = read_gateway_labels(job.exchange->request.headers, *request); !labels) {
    return answer->refuse(labels.error());
  }
  job.services.gateway->start(job.who, std::move(*request), job.cancel, answer->listener());
}

template <auto kRead>
void run(const Job& job) {
  auto input = kRead(job.exchange->request.body);
  if (!input) return start(job, fail(std::move(input).error()));
  start(job, GatewayRequest{.input = std::move(*input)});
}

// Azure's clients and Anthropic's send the key in a header of their own.
void take_key_header(wire::Headers& headers) {
  if (headers.get("authorization")) return;
  for (const std::string_view name : {"api-key", "x-api-key"}) {
    const auto key = headers.get(name);
    if (!key) continue;
    headers.add("Authorization", "Bearer " + std::string(*key));
    return;
  }
}

std::optional<Principal> admit_client(Services& services, const http::ExchangePtr& exchange) {
  take_key_header(exchange->request.headers);
  auto who = services.access->authenticate(*exchange);
  if (who) return std::move(*who);
  answer_error(*exchange, who.error());
  return std::nullopt;
}

void add(http::Router& router, Services& services, const char* pattern, void (*run)(const Job&)) {
  const auto handler = [&services, run](const http::ExchangePtr& exchange) {
    auto who = admit_client(services, exchange);
    if (!who) return;
    Job job{services, exchange, std::move(*who), {}};
    exchange->writer.on_close([cancel = job.cancel] { cancel.cancel(); });
    if (exchange->request.body.size() <= kInlineBodyBytesMax) return run(job);
    const Status taken = services.workers->submit([job, run] { run(job); });
    if (!taken) answer_error(*exchange, taken.error());
  };
  router.add("POST", pattern, handler, kBodyBytesMax, answer_error);
}

}  // namespace

void add_gateway(http::Router& router, Services& services) {
  add(router, services, "/v1/chat/completions", run<gateway::read_chat>);
  add(router, services, "/v1/responses", run<gateway::read_responses>);
  add(router, services, "/v1/embeddings", run<gateway::read_embeddings>);
  const auto models = [&services](const http::ExchangePtr& exchange) {
    const auto who = admit_client(services, exchange);
    if (who) exchange->json(200, services.gateway->models_json(who->project_id));
  };
  router.add("GET", "/v1/models", models, kBodyBytesMax, answer_error);
}

}  // namespace tracia::routes
