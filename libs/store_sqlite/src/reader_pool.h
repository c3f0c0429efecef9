// Read connections to sealed segments, shared by all of them: a thread borrows one for the length of a call. Idle ones
// are kept, up to a bound, the longest unused going first, so that the number of open files stays small however many
// segments there are. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "db.h"
#include "tracia/base/result.h"

namespace tracia::store_sqlite {

// One connection with its prepared statements.
struct SealedConnection {
  Db db;
  Statement row_block, detail_block, content_block, postings, group, group_next;
  std::optional<Statement> rollup, words, word_units;  // older files lack these tables
};

class ReaderPool {
 public:
  // Open files that nobody uses at the moment; each keeps at most some 200 KiB of pages.
  static constexpr size_t kIdleMax = 128;

  explicit ReaderPool(std::string vfs = "", size_t idle_max = kIdleMax) : vfs_(std::move(vfs)), idle_max_(idle_max) {}

  // A borrowed connection; given back when destroyed. Must not outlive the pool.
  class Lease {
   public:
    Lease(ReaderPool* pool, uint64_t owner, std::unique_ptr<SealedConnection> connection)
        : pool_(pool), owner_(owner), connection_(std::move(connection)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    SealedConnection* operator->() const { return connection_.get(); }
    SealedConnection& operator*() const { return *connection_; }

   private:
    ReaderPool* pool_;
    uint64_t owner_;
    std::unique_ptr<SealedConnection> connection_;
  };

  uint64_t new_owner();  // a name for one segment's connections
  Result<Lease> borrow(uint64_t owner, const std::filesystem::path& file);
  void close_all(uint64_t owner);  // the idle ones of a segment that goes away
  size_t idle() const;
  const std::string& vfs() const { return vfs_; }

 private:
  struct Idle {
    uint64_t owner;
    std::unique_ptr<SealedConnection> connection;
  };
  void give_back(uint64_t owner, std::unique_ptr<SealedConnection> connection);

  const std::string vfs_;
  const size_t idle_max_;
  mutable std::mutex mutex_;
  uint64_t last_owner_ = 0;
  std::list<Idle> idle_;  // most recently used first
  // Of each owner, those given back longest ago first.
  std::unordered_map<uint64_t, std::vector<std::list<Idle>::iterator>> by_owner_;
};

}  // namespace tracia::store_sqlite
