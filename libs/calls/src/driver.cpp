#include "tracia/calls/driver.h"

#include <algorithm>
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

}  // namespace

// One asynchronous call. Lives until `done` was called: the loop's callbacks hold it.
class AsyncRun final : public transport::ResponseHandler, public std::enable_shared_from_this<AsyncRun> {
 public:
  AsyncRun(std::shared_ptr<Driver> driver, std::shared_ptr<llm::Call> call, const transport::CancelToken& callers,
           std::function<void()> done)
      : driver_(std::move(driver)), call_(std::move(call)), done_(std::move(done)) {
    on_callers_cancel_ = callers.on_cancel([own = running_.cancel] { own.cancel(); });
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
    driver_->enter(&running_);
    const std::weak_ptr<AsyncRun> weak = weak_from_this();
    const auto transport = driver_->transport_;
    on_cancel_ = running_.cancel.on_cancel([weak, transport] {
      // Only a wait between two tries has to be ended here; an exchange under way listens to the token itself.
      if (auto self = weak.lock()) {
        auto* raw = transport.get();
        raw->schedule(Millis{0}, [self = std::move(self)] { self->cancelled(); });
      }
    });
    const transport::CancelToken own = running_.cancel;
    driver_->transport_->schedule(Millis{0}, [self = shared_from_this()] { self->step(); });
    return own;
  }

  void on_head(wire::HttpResponseHead head) override { call_->on_head(std::move(head)); }
  bool on_body(std::string_view bytes) override { return call_->on_body(bytes); }

 private:
  void step() {
    waiting_ = false;
    if (finished_) return;
    if (!needs_aws_credentials(call_->target())) {
      send();
      return;
    }
    driver_->aws_.get_async(running_.cancel, driver_->clock_.now(),
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
        std::move(*request), exchange_options(driver_->clock_, *call_, running_.cancel), shared_from_this(),
        [self = shared_from_this()](transport::Outcome outcome) { self->end(std::move(outcome.status)); });
  }

  void end(Status status) {
    const auto verdict = call_->end_attempt(std::move(status));
    if (verdict.done) {
      finish();
    } else if (running_.cancel.cancelled()) {
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
    on_callers_cancel_.reset();
    on_cancel_.reset();
    const Driver* outer = std::exchange(callback_of, driver_.get());
    done_();
    callback_of = outer;
    done_ = nullptr;
    call_.reset();
    driver_->leave(&running_);
  }

  std::shared_ptr<Driver> driver_;
  std::shared_ptr<llm::Call> call_;
  std::function<void()> done_;
  Driver::Running running_;
  std::unique_ptr<transport::CancelToken::Registration> on_callers_cancel_, on_cancel_;
  bool waiting_ = false;  // loop thread only, as everything below begin()
  bool finished_ = false;
};

Driver::Driver(std::shared_ptr<transport::Transport> transport, llm::EnvReader env, const Clock& clock)
    : transport_(std::move(transport)), aws_(*transport_, std::move(env)), clock_(clock) {}

void Driver::run_blocking(llm::Call& call, const transport::CancelToken& cancel) {
  while (true) {
    Status status;
    if (needs_aws_credentials(call.target())) {
      auto credentials = aws_.get(cancel, clock_.now());
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
        status = transport_->perform(*request, exchange_options(clock_, call, cancel), handler).status;
      } else {
        status = fail(std::move(request).error());
      }
    }
    const auto verdict = call.end_attempt(std::move(status));
    if (verdict.done) return;
    if (verdict.delay.count() > 0 && cancel.wait_until(clock_.steady() + verdict.delay)) {
      call.give_up(aborted());
      return;
    }
  }
}

void Driver::enter(Running* call) {
  const std::lock_guard lock(mutex_);
  running_.insert(call);
}

void Driver::leave(Running* call) {
  const std::lock_guard lock(mutex_);
  running_.erase(call);
  all_done_.notify_all();
}

void Driver::cancel_all(bool wait) {
  std::unique_lock lock(mutex_);
  std::erase_if(running_, [](const Running* call) { return call->process != ::getpid(); });
  while (!running_.empty()) {
    std::vector<transport::CancelToken> tokens;
    for (const Running* call : running_) tokens.push_back(call->cancel);
    lock.unlock();
    for (const transport::CancelToken& token : tokens) token.cancel();
    if (!wait) return;
    lock.lock();
    all_done_.wait_for(lock, Millis{100}, [&] { return running_.empty(); });
  }
}

bool Driver::in_callback() const { return callback_of == this; }

transport::CancelToken run_async(std::shared_ptr<Driver> driver, std::shared_ptr<llm::Call> call,
                                 const transport::CancelToken& cancel, std::function<void()> done) {
  return std::make_shared<AsyncRun>(std::move(driver), std::move(call), cancel, std::move(done))->begin();
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
