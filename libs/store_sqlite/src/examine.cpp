// What `tracia doctor` looks at. It only reads, without the lock, so that it may run beside a server: what a server
// makes and drops meanwhile is no finding.
#include <sys/stat.h>

#include <algorithm>
#include <map>

#include "control_schema.h"
#include "db.h"
#include "files.h"
#include "layout.h"
#include "sealed.h"
#include "secret_key.h"
#include "tracia/base/bytes.h"
#include "tracia/store_sqlite/data_directory.h"
#include "version_file.h"

namespace tracia::store_sqlite {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSealedEnd = ".sealed.db", kActiveEnd = ".active.db";
constexpr const char* kRestore = "Restore a backup into a new data directory (tracia restore)";

bool ends_with(std::string_view name, std::string_view end) {
  return name.size() >= end.size() && name.substr(name.size() - end.size()) == end;
}

class Examination {
 public:
  Examination(fs::path dir, const Progress& progress) : dir_(std::move(dir)), progress_(progress) {}

  Result<Report> run() {
    const auto format = read_version(dir_);
    if (!format && format.error().code == ErrorCode::kNotFound) {
      return fail({.code = ErrorCode::kNotFound, .message = dir_.string() + " is not a data directory of Tracia"});
    }
    if (!format) return fail(format.error());
    report_.format = *format;
    TRACIA_TRY(check_format(*format));
    const auto held_by = holder(dir_);
    if (!held_by) return fail(held_by.error());
    in_use_ = held_by->has_value();
    list();
    check_key();
    check_control();
    for (const auto& [name, size] : files_) {
      check_file(name);
      done_ += size;
    }
    tell("", done_);
    return std::move(report_);
  }

 private:
  void find(const std::string& file, std::string problem, std::string advice) {
    report_.findings.push_back({file, std::move(problem), std::move(advice)});
  }

  void tell(std::string_view file, uint64_t done) {
    if (progress_) progress_(file, done, report_.bytes);
  }

  void list() {
    std::error_code error;
    for (const fs::path& folder : {dir_, dir_ / layout::kSegments}) {
      for (const auto& entry : fs::directory_iterator(folder, error)) {
        if (!entry.is_regular_file(error)) continue;
        const uint64_t size = entry.file_size(error);
        if (error) continue;  // dropped meanwhile
        files_[fs::relative(entry.path(), dir_).generic_string()] = size;
        report_.bytes += size;
      }
    }
  }

  bool gone(const std::string& name) const {
    std::error_code error;
    return in_use_ && !fs::exists(dir_ / name, error);
  }

  void check_key() {
    const std::string name(layout::kSecretKey);
    const auto bytes = read_file(dir_ / name, SecretKey::kBytes);
    if (!bytes && bytes.error().code == ErrorCode::kNotFound) {
      find(name, "it is missing", "Put back its copy; without it the keys of connections have to be given again");
    } else if (!bytes || bytes->size() != SecretKey::kBytes) {
      find(name, "it is damaged: it must hold 32 bytes",
           "Put back its copy, or remove it and give the keys of "
           "connections again");
    }
    struct stat info{};
    if (::stat((dir_ / name).c_str(), &info) == 0 && (info.st_mode & 077) != 0) {
      find(name, "others may read it", "chmod 600 it");
    }
  }

  void check_control() {
    if (!files_.contains(std::string(layout::kControl))) {
      find(std::string(layout::kControl), "it is missing: projects, keys and prompts are in it", kRestore);
    }
  }

  void check_file(const std::string& name) {
    tell(name, done_);
    if (ends_with(name, ".tmp")) {
      if (!in_use_) find(name, "left over from a write that was cut short", "Start the server: it removes it");
    } else if (ends_with(name, kSealedEnd)) {
      check_sealed_segment(name);
    } else if (ends_with(name, ".db")) {
      check_database(name);
    }
  }

  void check_sealed_segment(const std::string& name) {
    const size_t before = report_.findings.size();
    check_pages(name, OpenMode::kImmutable);
    if (report_.findings.size() != before || gone(name)) return;
    const Status sound = check_sealed(dir_ / name);
    if (!sound && !gone(name)) {
      find(name, sound.error().message, kRestore);
      return;
    }
    ++report_.segments;
    if (const auto segment = open_sealed(dir_ / name, std::make_shared<ReaderPool>())) {
      report_.spans += (*segment)->info().spans;
    }
  }

  // SQLite files that are written in WAL mode. Without a log nobody has to be asked for it, and nothing is made.
  void check_database(const std::string& name) {
    std::error_code error;
    const fs::path log = dir_ / (name + "-wal");
    const bool has_log = fs::exists(log, error) && fs::file_size(log, error) > 0;
    const OpenMode mode = has_log || in_use_ ? OpenMode::kRead : OpenMode::kImmutable;
    check_pages(name, mode);
    if (gone(name)) return;
    auto db = Db::open(dir_ / name, mode);
    if (!db) return;  // said already
    const auto version = db->integer("PRAGMA user_version");
    if (version && *version > known_version(name)) {
      find(name, "it was written by a newer Tracia (version " + std::to_string(*version) + ")", "Use that Tracia");
    } else if (ends_with(name, kActiveEnd)) {
      if (const auto spans = db->integer("SELECT count(*) FROM spans")) report_.spans += static_cast<uint64_t>(*spans);
    }
  }

  static int64_t known_version(const std::string& name) {
    if (name == layout::kControl) return control_schema_version();
    return name == layout::kDeletions ? layout::kDeletionsFormat : layout::kActiveFormat;
  }

  // Reads every page. SQLite's own words name the page.
  void check_pages(const std::string& name, OpenMode mode) {
    const Status read = [&]() -> Status {
      auto db = Db::open(dir_ / name, mode);
      if (!db) return fail(std::move(db).error());
      auto check = db->prepare("PRAGMA integrity_check(10)");
      if (!check) return fail(std::move(check).error());
      while (true) {
        const auto row = check->step();
        if (!row) return fail(row.error());
        if (!*row) return {};
        if (check->text(0) != "ok") find(name, std::string(check->text(0)), kRestore);
      }
    }();
    if (!read && !gone(name)) find(name, read.error().message, kRestore);
  }

  const fs::path dir_;
  const Progress& progress_;
  bool in_use_ = false;
  std::map<std::string, uint64_t> files_;  // relative name -> bytes
  uint64_t done_ = 0;
  Report report_;
};

}  // namespace

Result<Report> examine(const fs::path& path, const Progress& progress) {
  return Examination(fs::absolute(path).lexically_normal(), progress).run();
}

}  // namespace tracia::store_sqlite
