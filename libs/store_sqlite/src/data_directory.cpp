#include "tracia/store_sqlite/data_directory.h"

#include <sodium.h>
#include <sys/stat.h>

#include "backup.h"
#include "control_sqlite.h"
#include "directory_lock.h"
#include "files.h"
#include "layout.h"
#include "secret_key.h"
#include "segment_set.h"
#include "span_engine.h"
#include "version_file.h"

namespace tracia::store_sqlite {
namespace {

namespace fs = std::filesystem;

// What a start that was cut short may leave before VERSION is there, the server's configuration, and what a fresh file
// system holds. Anything else is somebody else's.
bool is_ours_to_fill(const fs::path& dir) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(dir, error)) {
    const std::string name = entry.path().filename().string();
    const bool expected = name == layout::kLock || name == std::string(layout::kVersion) + ".tmp" ||
                          name == "tracia.toml" || name == "lost+found";
    if (!expected) return false;
  }
  return !error;
}

Status not_ours(const fs::path& dir) {
  return fail({.code = ErrorCode::kUnavailable,
               .message = dir.string() + " is not empty and has no VERSION file: not a data directory of Tracia. "
                                         "Name an empty folder, or one that does not exist"});
}

// Before the lock is taken, so that nothing is written into a folder that is not ours.
Status prepare_folder(const fs::path& dir) {
  TRACIA_TRY(make_folder(dir));
  std::error_code error;
  if (!fs::exists(dir / layout::kVersion, error) && !is_ours_to_fill(dir)) return not_ours(dir);
  struct stat info{};
  if (::stat(dir.c_str(), &info) != 0) return fail(file_error("cannot read", dir));
  // A folder that was there before (a mounted volume) may belong to somebody else: its mode is theirs then.
  if ((info.st_mode & 077) != 0 && info.st_uid == ::geteuid() && ::chmod(dir.c_str(), 0700) != 0) {
    return fail(file_error("cannot make private", dir));
  }
  return {};
}

bool has_segment_files(const fs::path& dir) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(dir / layout::kSegments, error)) {
    if (parse_segment_name(entry.path().filename().string())) return true;
  }
  return false;
}

// Files are made in this order: control.db, segments, deletions.db, the segments' own. One that is not there, though a
// later one is, was taken away; an empty one in its place would make the rest useless, or bring deleted spans back.
Status check_complete(const fs::path& dir) {
  std::error_code error;
  const bool spans = has_segment_files(dir), deletions = fs::exists(dir / layout::kDeletions, error);
  const auto missing = [&](std::string_view name, const char* what) {
    return fail({.code = ErrorCode::kUnavailable,
                 .message = (dir / name).string() + " is missing: " + what +
                            ". Put it back, or restore a backup into a new folder (tracia restore)"});
  };
  if ((spans || deletions) && !fs::exists(dir / layout::kControl, error)) {
    return missing(layout::kControl, "projects, keys and prompts are in it");
  }
  if (deletions && !fs::is_directory(dir / layout::kSegments, error)) {
    return missing(layout::kSegments, "spans are in it");
  }
  if (spans && !deletions) return missing(layout::kDeletions, "without it deleted spans would come back");
  return {};
}

}  // namespace

struct DataDirectory::Impl {
  // Ends in reverse: spans are written and closed first, the lock goes last.
  fs::path path;
  DirectoryLock lock;
  std::unique_ptr<SecretKey> key;
  std::unique_ptr<ControlSqlite> control;
  std::unique_ptr<SpanEngine> spans;
};

DataDirectory::DataDirectory(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DataDirectory::~DataDirectory() = default;

Result<std::unique_ptr<DataDirectory>> DataDirectory::open(const fs::path& path, const Options& options) {
  if (path.empty()) return fail(Error::invalid("The data directory has no name"));
  if (sodium_init() < 0) return fail({.code = ErrorCode::kUnavailable, .message = "libsodium cannot be used here"});
  const fs::path dir = fs::absolute(path).lexically_normal();
  TRACIA_TRY(prepare_folder(dir));
  auto lock = DirectoryLock::take(dir);
  if (!lock) return fail(std::move(lock).error());
  TRACIA_TRY(check_or_write_version(dir));
  TRACIA_TRY(check_complete(dir));
  auto key = SecretKey::load_or_make(dir / layout::kSecretKey);
  if (!key) return fail(std::move(key).error());
  auto control = ControlSqlite::open(dir / layout::kControl, options.vfs, options.synchronous_off);
  if (!control) return fail(std::move(control).error());
  TRACIA_TRY(sync_folder(dir));
  auto spans = SpanEngine::open(dir, options, [&control = **control] { return control.health(); });
  if (!spans) return fail(std::move(spans).error());
  auto impl =
      std::make_unique<Impl>(Impl{dir, std::move(*lock), std::move(*key), std::move(*control), std::move(*spans)});
  return std::unique_ptr<DataDirectory>(new DataDirectory(std::move(impl)));
}

store::ControlStore& DataDirectory::control() { return *impl_->control; }
store::SpanStore& DataDirectory::spans() { return *impl_->spans; }
store::SpanParts& DataDirectory::span_parts() { return *impl_->spans; }
const fs::path& DataDirectory::path() const { return impl_->path; }

std::string DataDirectory::seal(std::string_view plain, std::string_view context) const {
  return impl_->key->seal(plain, context);
}
Result<std::string> DataDirectory::unseal(std::string_view sealed, std::string_view context) const {
  return impl_->key->unseal(sealed, context);
}

Result<BackupReport> DataDirectory::backup(const fs::path& to, bool with_key, const Progress& progress) {
  return write_backup(impl_->path, *impl_->control, *impl_->spans, to, with_key, progress);
}

}  // namespace tracia::store_sqlite
