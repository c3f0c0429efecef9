#include "fork_guard.h"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <utility>

namespace tracia::transport {
namespace {

using FileIdentity = std::pair<dev_t, ino_t>;

FileIdentity identity_of(int fd) {
  struct stat info{};
  return ::fstat(fd, &info) == 0 ? FileIdentity{info.st_dev, info.st_ino} : FileIdentity{};
}

struct ForkState {
  std::mutex mutex;
  std::map<int, FileIdentity> descriptors;
  std::atomic<uint64_t> generation{1};
};

void before_fork();
void after_fork_in_parent();
void after_fork_in_child();

// Never destroyed: a transport may be a static object, and fork handlers outlive every static.
ForkState& fork_state() {
  static ForkState& state = []() -> ForkState& {
    static ForkState* const made = new ForkState;
    ::pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    return *made;
  }();
  return state;
}

void before_fork() { fork_state().mutex.lock(); }

void after_fork_in_parent() { fork_state().mutex.unlock(); }

void after_fork_in_child() {
  ForkState& state = fork_state();
  for (const auto& [fd, identity] : state.descriptors) {
    if (identity_of(fd) == identity) ::close(fd);
  }
  state.descriptors.clear();
  state.generation.fetch_add(1, std::memory_order_acq_rel);
  state.mutex.unlock();
}

}  // namespace

uint64_t fork_generation() { return fork_state().generation.load(std::memory_order_acquire); }

std::unique_lock<std::mutex> fork_lock() { return std::unique_lock(fork_state().mutex); }

void close_in_forked_child(int fd) {
  const FileIdentity identity = identity_of(fd);
  const auto lock = fork_lock();
  fork_state().descriptors.insert_or_assign(fd, identity);
}

void forget_in_forked_child(int fd) {
  const auto lock = fork_lock();
  fork_state().descriptors.erase(fd);
}

}  // namespace tracia::transport
