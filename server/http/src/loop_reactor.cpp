#include "loop_reactor.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <vector>

namespace tracia::http {
namespace {

namespace asio = boost::asio;

constexpr size_t kEventsMax = 64;              // of one round; the rest comes in the next, after other work of the loop
constexpr std::chrono::hours kTimerMax{8760};  // longer is for ever; adding it to now must not overflow

uint32_t to_epoll(int interest) {
  return ((interest & transport::Reactor::kRead) != 0 ? static_cast<uint32_t>(EPOLLIN) : 0u) |
         ((interest & transport::Reactor::kWrite) != 0 ? static_cast<uint32_t>(EPOLLOUT) : 0u);
}

int from_epoll(uint32_t events) {
  int ready = 0;
  if ((events & (EPOLLIN | EPOLLRDHUP)) != 0) ready |= transport::Reactor::kRead;
  if ((events & EPOLLOUT) != 0) ready |= transport::Reactor::kWrite;
  // Errors and hang-ups show themselves to whoever reads or writes next.
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) ready |= transport::Reactor::kRead | transport::Reactor::kWrite;
  return ready;
}

uint64_t pack(int fd, uint32_t tag) { return uint64_t{tag} << 32 | static_cast<uint32_t>(fd); }

}  // namespace

std::shared_ptr<LoopReactor> LoopReactor::create(asio::io_context& io) {
  const int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) return nullptr;
  std::shared_ptr<LoopReactor> reactor(new LoopReactor(io));  // its constructor is private
  boost::system::error_code ec;
  reactor->epoll_->assign(fd, ec);
  if (ec) {
    ::close(fd);
    return nullptr;
  }
  reactor->wait_ready();
  return reactor;
}

LoopReactor::LoopReactor(asio::io_context& io) : io_(io), epoll_(std::in_place, io), timer_(std::in_place, io) {}

void LoopReactor::shut() {
  epoll_.reset();
  timer_.reset();
  watches_.clear();
  decltype(timers_) dropped;  // destroyed without the mutex: what they hold may cancel once more
  const std::lock_guard lock(mutex_);
  shut_ = true;
  dropped.swap(timers_);
  due_by_id_.clear();
}

void LoopReactor::wait_ready() {
  epoll_->async_wait(asio::posix::stream_descriptor::wait_read,
                     [weak = weak_from_this()](const boost::system::error_code& ec) {
                       const auto self = weak.lock();
                       if (!self || ec || !self->epoll_) return;
                       self->dispatch_ready();
                       if (self->epoll_) self->wait_ready();
                     });
}

void LoopReactor::dispatch_ready() {
  std::array<epoll_event, kEventsMax> events;
  const int count = ::epoll_wait(epoll_->native_handle(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    dispatch(event.data.u64, event.events);
  }
}

void LoopReactor::dispatch(uint64_t data, uint32_t events) {
  const int fd = static_cast<int>(static_cast<uint32_t>(data));
  const auto found = watches_.find(fd);
  if (found == watches_.end() || pack(fd, found->second.tag) != data) return;  // stopped earlier in this round
  if (const auto fn = found->second.fn) return (*fn)(from_epoll(events));
  // An idle connection that the peer closed: it would be told again and again.
  watches_.erase(found);
  ::epoll_ctl(epoll_->native_handle(), EPOLL_CTL_DEL, fd, nullptr);
}

// A stopped watch stays with the kernel, for a kept connection is soon watched again; dispatch() ends it when it stirs.
void LoopReactor::watch(int fd, int interest, std::function<void(int)> callback) {
  if (!epoll_) return;
  const auto known = watches_.find(fd);
  if (interest == kNone) {
    if (known != watches_.end()) known->second.fn = nullptr;
    return;
  }
  const uint32_t tag = ++tags_;
  epoll_event event{};
  event.events = to_epoll(interest);
  event.data.u64 = pack(fd, tag);
  const int operation = known == watches_.end() ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  // A descriptor that was closed and opened again under the same number needs the other operation.
  if (::epoll_ctl(epoll_->native_handle(), operation, fd, &event) != 0 && (errno == EEXIST || errno == ENOENT)) {
    const int other = operation == EPOLL_CTL_ADD ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    ::epoll_ctl(epoll_->native_handle(), other, fd, &event);
  }
  watches_[fd] = {tag, std::make_shared<std::function<void(int)>>(std::move(callback))};
}

uint64_t LoopReactor::add_timer(Millis delay, std::function<void()> callback) {
  const SteadyTime due = std::chrono::steady_clock::now() + std::clamp<Millis>(delay, Millis{0}, kTimerMax);
  const std::lock_guard lock(mutex_);
  const uint64_t id = ++timer_ids_;
  if (shut_) return id;
  timers_.emplace(std::pair(due, id), std::move(callback));
  due_by_id_.emplace(id, due);
  if (due >= armed_for_) return id;
  armed_for_ = due;
  asio::post(io_, [self = shared_from_this()] { self->run_due(); });
  return id;
}

void LoopReactor::cancel_timer(uint64_t id) {
  std::function<void()> dropped;  // destroyed after the mutex is free
  const std::lock_guard lock(mutex_);
  const auto due = due_by_id_.find(id);
  if (due == due_by_id_.end()) return;
  const auto timer = timers_.find({due->second, id});
  dropped = std::move(timer->second);
  timers_.erase(timer);
  due_by_id_.erase(due);
}

// Runs the timers that are due at the moment of the call, and waits for the next one.
void LoopReactor::run_due() {
  if (!timer_) return;
  SteadyTime next;
  std::vector<std::function<void()>> ready;
  {
    const std::lock_guard lock(mutex_);
    const SteadyTime now = std::chrono::steady_clock::now();
    while (!timers_.empty() && timers_.begin()->first.first <= now) {
      due_by_id_.erase(timers_.begin()->first.second);
      ready.push_back(std::move(timers_.begin()->second));
      timers_.erase(timers_.begin());
    }
    armed_for_ = timers_.empty() ? SteadyTime::max() : timers_.begin()->first.first;
    next = armed_for_;
  }
  wait_until(next);
  for (auto& task : ready) {
    task();
    task = nullptr;  // what it holds goes before the next one runs
  }
}

void LoopReactor::wait_until(SteadyTime due) {
  if (due == SteadyTime::max() || due == waiting_until_) return;  // one that rings in vain costs less than moving it
  waiting_until_ = due;
  timer_->expires_at(due);
  timer_->async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
    const auto self = weak.lock();
    if (!self || ec) return;
    self->waiting_until_ = SteadyTime::max();
    self->run_due();
  });
}

void LoopReactor::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (!shut_) asio::post(io_, std::move(task));
}

bool LoopReactor::on_reactor_thread() const { return io_.get_executor().running_in_this_thread(); }

}  // namespace tracia::http
