#include "tracia/simulate/simulator.h"

#include <mutex>
#include <unordered_map>

#include "answer.h"
#include "faults.h"
#include "player.h"
#include "request_log.h"

namespace tracia::simulate {
namespace {

// Distinct bodies counted for fail_first; beyond it nothing new fails.
constexpr size_t kCountedBodiesMax = 65536;
constexpr std::string_view kControlPrefix = "/_simulator/";

std::string_view fault_name(const FaultPlan& plan) {
  switch (plan.fault) {
    case Fault::kStatus: return "status";
    case Fault::kCut: return "cut";
    case Fault::kMalformed: return "malformed";
    case Fault::kStall: return "stall";
    case Fault::kNone: return "";
  }
  return "";
}

}  // namespace

struct Simulator::Impl {
  explicit Impl(SimulatorOptions o) : options(std::move(o)) {}

  SimulatorOptions options;
  RequestLog log;
  std::mutex seen_mutex;
  std::unordered_map<uint64_t, int> seen;  // request hash: failures so far
  std::unique_ptr<http::Server> server;    // last: its threads use the rest

  void handle(http::Request& request, http::ResponseWriter writer) {
    if (request.path.starts_with(kControlPrefix)) return control(request, writer);
    thread_local json::Document document;  // its buffers are kept from one request to the next
    const uint64_t hash = request_hash(request, options.seed);
    Answer answer = answer_request(options, request, document);
    Result<FaultPlan> plan =
        plan_faults(options, request.headers.get_or("x-simulate", ""), hash, answer.stream != StreamKind::kNone);
    if (!plan) {
      answer = error_answer(answer.vendor, {.status = 400, .message = plan.error().message}, hash);
      plan = FaultPlan{};
    } else if (answer.status != 200 && plan->fault != Fault::kStatus) {
      plan->fault = Fault::kNone;  // an error is not cut or broken
    }
    if (options.fail_first > 0 && fails_first(hash)) {
      plan->fault = Fault::kStatus;
      plan->status = 503;
    }
    if (plan->fault == Fault::kStatus) answer = fault_answer(answer.vendor, plan->status, plan->retry_after, hash);
    log.add(request, answer.status, fault_name(*plan));
    if (plan->fault == Fault::kStatus) plan->fault = Fault::kNone;  // the answer is the fault
    play(options, std::move(answer), *plan, hash, std::move(writer));
  }

  bool fails_first(uint64_t hash) {
    const std::lock_guard lock(seen_mutex);
    if (seen.size() >= kCountedBodiesMax && !seen.contains(hash)) return false;
    int& count = seen[hash];
    if (count >= options.fail_first) return false;
    ++count;
    return true;
  }

  void control(const http::Request& request, http::ResponseWriter& writer) {
    const wire::Headers json = {{"Content-Type", "application/json"}};
    const std::string_view what = std::string_view(request.path).substr(kControlPrefix.size());
    if (what == "health" && request.method == "GET") return writer.send(200, json, R"({"status":"ok"})");
    if (what != "requests") {
      return writer.send(
          404, json,
          R"({"error":{"code":"NOT_FOUND","message":"Known here: GET /_simulator/health, GET and DELETE /_simulator/requests."}})");
    }
    if (request.method == "GET") return writer.send(200, json, log.to_json());
    if (request.method == "DELETE") {
      log.clear();
      const std::lock_guard lock(seen_mutex);
      seen.clear();
      return writer.send(204, {}, "");
    }
    writer.send(405, {{"Content-Type", "application/json"}, {"Allow", "GET, DELETE"}},
                R"({"error":{"code":"INVALID_REQUEST","message":"Use GET or DELETE."}})");
  }
};

Simulator::Simulator(SimulatorOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Simulator::~Simulator() { stop(); }

Status Simulator::start() {
  if (impl_->server) return fail(Error::invalid("the simulator is running already"));
  SimulatorOptions& options = impl_->options;
  options.tokens_per_chunk = std::max(1, options.tokens_per_chunk);
  TRACIA_TRY(impl_->log.open(options.ring_requests, options.log_file));
  auto server =
      std::make_unique<http::Server>(http::ServerOptions{.listen = options.listen, .threads = options.threads},
                                     [impl = impl_.get()](http::Request& request, http::ResponseWriter writer) {
                                       impl->handle(request, std::move(writer));
                                     });
  TRACIA_TRY(server->start());
  impl_->server = std::move(server);
  return {};
}

void Simulator::stop(Millis grace) {
  if (!impl_->server) return;
  impl_->server->stop(grace);
}

std::string Simulator::base_url() const { return impl_->server ? "http://" + impl_->server->address() : ""; }
uint64_t Simulator::requests() const { return impl_->log.received(); }

}  // namespace tracia::simulate
