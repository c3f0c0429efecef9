// A connection with the statements it has prepared so far, a pool of them for reading, and one for writing: what the
// small SQLite files of a data directory are used through.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "db.h"

namespace tracia::store_sqlite {

// Belongs to one thread at a time. `sql` must be a literal: it is the name under which its statement is kept.
class Session {
 public:
  using Bind = std::function<void(Statement&)>;
  using Row = std::function<Status(Statement&)>;

  explicit Session(Db db) : db_(std::move(db)) {}
  Session(Session&&) noexcept = default;
  Session& operator=(Session&&) = delete;

  // Calls `row` for each row; its error ends it.
  Status each(std::string_view sql, const Bind& bind, const Row& row);
  // A statement without rows.
  Status run(std::string_view sql, const Bind& bind);
  // Whether there is a row.
  Result<bool> any(std::string_view sql, const Bind& bind);
  Db& db() { return db_; }

 private:
  Result<Statement*> prepared(std::string_view sql);

  Db db_;
  std::unordered_map<std::string_view, Statement> statements_;  // ends before db_
};

// One writer and a few readers of one WAL file. Thread-safe: writers wait for each other; readers run beside them and
// see what was committed before they began.
class Sessions {
 public:
  // The file is made when missing; `prepare` makes its tables, before anything else uses it.
  static Result<std::unique_ptr<Sessions>> open(std::filesystem::path file, std::string vfs, bool synchronous_off,
                                                Status (*prepare)(Db&));

  // Runs `change` in one transaction: kept and durable when it succeeds, undone when it fails.
  Status write(const std::function<Status(Session&)>& change);
  // Whether what is written is kept: Db::in_place. Does not wait for a writer.
  Status health();
  // Runs `query` on a reader, in one read transaction.
  Status read(const std::function<Status(Session&)>& query);
  // Empties the log of writes into the file, as far as readers let it; for what must not stay in there.
  void checkpoint();
  // A copy in one new file, with all that was committed before the call; writers wait meanwhile. Not synced.
  Status copy_to(const std::filesystem::path& file);

 private:
  static constexpr size_t kReadersMax = 4;  // control reads are short and rare: most are answered from memory

  Sessions(std::filesystem::path file, std::string vfs, Session writer)
      : file_(std::move(file)), vfs_(std::move(vfs)), writer_(std::move(writer)) {}
  Result<std::unique_ptr<Session>> borrow();
  void give_back(std::unique_ptr<Session> reader);

  std::filesystem::path file_;
  std::string vfs_;
  std::mutex writing_;
  Session writer_;  // outlives the readers, so that the last to leave the file may tidy it up
  std::mutex readers_mutex_;
  std::condition_variable returned_;
  size_t readers_ = 0;  // in use and idle
  std::vector<std::unique_ptr<Session>> idle_;
};

}  // namespace tracia::store_sqlite
