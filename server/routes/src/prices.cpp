// GET /api/v1/models, and the prices that a project sets for itself.
#include "tracia/service/prices.h"

#include <utility>

#include "models_json.h"
#include "on_worker.h"
#include "request_json.h"
#include "tracia/routes/routes.h"
#include "tracia/service/access.h"
#include "tracia/service/audit.h"

namespace tracia::routes {
namespace {

using service::record_audit;
using service::Services;

constexpr size_t kBodyBytesMax = 16u << 10;  // a few figures

void list_models(Services& services, const http::ExchangePtr& exchange) {
  const auto who = admit(services, exchange);
  if (!who) return;
  exchange->json(200, models_json(services.clock->now(), who->project_id, service::price_book(services).get()));
}

void put_price(Services& services, const http::ExchangePtr& exchange) {
  auto who = admit(services, exchange);
  if (!who) return;
  on_worker(services, exchange, [&services, exchange, who = std::move(*who)]() -> Answer {
    const auto body = read_object(exchange->request.body);
    if (!body) return answer_error(body.error());
    const auto price = services.prices->put(who.project_id, exchange->parameter("provider"),
                                            exchange->parameter("model"), body->value);
    if (!price) return answer_error(price.error());
    json::Writer w;
    w.begin_object().field("provider", price->provider).field("model", price->model);
    service::write_own_rates(w, price->rates);
    w.field("source", "project").end_object();
    std::string answer = w.take();
    record_audit(services, *exchange, who, "price.set", price->provider + "/" + price->model, answer);
    return answer_json(200, std::move(answer));
  });
}

void remove_price(Services& services, const http::ExchangePtr& exchange) {
  auto who = admit(services, exchange);
  if (!who) return;
  on_worker(services, exchange, [&services, exchange, who = std::move(*who)]() -> Answer {
    const std::string_view provider = exchange->parameter("provider"), model = exchange->parameter("model");
    const Status removed = services.prices->remove(who.project_id, provider, model);
    if (!removed) return answer_error(removed.error());
    record_audit(services, *exchange, who, "price.remove", std::string(provider) + "/" + std::string(model));
    return answer_json(200, R"({"success":true})");
  });
}

}  // namespace

void add_prices(http::Router& router, Services& services) {
  const auto add = [&](const char* method, const char* pattern, void (*handler)(Services&, const http::ExchangePtr&)) {
    const auto bound = [&services, handler](const http::ExchangePtr& exchange) { handler(services, exchange); };
    router.add(method, pattern, bound, kBodyBytesMax);
  };
  add("GET", "/api/v1/models", list_models);
  add("PUT", "/api/v1/models/{provider}/{model}/price", put_price);
  add("DELETE", "/api/v1/models/{provider}/{model}/price", remove_price);
}

}  // namespace tracia::routes
