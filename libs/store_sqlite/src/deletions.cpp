#include "deletions.h"

#include <iterator>
#include <set>

#include "layout.h"
#include "record.h"

namespace tracia::store_sqlite {
namespace {

// Of the groups that a span belongs to.
std::vector<uint64_t> keys_of(std::string_view project_id, std::string_view session_id, std::string_view user_id) {
  std::vector<uint64_t> keys;
  if (!session_id.empty()) keys.push_back(group_key(project_id, store::GroupBy::kSession, session_id));
  if (!user_id.empty()) keys.push_back(group_key(project_id, store::GroupBy::kUser, user_id));
  return keys;
}

}  // namespace

Result<std::unique_ptr<Deletions>> Deletions::open(const std::filesystem::path& file, const std::string& vfs,
                                                   bool synchronous_off) {
  auto db = Db::open(file, OpenMode::kReadWrite, vfs);
  if (!db) return fail(std::move(db).error());
  std::unique_ptr<Deletions> deletions(new Deletions(std::move(*db)));
  TRACIA_TRY(deletions->load(synchronous_off));
  return deletions;
}

// A column more than version 1 had: older versions go on writing rows without it.
Status Deletions::make_tables() {
  auto format = db_.integer("PRAGMA user_version");
  if (!format) return fail(std::move(format).error());
  if (*format > layout::kDeletionsFormat) {
    return fail({.code = ErrorCode::kUnavailable, .message = "deletions.db was written by a newer Tracia"});
  }
  if (*format == 0) {
    TRACIA_TRY(
        db_.exec("BEGIN IMMEDIATE;"
                 "CREATE TABLE deletions(received INTEGER PRIMARY KEY, project TEXT NOT NULL, session TEXT NOT NULL,"
                 " user TEXT NOT NULL);"
                 "CREATE TABLE marks(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
                 "PRAGMA user_version=1;"
                 "COMMIT"));
  }
  auto has_start = db_.integer("SELECT count(*) FROM pragma_table_info('deletions') WHERE name='start'");
  if (!has_start) return fail(std::move(has_start).error());
  return *has_start != 0 ? Status{} : db_.exec("ALTER TABLE deletions ADD COLUMN start INTEGER");
}

Status Deletions::load(bool synchronous_off) {
  if (synchronous_off) TRACIA_TRY(db_.exec("PRAGMA synchronous=OFF"));
  TRACIA_TRY(make_tables());
  auto mark = db_.integer("SELECT value FROM marks WHERE name='received'");
  if (!mark) return fail(std::move(mark).error());
  received_mark_ = *mark;
  auto rows = db_.prepare("SELECT received, project, session, user, start FROM deletions");
  if (!rows) return fail(std::move(rows).error());
  while (true) {
    auto more = rows->step();
    if (!more) return fail(std::move(more).error());
    if (!*more) return {};
    remember(rows->text(1), Timestamp{rows->integer(0)}, rows->optional_integer(4), rows->text(2), rows->text(3));
  }
}

void Deletions::remember(std::string_view project_id, Timestamp received, std::optional<int64_t> start,
                         std::string_view session_id, std::string_view user_id) {
  const std::unique_lock lock(mutex_);
  received_.emplace(received.micros, start);
  for (const uint64_t key : keys_of(project_id, session_id, user_id)) ++groups_[key];
  count_ = received_.size();
}

Status Deletions::insert(const std::string& project_id, const std::vector<const store::StoredSpan*>& spans) {
  auto transaction = Transaction::begin(db_);
  if (!transaction) return fail(std::move(transaction).error());
  for (const store::StoredSpan* span : spans) {
    auto insert = db_.prepare("INSERT INTO deletions(received, project, session, user, start) VALUES(?, ?, ?, ?, ?)");
    if (!insert) return fail(std::move(insert).error());
    insert->bind(0, span->received.micros).bind(1, std::string_view(project_id));
    insert->bind(2, std::string_view(span->span.session_id)).bind(3, std::string_view(span->span.user_id));
    insert->bind(4, span->start().micros);
    TRACIA_TRY(insert->run());
  }
  TRACIA_TRY(db_.in_place());
  return transaction->commit();
}

Result<uint64_t> Deletions::add(const std::string& project_id, const std::vector<store::StoredSpan>& spans) {
  const std::lock_guard lock(db_mutex_);
  std::vector<const store::StoredSpan*> fresh;
  std::set<int64_t> seen;
  for (const store::StoredSpan& span : spans) {
    if (!contains(span.received) && seen.insert(span.received.micros).second) fresh.push_back(&span);
  }
  if (fresh.empty()) return 0;
  TRACIA_TRY(insert(project_id, fresh));
  for (const store::StoredSpan* span : fresh) {
    remember(project_id, span->received, span->start().micros, span->span.session_id, span->span.user_id);
  }
  return fresh.size();
}

bool Deletions::contains(Timestamp received) const {
  if (count() == 0) return false;
  const std::shared_lock lock(mutex_);
  return received_.count(received.micros) > 0;
}

bool Deletions::touches(uint64_t group_key) const {
  if (count() == 0) return false;
  const std::shared_lock lock(mutex_);
  return groups_.count(group_key) > 0;
}

uint64_t Deletions::count_between(Timestamp first, Timestamp last) const {
  if (count() == 0) return 0;
  const std::shared_lock lock(mutex_);
  return static_cast<uint64_t>(std::distance(received_.lower_bound(first.micros), received_.upper_bound(last.micros)));
}

std::optional<std::vector<Timestamp>> Deletions::starts_between(Timestamp first, Timestamp last) const {
  std::vector<Timestamp> starts;
  if (count() == 0) return starts;
  const std::shared_lock lock(mutex_);
  const auto end = received_.upper_bound(last.micros);
  for (auto it = received_.lower_bound(first.micros); it != end; ++it) {
    if (!it->second) return std::nullopt;
    starts.push_back({*it->second});
  }
  return starts;
}

Status Deletions::mark_received(Timestamp last) {
  const std::lock_guard lock(db_mutex_);
  auto mark = db_.prepare(
      "INSERT INTO marks(name, value) VALUES('received', ?1) ON CONFLICT(name) DO UPDATE SET value=max(value, ?1)");
  if (!mark) return fail(std::move(mark).error());
  TRACIA_TRY(mark->bind(0, last.micros).run());
  received_mark_ = std::max(received_mark_.load(), last.micros);
  return {};
}

Result<std::vector<uint64_t>> Deletions::groups_between(Timestamp first, Timestamp last) {
  std::vector<uint64_t> keys;
  auto rows = db_.prepare("SELECT project, session, user FROM deletions WHERE received BETWEEN ? AND ?");
  if (!rows) return fail(std::move(rows).error());
  rows->bind(0, first.micros).bind(1, last.micros);
  while (true) {
    auto more = rows->step();
    if (!more) return fail(std::move(more).error());
    if (!*more) return keys;
    for (const uint64_t key : keys_of(rows->text(0), rows->text(1), rows->text(2))) keys.push_back(key);
  }
}

Status Deletions::forget(Timestamp first, Timestamp last) {
  const std::lock_guard lock(db_mutex_);
  const auto groups = groups_between(first, last);
  if (!groups) return fail(groups.error());
  auto drop = db_.prepare("DELETE FROM deletions WHERE received BETWEEN ? AND ?");
  if (!drop) return fail(std::move(drop).error());
  TRACIA_TRY(drop->bind(0, first.micros).bind(1, last.micros).run());
  const std::unique_lock exclusive(mutex_);
  received_.erase(received_.lower_bound(first.micros), received_.upper_bound(last.micros));
  count_ = received_.size();
  for (const uint64_t key : *groups) {
    const auto found = groups_.find(key);
    if (found != groups_.end() && --found->second == 0) groups_.erase(found);
  }
  return {};
}

Status Deletions::copy_to(const std::filesystem::path& file) {
  const std::lock_guard lock(db_mutex_);
  auto copy = db_.prepare("VACUUM INTO ?");
  if (!copy) return fail(std::move(copy).error());
  return copy->bind(0, std::string_view(file.native())).run();
}

}  // namespace tracia::store_sqlite
