#include "tracia/calls/driver.h"

#include <algorithm>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "tracia/base/ids.h"

namespace tracia::calls {
namespace {

Error aborted() {
  return {.code = ErrorCode::kAborted, .kind = ErrorKind::kAborted, .message = "The call was cancelled"};
}

transport::ExchangeOptions exchange_options(const Clock& clock, const llm::Call& call,
                                            const transport::CancelToken& cancel) {
  transport::ExchangeOptions options;
  options.cancel = cancel;
  options.public_addresses_only = call.target().public_addresses_only;
  if (call.deadline()) {
    const auto left = std::chrono::ceil<Millis>(*call.deadline() - clock.steady());
    options.deadlines.total = std::max(left, Millis{1});
  }
  return options;
}

thread_local const Driver* callback_of = nullptr;

// Marks this thread as being in a callback of a driver.
class CallbackScope {
 public:
  explicit CallbackScope(const Driver* driver) : outer_(std::exchange(callback_of, driver)) {}
  ~CallbackScope() { callback_of = outer_; }
  CallbackScope(const CallbackScope&) = delete;
  CallbackScope& operator=(const CallbackScope&) = delete;

 private:
  const Driver* outer_;
};

// The wait between two tries; true when it was cut short.
bool stopped_while_waiting(SteadyTime until, const transport::CancelToken& cancel, const Interrupted& interrupted) {
  if (!interrupted) return cancel.wait_until(until);
  for (;;) {
    const SteadyTime check = std::chrono::steady_clock::now() + transport::kInterruptCheck;
    if (cancel.wait_until(std::min(until, check)) || interrupted()) return true;
    if (until <= check) return false;
  }
}

bool needs_aws_credentials(const llm::Target& target) {
  return target.provider == llm::Provider::kAmazonBedrock && std::holds_alternative<std::monostate>(target.auth);
}

// The blocking driver's: lends the call to the transport.
class CallHandler final : public transport::ResponseHandler {
 public:
  explicit CallHandler(llm::Call& call) : call_(call) {}
  void on_head(wire::HttpResponseHead head) override { call_.on_head(std::move(head)); }
  bool on_body(std::string_view bytes) override { return call_.on_body(bytes); }

 private:
  llm::Call& call_;
};

// start_exchange()'s: hands on to the caller's handler and `done`, as callbacks of the driver.
class ExchangeInCallbacks final : public transport::ResponseHandler {
 public:
  ExchangeInCallbacks(std::shared_ptr<Driver> driver, std::shared_ptr<transport::ResponseHandler> to,
                      transport::DoneCallback done, const transport::CancelToken& callers)
      : driver_(std::move(driver)), to_(std::move(to)), done_(std::move(done)) {
    activity_.emplace(*driver_, callers);
  }
  const transport::CancelToken& cancel() const { return activity_->cancel(); }
  void on_head(wire::HttpResponseHead head) override {
    const CallbackScope scope(driver_.get());
    to_->on_head(std::move(head));
  }
  bool on_body(std::string_view bytes) override {
    const CallbackScope scope(driver_.get());
    return to_->on_body(bytes);
  }
  void end(transport::Outcome outcome) {
    {
      const CallbackScope scope(driver_.get());
      done_(std::move(outcome));
    }
    // In this order for the reason that AsyncRun has.
    done_ = nullptr;
    to_.reset();
    driver_.reset();
    activity_.reset();
  }

 private:
  std::shared_ptr<Driver> driver_;
  std::shared_ptr<transport::ResponseHandler> to_;
  transport::DoneCallback done_;
  std::optional<Driver::Activity> activity_;  // until the end
};

}  // namespace

// One asynchronous call. Lives until `done` was called: the loop's callbacks hold it.
class AsyncRun final : public transport::ResponseHandler, public std::enable_shared_from_this<AsyncRun> {
 public:
  AsyncRun(std::shared_ptr<Driver> driver, std::shared_ptr<llm::Call> call, const transport::CancelToken& callers,
           std::function<void()> done)
      : driver_(std::move(driver)), call_(std::move(call)), done_(std::move(done)) {
    activity_.emplace(*driver_, callers);
    cancel_ = activity_->cancel();
  }

  // The transport dropped the task that held this run: it is closed, or had no thread to run it on.
  ~AsyncRun() override {
    if (finished_ || !done_) return;
    call_->give_up({.code = ErrorCode::kNetworkError,
                    .kind = ErrorKind::kOther,
                    .message = "The call could not be run: the network thread is gone or could not be started"});
    finish();
  }

  transport::CancelToken begin() {
    const std::weak_ptr<AsyncRun> weak = weak_from_this();
    const auto transport = driver_->transport_;
    on_cancel_ = cancel_.on_cancel([weak, transport] {
      // Only a wait between two tries has to be ended here; an exchange under way listens to the token itself.
      if (auto self = weak.lock()) {
        auto* raw = transport.get();
        raw->schedule(Millis{0}, [self = std::move(self)] { self->cancelled(); });
      }
    });
    const transport::CancelToken own = cancel_;
    transport->schedule(Millis{0}, [self = shared_from_this()] { self->step(); });
    return own;
  }

  void on_head(wire::HttpResponseHead head) override { call_->on_head(std::move(head)); }
  bool on_body(std::string_view bytes) override {
    const CallbackScope scope(driver_.get());  // a stream's events reach the application from here
    return call_->on_body(bytes);
  }

 private:
  void step() {
    waiting_ = false;
    if (finished_) return;
    if (!needs_aws_credentials(call_->target())) {
      send();
      return;
    }
    driver_->aws_.get_async(cancel_, driver_->clock_.now(),
                            [self = shared_from_this()](Result<llm::AwsCredentials> credentials) {
                              if (!credentials) {
                                self->end(fail(std::move(credentials).error()));
                                return;
                              }
                              self->call_->target().auth = std::move(*credentials);
                              self->send();
                            });
  }

  void send() {
    auto request = call_->next_request();
    if (!request) {
      end(fail(std::move(request).error()));
      return;
    }
    driver_->transport_->start(
        std::move(*request), exchange_options(driver_->clock_, *call_, cancel_), shared_from_this(),
        [self = shared_from_this()](transport::Outcome outcome) { self->end(std::move(outcome.status)); });
  }

  void end(Status status) {
    const auto verdict = call_->end_attempt(std::move(status));
    if (verdict.done) {
      finish();
    } else if (cancel_.cancelled()) {
      call_->give_up(aborted());
      finish();
    } else {
      waiting_ = true;
      driver_->transport_->schedule(verdict.delay, [self = shared_from_this()] {
        if (self->waiting_) self->step();
      });
    }
  }

  void cancelled() {
    if (!waiting_ || finished_) return;
    call_->give_up(aborted());
    finish();
  }

  void finish() {
    finished_ = true;
    waiting_ = false;
    on_cancel_.reset();
    {
      const CallbackScope scope(driver_.get());
      done_();
    }
    // Before the activity goes: whoever waits for it may then be the last that holds the driver, not this thread.
    done_ = nullptr;
    call_.reset();
    driver_.reset();
    activity_.reset();
  }

  std::shared_ptr<Driver> driver_;
  std::shared_ptr<llm::Call> call_;
  std::function<void()> done_;
  std::optional<Driver::Activity> activity_;  // until the end
  transport::CancelToken cancel_;             // the activity's
  std::unique_ptr<transport::CancelToken::Registration> on_cancel_;
  bool waiting_ = false;  // loop thread only, as everything below begin()
  bool finished_ = false;
};

Driver::Driver(std::shared_ptr<transport::Transport> transport, llm::EnvReader env, const Clock& clock)
    : transport_(std::move(transport)),
      aws_(*transport_, std::move(env)),
      clock_(clock),
      registry_(new SharedRegistry(std::make_shared<Registry>())) {}

Driver::~Driver() { const std::unique_ptr<const SharedRegistry> owned(registry_.load()); }

// In a forked child the parent's calls do not run and never end, and its mutex may be held for ever: the child has a
// registry of its own, and leaves the parent's in memory.
Driver::SharedRegistry Driver::registry() {
  const SharedRegistry* now = registry_.load(std::memory_order_acquire);
  if ((*now)->process == ::getpid()) return *now;
  auto fresh = std::make_unique<const SharedRegistry>(std::make_shared<Registry>());
  if (registry_.compare_exchange_strong(now, fresh.get(), std::memory_order_acq_rel)) return *fresh.release();
  return *now;  // another thread of the child was first
}

void Driver::run_blocking(llm::Call& call, const transport::CancelToken& cancel, const Interrupted& interrupted) {
  while (true) {
    Status status;
    if (needs_aws_credentials(call.target())) {
      auto credentials = aws_.get(cancel, clock_.now(), interrupted);
      if (credentials) {
        call.target().auth = std::move(*credentials);
      } else {
        status = fail(std::move(credentials).error());
      }
    }
    if (status) {
      auto request = call.next_request();
      if (request) {
        CallHandler handler(call);
        auto options = exchange_options(clock_, call, cancel);
        options.interrupted = interrupted;
        status = transport_->perform(*request, options, handler).status;
      } else {
        status = fail(std::move(request).error());
      }
    }
    const auto verdict = call.end_attempt(std::move(status));
    if (verdict.done) return;
    if (verdict.delay.count() > 0 && stopped_while_waiting(clock_.steady() + verdict.delay, cancel, interrupted)) {
      call.give_up(aborted());
      return;
    }
  }
}

Driver::Activity::Activity(Driver& driver, const transport::CancelToken& callers) : registry_(driver.registry()) {
  {
    const std::lock_guard lock(registry_->mutex);
    registry_->running.insert(this);
  }
  on_callers_cancel_ = callers.on_cancel([own = cancel_] { own.cancel(); });
}

Driver::Activity::~Activity() {
  on_callers_cancel_.reset();
  const std::lock_guard lock(registry_->mutex);
  registry_->running.erase(this);
  registry_->all_done.notify_all();
}

void Driver::cancel_all(bool wait) {
  const SharedRegistry of_process = registry();
  Registry& registry = *of_process;
  std::unique_lock lock(registry.mutex);
  while (!registry.running.empty()) {
    std::vector<transport::CancelToken> tokens;
    tokens.reserve(registry.running.size());
    for (const Activity* activity : registry.running) tokens.push_back(activity->cancel_);
    lock.unlock();
    for (const transport::CancelToken& token : tokens) token.cancel();
    if (!wait) return;
    lock.lock();
    registry.all_done.wait_for(lock, Millis{100}, [&] { return registry.running.empty(); });
  }
}

bool Driver::in_callback() const { return callback_of == this; }

transport::CancelToken run_async(std::shared_ptr<Driver> driver, std::shared_ptr<llm::Call> call,
                                 const transport::CancelToken& cancel, std::function<void()> done) {
  return std::make_shared<AsyncRun>(std::move(driver), std::move(call), cancel, std::move(done))->begin();
}

transport::CancelToken start_exchange(const std::shared_ptr<Driver>& driver, wire::HttpRequest request,
                                      transport::ExchangeOptions options,
                                      std::shared_ptr<transport::ResponseHandler> handler,
                                      transport::DoneCallback done) {
  auto exchange = std::make_shared<ExchangeInCallbacks>(driver, std::move(handler), std::move(done), options.cancel);
  const transport::CancelToken own = options.cancel = exchange->cancel();
  driver->transport_->start(std::move(request), std::move(options), exchange,
                            [exchange](transport::Outcome outcome) { exchange->end(std::move(outcome)); });
  return own;
}

double uniform_random() {
  thread_local std::minstd_rand engine{[] {
    const std::string seed = random_bytes(4);
    uint32_t value = 0;
    for (const char c : seed) value = value << 8 | static_cast<uint8_t>(c);
    return value;
  }()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
}

}  // namespace tracia::calls
