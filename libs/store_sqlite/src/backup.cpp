#include "backup.h"

#include <algorithm>

#include "files.h"
#include "layout.h"
#include "manifest.h"
#include "version_file.h"

namespace tracia::store_sqlite {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kFileMode = 0600;  // prompts, password hashes, perhaps the key: nobody else's business

// The folder that a backup or a restore fills. Emptied again unless keep() says that all went well.
class Target {
 public:
  static Result<Target> make(const fs::path& given, std::string_view what) {
    if (given.empty()) return fail(Error::invalid(std::string(what) + " has no name"));
    const fs::path path = fs::absolute(given).lexically_normal();
    TRACIA_TRY(check_vacant(path, what));
    std::error_code error;
    const bool was_there = fs::exists(path, error);
    TRACIA_TRY(make_folder(path));
    return Target(path, was_there);
  }
  Target(Target&& other) noexcept
      : path_(std::move(other.path_)), was_there_(other.was_there_), kept_(std::exchange(other.kept_, true)) {}
  Target& operator=(Target&&) = delete;
  ~Target() {
    if (kept_) return;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(path_, ignored)) fs::remove_all(entry.path(), ignored);
    if (!was_there_) fs::remove(path_, ignored);
  }
  const fs::path& path() const { return path_; }
  void keep() { kept_ = true; }

 private:
  Target(fs::path path, bool was_there) : path_(std::move(path)), was_there_(was_there) {}
  fs::path path_;
  bool was_there_;
  bool kept_ = false;
};

// Files inside the data directory would be taken for its own.
Status check_outside(const fs::path& dir, const fs::path& to) {
  std::error_code error;
  const fs::path inner = fs::weakly_canonical(to, error), outer = fs::weakly_canonical(dir, error);
  const auto [rest, at] = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  if (rest == outer.end()) return fail(Error::invalid("The backup must be outside of the data directory"));
  return {};
}

// Every file that is in the copy now, made private and hashed.
Result<Manifest> take_stock(const fs::path& to, const Progress& progress) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(to, error)) {
    if (entry.is_regular_file()) names.push_back(fs::relative(entry.path(), to).generic_string());
  }
  if (error) return fail(file_error("cannot read", to, error.value()));
  std::sort(names.begin(), names.end());
  Manifest manifest{.created = system_clock().now(), .files = {}};
  for (const std::string& name : names) {
    fs::permissions(to / name, fs::perms::owner_read | fs::perms::owner_write, error);
    const uint64_t total = fs::file_size(to / name, error);
    auto hashed = hash_file(to / name, [&](uint64_t done) {
      if (progress) progress(name, done, total);
    });
    if (!hashed) return fail(std::move(hashed).error());
    manifest.files.push_back({name, std::move(*hashed)});
  }
  return manifest;
}

BackupReport report_of(const Manifest& manifest) { return {.files = manifest.files.size(), .bytes = manifest.bytes()}; }

Status check_hash(const Manifest::File& file, const Hashed& found) {
  if (found.bytes == file.hashed.bytes && found.sha256 == file.hashed.sha256) return {};
  return fail(Error::invalid("The backup is damaged: " + file.name + " is not what its MANIFEST says"));
}

}  // namespace

Result<BackupReport> write_backup(const fs::path& dir, ControlSqlite& control, SpanEngine& spans, const fs::path& to,
                                  bool with_key, const Progress& progress) {
  TRACIA_TRY(check_outside(dir, to));
  auto target = Target::make(to, "The folder of the backup");
  if (!target) return fail(std::move(target).error());
  const fs::path& folder = target->path();
  // Spans first: prompts that they name are then in the copy of control.db, made afterwards.
  TRACIA_TRY(spans.backup_to(folder, [&](const fs::path& file, uint64_t bytes) {
    if (progress) progress(file.generic_string(), bytes, bytes);
  }));
  TRACIA_TRY(control.copy_to(folder / layout::kControl));
  TRACIA_TRY(sync_file(folder / layout::kControl));
  if (with_key) {
    const auto copied = copy_file(dir / layout::kSecretKey, folder / layout::kSecretKey, kFileMode);
    if (!copied) return fail(copied.error());
  }
  TRACIA_TRY(write_file(folder / layout::kVersion, version_text(layout::kFormat), kFileMode));
  const auto manifest = take_stock(folder, progress);
  if (!manifest) return fail(manifest.error());
  TRACIA_TRY(write_file(folder / layout::kManifest, manifest->to_text(), kFileMode));
  target->keep();
  return report_of(*manifest);
}

Result<BackupReport> restore(const fs::path& from, const fs::path& to, const Progress& progress) {
  const auto manifest = read_manifest(from);
  if (!manifest) return fail(manifest.error());
  const auto format = read_version(from);
  if (!format) return fail(format.error());
  TRACIA_TRY(check_format(*format));
  for (const Manifest::File& file : manifest->files) {
    const auto found = hash_file(from / file.name);
    if (!found) return fail(found.error());
    TRACIA_TRY(check_hash(file, *found));
  }
  auto target = Target::make(to, "The data directory");
  if (!target) return fail(std::move(target).error());
  const fs::path& folder = target->path();
  // VERSION comes last: a folder without it is not opened, should this be cut short.
  for (const Manifest::File& file : manifest->files) {
    if (file.name == layout::kVersion) continue;
    const fs::path copy = folder / file.name;
    TRACIA_TRY(make_folder(copy.parent_path()));
    const auto copied = copy_file(from / file.name, copy, kFileMode, [&](uint64_t done) {
      if (progress) progress(file.name, done, file.hashed.bytes);
    });
    if (!copied) return fail(copied.error());
    TRACIA_TRY(check_hash(file, *copied));
    TRACIA_TRY(sync_folder(copy.parent_path()));
  }
  TRACIA_TRY(write_file(folder / layout::kVersion, version_text(*format), kFileMode));
  target->keep();
  return report_of(*manifest);
}

}  // namespace tracia::store_sqlite
