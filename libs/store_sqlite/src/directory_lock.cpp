#include "directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <charconv>
#include <chrono>
#include <string>
#include <thread>

#include "layout.h"
#include "tracia/base/bytes.h"
#include "tracia/store_sqlite/data_directory.h"

namespace tracia::store_sqlite {
namespace {

namespace fs = std::filesystem;

// holder() takes a shared lock for an instant; whoever meets it there tries again.
constexpr int kTries = 5;
constexpr std::chrono::milliseconds kBetweenTries{20};

// flock for once and at once. False: somebody else has it.
Result<bool> try_lock(int fd, int operation, const fs::path& file) {
  while (::flock(fd, operation | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) return fail(file_error("cannot lock", file));
  }
  return true;
}

// 0: the file does not say.
int pid_in(const fs::path& file) {
  const auto text = read_file(file, 64);
  int pid = 0;
  if (text) {
    const std::string_view digits = trim(*text);
    std::from_chars(digits.data(), digits.data() + digits.size(), pid);
  }
  return pid;
}

Error in_use(const fs::path& file) {
  const int pid = pid_in(file);
  const std::string who = pid > 0 ? "process " + std::to_string(pid) : "another process";
  return {.code = ErrorCode::kUnavailable,
          .message = "the data directory is in use by " + who + " (" + file.parent_path().string() + ")"};
}

}  // namespace

Result<DirectoryLock> DirectoryLock::take(const fs::path& dir) {
  const fs::path file = dir / layout::kLock;
  Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return fail(file_error("cannot open", file));
  for (int tries = 1;; ++tries) {
    const auto locked = try_lock(fd.get(), LOCK_EX, file);
    if (!locked) return fail(locked.error());
    if (*locked) break;
    if (tries == kTries) return fail(in_use(file));
    std::this_thread::sleep_for(kBetweenTries);
  }
  if (::ftruncate(fd.get(), 0) != 0) return fail(file_error("cannot write", file));
  TRACIA_TRY(write_all(fd.get(), std::to_string(::getpid()) + "\n"));
  return DirectoryLock(std::move(fd));
}

Result<std::optional<int>> holder(const fs::path& path) {
  const fs::path file = path / layout::kLock;
  const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd && errno == ENOENT) return std::optional<int>();
  if (!fd) return fail(file_error("cannot open", file));
  const auto free = try_lock(fd.get(), LOCK_SH, file);
  if (!free) return fail(free.error());
  return *free ? std::optional<int>() : std::optional<int>(pid_in(file));
}

}  // namespace tracia::store_sqlite
