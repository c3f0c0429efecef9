// A run's answer, plain or as server-sent events, on its way from the threads that make it to the connection's thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "tracia/http/router.h"
#include "tracia/service/runs.h"

namespace tracia::routes {

// One RunResult, or an error.
service::Runs::Listener plain_answer(const http::ExchangePtr& exchange);

// Events `delta`, `reasoning`, `tool_call`, then `done` or `error`. What fails before the first event is an ordinary
// error answer.
service::Runs::Listener streamed_answer(const http::ExchangePtr& exchange);

}  // namespace tracia::routes
