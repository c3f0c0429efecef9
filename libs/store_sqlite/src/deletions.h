// Which spans were deleted. Segments never change, so reads leave these out; a deleted span keeps its key, so that it
// cannot be written again. DIR/deletions.db, user_version 1:
//
//   deletions(received INTEGER PRIMARY KEY, project TEXT, session TEXT, user TEXT,   by receive stamp: no two share one
//             start INTEGER)       NULL: not known, deleted by a version that did not note it
//   marks(name TEXT PRIMARY KEY, value INTEGER)    "received": no stamp up to it may be given again
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "db.h"
#include "tracia/store/span_store.h"

namespace tracia::store_sqlite {

// Thread-safe.
class Deletions {
 public:
  static Result<std::unique_ptr<Deletions>> open(const std::filesystem::path& file, const std::string& vfs,
                                                 bool synchronous_off);

  // In one transaction; durable on return. How many of them were not there already.
  Result<uint64_t> add(const std::string& project_id, const std::vector<store::StoredSpan>& spans);
  bool contains(Timestamp received) const;
  // Whether a group has lost spans: what segments summed up about it is then wrong.
  bool touches(uint64_t group_key) const;
  uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  uint64_t count_between(Timestamp first, Timestamp last) const;  // both included
  // The starts of the deleted spans that were received between; nullopt: of one it is not known.
  std::optional<std::vector<Timestamp>> starts_between(Timestamp first, Timestamp last) const;

  // For a segment that goes away: remembers, before, that its stamps were used; forgets its deletions, after.
  Status mark_received(Timestamp last);
  Status forget(Timestamp first, Timestamp last);
  int64_t received_mark() const { return received_mark_.load(); }
  Status copy_to(const std::filesystem::path& file);

 private:
  explicit Deletions(Db db) : db_(std::move(db)) {}
  Status load(bool synchronous_off);
  Status make_tables();
  Status insert(const std::string& project_id, const std::vector<const store::StoredSpan*>& spans);
  void remember(std::string_view project_id, Timestamp received, std::optional<int64_t> start,
                std::string_view session_id, std::string_view user_id);
  Result<std::vector<uint64_t>> groups_between(Timestamp first, Timestamp last);

  std::mutex db_mutex_;
  Db db_;
  std::atomic<uint64_t> count_{0};
  std::atomic<int64_t> received_mark_{0};
  mutable std::shared_mutex mutex_;
  std::map<int64_t, std::optional<int64_t>> received_;  // and the start
  std::unordered_map<uint64_t, uint64_t> groups_;       // that lost spans: key -> how many
};

}  // namespace tracia::store_sqlite
