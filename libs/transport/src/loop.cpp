#include "loop.h"

#include <algorithm>
#include <condition_variable>

#include "fork_guard.h"

namespace tracia::transport {
namespace {

// Rounds in which curl may ask to be called again at once before other work of the reactor gets its turn.
constexpr int kImmediateRoundsMax = 16;
constexpr size_t kSpareHandlesMax = 64;

Error setup_failed() {
  return {.code = ErrorCode::kNetworkError,
          .kind = ErrorKind::kOther,
          .message = "Could not set up a connection: out of memory or descriptors"};
}

}  // namespace

Loop::Loop(std::shared_ptr<Reactor> reactor, HandleCommon& common, size_t idle_max)
    : reactor_(std::move(reactor)), common_(common), multi_(curl_multi_init()) {
  if (!multi_) return;
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &Loop::on_socket);
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &Loop::on_timer);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
  // curl reads 0 as "four per handle".
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(std::max<size_t>(1, idle_max)));
}

Loop::~Loop() = default;

// ---- from any thread

void Loop::post_inbox_locked() {
  if (std::exchange(inbox_posted_, true)) return;
  reactor_->post([self = shared_from_this()] { self->run_inbox(); });
}

void Loop::start(std::unique_ptr<Job> job) {
  const std::lock_guard lock(mutex_);
  job->id = ++ids_;
  inbox_.push_back(std::move(job));
  post_inbox_locked();
}

void Loop::cancel(uint64_t id) {
  const std::lock_guard lock(mutex_);
  cancels_.push_back(id);
  post_inbox_locked();
}

void Loop::schedule(Millis delay, std::function<void()> task) {
  uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    if (tasks_closed_) return;
    id = ++ids_;
    tasks_.emplace(id, Task{0, std::move(task)});
  }
  auto run = [weak = weak_from_this(), id] {
    if (const auto self = weak.lock()) self->run_task(id);
  };
  if (delay <= Millis{0}) return reactor_->post(std::move(run));
  const uint64_t timer = reactor_->add_timer(delay, std::move(run));
  const std::lock_guard lock(mutex_);
  if (const auto found = tasks_.find(id); found != tasks_.end()) found->second.timer = timer;
}

void Loop::close() {
  if (reactor_->on_reactor_thread()) return close_here();
  struct {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
  } closing;
  reactor_->post([&closing, self = shared_from_this()]() mutable {
    self->close_here();
    self.reset();
    const std::lock_guard lock(closing.mutex);
    closing.done = true;
    closing.changed.notify_all();
  });
  std::unique_lock lock(closing.mutex);
  closing.changed.wait(lock, [&] { return closing.done; });
}

// ---- on the reactor's thread

// Jobs are taken one by one: a `done` may close this loop, which then ends those that still wait.
std::unique_ptr<Job> Loop::next_started() {
  const std::lock_guard lock(mutex_);
  if (inbox_.empty()) return nullptr;
  auto job = std::move(inbox_.front());
  inbox_.pop_front();
  return job;
}

void Loop::run_inbox() {
  const auto self = shared_from_this();
  size_t count = 0;  // those started from here on get a turn of their own
  std::vector<uint64_t> cancels;
  {
    const std::lock_guard lock(mutex_);
    inbox_posted_ = false;
    count = inbox_.size();
    cancels.swap(cancels_);
  }
  for (size_t i = 0; i < count; ++i) {
    if (auto job = next_started()) admit(std::move(job));
  }
  for (const uint64_t id : cancels) {
    if (active_.contains(id)) end(id, aborted());
  }
  if (count != 0) act(CURL_SOCKET_TIMEOUT, 0);
  arm_timer();
}

void Loop::admit(std::unique_ptr<Job> job) {
  const auto refuse = [&](Error error) { deliver(std::move(job), {.status = fail(std::move(error)), .timings = {}}); };
  if (!job->refused) return refuse(job->refused.error());
  if (job->options.cancel.cancelled()) return refuse(aborted());
  if (closed_) return refuse(transport_closed());
  job->exchange = spare();
  if (!multi_ || !job->exchange) return refuse(setup_failed());
  job->exchange->begin(job->request, job->options, *job->handler, job->started);
  if (curl_multi_add_handle(multi_.get(), job->exchange->easy()) != CURLM_OK) return refuse(setup_failed());

  const uint64_t id = job->id;
  job->deadline = job->exchange->next_deadline(std::chrono::steady_clock::now());
  if (job->deadline != SteadyTime::max()) deadlines_.emplace(job->deadline, id);
  by_exchange_.emplace(job->exchange.get(), id);
  Job& admitted = *active_.emplace(id, std::move(job)).first->second;
  // In a forked child the token may be cancelled by hand-me-down code; this loop and its mutex are then the parent's.
  admitted.registration =
      admitted.options.cancel.on_cancel([weak = weak_from_this(), id, generation = fork_generation()] {
        if (generation != fork_generation()) return;
        if (const auto loop = weak.lock()) loop->cancel(id);
      });
}

std::unique_ptr<Exchange> Loop::spare() {
  if (!spare_.empty()) {
    auto exchange = std::move(spare_.back());
    spare_.pop_back();
    return exchange;
  }
  auto exchange = std::make_unique<Exchange>(common_, static_cast<SocketOwner*>(this));
  if (exchange->easy() == nullptr) return nullptr;
  return exchange;
}

int Loop::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) noexcept {
  Loop& loop = *static_cast<Loop*>(self);
  if (what == CURL_POLL_REMOVE) {
    loop.unwatch(fd);
  } else {
    loop.watch(fd,
               ((what & CURL_POLL_IN) != 0 ? Reactor::kRead : 0) | ((what & CURL_POLL_OUT) != 0 ? Reactor::kWrite : 0));
  }
  return 0;
}

void Loop::watch(int fd, int interest) {
  sockets_[fd].interest = interest;
  // `this` outlives every watch: close_here() has curl remove them all.
  reactor_->watch(fd, interest, [this, fd](int ready) {
    const auto keep = shared_from_this();
    const int events =
        ((ready & Reactor::kRead) != 0 ? CURL_CSELECT_IN : 0) | ((ready & Reactor::kWrite) != 0 ? CURL_CSELECT_OUT : 0);
    act(fd, events);
    arm_timer();
  });
}

void Loop::unwatch(int fd) {
  const auto socket = sockets_.find(fd);
  if (socket == sockets_.end() || std::exchange(socket->second.interest, Reactor::kNone) == Reactor::kNone) return;
  reactor_->watch(fd, Reactor::kNone, {});
}

// A new socket under the number of one that is still watched: curl closed that one silently, and will not ask for a
// watch of the new one where it wants the same of it. The kernel has dropped the old watch with the old socket.
void Loop::opened(int fd, const Exchange& by) {
  Socket& socket = sockets_[fd];
  socket.opener = &by;
  const int interest = socket.interest;
  if (interest == Reactor::kNone) return;
  unwatch(fd);
  watch(fd, interest);
}

void Loop::closes(int fd) {
  unwatch(fd);
  sockets_.erase(fd);
}

int Loop::on_timer(CURLM*, long delay_ms, void* self) noexcept {
  static_cast<Loop*>(self)->curl_due_ =
      delay_ms < 0 ? SteadyTime::max() : std::chrono::steady_clock::now() + Millis{delay_ms};
  return 0;
}

// Lets curl work on one descriptor, or on its timers (CURL_SOCKET_TIMEOUT), and as long as it has more to do at once.
void Loop::act(curl_socket_t fd, int events) {
  if (closed_ || !multi_) return;
  int running = 0;
  curl_multi_socket_action(multi_.get(), fd, events, &running);
  for (int round = 0; round < kImmediateRoundsMax && curl_due_ <= std::chrono::steady_clock::now(); ++round) {
    curl_due_ = SteadyTime::max();
    curl_multi_socket_action(multi_.get(), CURL_SOCKET_TIMEOUT, 0, &running);
  }
  reap();
}

void Loop::reap() {
  int left = 0;
  while (!closed_) {
    const CURLMsg* message = curl_multi_info_read(multi_.get(), &left);
    if (message == nullptr) return;
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;  // the message dies with the removal of its handle
    const auto found = by_exchange_.find(Exchange::of(message->easy_handle));
    if (found != by_exchange_.end()) end(found->second, code);
  }
}

std::unique_ptr<Job> Loop::take(uint64_t id) {
  const auto found = active_.find(id);
  auto job = std::move(found->second);
  active_.erase(found);
  by_exchange_.erase(job->exchange.get());
  deadlines_.erase({job->deadline, id});
  job->registration.reset();
  return job;
}

void Loop::end(uint64_t id, CURLcode code) {
  auto job = take(id);
  curl_multi_remove_handle(multi_.get(), job->exchange->easy());
  Outcome outcome = job->exchange->finish(code);
  deliver(std::move(job), std::move(outcome));
}

void Loop::end(uint64_t id, Error error) {
  auto job = take(id);
  for (const int fd : job->exchange->connecting_sockets()) {
    const auto socket = sockets_.find(fd);
    if (socket != sockets_.end() && socket->second.opener == job->exchange.get()) closes(fd);
  }
  job->exchange->give_up_connection();
  curl_multi_remove_handle(multi_.get(), job->exchange->easy());
  Outcome outcome = job->exchange->abandon(std::move(error));
  deliver(std::move(job), std::move(outcome));
}

void Loop::deliver(std::unique_ptr<Job> job, Outcome outcome) {
  if (job->exchange && !closed_ && spare_.size() < kSpareHandlesMax) spare_.push_back(std::move(job->exchange));
  job->exchange.reset();
  job->done(std::move(outcome));
}

// Ends what is over a deadline; looks again at those whose deadline has moved (bytes came, the head came).
void Loop::expire() {
  const SteadyTime now = std::chrono::steady_clock::now();
  while (!closed_ && !deadlines_.empty() && deadlines_.begin()->first <= now) {
    const uint64_t id = deadlines_.begin()->second;
    Job& job = *active_.at(id);
    if (auto late = job.exchange->overdue(now)) {
      end(id, std::move(*late));
      continue;
    }
    deadlines_.erase(deadlines_.begin());
    job.deadline = job.exchange->next_deadline(now);
    if (job.deadline != SteadyTime::max()) deadlines_.emplace(job.deadline, id);
  }
}

// One reactor timer serves curl and all deadlines. One that rings too early costs less than moving it each time.
void Loop::arm_timer() {
  if (closed_) return;
  const SteadyTime next = deadlines_.empty() ? curl_due_ : std::min(curl_due_, deadlines_.begin()->first);
  if (next >= timer_due_) return;
  if (timer_id_ != 0) reactor_->cancel_timer(timer_id_);
  timer_due_ = next;
  const auto delay = std::chrono::ceil<Millis>(next - std::chrono::steady_clock::now());
  timer_id_ = reactor_->add_timer(std::max(delay, Millis{0}), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->closed_) return;
    self->timer_id_ = 0;
    self->timer_due_ = SteadyTime::max();
    if (self->curl_due_ <= std::chrono::steady_clock::now()) self->act(CURL_SOCKET_TIMEOUT, 0);
    self->expire();
    self->arm_timer();
  });
}

void Loop::run_task(uint64_t id) {
  std::function<void()> run;
  {
    const std::lock_guard lock(mutex_);
    const auto found = tasks_.find(id);
    if (found == tasks_.end()) return;
    run = std::move(found->second.run);
    tasks_.erase(found);
  }
  run();
}

void Loop::close_here() {
  if (closed_) return;
  const auto self = shared_from_this();
  closed_ = true;
  if (timer_id_ != 0) reactor_->cancel_timer(timer_id_);
  std::unordered_map<uint64_t, Task> dropped;
  {
    const std::lock_guard lock(mutex_);
    tasks_closed_ = true;
    dropped.swap(tasks_);
  }
  for (const auto& [id, task] : dropped) reactor_->cancel_timer(task.timer);
  dropped.clear();
  while (!active_.empty()) end(active_.begin()->first, transport_closed());
  // What was started and not yet admitted, or is started by a `done` just now.
  while (auto job = next_started()) admit(std::move(job));
  spare_.clear();
  multi_.reset();  // closes kept connections and, through on_socket, ends the watches
}

}  // namespace tracia::transport
