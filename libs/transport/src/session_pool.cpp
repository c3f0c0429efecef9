#include "session_pool.h"

#include <algorithm>
#include <utility>

#include "request_check.h"

namespace tracia::transport {
namespace {

// Idle connections older than this are closed rather than tried: curl's own rule (CURLOPT_MAXAGE_CONN), applied to
// those that nobody asks for again.
constexpr std::chrono::seconds kIdleMax{118};
constexpr int kPollMsMax = 60'000;

Outcome refused(Error error) { return {.status = fail(std::move(error)), .timings = {}}; }

Error out_of_memory() {
  return {.code = ErrorCode::kNetworkError,
          .kind = ErrorKind::kOther,
          .message = "Could not set up a connection: out of memory or descriptors"};
}

}  // namespace

Session::Session(HandleCommon& common) : multi_(curl_multi_init()), exchange_(common) {
  if (multi_) curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, 1L);
}

void Session::close() {
  closed_.store(true, std::memory_order_release);
  curl_multi_wakeup(multi_.get());
}

Outcome Session::run(const wire::HttpRequest& request, const ExchangeOptions& options, ResponseHandler& handler) {
  exchange_.begin(request, options, handler, std::chrono::steady_clock::now());
  const auto wake = options.cancel.on_cancel([multi = multi_.get()] { curl_multi_wakeup(multi); });
  if (curl_multi_add_handle(multi_.get(), exchange_.easy()) != CURLM_OK) return exchange_.abandon(out_of_memory());
  return drive(options);
}

Outcome Session::drive(const ExchangeOptions& options) {
  CURLM* multi = multi_.get();
  std::optional<Error> stop;
  const bool asks = static_cast<bool>(options.interrupted);
  SteadyTime asked = asks ? std::chrono::steady_clock::now() : SteadyTime{};
  bool woken = false;  // the last wait ended though no descriptor was ready: a signal, perhaps
  for (;;) {
    int running = 0;
    if (curl_multi_perform(multi, &running) != CURLM_OK) stop = out_of_memory();
    if (running == 0 || stop) break;
    if (closed_.load(std::memory_order_acquire)) stop = transport_closed();
    if (!stop && options.cancel.cancelled()) stop = aborted();
    const SteadyTime now = std::chrono::steady_clock::now();
    if (!stop && asks && (woken || now - asked >= kInterruptCheck)) {
      asked = now;
      if (options.interrupted()) stop = aborted();
    }
    const SteadyTime next = exchange_.next_deadline(now);
    if (!stop && next <= now) stop = exchange_.overdue(now);
    const auto left = next == SteadyTime::max() ? Millis::max() : std::chrono::ceil<Millis>(next - now);
    const auto sleep_max = asks ? kInterruptCheck : Millis{kPollMsMax};
    const int sleep_ms = static_cast<int>(std::clamp<int64_t>(left.count(), 0, sleep_max.count()));
    if (stop) break;
    int ready = 0;
    curl_multi_poll(multi, nullptr, 0, sleep_ms, &ready);  // less when curl has timers of its own
    woken = ready == 0;
  }
  const CURLcode code = stop ? CURLE_OK : result();
  if (stop) exchange_.give_up_connection();
  curl_multi_remove_handle(multi, exchange_.easy());
  return stop ? exchange_.abandon(std::move(*stop)) : exchange_.finish(code);
}

CURLcode Session::result() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg == CURLMSG_DONE) return message->data.result;
  }
  return CURLE_RECV_ERROR;  // not reached: nothing runs, so something is done
}

SessionPool::SessionPool(HandleCommon& common, size_t idle_max) : common_(common), idle_max_(idle_max) {}

SessionPool::~SessionPool() {
  std::unique_lock lock(mutex_);
  closing_ = true;
  for (Session* session : active_) session->close();
  unused_.wait(lock, [this] { return users_ == 0; });
}

Outcome SessionPool::perform(const wire::HttpRequest& request, const ExchangeOptions& options,
                             ResponseHandler& handler) {
  if (options.cancel.cancelled()) return refused(aborted());
  const std::string_view origin = origin_of(request.url);
  std::unique_ptr<Session> session = borrow(origin);
  if (!session) return refused(out_of_memory());
  if (session->origin != origin) session->origin = origin;
  Outcome outcome = session->run(request, options, handler);
  const bool keep = outcome.status.has_value();
  give_back(std::move(session), keep);
  return outcome;
}

std::unique_ptr<Session> SessionPool::borrow(std::string_view origin) {
  std::unique_ptr<Session> stale;  // closed after the mutex is free
  std::unique_ptr<Session> session;
  {
    const std::lock_guard lock(mutex_);
    ++users_;
    const auto same =
        std::find_if(idle_.rbegin(), idle_.rend(), [&](const auto& idle) { return idle->origin == origin; });
    if (same != idle_.rend()) {
      session = std::move(*same);
      idle_.erase(std::next(same).base());
      session->active_index = active_.size();
      active_.push_back(session.get());
    }
    if (!idle_.empty() && std::chrono::steady_clock::now() - idle_.front()->idle_since > kIdleMax) {
      stale = std::move(idle_.front());
      idle_.erase(idle_.begin());
    }
  }
  if (session) return session;
  session = std::make_unique<Session>(common_);
  if (!session->ok()) session.reset();
  const std::lock_guard lock(mutex_);
  if (!session) {
    leave_locked();
    return nullptr;
  }
  session->active_index = active_.size();
  active_.push_back(session.get());
  if (closing_) session->close();
  return session;
}

void SessionPool::give_back(std::unique_ptr<Session> session, bool keep) {
  if (keep) session->idle_since = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    active_.back()->active_index = session->active_index;
    std::swap(active_[session->active_index], active_.back());
    active_.pop_back();
    if (keep && !closing_) {
      idle_.push_back(std::move(session));
      if (idle_.size() > idle_max_) {
        session = std::move(idle_.front());
        idle_.erase(idle_.begin());
      }
    }
    if (!session) return leave_locked();
  }
  session.reset();  // before the pool may go: a session leans on what the pool's owner shares
  const std::lock_guard lock(mutex_);
  leave_locked();
}

// Under the mutex: once it is free, the pool may be gone.
void SessionPool::leave_locked() {
  if (--users_ == 0 && closing_) unused_.notify_all();
}

}  // namespace tracia::transport
