// A data directory: the lock, the sealing key, the control store and the span segments. docs/formats/ draws it:
//
//   DIR/VERSION        format of the directory; a newer one is refused
//   DIR/lock           held (flock) while open; holds the pid
//   DIR/secret.key     32 random bytes, mode 0600: seals connection keys. Not part of a backup unless asked
//   DIR/control.db     ControlStore
//   DIR/deletions.db   keys of deleted spans
//   DIR/segments/      000001.active.db, 000001.sealed.db, …
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/store/control_store.h"
#include "tracia/store/span_parts.h"
#include "tracia/store/span_store.h"

namespace tracia::store_sqlite {

struct Options {
  // When the active segment is closed and sealed: what it holds in memory, and what opening it costs, goes by this.
  int64_t segment_spans_max = 50'000;
  int64_t segment_bytes_max = 512ll << 20;  // payload bytes of the active segment
  Millis segment_age_max{3'600'000};
  // Sealed segments next to each other are merged into larger ones, up to so many spans, bytes on disk, and time
  // between the first and the last to be received: retention drops whole segments.
  int64_t merged_spans_max = 500'000;
  int64_t merged_bytes_max = 2ll << 30;
  Millis merged_age_max{24 * 3'600'000};
  const Clock* clock = &system_clock();
  std::string vfs;               // tests: the SQLite file system to use
  bool synchronous_off = false;  // tests only: shows that the crash tests can fail
  std::function<void(std::string_view event, std::string_view detail)> on_event;  // for the log; any thread
};

struct BackupReport {
  uint64_t files = 0, bytes = 0;
};
using Progress = std::function<void(std::string_view file, uint64_t done, uint64_t total)>;

// Thread-safe but for open and destruction. The destructor writes what was accepted, closes the stores, then unlocks.
class DataDirectory {
 public:
  // Makes it when missing, migrates it when older. Errors: kUnavailable "the data directory is in use by process 123"
  // (lock held), "… was written by a newer Tracia (format 3; this one knows 1)", and what the disk says.
  static Result<std::unique_ptr<DataDirectory>> open(const std::filesystem::path& path, const Options& options);
  ~DataDirectory();

  store::ControlStore& control();
  store::SpanStore& spans();
  store::SpanParts& span_parts();  // of the same store
  const std::filesystem::path& path() const;

  // XChaCha20-Poly1305 with the directory's key; `context` is authenticated and must be the same to open.
  std::string seal(std::string_view plain, std::string_view context) const;
  Result<std::string> unseal(std::string_view sealed, std::string_view context) const;

  // A consistent copy of everything acknowledged before the call, while serving goes on. `to` must not exist or be
  // empty. Without the key the copy's connections have to be given their keys again.
  Result<BackupReport> backup(const std::filesystem::path& to, bool with_key, const Progress& progress = {});

 private:
  struct Impl;
  explicit DataDirectory(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Copies a backup into a new data directory, after checking every file. `to` must not exist or be empty.
Result<BackupReport> restore(const std::filesystem::path& from, const std::filesystem::path& to,
                             const Progress& progress = {});

// The pid of the process that holds the directory; nullopt when nobody does.
Result<std::optional<int>> holder(const std::filesystem::path& path);

// What doctor finds. Reads every page of every file; writes nothing.
struct Finding {
  std::string file, problem, advice;
};
struct Report {
  int format = 0;
  uint64_t segments = 0, spans = 0, bytes = 0;
  std::vector<Finding> findings;  // empty: all is well
};
Result<Report> examine(const std::filesystem::path& path, const Progress& progress = {});

}  // namespace tracia::store_sqlite
