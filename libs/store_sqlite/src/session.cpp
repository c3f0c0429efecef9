#include "session.h"

namespace tracia::store_sqlite {
namespace {

// A statement that is not reset keeps its transaction open.
class Resetting {
 public:
  explicit Resetting(Statement& statement) : statement_(statement) {}
  Resetting(const Resetting&) = delete;
  Resetting& operator=(const Resetting&) = delete;
  ~Resetting() { statement_.reset(); }

 private:
  Statement& statement_;
};

}  // namespace

Result<Statement*> Session::prepared(std::string_view sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) return &found->second;
  auto made = db_.prepare(sql);
  if (!made) return fail(std::move(made).error());
  return &statements_.emplace(sql, std::move(*made)).first->second;
}

Status Session::each(std::string_view sql, const Bind& bind, const Row& row) {
  const auto statement = prepared(sql);
  if (!statement) return fail(statement.error());
  const Resetting reset(**statement);
  if (bind) bind(**statement);
  while (true) {
    const auto more = (*statement)->step();
    if (!more) return fail(more.error());
    if (!*more) return {};
    TRACIA_TRY(row(**statement));
  }
}

Status Session::run(std::string_view sql, const Bind& bind) {
  return each(sql, bind, [](Statement&) -> Status { return {}; });
}

Result<bool> Session::any(std::string_view sql, const Bind& bind) {
  bool found = false;
  TRACIA_TRY(each(sql, bind, [&](Statement&) -> Status {
    found = true;
    return {};
  }));
  return found;
}

Result<std::unique_ptr<Sessions>> Sessions::open(std::filesystem::path file, std::string vfs, bool synchronous_off,
                                                 Status (*prepare)(Db&)) {
  auto db = Db::open(file, OpenMode::kReadWrite, vfs);
  if (!db) return fail(std::move(db).error());
  if (synchronous_off) TRACIA_TRY(db->exec("PRAGMA synchronous=OFF"));
  TRACIA_TRY(prepare(*db));
  return std::unique_ptr<Sessions>(new Sessions(std::move(file), std::move(vfs), Session(std::move(*db))));
}

Status Sessions::write(const std::function<Status(Session&)>& change) {
  const std::lock_guard lock(writing_);
  auto transaction = Transaction::begin(writer_.db());
  if (!transaction) return fail(std::move(transaction).error());
  TRACIA_TRY(change(writer_));
  TRACIA_TRY(writer_.db().in_place());
  return transaction->commit();
}

Status Sessions::health() {
  const std::unique_lock lock(writing_, std::try_to_lock);
  return lock ? writer_.db().in_place() : Status{};
}

Result<std::unique_ptr<Session>> Sessions::borrow() {
  std::unique_lock lock(readers_mutex_);
  returned_.wait(lock, [&] { return !idle_.empty() || readers_ < kReadersMax; });
  if (!idle_.empty()) {
    auto reader = std::move(idle_.back());
    idle_.pop_back();
    return reader;
  }
  auto db = Db::open(file_, OpenMode::kRead, vfs_);
  if (!db) return fail(std::move(db).error());
  ++readers_;
  return std::make_unique<Session>(std::move(*db));
}

void Sessions::give_back(std::unique_ptr<Session> reader) {
  const std::lock_guard lock(readers_mutex_);
  idle_.push_back(std::move(reader));
  returned_.notify_one();
}

Status Sessions::read(const std::function<Status(Session&)>& query) {
  auto reader = borrow();
  if (!reader) return fail(std::move(reader).error());
  Status done = (*reader)->db().exec("BEGIN");
  if (done) {
    done = query(**reader);
    (void)(*reader)->db().exec("ROLLBACK");  // nothing was written
  }
  give_back(std::move(*reader));
  return done;
}

void Sessions::checkpoint() {
  const std::lock_guard lock(writing_);
  (void)writer_.db().exec("PRAGMA wal_checkpoint(TRUNCATE)");  // what stays goes with a later one
}

Status Sessions::copy_to(const std::filesystem::path& file) {
  const std::lock_guard lock(writing_);
  const std::string name = file.string();
  return writer_.run("VACUUM INTO ?", [&](Statement& statement) { statement.bind(0, std::string_view(name)); });
}

}  // namespace tracia::store_sqlite
