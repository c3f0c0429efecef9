// POST /api/v1/prompts/{slug}/run and POST /api/v1/run. A run of a version that is in memory needs no worker: it goes
// from the connection's thread to the transport's loop, to the store's writer, and back.
#include "tracia/service/runs.h"

#include <utility>

#include "on_worker.h"
#include "run_request.h"
#include "run_stream.h"
#include "tracia/routes/routes.h"
#include "tracia/service/prompts.h"

namespace tracia::routes {
namespace {

using service::Principal;
using service::RunRequest;
using service::Services;

// Longer bodies are read on a worker: a connection's thread serves others too.
constexpr size_t kInlineBodyBytesMax = 1u << 20;

// One request, from the moment it was admitted.
struct Job {
  Services& services;
  http::ExchangePtr exchange;
  Principal who;
  transport::CancelToken cancel;  // cancelled when the peer leaves
};

// From any thread.
void refuse(const http::ExchangePtr& exchange, Error error) {
  exchange->writer.post([exchange, error = std::move(error)] { exchange->error(error); });
}

void start(const Job& job, RunRequest request) {
  auto listener = request.stream ? streamed_answer(job.exchange) : plain_answer(job.exchange);
  job.services.runs->start(job.who, std::move(request), job.cancel, std::move(listener));
}

void submit(const Job& job, std::function<void()> work) {
  if (const Status taken = job.services.workers->submit(std::move(work)); !taken) refuse(job.exchange, taken.error());
}

void start_prompt(const Job& job, RunRequest request, Result<service::PromptAt> at) {
  if (!at) return refuse(job.exchange, std::move(at).error());
  request.at = std::move(*at);
  start(job, std::move(request));
}

// Who an experiment assigns; "" = to be known once the parent's trace is.
std::string_view unit_of(const RunRequest& request) {
  return prompt::unit_of(request.user_id, request.session_id, request.trace_id);
}

void run_prompt(const Job& job) {
  VersionChoice choice;
  auto request = read_prompt_run(job.exchange->request.body, choice);
  if (!request) return refuse(job.exchange, std::move(request).error());
  const std::string slug(job.exchange->parameter("slug"));
  service::Prompts& prompts = *job.services.prompts;
  if (!service::needs_parent(*request)) service::settle_trace(job.services, job.who.project_id, *request);
  // Only for an experiment is it worth asking the store for the trace before the version is chosen.
  if (!unit_of(*request).empty() || !prompts.runs_experiment(job.who.project_id, slug)) {
    auto at = prompts.at_once(job.who.project_id, slug, choice.version, choice.label, unit_of(*request));
    if (!at) return refuse(job.exchange, std::move(at).error());
    if (*at) return start_prompt(job, std::move(*request), std::move(**at));
  }
  submit(job, [job, &prompts, slug, choice, request = std::move(*request)]() mutable {
    service::settle_trace(job.services, job.who.project_id, request);
    auto read = prompts.at(job.who.project_id, slug, choice.version, choice.label, unit_of(request));
    start_prompt(job, std::move(request), std::move(read));
  });
}

void run_unsaved(const Job& job) {
  auto request = read_unsaved_run(job.exchange->request.body);
  if (!request) return refuse(job.exchange, std::move(request).error());
  start(job, std::move(*request));
}

void add(http::Router& router, Services& services, const char* pattern, void (*run)(const Job&)) {
  router.add("POST", pattern, [&services, run](const http::ExchangePtr& exchange) {
    auto who = admit(services, exchange);
    if (!who) return;
    Job job{services, exchange, std::move(*who), {}};
    exchange->writer.on_close([cancel = job.cancel] { cancel.cancel(); });
    if (exchange->request.body.size() <= kInlineBodyBytesMax) return run(job);
    submit(job, [job, run] { run(job); });
  });
}

}  // namespace

void add_runs(http::Router& router, Services& services) {
  add(router, services, "/api/v1/prompts/{slug}/run", run_prompt);
  add(router, services, "/api/v1/run", run_unsaved);
}

}  // namespace tracia::routes
