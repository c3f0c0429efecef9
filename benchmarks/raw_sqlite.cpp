#include "raw_sqlite.h"

#include <sqlite3.h>

#include <cstdlib>
#include <memory>

#include "measure.h"

namespace tracia::bench {
namespace {

struct Close {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

void need(bool ok, sqlite3* db) {
  if (ok) return;
  std::fprintf(stderr, "raw_sqlite: %s\n", db != nullptr ? sqlite3_errmsg(db) : "not opened");
  std::exit(1);
}

}  // namespace

RawSqlite insert_raw(const std::filesystem::path& path, const std::vector<std::vector<std::string>>& batches) {
  sqlite3* opened = nullptr;
  sqlite3_initialize();
  need(sqlite3_open(path.c_str(), &opened) == SQLITE_OK, opened);
  const std::unique_ptr<sqlite3, Close> db(opened);
  const auto run = [&](const char* sql) {
    need(sqlite3_exec(db.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK, db.get());
  };
  run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE spans(id INTEGER PRIMARY KEY, body TEXT)");
  sqlite3_stmt* prepared = nullptr;
  need(sqlite3_prepare_v2(db.get(), "INSERT INTO spans(body) VALUES(?)", -1, &prepared, nullptr) == SQLITE_OK,
       db.get());
  const std::unique_ptr<sqlite3_stmt, Close> insert(prepared);
  const double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
  size_t rows = 0;
  for (const auto& batch : batches) {
    run("BEGIN");
    for (const std::string& body : batch) {
      sqlite3_bind_text(insert.get(), 1, body.data(), static_cast<int>(body.size()), SQLITE_STATIC);
      need(sqlite3_step(insert.get()) == SQLITE_DONE, db.get());
      sqlite3_reset(insert.get());
      ++rows;
    }
    run("COMMIT");
  }
  const double each = 1e6 / static_cast<double>(rows);
  return {.cpu_us = (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) * each,
          .wall_us = (seconds(CLOCK_MONOTONIC) - wall) * each};
}

}  // namespace tracia::bench
