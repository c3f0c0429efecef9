#include "on_worker.h"

#include <memory>
#include <utility>

namespace tracia::routes {

Answer answer_json(int status, std::string body, wire::Headers headers) {
  return [status, body = std::move(body), headers = std::move(headers)](http::Exchange& exchange) {
    exchange.json(status, body, headers);
  };
}

Answer answer_error(Error error, std::string extra) {
  return
      [error = std::move(error), extra = std::move(extra)](http::Exchange& exchange) { exchange.error(error, extra); };
}

void on_worker(service::Services& services, const http::ExchangePtr& exchange, std::function<Answer()> work) {
  const Status taken = services.workers->submit([exchange, work = std::move(work)] {
    exchange->writer.post([exchange, answer = work()] { answer(*exchange); });
  });
  if (!taken) exchange->error(taken.error());
}

std::optional<service::Principal> admit(service::Services& services, const http::ExchangePtr& exchange,
                                        service::Need need) {
  auto who = services.access->authenticate(*exchange, need);
  if (who) return std::move(*who);
  exchange->error(who.error());
  return std::nullopt;
}

}  // namespace tracia::routes
