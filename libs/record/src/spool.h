// Spans that could not be sent, on disk until a server takes them. Shared by all processes that name the same folder.
//
//   <dir>/                                          mode 0700 when we make it
//     <micros since 1970, 20 digits>-<pid>-<16 hex>.ndjson          one batch, one span (JSON object) per line, mode
//     0600 ….ndjson.claimed-<pid>                        a process is sending it ….ndjson.tmp being written
//
// A file is written under its .tmp name, fsynced and renamed, so that a name without .tmp is whole unless the disk
// lies. Whoever works on a file holds flock() on it; the lock goes away with the process, so a claim whose lock can be
// taken is a dead process's and is taken over, whatever its pid means today or in another container. Names sort by age.
// A file may be sent twice (a crash between sending and deleting): the server knows spans by their ids.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"

namespace tracia::record {

// Files of one folder: beyond it the oldest go. Keeps a listing cheap when every batch held one span.
inline constexpr size_t kSpoolFilesMax = 4096;
// A larger file is not ours; what is past it is not read. A batch is at most limits::kBatchBytesMax.
inline constexpr size_t kSpoolFileBytesMax = 64u << 20;
// A .tmp file this old was left by a writer that died.
inline constexpr Millis kSpoolTmpAge{60'000};

// A file descriptor that closes itself.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  ~FileDescriptor();
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

// One file that this process sends. Not thread-safe; must not outlive its Spool. The destructor gives the file back for
// another time.
class SpoolClaim {
 public:
  SpoolClaim(int dir, FileDescriptor file, std::string claimed_name, std::string free_name)
      : dir_(dir), file_(std::move(file)), claimed_name_(std::move(claimed_name)), free_name_(std::move(free_name)) {}
  ~SpoolClaim();
  SpoolClaim(SpoolClaim&& other) noexcept;
  SpoolClaim& operator=(SpoolClaim&&) = delete;

  // The whole content, at most kSpoolFileBytesMax.
  std::string read() const;
  // Deletes the file: its spans were sent.
  void remove();

 private:
  int dir_;
  FileDescriptor file_;
  std::string claimed_name_, free_name_;  // empty when removed or moved from
};

// Not thread-safe; any number of processes (and Spools) may share a folder.
class Spool {
 public:
  // Makes the folder (not its parents' parents: like mkdir -p, mode 0700) when it is missing. Errors: kUnknown with the
  // system's words.
  static Result<Spool> open(const std::string& dir, size_t bytes_max, const Clock& clock);

  // Writes one file, durable on return. First deletes the oldest files that nobody works on, as far as room is needed,
  // and appends their contents to `evicted`, for reporting. Errors: the system's (disk full), or larger than the bound.
  Status append(std::string_view lines, std::vector<std::string>& evicted);

  // The oldest file that no living process works on; nullopt when there is none.
  std::optional<SpoolClaim> claim_oldest();

 private:
  Spool(FileDescriptor dir, size_t bytes_max, const Clock& clock)
      : dir_(std::move(dir)), bytes_max_(bytes_max), clock_(&clock) {}

  struct Entry {
    std::string name;
    size_t bytes;
    bool tmp;
    int64_t modified_micros;
  };
  std::vector<Entry> list() const;  // ours only, oldest first
  std::optional<SpoolClaim> claim(const Entry& entry);
  void make_room(size_t bytes, std::vector<std::string>& evicted);

  FileDescriptor dir_;
  size_t bytes_max_;
  const Clock* clock_;
};

}  // namespace tracia::record
