// Building a sealed segment: rows, details and contents go out in blocks as spans come in; indexes are collected and
// written at the end, in key order, so that every table is only ever appended to.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <system_error>
#include <unordered_map>

#include "block.h"
#include "bloom.h"
#include "db.h"
#include "postings.h"
#include "rollup.h"
#include "sealed.h"
#include "sealed_format.h"
#include "words.h"

namespace tracia::store_sqlite {
namespace {

namespace fs = std::filesystem;

constexpr size_t kDetailBlockBytes = 64u << 10;
constexpr size_t kContentBlockBytes = 96u << 10;
constexpr int kLevel = 3;

Error problem(const fs::path& file, std::string_view what) {
  return {.code = ErrorCode::kUnavailable,
          .kind = ErrorKind::kOther,
          .message = "cannot build " + file.filename().string() + ": " + std::string(what)};
}

// A table of blocks, each under the number of its first item.
class BlockTable {
 public:
  BlockTable(Statement insert, size_t items_max, size_t bytes_max)
      : insert_(std::move(insert)), packer_(kLevel), items_max_(items_max), bytes_max_(bytes_max) {}

  Status add(std::string_view item) {
    packer_.add(item);
    ++next_;
    return packer_.items() == items_max_ || packer_.bytes() >= bytes_max_ ? flush() : Status{};
  }
  Status flush() {
    if (packer_.items() == 0) return {};
    const uint64_t first = next_ - packer_.items();
    auto packed = packer_.pack();
    if (!packed) return fail(std::move(packed).error());
    return insert_.bind(0, static_cast<int64_t>(first)).bind_blob(1, *packed).run();
  }
  bool at_block_start() const { return packer_.items() == 0; }
  uint64_t next() const { return next_; }

 private:
  Statement insert_;
  BlockPacker packer_;
  const size_t items_max_, bytes_max_;
  uint64_t next_ = 0;
};

// Sessions and end users of one project. Spans come newest first.
class GroupCollector {
 public:
  void add(std::string_view project_id, const Row& row, uint32_t position, uint64_t trace) {
    if (!row.session_id.empty()) {
      GroupPart& part = touch(store::GroupBy::kSession, row.session_id, row, position);
      part.totals.add(row.kind, row.status, row.cost, row.cost_status, row.usage);
      part.traces.push_back(trace);
    }
    if (!row.user_id.empty()) {
      GroupPart& part = touch(store::GroupBy::kUser, row.user_id, row, position);
      part.totals.add(row.kind, row.status, row.cost, row.cost_status, row.usage);
      part.traces.push_back(trace);
      if (!row.session_id.empty()) {
        part.sessions.push_back(group_key(project_id, store::GroupBy::kSession, row.session_id));
      }
    }
  }

  // Everything collected, in key order, and the groups' own keys for the bloom filter.
  Status flush(std::string_view project_id, uint64_t project, Statement& insert, std::vector<uint64_t>& keys) {
    for (const auto by : {store::GroupBy::kSession, store::GroupBy::kUser}) {
      auto& groups = of(by);
      std::vector<std::pair<uint32_t, GroupPart*>> order;
      order.reserve(groups.size());
      for (auto& [key, group] : groups) order.emplace_back(group.newest, &group.part);
      std::sort(order.begin(), order.end());
      for (const auto& [newest, part] : order) {
        distinct(part->traces);
        distinct(part->sessions);
        keys.push_back(group_key(project_id, by, part->key));
        const std::string key = group_position_key(by, project, newest);
        const std::string data = encode_group(*part);
        TRACIA_TRY(insert.bind_blob(0, key).bind_blob(1, data).run());
      }
      groups.clear();
    }
    return {};
  }

 private:
  struct Group {
    GroupPart part;
    uint32_t newest = 0;
  };
  using Groups = std::unordered_map<std::string, Group>;

  static void distinct(std::vector<uint64_t>& hashes) {
    std::sort(hashes.begin(), hashes.end());
    hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  }
  Groups& of(store::GroupBy by) { return by == store::GroupBy::kSession ? sessions_ : users_; }

  GroupPart& touch(store::GroupBy by, std::string_view key, const Row& row, uint32_t position) {
    const auto [at, is_new] = of(by).try_emplace(std::string(key));
    GroupPart& part = at->second.part;
    if (is_new) {
      at->second.newest = position;
      part.key = key;
      if (by == store::GroupBy::kSession) part.user_id = row.user_id;
      part.last = row.start;
      part.position = row.position();
    }
    part.first = row.start;
    return part;
  }

  Groups sessions_, users_;
};

// Index entries until they are written. Fields with a value for each span are kept in one flat list.
class TermCollector {
 public:
  void add(Field field, uint64_t project, std::string_view value, uint32_t position) {
    std::string key = posting_key(field, project, value);
    if (field <= Field::kParent) {
      flat_.emplace_back(std::move(key), position);
      return;
    }
    std::vector<uint32_t>& positions = shared_[std::move(key)];
    if (positions.empty() || positions.back() != position) positions.push_back(position);
  }

  // `spans_of` gives the number of spans of the project in a key.
  Status write(Statement& insert, const std::function<uint32_t(std::string_view key)>& spans_of) {
    const auto put = [&](const std::string& key, const std::vector<uint32_t>& positions) -> Status {
      const std::string list = encode_positions(positions, spans_of(key));
      return insert.bind_blob(0, key).bind_blob(1, list).run();
    };
    std::sort(flat_.begin(), flat_.end());
    std::vector<uint32_t> positions;
    for (size_t i = 0; i < flat_.size(); ++i) {
      positions.push_back(flat_[i].second);
      if (i + 1 < flat_.size() && flat_[i + 1].first == flat_[i].first) continue;
      TRACIA_TRY(put(flat_[i].first, positions));
      positions.clear();
    }
    std::vector<const std::pair<const std::string, std::vector<uint32_t>>*> order;
    order.reserve(shared_.size());
    for (const auto& entry : shared_) order.push_back(&entry);
    std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
    for (const auto* entry : order) TRACIA_TRY(put(entry->first, entry->second));
    return {};
  }

 private:
  std::vector<std::pair<std::string, uint32_t>> flat_;
  std::unordered_map<std::string, std::vector<uint32_t>> shared_;
};

// Of the tables that are not blocks.
struct Inserts {
  Statement group, rollup, word, word_units;
};

class Builder final : public SealedBuilder {
 public:
  Builder(fs::path file, fs::path temporary, uint64_t number, FetchContent fetch, Db db, BlockTable rows,
          BlockTable details, BlockTable contents, Inserts inserts)
      : file_(std::move(file)),
        temporary_(std::move(temporary)),
        fetch_(std::move(fetch)),
        db_(std::move(db)),
        rows_(std::move(rows)),
        details_(std::move(details)),
        contents_(std::move(contents)),
        inserts_(std::move(inserts)) {
    meta_.info.number = number;
  }

  ~Builder() override {
    if (finished_) return;
    std::error_code ignored;
    fs::remove(temporary_, ignored);
  }

  Status add(std::string_view project_id, std::string_view row, std::string_view detail) override {
    TRACIA_TRY(decode_row(row, row_));
    TRACIA_TRY(enter(project_id));
    const SealedProject& project = meta_.projects.back();
    const uint32_t position = project.spans;  // within the project
    if (position > 0 && row_.position() >= last_) return fail(problem(file_, "spans are out of order"));
    last_ = row_.position();
    if (rows_.at_block_start()) {
      meta_.blocks.push_back({.first = static_cast<uint32_t>(rows_.next()), .position = last_});
    }
    meta_.blocks.back().add(row_);
    count(row_);
    TRACIA_TRY(rows_.add(row));
    TRACIA_TRY(add_detail(detail, position));
    index(project_id, position);
    ++meta_.projects.back().spans;
    return {};
  }

  void set_replaces(std::vector<uint64_t> numbers) override { replaces_ = std::move(numbers); }

  Status finish() override {
    TRACIA_TRY(leave());
    TRACIA_TRY(details_.flush());
    TRACIA_TRY(contents_.flush());
    auto insert = db_.prepare("INSERT INTO postings(key, list) VALUES(?, ?)");
    if (!insert) return fail(std::move(insert).error());
    TRACIA_TRY(terms_.write(*insert, [this](std::string_view key) {
      return meta_.projects[static_cast<size_t>(project_of_key(key).value_or(0))].spans;
    }));
    TRACIA_TRY(write_meta());
    TRACIA_TRY(db_.exec("COMMIT"));
    return publish();
  }

 private:
  // Goes on to the project of the next span.
  Status enter(std::string_view project_id) {
    if (!meta_.projects.empty() && meta_.projects.back().id == project_id) return {};
    if (!meta_.projects.empty() && meta_.projects.back().id > project_id) {
      return fail(problem(file_, "projects are out of order"));
    }
    if (rows_.next() >= UINT32_MAX - 1) return fail(problem(file_, "too many spans"));
    TRACIA_TRY(leave());
    meta_.projects.push_back({.id = std::string(project_id), .first = static_cast<uint32_t>(rows_.next())});
    return {};
  }
  Status leave() {
    if (meta_.projects.empty()) return {};
    numbers_.clear();
    TRACIA_TRY(rows_.flush());
    const uint64_t project = meta_.projects.size() - 1;
    TRACIA_TRY(rollups_.flush(project, inserts_.rollup));
    TRACIA_TRY(words_.flush(project, inserts_.word, inserts_.word_units));
    return groups_.flush(meta_.projects.back().id, project, inserts_.group, keys_);
  }

  void count(const Row& row) {
    SegmentInfo& info = meta_.info;
    const bool first = info.spans++ == 0;
    info.min_start = first ? row.start : std::min(info.min_start, row.start);
    info.max_start = first ? row.start : std::max(info.max_start, row.start);
    info.min_received = first ? row.received : std::min(info.min_received, row.received);
    info.max_received = first ? row.received : std::max(info.max_received, row.received);
  }

  // Numbers contents in the order of their first use, which puts those of one conversation side by side.
  Status add_detail(std::string_view bytes, uint32_t position) {
    auto detail = decode_detail(bytes);
    if (!detail) return fail(std::move(detail).error());
    const std::vector<uint64_t> given = detail->content_numbers;
    fresh_.assign(given.size(), std::nullopt);
    for (size_t i = 0; i < given.size(); ++i) {
      const auto [at, is_new] = numbers_.try_emplace(given[i], contents_.next());
      if (is_new) {
        auto data = fetch_(given[i]);
        if (!data) return fail(std::move(data).error());
        TRACIA_TRY(contents_.add(*data));
        fresh_[i] = std::move(*data);
      }
      detail->content_numbers[i] = at->second;
    }
    TRACIA_TRY(searched_pieces(detail->body, pieces_));
    const auto content_at = [&](size_t place) -> Result<std::string> {
      // One that came before, as something that is not searched, or in another form, has to be asked for again.
      return fresh_[place] ? std::move(*fresh_[place]) : fetch_(given[place]);
    };
    TRACIA_TRY(words_.add(meta_.projects.size() - 1, position, row_.name, pieces_, detail->content_numbers, content_at,
                          inserts_.word));
    return details_.add(encode_detail(detail->content_numbers, detail->body));
  }

  void index(std::string_view project_id, uint32_t position) {
    const uint64_t project = meta_.projects.size() - 1;
    terms_of(row_, [&](Field field, std::string_view value) { terms_.add(field, project, value, position); });
    const uint64_t trace = packed_trace_key(project_id, row_.trace_id);
    keys_.push_back(packed_span_key(project_id, row_.span_id));
    if (position == 0 || trace != last_trace_) keys_.push_back(trace);
    last_trace_ = trace;
    groups_.add(project_id, row_, position, trace);
    rollups_.add(row_);
  }

  Status write_meta() {
    meta_.contents = contents_.next();
    std::sort(keys_.begin(), keys_.end());
    keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
    Bloom bloom(keys_.size());
    for (const uint64_t key : keys_) bloom.add(key);
    BlockPacker packer(kLevel);
    packer.add(encode_meta(meta_));
    auto packed = packer.pack();
    if (!packed) return fail(std::move(packed).error());
    auto insert = db_.prepare("INSERT INTO meta(name, value) VALUES(?, ?)");
    if (!insert) return fail(std::move(insert).error());
    TRACIA_TRY(insert->bind(0, std::string_view("segment")).bind_blob(1, *packed).run());
    const std::string words = bloom.encode();
    TRACIA_TRY(insert->bind(0, std::string_view("bloom")).bind_blob(1, words).run());
    const std::string replaces = encode_replaces(replaces_);
    if (!replaces_.empty()) TRACIA_TRY(insert->bind(0, std::string_view("replaces")).bind_blob(1, replaces).run());
    const auto digest = sealed_digest(db_);
    if (!digest) return fail(digest.error());
    return insert->bind(0, std::string_view("digest")).bind_blob(1, *digest).run();
  }

  // The commit has synced the file's bytes; the name needs its folder synced.
  Status publish() {
    std::error_code error;
    fs::rename(temporary_, file_, error);
    if (error) return fail(problem(file_, error.message()));
    finished_ = true;
    const fs::path folder = file_.has_parent_path() ? file_.parent_path() : fs::path(".");
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return fail(problem(file_, "its folder cannot be opened"));
    const bool synced = ::fsync(descriptor) == 0;
    ::close(descriptor);
    if (!synced) return fail(problem(file_, "its folder cannot be synced"));
    return {};
  }

  const fs::path file_, temporary_;
  FetchContent fetch_;
  Db db_;
  BlockTable rows_, details_, contents_;
  Inserts inserts_;
  SealedMeta meta_;
  std::vector<uint64_t> replaces_;
  GroupCollector groups_;
  RollupCollector rollups_;
  TermCollector terms_;
  WordCollector words_;
  std::unordered_map<uint64_t, uint64_t> numbers_;  // of contents, in details as given -> here
  std::vector<uint64_t> keys_;                      // of the bloom filter
  Row row_;
  std::vector<SearchedPiece> pieces_;              // of the span being added, like
  std::vector<std::optional<std::string>> fresh_;  // its contents that are new
  store::Position last_;
  uint64_t last_trace_ = 0;
  bool finished_ = false;
};

}  // namespace

Result<std::unique_ptr<SealedBuilder>> SealedBuilder::create(const fs::path& file, uint64_t number, FetchContent fetch,
                                                             const std::string& vfs) {
  fs::path temporary = file;
  temporary += ".tmp";
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    std::error_code ignored;
    fs::remove(temporary.string() + suffix, ignored);
  }
  auto db = Db::open(temporary, OpenMode::kReadWrite, vfs);
  if (!db) return fail(std::move(db).error());
  // Nobody reads it before it has its name, so there is nothing to roll back to: a failed build is thrown away.
  TRACIA_TRY(db->exec("PRAGMA journal_mode=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-8192;"));
  TRACIA_TRY(db->exec("BEGIN IMMEDIATE"));
  TRACIA_TRY(db->exec(kSealedTables));
  auto rows = db->prepare("INSERT INTO rows(first, data) VALUES(?, ?)");
  auto details = db->prepare("INSERT INTO details(first, data) VALUES(?, ?)");
  auto contents = db->prepare("INSERT INTO contents(first, data) VALUES(?, ?)");
  auto groups = db->prepare("INSERT INTO groups(key, data) VALUES(?, ?)");
  auto rollups = db->prepare("INSERT INTO rollups(key, data) VALUES(?, ?)");
  auto words = db->prepare("INSERT INTO words(key, data) VALUES(?, ?)");
  auto word_units = db->prepare("INSERT INTO word_units(project, data) VALUES(?, ?)");
  for (auto* statement : {&rows, &details, &contents, &groups, &rollups, &words, &word_units}) {
    if (!*statement) return fail(std::move(*statement).error());
  }
  return std::make_unique<Builder>(
      file, std::move(temporary), number, std::move(fetch), std::move(*db),
      BlockTable(std::move(*rows), kRowsPerBlock, SIZE_MAX),
      BlockTable(std::move(*details), SIZE_MAX, kDetailBlockBytes),
      BlockTable(std::move(*contents), SIZE_MAX, kContentBlockBytes),
      Inserts{std::move(*groups), std::move(*rollups), std::move(*words), std::move(*word_units)});
}

}  // namespace tracia::store_sqlite
