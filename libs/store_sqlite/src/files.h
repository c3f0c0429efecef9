// Files as a data directory needs them: written whole or not at all, synced with their folder, hashed, copied.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "tracia/base/result.h"

namespace tracia::store_sqlite {

// An open descriptor, closed with it.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      if (fd_ >= 0) ::close(fd_);
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

// kUnavailable: "<doing> <file>: <what errno says>"; a full disk says so.
Error file_error(std::string_view doing, const std::filesystem::path& file);
Error file_error(std::string_view doing, const std::filesystem::path& file, int error_number);

Status write_all(int fd, std::string_view bytes);
// Syncs a folder, so that the names in it last.
Status sync_folder(const std::filesystem::path& folder);
Status sync_file(const std::filesystem::path& file);
// Writes `file` by way of `file` + ".tmp", durably: after a crash it is there whole or not at all.
Status write_file(const std::filesystem::path& file, std::string_view bytes, unsigned mode);
// At most `bytes_max`; a longer file is an error, as is a symbolic link. kNotFound when there is none.
Result<std::string> read_file(const std::filesystem::path& file, size_t bytes_max);

// "Does not exist or holds nothing", as backup and restore ask of their target. kInvalidRequest naming it otherwise.
Status check_vacant(const std::filesystem::path& folder, std::string_view what);
// Makes a folder (and those above it), mode 0700, synced into its parent.
Status make_folder(const std::filesystem::path& folder);

struct Hashed {
  uint64_t bytes = 0;
  std::string sha256;  // hex
};
using BytesDone = std::function<void(uint64_t bytes)>;
// Reads a regular file. With `copy_to` it also writes the same bytes to that new file, mode `mode`, synced.
Result<Hashed> hash_file(const std::filesystem::path& file, const BytesDone& done = {});
Result<Hashed> copy_file(const std::filesystem::path& file, const std::filesystem::path& copy_to, unsigned mode,
                         const BytesDone& done = {});
std::string sha256_hex(std::string_view bytes);

}  // namespace tracia::store_sqlite
