#include "tracia/record/recorder.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "engine.h"
#include "fork_registry.h"
#include "hooks.h"

namespace tracia::record {
namespace {

// Memory that a queued span holds, near enough.
size_t span_bytes(const span::Span& s) {
  size_t bytes = sizeof(span::Span) + s.name.size() + s.model.size() + s.error.size() + s.input_json.size() +
                 s.variables_json.size() + s.structured_output_json.size() + s.tools_json.size() +
                 s.tool_calls_json.size() + s.usage_raw_json.size() + s.attributes_json.size() + s.user_id.size() +
                 s.session_id.size();
  if (s.output) bytes += s.output->size();
  for (const std::string& tag : s.tags) bytes += sizeof(std::string) + tag.size();
  for (const span::Attempt& attempt : s.attempts) bytes += sizeof attempt + attempt.message.size();
  return bytes;
}

// Of the trace that the server will put the span in: a span without a trace id starts or joins the
// one named after its parent or itself.
bool is_sampled(const SpanIds& ids, double rate) {
  if (!(rate < 1.0)) return true;
  std::string trace(ids.trace_id);
  if (trace.empty()) {
    const std::string_view id = ids.parent_span_id.empty() ? ids.span_id : ids.parent_span_id;
    trace.append("tr_").append(id.substr(std::min<size_t>(3, id.size())));
  }
  const uint64_t hash = XXH3_64bits(trace.data(), trace.size());
  return static_cast<double>(hash >> 11) * 0x1p-53 < rate;
}

Error dropped(ErrorCode code, std::string message) { return {.code = code, .message = std::move(message)}; }

}  // namespace

struct Recorder::Impl final : ForkAware {
  Impl(std::shared_ptr<Sender> to, Options with, const Hooks& hooks_)
      : sender(std::move(to)), options(std::move(with)), hooks(hooks_), engine(make_engine(false)) {
    register_for_fork(this);
    engine->start_if_spooling();
  }
  virtual ~Impl() {
    unregister_for_fork(this);
    engine->shutdown(options.exit_flush);
  }

  std::shared_ptr<Engine> make_engine(bool forked) const {
    return std::make_shared<Engine>(sender, options, hooks, forked);
  }

  void before_fork() override { engine->lock(); }
  void after_fork_in_parent() override { engine->unlock(); }
  void after_fork_in_child() override {
    const bool closed = engine->abandon();
    engine->unlock();
    // The old one is left in memory on purpose: its thread and whoever waited on it do not exist here, so that neither
    // its thread object nor its condition variables can be destroyed.
    new std::shared_ptr<Engine>(std::move(engine));
    engine = make_engine(true);
    if (closed) engine->close();
  }

  enum class Way { kAll, kAsIs };
  void record(span::Span&& span, Way way);
  void record(const SpanIds& ids, size_t bytes, Engine::MakeSpan&& make);
  void hide_and_push(span::Span&& span, Way way);
  template <typename What>
  void push(What& what, std::string_view span_id, size_t bytes);
  template <typename... Args>
  void record_safely(Args&&... args) {
    try {
      record(std::forward<Args>(args)...);
    } catch (...) {
      engine->count(&Stats::dropped_queue_full);  // out of memory is a full queue of another kind
    }
  }

  const std::shared_ptr<Sender> sender;
  const Options options;
  const Hooks hooks;
  std::shared_ptr<Engine> engine;  // replaced only in the child of a fork(), where no other thread is
};

void Recorder::Impl::record(span::Span&& span, Way way) {
  const SpanIds ids{span.span_id, span.trace_id, span.parent_span_id};
  if (!is_sampled(ids, options.sample_rate)) return engine->count(&Stats::sampled_out);
  hide_and_push(std::move(span), way);
}

void Recorder::Impl::record(const SpanIds& ids, size_t bytes, Engine::MakeSpan&& make) {
  if (!is_sampled(ids, options.sample_rate)) return engine->count(&Stats::sampled_out);
  if (options.mask || options.divert) return hide_and_push(make(), Way::kAll);
  push(make, ids.span_id, bytes);
}

void Recorder::Impl::hide_and_push(span::Span&& span, Way way) {
  if (way == Way::kAll && (options.mask || options.divert)) {
    const std::string span_id = span.span_id;
    try {
      if (options.divert && options.divert(span)) return;
      if (options.mask) options.mask(span);
    } catch (...) {
      engine->count(&Stats::dropped_masked);
      return engine->report(dropped(ErrorCode::kUnknown, "The mask function failed; the span was dropped"), span_id);
    }
  }
  if (!span.start_time) span.start_time = Timestamp{hooks.clock->now().micros - span.latency_ms * 1000};
  push(span, span.span_id, span_bytes(span));
}

template <typename What>
void Recorder::Impl::push(What& what, std::string_view span_id, size_t bytes) {
  switch (engine->push(what, bytes)) {
    case Engine::Push::kAccepted: return;
    case Engine::Push::kFull:
      return engine->report(dropped(ErrorCode::kUnavailable, "The queue of spans to send is full"),
                            std::string(span_id));
    case Engine::Push::kClosed:
      return engine->report(dropped(ErrorCode::kAborted, "The client was shut down"), std::string(span_id));
  }
}

// system_clock() is touched here so that it outlives recorders with static storage.
Recorder::Recorder(std::shared_ptr<Sender> sender, Options options)
    : Recorder(std::move(sender), std::move(options), Hooks{}) {}
Recorder::Recorder(std::shared_ptr<Sender> sender, Options options, const Hooks& hooks)
    : impl_(std::make_unique<Impl>(std::move(sender), std::move(options), hooks)) {}
Recorder::~Recorder() = default;

void Recorder::record(span::Span span) { impl_->record_safely(std::move(span), Impl::Way::kAll); }
void Recorder::record(const SpanIds& ids, size_t bytes, std::function<span::Span()> make) {
  impl_->record_safely(ids, bytes, std::move(make));
}
void Recorder::record_as_is(span::Span span) { impl_->record_safely(std::move(span), Impl::Way::kAsIs); }

bool Recorder::flush(Millis deadline, const std::function<bool()>& interrupted) {
  return impl_->engine->flush(deadline, interrupted);
}
bool Recorder::shutdown(Millis deadline) { return impl_->engine->shutdown(deadline); }
Stats Recorder::stats() const { return impl_->engine->stats(); }

}  // namespace tracia::record
