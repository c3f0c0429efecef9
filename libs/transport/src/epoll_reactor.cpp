#include "epoll_reactor.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fork_guard.h"

namespace tracia::transport {
namespace {

// A descriptor that is closed with its owner, and in a forked child.
class OwnedFd {
 public:
  explicit OwnedFd(int fd) : fd_(fd) {
    if (fd_ >= 0) close_in_forked_child(fd_);
  }
  ~OwnedFd() {
    if (fd_ < 0) return;
    forget_in_forked_child(fd_);
    ::close(fd_);
  }
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

constexpr uint64_t kWakeTag = 0;  // epoll's data word of the eventfd; watches count from 1

uint32_t to_epoll(int interest) {
  return ((interest & Reactor::kRead) != 0 ? static_cast<uint32_t>(EPOLLIN) : 0u) |
         ((interest & Reactor::kWrite) != 0 ? static_cast<uint32_t>(EPOLLOUT) : 0u);
}

int from_epoll(uint32_t events) {
  int ready = 0;
  if ((events & (EPOLLIN | EPOLLRDHUP)) != 0) ready |= Reactor::kRead;
  if ((events & EPOLLOUT) != 0) ready |= Reactor::kWrite;
  // Errors and hang-ups show themselves to whoever reads or writes next.
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) ready |= Reactor::kRead | Reactor::kWrite;
  return ready;
}

}  // namespace

struct EpollReactor::Core {
  struct Watch {
    uint64_t tag;
    std::shared_ptr<std::function<void(int)>> callback;  // shared, so that a callback may stop its own watch
  };

  OwnedFd epoll{::epoll_create1(EPOLL_CLOEXEC)};
  OwnedFd wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::atomic<std::thread::id> thread{};

  // Reactor thread only.
  std::unordered_map<int, Watch> watches;
  std::unordered_map<uint64_t, int> descriptors;  // tag -> fd: tells a late event of an old watch from the new one's
  uint64_t tags = kWakeTag;

  std::mutex mutex;  // guards what follows
  std::vector<std::function<void()>> tasks;
  std::map<std::pair<SteadyTime, uint64_t>, std::function<void()>> timers;
  std::unordered_map<uint64_t, SteadyTime> due_by_id;
  uint64_t timer_ids = 0;
  SteadyTime sleeping_until = SteadyTime::min();  // min while awake: nobody needs to wake it
  bool signalled = false;
  bool stopping = false;

  void signal_locked() {
    if (std::exchange(signalled, true)) return;
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wake.get(), &one, sizeof one);
  }
  void drain_wake() {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(wake.get(), &count, sizeof count);
  }
  bool on_thread() const { return thread.load(std::memory_order_acquire) == std::this_thread::get_id(); }

  void run();
  int sleep_ms_locked();
  bool run_due();
  void dispatch(uint64_t tag, uint32_t events);
};

// Milliseconds to sleep, rounded up so that no timer is polled for in vain.
int EpollReactor::Core::sleep_ms_locked() {
  if (!tasks.empty() || stopping) return 0;
  if (timers.empty()) {
    sleeping_until = SteadyTime::max();
    return -1;
  }
  const SteadyTime due = timers.begin()->first.first;
  const auto left = std::chrono::ceil<Millis>(due - std::chrono::steady_clock::now()).count();
  sleeping_until = due;
  return static_cast<int>(std::clamp<int64_t>(left, 0, 3'600'000));
}

// Runs the tasks and timers that are due at the moment of the call; false when the thread shall end.
bool EpollReactor::Core::run_due() {
  std::vector<std::function<void()>> ready;
  {
    const std::lock_guard lock(mutex);
    sleeping_until = SteadyTime::min();
    if (std::exchange(signalled, false)) drain_wake();
    if (stopping) return false;
    ready.swap(tasks);
    if (!timers.empty()) {
      const SteadyTime now = std::chrono::steady_clock::now();
      while (!timers.empty() && timers.begin()->first.first <= now) {
        due_by_id.erase(timers.begin()->first.second);
        ready.push_back(std::move(timers.begin()->second));
        timers.erase(timers.begin());
      }
    }
  }
  for (auto& task : ready) {
    task();
    task = nullptr;  // what it holds goes before the next one runs
  }
  return true;
}

void EpollReactor::Core::dispatch(uint64_t tag, uint32_t events) {
  const auto fd = descriptors.find(tag);
  if (fd == descriptors.end()) return;  // stopped by an earlier callback of this round
  const auto callback = watches.find(fd->second)->second.callback;
  (*callback)(from_epoll(events));
}

void EpollReactor::Core::run() {
  thread.store(std::this_thread::get_id(), std::memory_order_release);
  std::array<epoll_event, 64> events{};
  while (run_due()) {
    int timeout = 0;
    {
      const std::lock_guard lock(mutex);
      timeout = sleep_ms_locked();
    }
    const int count = ::epoll_wait(epoll.get(), events.data(), static_cast<int>(events.size()), timeout);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      if (event.data.u64 != kWakeTag) dispatch(event.data.u64, event.events);
    }
  }
  // Destroyed here, outside the mutex: what they hold may post or cancel once more.
  std::vector<std::function<void()>> dropped_tasks;
  decltype(timers) dropped_timers;
  {
    const std::lock_guard lock(mutex);
    dropped_tasks.swap(tasks);
    dropped_timers.swap(timers);
    due_by_id.clear();
  }
  watches.clear();
}

Result<std::shared_ptr<EpollReactor>> EpollReactor::create() {
  const auto failed = [](const char* what) {
    return fail({.code = ErrorCode::kNetworkError,
                 .kind = ErrorKind::kOther,
                 .message = std::string("Could not start the network thread: ").append(what)});
  };
  auto core = std::make_shared<Core>();
  if (core->epoll.get() < 0 || core->wake.get() < 0) return failed("out of file descriptors");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeTag;
  if (::epoll_ctl(core->epoll.get(), EPOLL_CTL_ADD, core->wake.get(), &event) != 0) return failed("epoll refused");

  std::shared_ptr<EpollReactor> reactor(new EpollReactor(core));  // its constructor is private
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = true;
  try {
    reactor->thread_ = std::thread([core] {
      ::pthread_setname_np(::pthread_self(), "tracia-io");
      core->run();
    });
  } catch (const std::system_error&) {  // std::thread has no other way to say so
    started = false;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!started) return failed("out of threads");
  return reactor;
}

EpollReactor::EpollReactor(std::shared_ptr<Core> core) : core_(std::move(core)) {}

EpollReactor::~EpollReactor() { stop(); }

void EpollReactor::stop() {
  {
    const std::lock_guard lock(core_->mutex);
    core_->stopping = true;
    core_->signal_locked();
  }
  if (!thread_.joinable()) return;
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

void EpollReactor::watch(int fd, int interest, std::function<void(int)> callback) {
  Core& core = *core_;
  const auto known = core.watches.find(fd);
  if (interest == kNone) {
    if (known == core.watches.end()) return;
    core.descriptors.erase(known->second.tag);
    core.watches.erase(known);
    ::epoll_ctl(core.epoll.get(), EPOLL_CTL_DEL, fd, nullptr);  // fails when it was closed first: as good
    return;
  }
  epoll_event event{};
  event.events = to_epoll(interest);
  const int wanted = known == core.watches.end() ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  const uint64_t tag = known == core.watches.end() ? ++core.tags : known->second.tag;
  event.data.u64 = tag;
  // A descriptor that was closed and opened again under the same number needs the other operation.
  if (::epoll_ctl(core.epoll.get(), wanted, fd, &event) != 0 && (errno == EEXIST || errno == ENOENT)) {
    ::epoll_ctl(core.epoll.get(), wanted == EPOLL_CTL_ADD ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
  }
  core.descriptors[tag] = fd;
  core.watches[fd] = {tag, std::make_shared<std::function<void(int)>>(std::move(callback))};
}

uint64_t EpollReactor::add_timer(Millis delay, std::function<void()> callback) {
  // Longer than a year is for ever; adding it to now must not overflow.
  const SteadyTime due =
      std::chrono::steady_clock::now() + std::clamp<Millis>(delay, Millis{0}, std::chrono::hours{8760});
  const std::lock_guard lock(core_->mutex);
  const uint64_t id = ++core_->timer_ids;
  core_->timers.emplace(std::pair(due, id), std::move(callback));
  core_->due_by_id.emplace(id, due);
  if (due < core_->sleeping_until) core_->signal_locked();
  return id;
}

void EpollReactor::cancel_timer(uint64_t id) {
  std::function<void()> dropped;  // destroyed after the mutex is free
  const std::lock_guard lock(core_->mutex);
  const auto due = core_->due_by_id.find(id);
  if (due == core_->due_by_id.end()) return;
  const auto timer = core_->timers.find({due->second, id});
  dropped = std::move(timer->second);
  core_->timers.erase(timer);
  core_->due_by_id.erase(due);
}

void EpollReactor::post(std::function<void()> task) {
  const std::lock_guard lock(core_->mutex);
  core_->tasks.push_back(std::move(task));
  if (core_->sleeping_until != SteadyTime::min()) core_->signal_locked();
}

bool EpollReactor::on_reactor_thread() const { return core_->on_thread(); }

}  // namespace tracia::transport
