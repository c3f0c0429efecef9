#include "reader_pool.h"

#include <utility>

namespace tracia::store_sqlite {
namespace {

constexpr const char* kFloor = " WHERE first <= ? ORDER BY first DESC LIMIT 1";

// For tables that files of older versions lack.
Status prepare_if(SealedConnection& connection, std::string_view table, const char* sql,
                  std::optional<Statement>& statement) {
  auto find = connection.db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?");
  if (!find) return fail(std::move(find).error());
  auto there = find->bind(0, table).step();
  if (!there) return fail(std::move(there).error());
  if (!*there) return {};
  auto prepared = connection.db.prepare(sql);
  if (!prepared) return fail(std::move(prepared).error());
  statement.emplace(std::move(*prepared));
  return {};
}

Result<std::unique_ptr<SealedConnection>> connect(const std::filesystem::path& file, const std::string& vfs) {
  auto db = Db::open(file, OpenMode::kImmutable, vfs);
  if (!db) return fail(std::move(db).error());
  TRACIA_TRY(db->exec("PRAGMA cache_size=-192;"));
  auto rows = db->prepare(std::string("SELECT first, data FROM rows") + kFloor);
  auto details = db->prepare(std::string("SELECT first, data FROM details") + kFloor);
  auto contents = db->prepare(std::string("SELECT first, data FROM contents") + kFloor);
  auto postings = db->prepare("SELECT list FROM postings WHERE key = ?");
  auto group = db->prepare("SELECT data FROM groups WHERE key = ?");
  auto next = db->prepare("SELECT key, data FROM groups WHERE key > ? ORDER BY key LIMIT 1");
  for (auto* statement : {&rows, &details, &contents, &postings, &group, &next}) {
    if (!*statement) return fail(std::move(*statement).error());
  }
  std::unique_ptr<SealedConnection> connection(new SealedConnection{std::move(*db),
                                                                    std::move(*rows),
                                                                    std::move(*details),
                                                                    std::move(*contents),
                                                                    std::move(*postings),
                                                                    std::move(*group),
                                                                    std::move(*next),
                                                                    {},
                                                                    {},
                                                                    {}});
  TRACIA_TRY(prepare_if(*connection, "rollups", "SELECT data FROM rollups WHERE key = ?", connection->rollup));
  // From the block in which a word would be.
  TRACIA_TRY(prepare_if(*connection, "words",
                        "SELECT key, data FROM words WHERE key >="
                        " coalesce((SELECT max(key) FROM words WHERE key <= ?1), ?1) ORDER BY key",
                        connection->words));
  TRACIA_TRY(
      prepare_if(*connection, "word_units", "SELECT data FROM word_units WHERE project = ?", connection->word_units));
  return connection;
}

}  // namespace

ReaderPool::Lease::~Lease() {
  if (connection_ != nullptr) pool_->give_back(owner_, std::move(connection_));
}

uint64_t ReaderPool::new_owner() {
  const std::lock_guard lock(mutex_);
  return ++last_owner_;
}

Result<ReaderPool::Lease> ReaderPool::borrow(uint64_t owner, const std::filesystem::path& file) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_owner_.find(owner); found != by_owner_.end()) {
      const auto at = found->second.back();
      found->second.pop_back();
      if (found->second.empty()) by_owner_.erase(found);
      auto connection = std::move(at->connection);
      idle_.erase(at);
      return Lease(this, owner, std::move(connection));
    }
  }
  auto connection = connect(file, vfs_);
  if (!connection) return fail(std::move(connection).error());
  return Lease(this, owner, std::move(*connection));
}

void ReaderPool::give_back(uint64_t owner, std::unique_ptr<SealedConnection> connection) {
  std::unique_ptr<SealedConnection> oldest;  // closed after the lock is gone
  const std::lock_guard lock(mutex_);
  idle_.push_front({owner, std::move(connection)});
  by_owner_[owner].push_back(idle_.begin());
  if (idle_.size() <= idle_max_) return;
  const auto last = std::prev(idle_.end());
  const auto found = by_owner_.find(last->owner);
  found->second.erase(found->second.begin());  // the one given back first
  if (found->second.empty()) by_owner_.erase(found);
  oldest = std::move(last->connection);
  idle_.erase(last);
}

void ReaderPool::close_all(uint64_t owner) {
  std::list<Idle> closed;
  const std::lock_guard lock(mutex_);
  const auto found = by_owner_.find(owner);
  if (found == by_owner_.end()) return;
  for (const auto at : found->second) closed.splice(closed.end(), idle_, at);
  by_owner_.erase(found);
}

size_t ReaderPool::idle() const {
  const std::lock_guard lock(mutex_);
  return idle_.size();
}

}  // namespace tracia::store_sqlite
