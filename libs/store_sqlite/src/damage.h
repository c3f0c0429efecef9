// Which segment files cannot be read, in whole or in part. Reads go on without them, but never unseen: each is logged
// once, counted, and named by /readyz.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "tracia/base/error.h"

namespace tracia::store_sqlite {

// Thread-safe. A file stays named until it is dropped, or the store is opened again.
class Damage {
 public:
  using Report = std::function<void(std::string_view event, std::string_view detail)>;
  explicit Damage(Report report) : report_(std::move(report)) {}

  // `event` goes to the log, the first time that a file is noted.
  void note(const std::string& file, const Error& error, std::string_view event = "segment_unreadable") {
    {
      const std::lock_guard lock(mutex_);
      if (!files_.emplace(file, error.message).second) return;
    }
    if (report_)
      report_(event, error.message.find(file) == std::string::npos ? file + ": " + error.message : error.message);
  }
  void forget(const std::string& file) {
    const std::lock_guard lock(mutex_);
    files_.erase(file);
  }
  // File names, each with what is wrong with it.
  std::map<std::string, std::string> files() const {
    const std::lock_guard lock(mutex_);
    return files_;
  }

 private:
  const Report report_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> files_;
};

}  // namespace tracia::store_sqlite
