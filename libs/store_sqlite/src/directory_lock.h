// DIR/lock: one process at a time uses a data directory. The lock is the kernel's (flock), so that it ends with its
// holder however that ends; the pid in the file is for people.
#pragma once

#include <filesystem>
#include <optional>

#include "files.h"

namespace tracia::store_sqlite {

// Held for as long as it lives.
class DirectoryLock {
 public:
  // Errors: kUnavailable "the data directory is in use by process 123 (…)".
  static Result<DirectoryLock> take(const std::filesystem::path& dir);

 private:
  explicit DirectoryLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace tracia::store_sqlite
