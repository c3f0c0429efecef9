#include "fork_registry.h"

#include <pthread.h>

#include <mutex>
#include <vector>

namespace tracia::record {
namespace {

struct Registry {
  std::mutex mutex;
  std::vector<ForkAware*> objects;
};

void before_fork();
void after_fork_in_parent();
void after_fork_in_child();

// Leaked on purpose: see the header.
Registry& registry() {
  static Registry* const instance = [] {
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    return new Registry;
  }();
  return *instance;
}

void before_fork() {
  registry().mutex.lock();
  for (ForkAware* object : registry().objects) object->before_fork();
}

void after_fork_in_parent() {
  for (ForkAware* object : registry().objects) object->after_fork_in_parent();
  registry().mutex.unlock();
}

void after_fork_in_child() {
  for (ForkAware* object : registry().objects) object->after_fork_in_child();
  registry().mutex.unlock();
}

}  // namespace

void register_for_fork(ForkAware* object) {
  const std::lock_guard lock(registry().mutex);
  registry().objects.push_back(object);
}

void unregister_for_fork(ForkAware* object) {
  const std::lock_guard lock(registry().mutex);
  std::erase(registry().objects, object);
}

}  // namespace tracia::record
