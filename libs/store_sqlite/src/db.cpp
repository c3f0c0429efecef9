#include "db.h"

#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>

namespace tracia::store_sqlite {
namespace {

constexpr int kBusyMs = 5000;  // only doctor and backup ever meet a lock
// sqlite.org/fileformat2.html, "The Write-Ahead Log".
constexpr uint64_t kLogHeadBytes = 32, kLogFrameHeadBytes = 24;
constexpr int kZerosBytes = 64 << 10;

bool says_damage(int code) {
  const int kind = code & 0xff;
  return kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB || code == SQLITE_IOERR_READ ||
         code == SQLITE_IOERR_SHORT_READ || code == SQLITE_IOERR_CORRUPTFS;
}

Error make_error(sqlite3* db, int code, const std::filesystem::path& file, std::string_view doing) {
  std::string message(doing);
  if (!message.empty()) message += ": ";
  message += db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  if (!file.empty()) message += " (" + file.filename().string() + ")";
  if ((code & 0xff) == SQLITE_FULL) message += ": the disk is full; free some space and writing goes on";
  return {.code = ErrorCode::kUnavailable,
          .kind = says_damage(code) ? kDamage : ErrorKind::kOther,
          .message = std::move(message)};
}

// Built without automatic initialisation; the system's library ignores the second call.
void initialise() {
  static std::once_flag once;
  std::call_once(once, [] { sqlite3_initialize(); });
}

std::string uri_of(const std::filesystem::path& file, bool immutable) {
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(file).string()) {
    if (c == '%' || c == '?' || c == '#') {
      static constexpr char kHex[] = "0123456789ABCDEF";
      uri += '%';
      uri += kHex[static_cast<unsigned char>(c) >> 4];
      uri += kHex[static_cast<unsigned char>(c) & 15];
    } else {
      uri += c;
    }
  }
  if (immutable) uri += "?immutable=1";
  return uri;
}

}  // namespace

Result<Db> Db::open(const std::filesystem::path& file, OpenMode mode, const std::string& vfs) {
  initialise();
  sqlite3* raw = nullptr;
  const bool writes = mode == OpenMode::kReadWrite || mode == OpenMode::kAppend;
  const int flags = (writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_URI |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(uri_of(file, mode == OpenMode::kImmutable).c_str(), &raw, flags,
                                   vfs.empty() ? nullptr : vfs.c_str());
  Db db(raw, file);
  if (code != SQLITE_OK) {
    Error error = make_error(raw, code, file, "cannot open the database");
    std::error_code ignored;
    if (mode != OpenMode::kReadWrite && !std::filesystem::exists(file, ignored)) {
      error.kind = kDamage;  // it does not come back by itself
      error.message = "the file is missing (" + file.filename().string() + ")";
    }
    return fail(std::move(error));
  }
  sqlite3_busy_timeout(raw, kBusyMs);
  if (writes) {
    // Of a new file; an old one keeps the size that it has.
    TRACIA_TRY(db.exec(mode == OpenMode::kAppend ? "PRAGMA page_size=8192" : "PRAGMA page_size=16384"));
    TRACIA_TRY(
        db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                "PRAGMA foreign_keys=OFF; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"));
  } else {
    TRACIA_TRY(db.exec("PRAGMA query_only=ON; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"));
  }
  return db;
}

Db::Db(Db&& other) noexcept : db_(other.db_), file_(std::move(other.file_)), log_(std::move(other.log_)) {
  other.db_ = nullptr;
}
Db& Db::operator=(Db&& other) noexcept {
  if (this != &other) {
    if (db_ != nullptr) sqlite3_close_v2(db_);
    db_ = other.db_;
    file_ = std::move(other.file_);
    log_ = std::move(other.log_);
    other.db_ = nullptr;
  }
  return *this;
}
Db::~Db() {
  if (db_ != nullptr) sqlite3_close_v2(db_);
}

Error Db::error(std::string_view doing) const { return make_error(db_, sqlite3_extended_errcode(db_), file_, doing); }

Status Db::exec(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return fail(error(""));
  return {};
}

Status Db::in_place() const {
  int moved = 0;
  sqlite3_file_control(db_, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  if (moved == 0 && ::access(sqlite3_filename_wal(sqlite3_db_filename(db_, "main")), F_OK) == 0) return {};
  return fail({.code = ErrorCode::kUnavailable,
               .message = file_.filename().string() + (moved != 0 ? "" : "-wal") +
                          " was removed or replaced while it is in use, so nothing is written. Put the same file back, "
                          "or stop the server and restore a backup (tracia restore)"});
}

Result<Statement> Db::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, nullptr) !=
      SQLITE_OK) {
    return fail(error("preparing a statement"));
  }
  return Statement(raw);
}

Result<int64_t> Db::integer(const char* sql) {
  auto statement = prepare(sql);
  if (!statement) return fail(std::move(statement).error());
  auto row = statement->step();
  if (!row) return fail(std::move(row).error());
  return *row ? statement->integer(0) : 0;
}

Status Db::watch_log() {
  auto page = integer("PRAGMA page_size");
  if (!page) return fail(std::move(page).error());
  log_->frame_bytes = static_cast<uint64_t>(*page) + kLogFrameHeadBytes;
  const auto committed = [](void* log, sqlite3*, const char*, int frames) {
    Log& to = *static_cast<Log*>(log);
    to.bytes = kLogHeadBytes + static_cast<uint64_t>(frames) * to.frame_bytes;
    to.file_bytes = std::max(to.file_bytes, to.bytes);
    return SQLITE_OK;
  };
  sqlite3_wal_hook(db_, committed, log_.get());
  return {};
}

bool Db::lengthen_log(uint64_t bytes) {
  static const std::string zeros(kZerosBytes, '\0');
  sqlite3_file* file = nullptr;
  if (sqlite3_file_control(db_, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&file)) != SQLITE_OK ||
      file == nullptr || file->pMethods == nullptr) {
    return false;
  }
  sqlite3_int64 at = 0;
  if (file->pMethods->xFileSize(file, &at) != SQLITE_OK) return false;
  const auto end = static_cast<sqlite3_int64>(bytes);
  log_->file_bytes = static_cast<uint64_t>(std::max(at, end));  // also when it fails: not tried again for these bytes
  while (at < end) {
    const auto count = static_cast<int>(std::min<sqlite3_int64>(end - at, kZerosBytes));
    if (file->pMethods->xWrite(file, zeros.data(), count, at) != SQLITE_OK) return false;
    at += count;
  }
  return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL) == SQLITE_OK;
}

int64_t Db::changes() const { return sqlite3_changes64(db_); }
int64_t Db::last_rowid() const { return sqlite3_last_insert_rowid(db_); }

Statement::Statement(Statement&& other) noexcept : statement_(other.statement_), bad_bind_(other.bad_bind_) {
  other.statement_ = nullptr;
}
Statement& Statement::operator=(Statement&& other) noexcept {
  if (this != &other) {
    sqlite3_finalize(statement_);
    statement_ = other.statement_;
    bad_bind_ = other.bad_bind_;
    other.statement_ = nullptr;
  }
  return *this;
}
Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int index, int64_t value) {
  bad_bind_ |= sqlite3_bind_int64(statement_, index + 1, value) != SQLITE_OK;
  return *this;
}
Statement& Statement::bind(int index, double value) {
  bad_bind_ |= sqlite3_bind_double(statement_, index + 1, value) != SQLITE_OK;
  return *this;
}
// Empty views may have no address, which SQLite would read as NULL.
Statement& Statement::bind(int index, std::string_view text) {
  bad_bind_ |= sqlite3_bind_text64(statement_, index + 1, text.data() != nullptr ? text.data() : "", text.size(),
                                   SQLITE_STATIC, SQLITE_UTF8) != SQLITE_OK;
  return *this;
}
Statement& Statement::bind_blob(int index, std::string_view bytes) {
  bad_bind_ |= sqlite3_bind_blob64(statement_, index + 1, bytes.data() != nullptr ? bytes.data() : "", bytes.size(),
                                   SQLITE_STATIC) != SQLITE_OK;
  return *this;
}
Statement& Statement::bind_null(int index) {
  bad_bind_ |= sqlite3_bind_null(statement_, index + 1) != SQLITE_OK;
  return *this;
}
Statement& Statement::bind(int index, const std::optional<int64_t>& value) {
  return value ? bind(index, *value) : bind_null(index);
}
Statement& Statement::bind(int index, const std::optional<std::string>& text) {
  return text ? bind(index, std::string_view(*text)) : bind_null(index);
}

Error Statement::error() const {
  sqlite3* db = sqlite3_db_handle(statement_);
  const char* file = sqlite3_db_filename(db, "main");
  return make_error(db, sqlite3_extended_errcode(db), file != nullptr ? file : "", "");
}

Result<bool> Statement::step() {
  if (bad_bind_) {
    auto problem = error();
    reset();
    return fail(std::move(problem));
  }
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  auto problem = error();
  reset();
  return fail(std::move(problem));
}

Status Statement::run() {
  auto row = step();
  if (!row) return fail(std::move(row).error());
  reset();
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_);
  bad_bind_ = false;
}

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }
double Statement::real(int column) const { return sqlite3_column_double(statement_, column); }
std::string_view Statement::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_, column);
  return {reinterpret_cast<const char*>(bytes), static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}
std::string_view Statement::blob(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  return {static_cast<const char*>(bytes), static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}
std::optional<int64_t> Statement::optional_integer(int column) const {
  return is_null(column) ? std::nullopt : std::optional(integer(column));
}
std::optional<std::string> Statement::optional_text(int column) const {
  return is_null(column) ? std::nullopt : std::optional(std::string(text(column)));
}

Result<Transaction> Transaction::begin(Db& db) {
  TRACIA_TRY(db.exec("BEGIN IMMEDIATE"));
  return Transaction(db);
}
Transaction::~Transaction() {
  if (db_ != nullptr) (void)db_->exec("ROLLBACK");
}
Status Transaction::commit() {
  TRACIA_TRY(db_->exec("COMMIT"));
  db_ = nullptr;
  return {};
}

}  // namespace tracia::store_sqlite
