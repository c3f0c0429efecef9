#include "process.h"

#include <pthread.h>

#include <atomic>

namespace tracia::native {
namespace {

std::atomic<uint64_t> epoch{1};

}  // namespace

std::mutex& process_lock() {
  static std::mutex* const lock = new std::mutex;  // never destroyed: threads that outlive main() may still use it
  return *lock;
}

uint64_t process_epoch() { return epoch.load(std::memory_order_relaxed); }

void watch_forks() {
  process_lock();
  pthread_atfork([] { process_lock().lock(); }, [] { process_lock().unlock(); },
                 [] {
                   epoch.fetch_add(1, std::memory_order_relaxed);
                   process_lock().unlock();
                 });
}

}  // namespace tracia::native
