// What lives through fork(): each registered object is locked before, unlocked in the parent, and started afresh in the
// child, where none of its threads exist. One pthread_atfork() for the process, on first use. The registry itself is
// never destroyed, so that objects with static storage may leave it at exit in any order.
#pragma once

namespace tracia::record {

class ForkAware {
 public:
  virtual void before_fork() = 0;           // take every lock
  virtual void after_fork_in_parent() = 0;  // release them
  // As in the parent, and forget threads and work. Runs inside fork(): only this thread exists. Must not throw.
  virtual void after_fork_in_child() = 0;

 protected:
  ~ForkAware() = default;
};

// Thread-safe. An object must leave before it dies; leaving waits for a fork() in progress.
void register_for_fork(ForkAware* object);
void unregister_for_fork(ForkAware* object);

}  // namespace tracia::record
