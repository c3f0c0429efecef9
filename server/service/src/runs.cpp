#include "tracia/service/runs.h"

#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "probe.h"
#include "run_plan.h"
#include "run_result.h"
#include "tracia/base/bytes.h"
#include "tracia/base/ids.h"
#include "tracia/base/limits.h"
#include "tracia/calls/driver.h"
#include "tracia/ingest/ingest.h"
#include "tracia/service/connections.h"
#include "tracia/span/from_call.h"
#include "tracia/span/limits.h"
#include "tracia/span/messages.h"
#include "tracia/transport/transport.h"

namespace tracia::service {
namespace {

// More wait for a model than any connection limit lets in; past it runs are refused rather than kept.
constexpr size_t kRunsMax = 10'000;
constexpr size_t kIdleConnectionsMax = 256;  // a busy server talks to few hosts over many connections

Error stopping() {
  return {.code = ErrorCode::kUnavailable,
          .message = "The server is stopping",
          .retry_after = std::chrono::milliseconds(1000)};
}

Error too_many() {
  return {.code = ErrorCode::kUnavailable,
          .message = "Too many runs at the same time",
          .retry_after = std::chrono::milliseconds(1000)};
}

// The trace of a child whose parent is not stored, and of a span without a parent: as the store derives it.
std::string trace_of_id(std::string_view span_id) { return "tr_" + ascii_lower(span_id.substr(3)); }

// A connection's address that is not allowed: the caller's setting is wrong, and nothing was sent.
bool is_refused_address(const Error& error) {
  return error.code == ErrorCode::kForbidden && error.kind == ErrorKind::kPermission && error.status == 0;
}

}  // namespace

bool needs_parent(const RunRequest& request) { return request.trace_id.empty() && !request.parent_span_id.empty(); }

void settle_trace(Services& services, const std::string& project_id, RunRequest& request) {
  if (request.span_id.empty()) request.span_id = new_span_id();
  if (needs_parent(request)) {
    const auto parent = services.spans->get(project_id, ascii_lower(request.parent_span_id), "");
    // An unreadable store must not stop a call; the trace is then the one that the store itself would derive.
    const bool known = parent && parent->has_value();
    request.trace_id = known ? (*parent)->span.trace_id : trace_of_id(request.parent_span_id);
  }
  if (request.trace_id.empty()) request.trace_id = trace_of_id(request.span_id);
}

// How many runs are under way, so that the destructor can wait for them; and what they share.
struct Runs::Impl {
  // One for each reactor, so that a run stays on the thread of its connection.
  struct Lane {
    std::shared_ptr<transport::Reactor> reactor;
    std::shared_ptr<calls::Driver> driver;
  };
  Services& services;
  std::vector<Lane> lanes;  // for those who entered
  std::mutex mutex;
  std::condition_variable none_left;
  size_t running = 0;
  bool closing = false;

  Status enter() {
    const std::lock_guard lock(mutex);
    if (closing) return fail(stopping());
    if (running >= kRunsMax) return fail(too_many());
    ++running;
    return {};
  }
  void leave() {
    const std::lock_guard lock(mutex);
    if (--running == 0) none_left.notify_all();
  }
  void add_lane(std::shared_ptr<transport::Reactor> reactor) {
    transport::Options options{
        .user_agent = "tracia-server", .idle_connections_max = kIdleConnectionsMax, .reactor = reactor};
    auto transport = std::make_shared<transport::Transport>(std::move(options));
    lanes.push_back({std::move(reactor),
                     std::make_shared<calls::Driver>(std::move(transport), llm::process_env(), *services.clock)});
  }
  const std::shared_ptr<calls::Driver>& driver() const {
    for (const Lane& lane : lanes) {
      if (lane.reactor && lane.reactor->on_reactor_thread()) return lane.driver;
    }
    return lanes.front().driver;
  }
  void close() {
    std::unique_lock lock(mutex);
    closing = true;
    while (running > 0) {
      lock.unlock();
      for (const Lane& lane : lanes) lane.driver->cancel_all(false);
      lock.lock();
      // A run that waits for its parent's trace starts its call later: it is cancelled in the next round.
      none_left.wait_for(lock, Millis{100}, [&] { return running == 0; });
    }
    lock.unlock();
    for (const Lane& lane : lanes) lane.driver->cancel_all(true);
    lanes.clear();
  }
};

namespace {

// One run, from the plan to its answer. Held by whatever works on it: the call, the span's append.
class Run : public std::enable_shared_from_this<Run> {
 public:
  using End = tl::expected<RunOutcome, RunFailure>;

  Run(Services& services, std::string project_id, RunRequest request, RunPlan plan, transport::CancelToken cancel,
      Runs::Listener listener)
      : services_(services),
        project_id_(std::move(project_id)),
        request_(std::move(request)),
        plan_(std::move(plan)),
        cancel_(std::move(cancel)),
        listener_(std::move(listener)) {}

  bool needs_parent() const { return service::needs_parent(request_); }

  // Blocks when needs_parent().
  void start(const std::shared_ptr<calls::Driver>& driver) {
    settle_trace(services_, project_id_, request_);
    started_ = services_.clock->now();
    const auto request_for = [this](const llm::Target&) -> const llm::ChatRequest& { return plan_.chat; };
    const auto codec_for = [](const llm::Target& target) -> const llm::ChatCodec& { return llm::chat_codec(target); };
    llm::EventSink sink;
    if (request_.stream) {
      sink = [this](const llm::StreamEvent& event) {
        if (listener_.on_event) listener_.on_event(event);
      };
    }
    call_.emplace(std::vector<llm::Target>{std::move(plan_.to.target)}, call_options(), request_for, codec_for,
                  request_.stream, std::move(sink));
    // The driver keeps the call, and with it this run, until it has ended.
    std::shared_ptr<llm::Call> call(shared_from_this(), &*call_);
    calls::run_async(driver, std::move(call), cancel_, [self = shared_from_this()] { self->ended(); });
  }

  void refuse(Error error, std::string extra = "") {
    end(tl::unexpected(RunFailure{std::move(error), std::move(extra)}));
  }
  // Called once, last.
  std::function<void()> on_over;
  std::function<bool()> is_closing;

 private:
  llm::Call::Options call_options() const {
    llm::Call::Options options;
    options.retry.retries = limits::kRetriesDefault;
    options.clock = services_.clock;
    options.uniform = calls::uniform_random;
    options.deadline = services_.clock->steady() + Millis{request_.timeout_ms};
    return options;
  }

  // On the transport's loop.
  void ended() {
    const auto& error = call_->error();
    if (error && (!call_->sent() || is_refused_address(*error))) return refuse(unsent(*error));
    std::string sent = span::messages_json(plan_.chat.messages);
    store::NewSpan span = make_span(sent);
    std::string begun = error ? "" : begin_result(*call_, std::move(sent), span);
    std::vector<store::NewSpan> spans;
    spans.push_back(std::move(span));
    services_.spans->append(std::move(spans), [self = shared_from_this(), begun = std::move(begun)](
                                                  Result<std::vector<store::Appended>> appended) mutable {
      self->answer(std::move(begun), appended.has_value());
    });
  }

  // What kept the call from being made: the caller's mistake, or ours.
  Error unsent(const Error& error) const {
    if (error.code == ErrorCode::kMissingProviderApiKey) return missing_provider_key(call_->target().provider);
    if (error.kind == ErrorKind::kAborted && is_closing()) return stopping();
    if (!is_refused_address(error)) return error;
    return Error::invalid("The base URL of the connection '" + plan_.to.name + "': " + error.message);
  }

  // `sent` is the conversation as JSON: the answer shows it too, and a long one is not written twice. Past the bound of
  // media, a span may have to leave some out.
  std::string input_json(const std::string& sent) const {
    if (sent.size() > span::limits::kMediaBytesMax) return span::messages_input_json(plan_.chat.messages);
    return "{\"messages\":" + sent + "}";
  }

  store::NewSpan make_span(const std::string& sent) const {
    store::NewSpan out{.project_id = project_id_};
    span::Span& span = out.span;
    span::describe_call(*call_, started_, span);
    span::describe_chat(*call_, plan_.chat, call_->result().text(), span);
    if (call_->error() && call_->error()->kind == ErrorKind::kAborted) span::mark_aborted(span);
    span.span_id = request_.span_id;
    span.trace_id = request_.trace_id;
    span.parent_span_id = ascii_lower(request_.parent_span_id);
    span.input_json = input_json(sent);
    span.variables_json = request_.variables_json;
    span.tags = request_.tags;
    span.user_id = request_.user_id;
    span.session_id = request_.session_id;
    name_prompt(out);
    // By the vendor's name: prices do not depend on what a connection to the vendor is called.
    if (!call_->target().endpoint.is_vendor) span.provider = plan_.to.name;
    ingest::price(out, started_);
    span.provider = plan_.to.name;
    span::fit(span);
    return out;
  }

  void name_prompt(store::NewSpan& out) const {
    out.span.prompt_slug = request_.prompt_slug;
    if (request_.at) {
      out.span.name = request_.at->prompt->name;
      out.span.prompt_slug = request_.at->prompt->slug;
      out.span.prompt_version = request_.at->version->number;
      out.span.label = request_.at->label;
      if (request_.at->variant != nullptr) {
        out.span.experiment_id = request_.at->experiment->id;
        out.span.variant = request_.at->variant->key;
      }
      out.prompt_id = request_.at->prompt->id;
    } else if (!request_.prompt_slug.empty()) {
      const auto prompt = services_.cache->prompt(project_id_, request_.prompt_slug);
      if (!prompt) return;
      out.span.name = prompt->name;
      out.prompt_id = prompt->id;
    }
  }

  // On the store's writer thread.
  void answer(std::string begun, bool stored) {
    const auto& error = call_->error();
    if (!error) return end(RunOutcome{finish_result(std::move(begun), stored)});
    const bool by_us = error->kind == ErrorKind::kAborted && !cancel_.cancelled();
    if (by_us && is_closing()) return refuse(stopping());
    refuse(in_callers_words(*error), provider_extra(*error, plan_.to.name, stored ? request_.span_id : ""));
  }

  // "OpenAI error: Rate limit reached".
  Error in_callers_words(Error error) const {
    const llm::Provider provider = call_->target().provider;
    const bool own = plan_.to.name != llm::provider_name(provider);
    const std::string title = (own ? plan_.to.name : std::string(llm::provider_title(provider))) + " error: ";
    if (!error.message.starts_with(title)) error.message.insert(0, title);
    if (error.status == 429 && !error.retry_after) error.retry_after = std::chrono::milliseconds(1000);
    return error;
  }

  void end(End result) {
    if (auto tell = std::exchange(listener_.on_end, nullptr)) tell(std::move(result));
    listener_.on_event = nullptr;
    if (auto over = std::exchange(on_over, nullptr)) over();
  }

  Services& services_;
  const std::string project_id_;
  RunRequest request_;
  RunPlan plan_;
  const transport::CancelToken cancel_;
  Runs::Listener listener_;
  Timestamp started_;
  std::optional<llm::ChatCall> call_;
};

}  // namespace

Runs::Runs(Services& services, std::vector<std::shared_ptr<transport::Reactor>> reactors)
    : impl_(new Impl{.services = services}) {
  if (reactors.empty()) reactors.push_back(nullptr);
  for (auto& reactor : reactors) impl_->add_lane(std::move(reactor));
}

Runs::~Runs() { close(); }

void Runs::close() { impl_->close(); }

void Runs::start(const Principal& who, RunRequest request, transport::CancelToken cancel, Listener listener) {
  Services& services = impl_->services;
  auto plan = plan_run(*services.connections, who.project_id, request);
  if (!plan) {
    std::string extra = refusal_extra(plan.error(), request);
    return listener.on_end(tl::unexpected(RunFailure{std::move(plan).error(), std::move(extra)}));
  }
  if (const Status entered = impl_->enter(); !entered) {
    return listener.on_end(tl::unexpected(RunFailure{entered.error(), ""}));
  }
  auto run = std::make_shared<Run>(services, who.project_id, std::move(request), std::move(*plan), std::move(cancel),
                                   std::move(listener));
  Impl* impl = impl_.get();
  run->on_over = [impl] { impl->leave(); };
  run->is_closing = [impl] {
    const std::lock_guard lock(impl->mutex);
    return impl->closing;
  };
  if (!run->needs_parent()) return run->start(impl->driver());
  const Status taken = services.workers->submit([run, impl] { run->start(impl->driver()); });
  if (!taken) run->refuse(taken.error());
}

void Runs::probe(llm::Target target, transport::CancelToken cancel, std::function<void(Result<Millis>)> done) {
  auto call = make_probe(std::move(target), *impl_->services.clock);
  if (!call) return done(fail(std::move(call).error()));
  if (const Status entered = impl_->enter(); !entered) return done(fail(entered.error()));
  const std::shared_ptr<llm::Call> shared = std::move(*call);
  calls::run_async(impl_->driver(), shared, cancel, [impl = impl_.get(), shared, done = std::move(done)] {
    const auto& error = shared->error();
    done(error ? Result<Millis>(fail(*error)) : Result<Millis>(shared->latency()));
    impl->leave();
  });
}

}  // namespace tracia::service
