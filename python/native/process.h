// What this extension keeps for a whole process: one lock that is whole after fork(), and a count of the forks, so that
// what belongs to a parent's threads is left alone in a child.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace tracia::native {

// Guards all shared state of the extension: held for moments only, never while waiting, calling the client or taking
// the GIL. fork() takes it first, so that a child finds that state consistent and the lock free.
std::mutex& process_lock();

// Differs between a process and its parent.
uint64_t process_epoch();

// Registers the handlers of fork(). Once, at import.
void watch_forks();

// A T that begins anew in a child after fork(): the parent's is left where it is, because its destructor would wait for
// threads that the child does not have. Use under process_lock().
template <typename T>
class PerProcess {
 public:
  T& get() {
    if (epoch_ != process_epoch()) {
      (void)value_.release();  // leaked, see above
      value_ = std::make_unique<T>();
      epoch_ = process_epoch();
    }
    return *value_;
  }
  ~PerProcess() {
    if (epoch_ != process_epoch()) (void)value_.release();
  }
  PerProcess() : epoch_(process_epoch()), value_(std::make_unique<T>()) {}
  PerProcess(const PerProcess&) = delete;
  PerProcess& operator=(const PerProcess&) = delete;

 private:
  uint64_t epoch_;
  std::unique_ptr<T> value_;
};

}  // namespace tracia::native
