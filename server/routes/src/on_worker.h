// From a handler on a connection's thread to work that blocks, and back: what every route that touches a store does.
//
//   router.add("GET", "/api/v1/things", [&services](const http::ExchangePtr& exchange) {
//     const auto who = admit(services, exchange);
//     if (!who) return;
//     on_worker(services, exchange, [&services, project = who->project_id] {  // on a worker
//       const auto things = services.control->things(project);
//       return things ? answer_json(200, things_json(*things)) : answer_error(things.error());
//     });
//   });
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tracia/base/error.h"
#include "tracia/base/result.h"
#include "tracia/http/router.h"
#include "tracia/service/access.h"
#include "tracia/service/services.h"
#include "tracia/wire/http.h"

namespace tracia::routes {

// What the work came to: called once, on the connection's thread, also when the peer has left by then.
using Answer = std::function<void(http::Exchange&)>;

Answer answer_json(int status, std::string body, wire::Headers headers = {});
Answer answer_error(Error error, std::string extra = "");

// Runs `work` on services.workers and sends its answer. Answers kUnavailable at once when the workers' queue is full.
// `work` may read the exchange's request and parameters (nothing else does meanwhile), but must not answer by itself.
void on_worker(service::Services& services, const http::ExchangePtr& exchange, std::function<Answer()> work);

// Who asks, when they may (tracia/service/permissions.h, by method and route); otherwise the error has been answered.
// Does not block.
std::optional<service::Principal> admit(service::Services& services, const http::ExchangePtr& exchange);

// Whether the project exists and the asker may enter it: a key its own, a member those they were given. Not: the answer
// is project_not_found(). Does not block.
bool reaches_project(service::Services& services, const http::Exchange& exchange, const service::Principal& who,
                     std::string_view project_id);
Error project_not_found();

// Adds an operation that does all its work on a worker; an error is answered as it is.
using Operation = Result<Answer> (*)(service::Services&, const service::Principal&, const http::Exchange&);
void add_on_worker(http::Router& router, service::Services& services, std::string method, std::string pattern,
                   Operation operation);

}  // namespace tracia::routes
