// Where an export goes: standard output, or a file that is there whole or not at all.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"

namespace tracia::app {

// Not thread-safe. Destroyed before finish(), it leaves no file, and what was there before stays.
class SpanFile {
 public:
  // "" = standard output. A file is written beside `path` and renamed at the end; INVALID_REQUEST when that cannot be.
  static Result<std::unique_ptr<SpanFile>> open(const std::string& path, bool gzip);
  ~SpanFile();
  SpanFile(const SpanFile&) = delete;
  SpanFile& operator=(const SpanFile&) = delete;

  // Also shows progress on standard error when that is a terminal and the output is not. ABORTED
  // when a pipe's reader left.
  Status write(std::string_view lines);
  // The file is on disk under its name.
  Status finish();
  // Takes the progress line away.
  void end_progress() const;
  uint64_t lines() const { return lines_; }

 private:
  SpanFile(int fd, std::string path, std::string fresh, bool gzip);
  Status put(std::string_view bytes);
  void show_progress();

  const int fd_;
  const std::string path_, fresh_;  // "" for standard output
  const bool gzip_, progress_;
  std::string pending_;  // not yet compressed
  uint64_t lines_ = 0, bytes_ = 0;
  SteadyTime shown_{};
  bool finished_ = false;
};

}  // namespace tracia::app
