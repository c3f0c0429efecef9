#include "tracia/service/runs.h"

#include <utility>
#include <vector>

#include "lanes.h"
#include "model_call.h"
#include "probe.h"
#include "run_plan.h"
#include "run_result.h"
#include "spend_estimate.h"
#include "tracia/base/bytes.h"
#include "tracia/base/ids.h"
#include "tracia/base/limits.h"
#include "tracia/calls/driver.h"
#include "tracia/service/connections.h"
#include "tracia/service/spend.h"
#include "tracia/span/from_call.h"
#include "tracia/span/limits.h"
#include "tracia/span/messages.h"
#include "tracia/transport/transport.h"

namespace tracia::service {

bool needs_parent(const RunRequest& request) { return request.trace_id.empty() && !request.parent_span_id.empty(); }

void settle_trace(Services& services, const std::string& project_id, RunRequest& request) {
  if (request.span_id.empty()) request.span_id = new_span_id();
  if (needs_parent(request)) request.trace_id = trace_of_parent(services, project_id, request.parent_span_id);
  if (request.trace_id.empty()) request.trace_id = trace_of_id(request.span_id);
}

struct Runs::Impl {
  Services& services;
  Lanes lanes;
};

namespace {

// One run, from the plan to its answer. Held by whatever works on it: the call, the span's append.
class Run : public std::enable_shared_from_this<Run> {
 public:
  using End = tl::expected<RunOutcome, RunFailure>;

  // Entered into `lanes`, which it leaves when it is over.
  Run(Services& services, Lanes& lanes, std::string project_id, RunRequest request, RunPlan plan, SpendHold hold,
      transport::CancelToken cancel, Runs::Listener listener)
      : services_(services),
        lanes_(lanes),
        project_id_(std::move(project_id)),
        request_(std::move(request)),
        plan_(std::move(plan)),
        hold_(std::move(hold)),
        cancel_(std::move(cancel)),
        listener_(std::move(listener)) {}

  bool needs_parent() const { return service::needs_parent(request_); }

  // Blocks when needs_parent().
  void start() {
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
    calls::run_async(lanes_.driver(), std::move(call), cancel_, [self = shared_from_this()] { self->ended(); });
  }

  void refuse(Error error, std::string extra = "") {
    end(tl::unexpected(RunFailure{std::move(error), std::move(extra)}));
  }

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
    if (is_unsent(*call_)) return refuse(unsent_error(*call_, plan_.to.name, lanes_.is_closing()));
    std::string sent = span::messages_json(plan_.chat.messages);
    store::NewSpan span = make_span(sent);
    settle_call(services_, hold_, call_->target(), plan_.to.name, size_of(plan_.chat), started_, span);
    std::string begun = error ? "" : begin_result(*call_, std::move(sent), span);
    std::vector<store::NewSpan> spans;
    spans.push_back(std::move(span));
    services_.spans->append(std::move(spans), [self = shared_from_this(), begun = std::move(begun)](
                                                  const Result<std::vector<store::Appended>>& appended) mutable {
      self->answer(std::move(begun), appended.has_value());
    });
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
    price_call(services_, call_->target(), plan_.to.name, started_, out);
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
    if (by_us && lanes_.is_closing()) return refuse(stopping_error());
    refuse(in_callers_words(*error, call_->target().provider, plan_.to.name),
           provider_extra(*error, plan_.to.name, stored ? request_.span_id : ""));
  }

  void end(End result) {
    if (auto tell = std::exchange(listener_.on_end, nullptr)) tell(std::move(result));
    listener_.on_event = nullptr;
    hold_.release();
    if (!std::exchange(over_, true)) lanes_.leave();
  }

  Services& services_;
  Lanes& lanes_;
  bool over_ = false;
  const std::string project_id_;
  RunRequest request_;
  RunPlan plan_;
  SpendHold hold_;
  const transport::CancelToken cancel_;
  Runs::Listener listener_;
  Timestamp started_;
  std::optional<llm::ChatCall> call_;
};

}  // namespace

Runs::Runs(Services& services, std::vector<std::shared_ptr<transport::Reactor>> reactors)
    : impl_(new Impl{.services = services, .lanes = Lanes(*services.clock)}) {
  if (reactors.empty()) reactors.push_back(nullptr);
  for (auto& reactor : reactors) impl_->lanes.add(std::move(reactor));
}

Runs::~Runs() { close(); }

void Runs::close() { impl_->lanes.close(); }

Lanes& Runs::lanes() { return impl_->lanes; }

void Runs::start(const Principal& who, RunRequest request, transport::CancelToken cancel, Listener listener) {
  Services& services = impl_->services;
  auto plan = plan_run(*services.connections, who.project_id, request);
  if (!plan) {
    std::string extra = refusal_extra(plan.error(), request);
    return listener.on_end(tl::unexpected(RunFailure{std::move(plan).error(), std::move(extra)}));
  }
  auto hold = reserve_call(services, who, {plan->to}, size_of(plan->chat));
  if (!hold) {
    std::string extra = spend_refusal_extra(hold.error());
    return listener.on_end(tl::unexpected(RunFailure{std::move(hold).error(), std::move(extra)}));
  }
  if (const Status entered = impl_->lanes.enter(); !entered) {
    return listener.on_end(tl::unexpected(RunFailure{entered.error(), ""}));
  }
  auto run = std::make_shared<Run>(services, impl_->lanes, who.project_id, std::move(request), std::move(*plan),
                                   std::move(*hold), std::move(cancel), std::move(listener));
  if (!run->needs_parent()) return run->start();
  const Status taken = services.workers->submit([run] { run->start(); });
  if (!taken) run->refuse(taken.error());
}

void Runs::probe(llm::Target target, const transport::CancelToken& cancel, std::function<void(Result<Millis>)> done) {
  auto call = make_probe(std::move(target), *impl_->services.clock);
  if (!call) return done(fail(std::move(call).error()));
  if (const Status entered = impl_->lanes.enter(); !entered) return done(fail(entered.error()));
  const std::shared_ptr<llm::Call> shared = std::move(*call);
  calls::run_async(impl_->lanes.driver(), shared, cancel, [lanes = &impl_->lanes, shared, done = std::move(done)] {
    const auto& error = shared->error();
    done(error ? Result<Millis>(fail(*error)) : Result<Millis>(shared->latency()));
    lanes->leave();
  });
}

}  // namespace tracia::service
