// Everything that routes work with, made once by `tracia serve` (apps/tracia/serve.cpp), in the order of its members,
// and alive until the last request has ended.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "tracia/base/clock.h"
#include "tracia/config/config.h"
#include "tracia/service/control_cache.h"
#include "tracia/service/workers.h"
#include "tracia/store/control_store.h"
#include "tracia/store/span_store.h"

namespace tracia::service {

class Access;       // access.h: keys, accounts, login, CSRF; who asks
class Members;      // members.h: people, invitations
class Prompts;      // prompts.h: prompts, versions, labels
class Experiments;  // experiments.h: A/B tests of prompts, and their results
class Connections;  // connections.h: providers of a project, sealing, where a call goes
class Runs;         // runs.h: prompts.run and the unsaved run
class Gateway;      // gateway.h: OpenAI's dialect for any provider's models
class Evaluators;   // evaluators.h: what evaluations say, and which values they may have
class Policies;     // policies.h: what projects mask, and how long they keep spans
class Retention;    // retention.h: spans past their time, and those of a user to be forgotten
class Metrics;      // metrics.h: counters and histograms for /metrics
class Prices;       // prices.h: projects' own prices of models
class Spend;        // spend.h: what keys and projects spend, and the caps on it
class Log;          // log.h: structured lines on stderr

struct Services {
  const config::Config* config = nullptr;
  const Clock* clock = &system_clock();
  Log* log = nullptr;
  Metrics* metrics = nullptr;
  store::ControlStore* control = nullptr;
  store::SpanStore* spans = nullptr;
  ControlCache* cache = nullptr;
  Workers* workers = nullptr;  // reads of the store, writes of the control store
  Evaluators* evaluators = nullptr;
  Policies* policies = nullptr;
  Retention* retention = nullptr;
  Access* access = nullptr;
  Members* members = nullptr;
  Prompts* prompts = nullptr;
  Experiments* experiments = nullptr;
  Connections* connections = nullptr;
  Prices* prices = nullptr;  // nullptr: the catalog's alone
  Spend* spend = nullptr;    // nullptr: nothing is counted or capped
  Runs* runs = nullptr;
  Gateway* gateway = nullptr;
  const std::atomic<bool>* stopping = nullptr;  // true once the server began to stop; nullptr: it never does
};

}  // namespace tracia::service
