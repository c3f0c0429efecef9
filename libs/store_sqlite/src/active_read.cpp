// The reading side of the active segment.
#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "active_segment.h"
#include "codec.h"
#include "group_parts.h"

namespace tracia::store_sqlite {
namespace {

// How much a cursor looks at before it lets the writer in.
constexpr size_t kExaminedMax = 4096;
constexpr size_t kWordsExaminedMax = 512;  // where the words of each are looked at as well
constexpr size_t kBatchMax = 128;
// Longer chains of an index are not collected: what so many spans have is soon found by a walk.
constexpr size_t kChainMax = 16'384;
constexpr size_t kIdleReadersMax = 4;
constexpr size_t kIndexedTogether = 128;  // spans, between two looks at what else is to do

Error damaged_payload() {
  return {.code = ErrorCode::kUnavailable, .kind = kDamage, .message = "the active segment holds a damaged payload"};
}

}  // namespace

// Walks the order in batches, taking the lock for each: a long scan never holds up the writer. Spans that arrive
// meanwhile are newer than where the cursor stands, or late; either way the position it goes on from stays right.
// Of one trace, session or end user the spans are known, and taken all at once.
class ActiveCursor final : public SegmentCursor {
 public:
  ActiveCursor(const ActiveSegment* segment, std::optional<uint32_t> project, const std::string& project_id,
               const store::SpanFilter& filter, const std::optional<store::Position>& after)
      : segment_(segment),
        matcher_(filter),
        needed_(signature_of(filter)),
        words_(filter.words),
        project_(project),
        below_(after) {
    choose_index(project_id, filter);
    if (filter.start_before) {
      const store::Position bound{filter.start_before->micros, INT64_MIN};
      below_ = below_ ? std::min(*below_, bound) : bound;
    }
    done_ = !project;
  }

  Result<bool> next() override {
    while (true) {
      while (at_ < batch_.size()) {
        TRACIA_TRY(decode_row(batch_[at_++], row_));
        if (matcher_.matches(row_)) return true;
      }
      if (done_) return false;
      fill();
    }
  }
  const Row& row() const override { return row_; }
  Result<store::StoredSpan> load(Load what) override { return segment_->load(row_, what); }

 private:
  void choose_index(const std::string& project_id, const store::SpanFilter& filter) {
    const auto given = [](const std::optional<std::string>& text) { return text && !text->empty(); };
    if (given(filter.trace_id)) {
      index_ = &segment_->trace_index_;
      key_ = trace_key(project_id, *filter.trace_id);
    } else if (given(filter.session_id)) {
      index_ = &segment_->session_index_;
      key_ = group_key(project_id, store::GroupBy::kSession, *filter.session_id);
    } else if (given(filter.user_id)) {
      index_ = &segment_->user_index_;
      key_ = group_key(project_id, store::GroupBy::kUser, *filter.user_id);
    }
  }

  void fill() {
    batch_.clear();
    at_ = 0;
    if (index_ != nullptr && fill_from_index()) return;
    const std::shared_lock lock(segment_->mutex_);
    fill_batch();
  }

  bool in_range(const ActiveSegment::Entry& entry) const {
    const auto& from = matcher_.filter().start_from;
    return (!below_ || entry.position < *below_) && (!from || entry.position.start_us >= from->micros);
  }

  void fill_batch() {
    const auto& order = segment_->order_;
    const auto& entries = segment_->entries_;
    auto it = below_ ? std::lower_bound(order.begin(), order.end(), *below_,
                                        [&](uint32_t i, const store::Position& p) { return entries[i].position < p; })
                     : order.end();
    const auto words = segment_->words_.look();
    const size_t examined_max = words_.empty() ? kExaminedMax : kWordsExaminedMax;
    for (size_t examined = 0; examined < examined_max && batch_.size() < kBatchMax; ++examined) {
      if (it == order.begin() || !in_range(entries[*std::prev(it)])) {
        done_ = true;
        return;
      }
      const auto& entry = entries[*--it];
      below_ = entry.position;
      if (entry.project != *project_ || !entry.signature.covers(needed_)) continue;
      if (words.may_match(*it, words_)) batch_.push_back(entry.row);
    }
  }

  // False: there are too many.
  bool fill_from_index() {
    std::vector<std::pair<store::Position, std::string_view>> found;
    {
      const std::shared_lock lock(segment_->mutex_);
      const auto words = segment_->words_.look();
      size_t examined = 0;
      for (uint32_t i = index_->first(key_); i != KeyIndex::kNone; i = index_->next(i)) {
        if (++examined > kChainMax) {
          index_ = nullptr;
          return false;
        }
        const auto& entry = segment_->entries_[i];
        if (entry.project == *project_ && entry.signature.covers(needed_) && in_range(entry) &&
            words.may_match(i, words_)) {
          found.emplace_back(entry.position, entry.row);
        }
      }
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return b.first < a.first; });
    for (const auto& [position, row] : found) batch_.push_back(row);
    done_ = true;
    return true;
  }

  const ActiveSegment* segment_;
  RowMatcher matcher_;
  Signature needed_;
  const WordQuery words_;
  std::optional<uint32_t> project_;
  const KeyIndex* index_ = nullptr;  // that knows all that can match, under key_
  uint64_t key_ = 0;
  std::optional<store::Position> below_;  // what is left lies below
  std::vector<std::string_view> batch_;
  size_t at_ = 0;
  bool done_ = false;
  Row row_;
};

Status ActiveSegment::Reader::read(int64_t seq) {
  if (seq_ == seq) return {};
  seq_.reset();
  payload_.bind(0, seq);
  auto row = payload_.step();
  if (!row) return fail(std::move(row).error());
  if (!*row) return fail(damaged_payload());
  data_ = payload_.blob(0);
  payload_.reset();  // ends the read transaction, unless it is held
  seq_ = seq;
  return {};
}

Result<std::string_view> ActiveSegment::Reader::detail(int64_t seq) {
  TRACIA_TRY(read(seq));
  ByteReader in(data_);
  const std::string_view detail = in.text();
  if (!in.ok()) return fail(damaged_payload());
  return detail;
}

Result<std::string_view> ActiveSegment::Reader::content(uint64_t number) {
  ContentPlace place;
  int64_t seq = 0;
  {
    const std::shared_lock lock(segment_->mutex_);
    if (number >= segment_->places_.size()) return fail(damaged_payload());
    place = segment_->places_[number];
    seq = segment_->entries_[place.span].position.received_us;
  }
  TRACIA_TRY(read(seq));
  ByteReader in(data_);
  (void)in.text();
  (void)in.bytes(place.offset);
  const std::string_view content = in.bytes(place.length);
  if (!in.ok()) return fail(damaged_payload());
  return content;
}

Status ActiveSegment::add_words(Reader& reader, std::string_view row_bytes) const {
  Row row;
  TRACIA_TRY(decode_row(row_bytes, row));
  const auto bytes = reader.detail(row.received.micros);
  if (!bytes) return fail(bytes.error());
  const std::string kept(*bytes);  // contents of other spans take its place
  const auto detail = decode_detail(kept);
  if (!detail) return fail(detail.error());
  std::vector<SearchedPiece> pieces;
  TRACIA_TRY(searched_pieces(detail->body, pieces));
  return words_.add(row.name, pieces, detail->content_numbers, [&](size_t place) -> Result<std::string> {
    const auto content = reader.content(detail->content_numbers[place]);
    if (!content) return fail(content.error());
    return std::string(*content);
  });
}

Status ActiveSegment::add_words(Reader& reader, const std::vector<std::string_view>& rows) const {
  TRACIA_TRY(reader.hold());
  Status added;
  for (const std::string_view row : rows) {
    added = add_words(reader, row);
    if (!added && is_damage(added.error())) {
      words_.add_unknown();
      added = {};
    }
    if (!added) break;
  }
  words_.flush();
  const Status released = reader.release();
  return added ? released : added;
}

Status ActiveSegment::index_words(const std::function<Status()>& pause) const {
  auto lease = borrow();
  if (!lease) return fail(std::move(lease).error());
  while (!words_.full()) {
    std::vector<std::string_view> rows;
    {
      const std::shared_lock lock(mutex_);
      const size_t end = std::min(entries_.size(), words_.added() + kIndexedTogether);
      for (size_t i = words_.added(); i < end; ++i) rows.push_back(entries_[i].row);
    }
    if (rows.empty()) break;
    TRACIA_TRY(add_words(**lease, rows));
    TRACIA_TRY(pause());
  }
  return {};
}

Result<std::unique_ptr<ActiveSegment::Reader>> ActiveSegment::reader() const {
  auto db = Db::open(file_, OpenMode::kRead, options_.vfs);
  if (!db) return fail(std::move(db).error());
  auto payload = db->prepare("SELECT data FROM payloads WHERE seq=?");
  if (!payload) return fail(std::move(payload).error());
  return std::make_unique<Reader>(this, std::move(*db), std::move(*payload));
}

Result<ActiveSegment::Lease> ActiveSegment::borrow() const {
  {
    const std::lock_guard lock(readers_mutex_);
    if (!idle_readers_.empty()) {
      auto reader = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return Lease(this, std::move(reader));
    }
  }
  auto made = reader();
  if (!made) return fail(std::move(made).error());
  return Lease(this, std::move(*made));
}
ActiveSegment::Lease::~Lease() {
  if (!reader_) return;
  const std::lock_guard lock(segment_->readers_mutex_);
  if (segment_->idle_readers_.size() < kIdleReadersMax) segment_->idle_readers_.push_back(std::move(reader_));
}

Result<store::StoredSpan> ActiveSegment::load(const Row& row, Load what) const {
  store::StoredSpan span = summary_of(row);
  if (what == Load::kSummary || (what == Load::kWithError && !row.has_error)) return span;
  auto lease = borrow();
  if (!lease) return fail(std::move(lease).error());
  Reader& reader = **lease;
  auto bytes = reader.detail(row.received.micros);
  if (!bytes) return fail(std::move(bytes).error());
  const std::string kept(*bytes);
  auto detail = decode_detail(kept);
  if (!detail) return fail(std::move(detail).error());
  size_t wanted = detail->content_numbers.size();
  if (what == Load::kWithError) wanted = std::min<size_t>(wanted, error_needs_content(detail->body) ? 1 : 0);
  std::vector<std::string> contents;
  for (size_t i = 0; i < wanted; ++i) {
    auto content = reader.content(detail->content_numbers[i]);
    if (!content) return fail(std::move(content).error());
    contents.emplace_back(*content);
  }
  const std::vector<std::string_view> views(contents.begin(), contents.end());
  if (what == Load::kWithError) {
    auto error = error_of(detail->body, views);
    if (!error) return fail(std::move(error).error());
    span.span.error = std::move(*error);
  } else {
    TRACIA_TRY(join(detail->body, views, span.span));
  }
  return span;
}

SegmentInfo ActiveSegment::info() const {
  const std::shared_lock lock(mutex_);
  SegmentInfo info{.number = number_, .spans = entries_.size()};
  if (entries_.empty()) return info;
  info.min_start.micros = entries_[order_.front()].position.start_us;
  info.max_start.micros = entries_[order_.back()].position.start_us;
  info.min_received.micros = entries_.front().position.received_us;
  info.max_received.micros = entries_.back().position.received_us;
  for (const char* suffix : {"", "-wal"}) {
    std::error_code missing;
    const auto size = std::filesystem::file_size(file_.string() + suffix, missing);
    if (!missing) info.bytes += size;
  }
  return info;
}

uint64_t ActiveSegment::unindexed_spans() const {
  const std::shared_lock lock(mutex_);
  return entries_.size() - words_.spans();
}

std::optional<uint32_t> ActiveSegment::known_project(const std::string& project_id) const {
  const std::shared_lock lock(mutex_);
  const auto it = project_numbers_.find(project_id);
  return it == project_numbers_.end() ? std::nullopt : std::optional(it->second);
}

Result<std::unique_ptr<SegmentCursor>> ActiveSegment::query(const std::string& project_id,
                                                            const store::SpanFilter& filter,
                                                            const std::optional<store::Position>& after) const {
  return std::make_unique<ActiveCursor>(this, known_project(project_id), project_id, filter, after);
}

Result<std::vector<store::StoredSpan>> ActiveSegment::trace(const std::string& project_id, const std::string& trace_id,
                                                            size_t limit) const {
  ActiveCursor cursor(this, known_project(project_id), project_id, {.trace_id = trace_id}, std::nullopt);
  struct Found {
    store::StoredSpan span;
    bool has_error;
  };
  std::deque<Found> earliest;
  while (true) {
    auto more = cursor.next();
    if (!more) return fail(std::move(more).error());
    if (!*more) break;
    earliest.push_front({.span = summary_of(cursor.row()), .has_error = cursor.row().has_error});
    if (earliest.size() > limit) earliest.pop_back();
  }
  std::vector<store::StoredSpan> spans;
  for (auto& [span, has_error] : earliest) {
    if (has_error) {  // only these need the disk
      auto full = find(project_id, span.span.span_id, trace_id, Load::kWithError);
      if (!full) return fail(std::move(full).error());
      if (*full) span = std::move(**full);
    }
    spans.push_back(std::move(span));
  }
  return spans;
}

std::optional<std::string_view> ActiveSegment::find_row(uint32_t project, uint64_t key, const std::string& span_id,
                                                        const std::string& trace_id) const {
  const std::string span = pack_id(span_id), trace = pack_id(trace_id);
  std::optional<std::string_view> newest;
  store::Position newest_position;
  for (uint32_t i = span_index_.first(key); i != KeyIndex::kNone; i = span_index_.next(i)) {
    const Entry& entry = entries_[i];
    Row row;
    if (entry.project != project || (newest && entry.position < newest_position)) continue;
    if (!decode_row(entry.row, row) || row.span_id != span || (!trace.empty() && row.trace_id != trace)) continue;
    newest = entry.row;
    newest_position = entry.position;
  }
  return newest;
}

Result<std::optional<store::StoredSpan>> ActiveSegment::find(const std::string& project_id, const std::string& span_id,
                                                             const std::string& trace_id, Load what) const {
  const auto project = known_project(project_id);
  if (!project) return std::nullopt;
  std::optional<std::string_view> found;
  {
    const std::shared_lock lock(mutex_);
    found = find_row(*project, span_key(project_id, span_id), span_id, trace_id);
  }
  if (!found) return std::nullopt;
  Row row;
  TRACIA_TRY(decode_row(*found, row));
  auto span = load(row, what);
  if (!span) return fail(std::move(span).error());
  return std::optional(std::move(*span));
}

Result<std::vector<store::StoredSpan>> ActiveSegment::received_after(const std::string& project_id, Timestamp stamp,
                                                                     size_t limit) const {
  std::vector<store::StoredSpan> spans;
  const auto project = known_project(project_id);
  if (!project) return spans;
  std::vector<std::string_view> rows;
  {
    const std::shared_lock lock(mutex_);
    auto it = std::upper_bound(entries_.begin(), entries_.end(), stamp.micros,
                               [](int64_t us, const Entry& e) { return us < e.position.received_us; });
    for (; it != entries_.end() && rows.size() < limit; ++it) {
      if (it->project == *project) rows.push_back(it->row);
    }
  }
  Row row;
  for (const auto bytes : rows) {
    TRACIA_TRY(decode_row(bytes, row));
    spans.push_back(summary_of(row));
  }
  return spans;
}

// Sums a group up when the walk meets its newest span, so that the first page does not cost the whole segment.
class ActiveGroups final : public GroupCursor {
 public:
  ActiveGroups(const ActiveSegment* segment, const std::string& project_id, store::GroupBy by)
      : segment_(segment),
        project_id_(project_id),
        by_(by),
        walk_(segment, segment->known_project(project_id), project_id, {}, std::nullopt) {}

  Result<bool> next() override {
    while (true) {
      auto more = walk_.next();
      if (!more || !*more) return more;
      const std::string key(group_of(walk_.row(), by_));
      if (key.empty() || !seen_.insert(key).second) continue;
      auto part = segment_->group(project_id_, by_, key);
      if (!part) return fail(std::move(part).error());
      if (!*part) continue;
      part_ = std::move(**part);
      return true;
    }
  }
  const GroupPart& part() const override { return part_; }

 private:
  const ActiveSegment* segment_;
  const std::string project_id_;
  const store::GroupBy by_;
  ActiveCursor walk_;
  std::unordered_set<std::string> seen_;
  GroupPart part_;
};

Result<std::unique_ptr<GroupCursor>> ActiveSegment::groups(const std::string& project_id, store::GroupBy by) const {
  return std::make_unique<ActiveGroups>(this, project_id, by);
}

Result<std::optional<GroupPart>> ActiveSegment::group(const std::string& project_id, store::GroupBy by,
                                                      const std::string& key) const {
  ActiveCursor cursor(this, known_project(project_id), project_id, group_filter({}, by, key), std::nullopt);
  GroupCollector collector(project_id, by);
  TRACIA_TRY(collector.add_all(cursor));
  return collector.only();
}

std::vector<ActiveSegment::Placed> ActiveSegment::sorted() const {
  std::vector<uint32_t> order = order_;
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    const Entry &x = entries_[a], &y = entries_[b];
    if (x.project != y.project) return projects_[x.project] < projects_[y.project];
    return y.position < x.position;
  });
  std::vector<Placed> placed;
  placed.reserve(order.size());
  for (const uint32_t i : order) {
    const Entry& entry = entries_[i];
    placed.push_back({.project_id = projects_[entry.project], .row = entry.row, .seq = entry.position.received_us});
  }
  return placed;
}

Status ActiveSegment::copy_to(const std::filesystem::path& file) const {
  auto db = Db::open(file_, OpenMode::kRead, options_.vfs);
  if (!db) return fail(std::move(db).error());
  TRACIA_TRY(db->exec("PRAGMA query_only=OFF"));  // it also forbids writing the copy; the file itself is open to read
  auto copy = db->prepare("VACUUM INTO ?");
  if (!copy) return fail(std::move(copy).error());
  return copy->bind(0, std::string_view(file.native())).run();
}

}  // namespace tracia::store_sqlite
