#include "on_worker.h"

#include <memory>
#include <utility>

#include "tracia/service/control_cache.h"
#include "tracia/service/permissions.h"

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

std::optional<service::Principal> admit(service::Services& services, const http::ExchangePtr& exchange) {
  auto who = services.access->authenticate(*exchange);
  if (who) return std::move(*who);
  exchange->error(who.error());
  return std::nullopt;
}

bool reaches_project(service::Services& services, const http::Exchange& exchange, const service::Principal& who,
                     std::string_view project_id) {
  if (!services.cache->project(project_id)) return false;
  if (!who.is_member()) return project_id == who.project_id;
  const auto session = services.access->signed_in(exchange);
  return session && service::may_enter(session->first, project_id);
}

Error project_not_found() {
  return {.code = ErrorCode::kNotFound, .kind = ErrorKind::kNotFound, .message = "Project not found"};
}

void add_on_worker(http::Router& router, service::Services& services, std::string method, std::string pattern,
                   Operation operation) {
  router.add(std::move(method), std::move(pattern), [&services, operation](const http::ExchangePtr& exchange) {
    auto who = admit(services, exchange);
    if (!who) return;
    on_worker(services, exchange, [&services, operation, exchange, who = std::move(*who)]() -> Answer {
      auto answer = operation(services, who, *exchange);
      return answer ? std::move(*answer) : answer_error(std::move(answer).error());
    });
  });
}

}  // namespace tracia::routes
