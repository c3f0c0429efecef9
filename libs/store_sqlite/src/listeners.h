// Who is told of each stored span.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "tracia/store/span_store.h"

namespace tracia::store_sqlite {

// Thread-safe. Handles may outlive it.
class Listeners {
 public:
  using Listener = store::SpanStore::Listener;

  std::shared_ptr<void> add(Listener listener) {
    auto kept = std::make_shared<Listener>(std::move(listener));
    const std::lock_guard lock(mutex_);
    listeners_.push_back(kept);
    return kept;
  }

  // Those that are left.
  std::vector<std::shared_ptr<Listener>> current() {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<Listener>> alive;
    std::erase_if(listeners_, [&](const std::weak_ptr<Listener>& weak) {
      auto listener = weak.lock();
      if (!listener) return true;
      alive.push_back(std::move(listener));
      return false;
    });
    return alive;
  }

 private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<Listener>> listeners_;
};

}  // namespace tracia::store_sqlite
