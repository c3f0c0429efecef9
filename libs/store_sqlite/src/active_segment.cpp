#include "active_segment.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "codec.h"
#include "layout.h"

namespace tracia::store_sqlite {
namespace {

constexpr size_t kRowChunkBytes = 64u << 10;
constexpr size_t kScanBatch = 4096;
// The log's file is lengthened by so much, before so little is left. Once a checkpoint has let it start over, it is
// long enough.
constexpr uint64_t kLogRoomBytes = 1u << 20;
constexpr uint64_t kLogRoomBytesMin = 128u << 10;
constexpr size_t kContentPartsMax = 1u << 20;  // fresh contents of one span

Error damaged(const std::filesystem::path& file, std::string_view what) {
  return {
      .code = ErrorCode::kUnavailable, .kind = kDamage, .message = file.filename().string() + ": " + std::string(what)};
}

uint64_t content_key(uint32_t project, const ContentHash& hash) {
  uint64_t key = 0;
  std::memcpy(&key, hash.data(), sizeof key);
  return key ^ (uint64_t{project} * 0x9e3779b97f4a7c15u);
}

}  // namespace

ActiveSegment::ActiveSegment(std::filesystem::path file, uint64_t number, ActiveOptions options, Db db)
    : file_(std::move(file)), number_(number), options_(std::move(options)), db_(std::move(db)) {}
ActiveSegment::~ActiveSegment() = default;

Result<std::shared_ptr<ActiveSegment>> ActiveSegment::open(const std::filesystem::path& file, uint64_t number,
                                                           const ActiveOptions& options, std::optional<Error>* damage) {
  auto db = Db::open(file, OpenMode::kAppend, options.vfs);
  if (!db) return fail(std::move(db).error());
  std::shared_ptr<ActiveSegment> segment(new ActiveSegment(file, number, options, std::move(*db)));
  TRACIA_TRY(segment->create_tables());
  if (auto read = segment->scan(); !read) *damage = std::move(read).error();
  TRACIA_TRY(segment->prepare());
  return segment;
}

Status ActiveSegment::create_tables() {
  // One writer that checkpoints when it likes.
  TRACIA_TRY(db_.exec("PRAGMA wal_autocheckpoint=0"));
  TRACIA_TRY(db_.watch_log());
  if (options_.synchronous_off) TRACIA_TRY(db_.exec("PRAGMA synchronous=OFF"));
  auto format = db_.integer("PRAGMA user_version");
  if (!format) return fail(std::move(format).error());
  if (*format == layout::kActiveFormat) return {};
  if (*format != 0) return fail(damaged(file_, "a segment of a format that this version does not know"));
  return db_.exec(
      "BEGIN IMMEDIATE;"
      "CREATE TABLE spans(seq INTEGER PRIMARY KEY, record BLOB NOT NULL);"
      "CREATE TABLE payloads(seq INTEGER PRIMARY KEY, data BLOB NOT NULL);"
      "PRAGMA user_version=1;"
      "COMMIT");
}

Status ActiveSegment::prepare() {
  auto span = db_.prepare("INSERT INTO spans(seq, record) VALUES(?, ?)");
  if (!span) return fail(std::move(span).error());
  auto payload = db_.prepare("INSERT INTO payloads(seq, data) VALUES(?, ?)");
  if (!payload) return fail(std::move(payload).error());
  auto begin = db_.prepare("BEGIN IMMEDIATE");
  if (!begin) return fail(std::move(begin).error());
  auto commit = db_.prepare("COMMIT");
  if (!commit) return fail(std::move(commit).error());
  insert_span_ = std::move(*span);
  insert_payload_ = std::move(*payload);
  begin_ = std::move(*begin);
  commit_ = std::move(*commit);
  return {};
}

// Recovery: everything in memory comes from here.
Status ActiveSegment::scan() {
  auto rows = db_.prepare("SELECT record FROM spans ORDER BY seq");
  if (!rows) return fail(std::move(rows).error());
  Status status;
  while (status) {
    const auto more = rows->step();
    if (!more) status = fail(more.error());
    if (!more || !*more) break;
    status = load_record(rows->blob(0));
    if (staged_.size() >= kScanBatch) publish();  // else all of it would be in memory twice
  }
  publish();
  return status;
}

Status ActiveSegment::load_record(std::string_view record) {
  ByteReader in(record);
  const std::string project_id(in.text());
  const std::string_view row = in.text();
  const size_t fresh = in.count();
  if (!in.ok() || fresh > kContentPartsMax) return fail(damaged(file_, "a span's record is damaged"));
  const uint32_t project = project_number(project_id);
  auto staged = stage(project, std::string(row));
  if (!staged) return fail(std::move(staged).error());
  uint32_t offset = 0;
  for (size_t i = 0; i < fresh; ++i) {
    ContentHash hash{};
    const std::string_view bytes = in.bytes(hash.size());
    const uint64_t length = in.varint();
    if (!in.ok() || length > UINT32_MAX - offset) return fail(damaged(file_, "a span's record is damaged"));
    std::memcpy(hash.data(), bytes.data(), hash.size());
    add_content(project, hash);
    staged_places_.push_back({.span = static_cast<uint32_t>(entries_.size() + staged_.size()),
                              .offset = offset,
                              .length = static_cast<uint32_t>(length)});
    offset += static_cast<uint32_t>(length);
  }
  payload_bytes_ += record.size() + offset;
  staged_.push_back(std::move(*staged));
  return {};
}

uint32_t ActiveSegment::project_number(const std::string& project_id) {
  if (const auto known = project_numbers_.find(project_id); known != project_numbers_.end()) return known->second;
  const std::unique_lock lock(mutex_);
  const auto number = static_cast<uint32_t>(projects_.size());
  projects_.push_back(project_id);
  project_numbers_.emplace(project_id, number);
  return number;
}

std::optional<uint64_t> ActiveSegment::known_content(uint32_t project, const ContentHash& hash) const {
  for (uint32_t i = content_index_.first(content_key(project, hash)); i != KeyIndex::kNone;
       i = content_index_.next(i)) {
    if (content_hashes_[i] == hash && content_projects_[i] == project) return i;
  }
  return std::nullopt;
}

void ActiveSegment::add_content(uint32_t project, const ContentHash& hash) {
  content_index_.push(content_key(project, hash));
  content_hashes_.push_back(hash);
  content_projects_.push_back(project);
}

Result<ActiveSegment::Staged> ActiveSegment::stage(uint32_t project, std::string row) const {
  Row decoded;
  TRACIA_TRY(decode_row(row, decoded));
  Staged staged;
  staged.entry = {.position = decoded.position(), .row = {}, .signature = signature_of(decoded), .project = project};
  const std::string& project_id = projects_[project];
  staged.key = packed_span_key(project_id, decoded.span_id);
  staged.trace_key = packed_trace_key(project_id, decoded.trace_id);
  if (!decoded.session_id.empty()) {
    staged.session_key = group_key(project_id, store::GroupBy::kSession, decoded.session_id);
  }
  if (!decoded.user_id.empty()) staged.user_key = group_key(project_id, store::GroupBy::kUser, decoded.user_id);
  staged.row = std::move(row);
  return staged;
}

Status ActiveSegment::begin() { return begin_->run(); }

Status ActiveSegment::insert(const std::string& project_id, const store::StoredSpan& span, uint64_t key,
                             const Split& split) {
  const uint32_t project = project_number(project_id);
  const auto number = static_cast<uint32_t>(entries_.size() + staged_.size());
  auto staged = stage(project, encode_row(span));
  if (!staged) return fail(std::move(staged).error());

  std::vector<uint64_t> numbers;
  std::vector<const Content*> fresh;
  uint32_t offset = 0;
  for (const Content& content : split.contents) {
    if (const auto known = known_content(project, content.hash)) {
      numbers.push_back(*known);
      continue;
    }
    numbers.push_back(content_hashes_.size());
    add_content(project, content.hash);
    staged_places_.push_back({.span = number, .offset = offset, .length = static_cast<uint32_t>(content.data.size())});
    offset += static_cast<uint32_t>(content.data.size());
    fresh.push_back(&content);
  }

  record_.clear();
  data_.clear();
  ByteWriter record(record_), data(data_);
  record.text(project_id);
  record.text(staged->row);
  record.varint(fresh.size());
  data.text(encode_detail(numbers, split.body));
  for (const Content* content : fresh) {
    record.bytes({reinterpret_cast<const char*>(content->hash.data()), content->hash.size()});
    record.varint(content->data.size());
    data.bytes(content->data);
  }
  staged_keys_.emplace(key, static_cast<uint32_t>(staged_.size()));
  staged_.push_back(std::move(*staged));
  TRACIA_TRY(insert_span_->bind(0, span.received.micros).bind_blob(1, record_).run());
  TRACIA_TRY(insert_payload_->bind(0, span.received.micros).bind_blob(1, data_).run());
  staged_bytes_ += record_.size() + data_.size();
  return {};
}

Status ActiveSegment::commit() {
  TRACIA_TRY(db_.in_place());
  TRACIA_TRY(commit_->run());
  payload_bytes_ += std::exchange(staged_bytes_, 0);
  publish();
  return {};
}

void ActiveSegment::rollback() {
  // After some errors SQLite has rolled back itself; then this one fails, which is as well.
  (void)db_.exec("ROLLBACK");
  for (size_t i = 0; i < staged_places_.size(); ++i) {
    content_index_.pop();
    content_hashes_.pop_back();
    content_projects_.pop_back();
  }
  staged_.clear();
  staged_places_.clear();
  staged_keys_.clear();
  staged_bytes_ = 0;
}

std::string_view ActiveSegment::keep_row(std::string_view row) {
  if (rows_left_ < row.size()) {
    rows_left_ = std::max(kRowChunkBytes, row.size());
    rows_.push_back(std::make_unique<char[]>(rows_left_));
    rows_at_ = rows_.back().get();
  }
  std::memcpy(rows_at_, row.data(), row.size());
  const std::string_view kept(rows_at_, row.size());
  rows_at_ += row.size();
  rows_left_ -= row.size();
  return kept;
}

void ActiveSegment::add_entry(Staged& staged) {
  staged.entry.row = keep_row(staged.row);
  order_.push_back(static_cast<uint32_t>(entries_.size()));
  entries_.push_back(staged.entry);
  span_index_.push(staged.key);
  trace_index_.push(staged.trace_key);
  session_index_.push(staged.session_key);
  user_index_.push(staged.user_key);
}

void ActiveSegment::publish() {
  if (staged_.empty()) return;
  const std::unique_lock lock(mutex_);
  const auto old = static_cast<ptrdiff_t>(order_.size());
  for (Staged& staged : staged_) add_entry(staged);
  places_.insert(places_.end(), staged_places_.begin(), staged_places_.end());
  // Most spans come about in the order they started, so the merge touches the end only.
  const auto earlier = [&](uint32_t x, uint32_t y) { return entries_[x].position < entries_[y].position; };
  const auto middle = order_.begin() + old;
  std::sort(middle, order_.end(), earlier);
  const auto first = std::lower_bound(order_.begin(), middle, *middle, earlier);
  const std::vector<uint32_t> left(first, middle), right(middle, order_.end());
  std::merge(left.begin(), left.end(), right.begin(), right.end(), first, earlier);
  staged_.clear();
  staged_places_.clear();
  staged_keys_.clear();
}

std::optional<store::StoredSpan> ActiveSegment::find_written(const std::string& project_id, const std::string& span_id,
                                                             const std::string& trace_id, uint64_t key) const {
  const auto project = project_numbers_.find(project_id);
  if (project == project_numbers_.end()) return std::nullopt;
  const std::string span = pack_id(span_id), trace = pack_id(trace_id);
  std::optional<store::StoredSpan> newest;
  const auto [from, to] = staged_keys_.equal_range(key);
  for (auto it = from; it != to; ++it) {
    const Staged& staged = staged_[it->second];
    Row row;
    if (staged.entry.project != project->second || !decode_row(staged.row, row) || row.span_id != span) continue;
    if (!trace.empty() && row.trace_id != trace) continue;
    if (!newest || newest->start() < row.start) newest = summary_of(row);
  }
  if (newest) return newest;
  const auto found = find_row(project->second, key, span_id, trace_id);
  Row row;
  if (!found || !decode_row(*found, row)) return std::nullopt;
  return summary_of(row);
}

Status ActiveSegment::checkpoint() {
  checkpointed_bytes_ = db_.log_bytes();
  return db_.exec("PRAGMA wal_checkpoint(PASSIVE)");
}

// The log starts over after a checkpoint, unless somebody was reading.
uint64_t ActiveSegment::log_bytes() const {
  const uint64_t filled = db_.log_bytes();
  return filled >= checkpointed_bytes_ ? filled - checkpointed_bytes_ : filled;
}

// Not after a large commit: there, what this saves of the next fsync is less than what the zeros cost.
void ActiveSegment::make_room_in_log() {
  const uint64_t filled = db_.log_bytes();
  const bool small = filled < std::exchange(log_seen_bytes_, filled) + kLogRoomBytesMin;
  if (small && filled + kLogRoomBytesMin > db_.log_file_bytes()) {
    (void)db_.lengthen_log(filled + kLogRoomBytes);  // a disk that is full says so at the next commit
  }
}

Timestamp ActiveSegment::first_received() const { return {entries_.front().position.received_us}; }

Status ActiveSegment::probe() {
  TRACIA_TRY(db_.exec("PRAGMA user_version=1"));
  return db_.in_place();
}

}  // namespace tracia::store_sqlite
