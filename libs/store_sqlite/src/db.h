// SQLite behind RAII: connections, prepared statements, transactions, errors as Result. Nothing else in Tracia calls
// sqlite3_*. A connection and its statements belong to one thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tracia::store_sqlite {

class Statement;

// A file's bytes are not what was written, or cannot be read: trying again does not help. The kind of every error that
// says so; any other error may pass.
inline constexpr ErrorKind kDamage = ErrorKind::kMalformedResponse;
inline bool is_damage(const Error& error) { return error.kind == kDamage; }

enum class OpenMode {
  kReadWrite,  // made when missing; WAL, synchronous=FULL, 16 KiB pages
  kAppend,     // the same with 8 KiB pages: a commit logs each page that it touches whole
  kRead,       // of a file that another connection may be writing
  kImmutable,  // of a sealed file: no locks, no WAL, no change detection
};

class Db {
 public:
  // `vfs` names the file system to use, "" = SQLite's own (tests inject one that loses unsynced writes).
  // Errors: kUnavailable with SQLite's words and the file's name.
  static Result<Db> open(const std::filesystem::path& file, OpenMode mode, const std::string& vfs = "");
  Db(Db&& other) noexcept;
  Db& operator=(Db&& other) noexcept;
  ~Db();

  // Statements separated by ';', without parameters.
  Status exec(const char* sql);
  Result<Statement> prepare(std::string_view sql);
  Result<int64_t> integer(const char* sql);  // the first column of the first row
  // The write-ahead log, for the one connection that writes a file and checkpoints it by itself.
  // watch_log() once, after "PRAGMA wal_autocheckpoint=0" (both use SQLite's one hook).
  Status watch_log();
  uint64_t log_bytes() const { return log_->bytes; }            // filled by the last commit; 0 before one
  uint64_t log_file_bytes() const { return log_->file_bytes; }  // of its file; at least
  // Lengthens the log's file to `bytes`, with zeros, and syncs it: what lies behind the last commit is never read, and
  // a commit that need not lengthen the file waits a third as long for the disk. False: it could not, and nothing is
  // lost.
  bool lengthen_log(uint64_t bytes);
  int64_t changes() const;  // rows changed by the last statement
  int64_t last_rowid() const;
  // Whether the file and its log still lie where they were opened. SQLite goes on with files that somebody has removed
  // or replaced, and what it writes there is gone with the process. kUnavailable says so; costs two system calls.
  Status in_place() const;

  sqlite3* handle() const { return db_; }
  Error error(std::string_view doing) const;  // the connection's last error; disk full says so

 private:
  explicit Db(sqlite3* db, std::filesystem::path file) : db_(db), file_(std::move(file)) {}
  sqlite3* db_ = nullptr;
  std::filesystem::path file_;
  struct Log {
    uint64_t frame_bytes = 0, bytes = 0, file_bytes = 0;
  };
  std::unique_ptr<Log> log_ = std::make_unique<Log>();  // where SQLite finds it, wherever this moves
};

// A prepared statement, reused by bind… - step… - reset. Columns and parameters count from 0.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  // Bound text and blobs are not copied: they must live until reset().
  Statement& bind(int index, int64_t value);
  Statement& bind(int index, double value);
  Statement& bind(int index, std::string_view text);
  Statement& bind_blob(int index, std::string_view bytes);
  Statement& bind_null(int index);
  Statement& bind(int index, const std::optional<int64_t>& value);
  Statement& bind(int index, const std::optional<std::string>& text);

  // True: a row is there. False: done (and reset).
  Result<bool> step();
  // For statements without rows: steps, then resets, also when it failed.
  Status run();
  void reset();

  bool is_null(int column) const;
  int64_t integer(int column) const;
  double real(int column) const;
  std::string_view text(int column) const;  // until the next step() or reset()
  std::string_view blob(int column) const;
  std::optional<int64_t> optional_integer(int column) const;
  std::optional<std::string> optional_text(int column) const;

 private:
  friend class Db;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  Error error() const;
  sqlite3_stmt* statement_ = nullptr;
  bool bad_bind_ = false;
};

// BEGIN IMMEDIATE … COMMIT; rolls back when destroyed before commit().
class Transaction {
 public:
  static Result<Transaction> begin(Db& db);
  Transaction(Transaction&& other) noexcept : db_(other.db_) { other.db_ = nullptr; }
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Status commit();

 private:
  explicit Transaction(Db& db) : db_(&db) {}
  Db* db_;
};

}  // namespace tracia::store_sqlite
