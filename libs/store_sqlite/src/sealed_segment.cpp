// The sealed segment's answers: lists by intersected postings, traces, single spans, groups.
#include <algorithm>
#include <queue>

#include "sealed.h"
#include "sealed_reader.h"

namespace tracia::store_sqlite {
namespace {

// Walks the spans of one project that stand in all lists and match the filter. Without lists it walks all, leaving out
// blocks that cannot match.
class Cursor final : public SegmentCursor {
 public:
  Cursor(const SealedFile& file, RowMatcher matcher, std::vector<PositionList> lists, uint32_t base, uint32_t from,
         uint32_t to, std::optional<store::Position> after)
      : file_(&file),
        reader_(file),
        matcher_(std::move(matcher)),
        lists_(std::move(lists)),
        base_(base),
        next_(from),
        end_(to),
        after_(after) {}

  Result<bool> next() override {
    while (true) {
      const uint32_t candidate = next_candidate();
      if (candidate >= end_) {
        next_ = end_;
        return false;
      }
      next_ = candidate + 1;
      const size_t block = reader_.block_of(base_ + candidate);
      if (!file_->meta().blocks[block].may_match(matcher_.filter())) {
        next_ = block + 1 < file_->meta().blocks.size() ? file_->meta().blocks[block + 1].first - base_ : end_;
        continue;
      }
      TRACIA_TRY(reader_.row(base_ + candidate, row_));
      if (after_ && row_.position() >= *after_) continue;
      if (!matcher_.matches(row_)) continue;
      current_ = base_ + candidate;
      return true;
    }
  }
  const Row& row() const override { return row_; }
  Result<store::StoredSpan> load(Load what) override { return reader_.load(current_, row_, what); }

 private:
  // The first position from next_ on that is in every list.
  uint32_t next_candidate() {
    uint32_t at = next_;
    for (size_t agreed = 0, i = 0; agreed < lists_.size() && at < end_; i = (i + 1) % lists_.size()) {
      const uint32_t found = lists_[i].seek(at);
      agreed = found == at ? agreed + 1 : 1;
      at = found;
    }
    return at;
  }

  const SealedFile* file_;
  SpanReader reader_;
  const RowMatcher matcher_;
  std::vector<PositionList> lists_;  // the shortest first; positions within the project
  const uint32_t base_;              // of the project
  uint32_t next_;
  const uint32_t end_;
  const std::optional<store::Position> after_;
  Row row_;
  uint32_t current_ = 0;  // in the file
};

class Sealed final : public Segment {
 public:
  explicit Sealed(std::unique_ptr<SealedFile> file) : file_(std::move(file)) {}

  Status load_filter() const { return file_->load_filter(); }
  SegmentInfo info() const override { return file_->meta().info; }
  uint64_t unindexed_spans() const override { return file_->has_words() ? 0 : info().spans; }
  const std::vector<uint64_t>& replaces() const override { return file_->replaces(); }
  bool may_have(uint64_t key) const override { return file_->may_have(key); }

  Result<std::unique_ptr<SegmentCursor>> query(const std::string& project_id, const store::SpanFilter& filter,
                                               const std::optional<store::Position>& after) const override {
    const auto project = file_->project(project_id);
    const auto nothing = [&] {
      return std::make_unique<Cursor>(*file_, RowMatcher(filter), std::vector<PositionList>{}, 0, 0, 0, after);
    };
    if (!project) return nothing();
    const auto [from, to] = bounds(*project, filter, after);
    std::vector<std::pair<Field, std::string>> terms;
    terms_of(filter, [&](Field field, std::string_view value) { terms.emplace_back(field, value); });
    std::vector<PositionList> lists;
    for (const auto& [field, value] : terms) {
      auto list = file_->positions(*project, field, value);
      if (!list) return fail(std::move(list).error());
      if (list->size() == 0) return nothing();
      lists.push_back(std::move(*list));
    }
    TRACIA_TRY(add_words(*project, filter.words, lists));
    for (const PositionList& list : lists) {
      if (list.size() == 0) return nothing();
    }
    std::sort(lists.begin(), lists.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
    return std::make_unique<Cursor>(*file_, RowMatcher(filter), std::move(lists), base_of(*project), from, to, after);
  }

  Result<std::vector<store::StoredSpan>> trace(const std::string& project_id, const std::string& trace_id,
                                               size_t limit) const override {
    std::vector<store::StoredSpan> spans;
    const auto project = file_->project(project_id);
    if (!project) return spans;
    const std::string packed = pack_id(trace_id);
    auto list = file_->positions(*project, Field::kTrace, packed);
    if (!list) return fail(std::move(list).error());
    const std::vector<uint32_t> positions = list->all();
    SpanReader reader(*file_);
    Row row;
    for (auto at = positions.rbegin(); at != positions.rend() && spans.size() < limit; ++at) {
      const uint32_t position = base_of(*project) + *at;
      TRACIA_TRY(reader.row(position, row));
      if (row.trace_id != packed) continue;
      auto span = reader.load(position, row, Load::kWithError);
      if (!span) return fail(std::move(span).error());
      spans.push_back(std::move(*span));
    }
    return spans;
  }

  Result<std::optional<store::StoredSpan>> find(const std::string& project_id, const std::string& span_id,
                                                const std::string& trace_id, Load what) const override {
    const auto project = file_->project(project_id);
    if (!project) return std::nullopt;
    const std::string packed = pack_id(span_id), packed_trace = pack_id(trace_id);
    auto list = file_->positions(*project, Field::kSpan, packed);
    if (!list) return fail(std::move(list).error());
    SpanReader reader(*file_);
    Row row;
    const uint32_t spans = file_->meta().projects[*project].spans;
    for (uint32_t at = list->size() == 0 ? spans : list->seek(0); at < spans; at = list->seek(at + 1)) {
      const uint32_t position = base_of(*project) + at;
      TRACIA_TRY(reader.row(position, row));
      if (row.span_id != packed || (!trace_id.empty() && row.trace_id != packed_trace)) continue;
      auto span = reader.load(position, row, what);
      if (!span) return fail(std::move(span).error());
      return std::optional(std::move(*span));
    }
    return std::nullopt;
  }

  Result<std::vector<store::StoredSpan>> received_after(const std::string& project_id, Timestamp stamp,
                                                        size_t limit) const override {
    std::vector<store::StoredSpan> spans;
    const auto project = file_->project(project_id);
    if (!project || limit == 0) return spans;
    SpanReader reader(*file_);
    Row row;
    const auto& meta = file_->meta();
    const uint32_t end = base_of(*project) + meta.projects[*project].spans;
    std::priority_queue<std::pair<int64_t, uint32_t>> first;  // the `limit` earliest so far, the latest on top
    for (size_t i = reader.block_of(base_of(*project)); i < meta.blocks.size() && meta.blocks[i].first < end; ++i) {
      if (meta.blocks[i].max_received <= stamp.micros) continue;
      const uint32_t block_end = i + 1 < meta.blocks.size() ? meta.blocks[i + 1].first : end;
      for (uint32_t position = meta.blocks[i].first; position < std::min(block_end, end); ++position) {
        TRACIA_TRY(reader.row(position, row));
        if (row.received <= stamp) continue;
        first.emplace(row.received.micros, position);
        if (first.size() > limit) first.pop();
      }
    }
    for (; !first.empty(); first.pop()) {
      TRACIA_TRY(reader.row(first.top().second, row));
      spans.push_back(summary_of(row));
    }
    std::reverse(spans.begin(), spans.end());
    return spans;
  }

  Result<std::unique_ptr<GroupCursor>> groups(const std::string& project_id, store::GroupBy by) const override {
    const size_t none = file_->meta().projects.size();
    return std::make_unique<GroupReader>(*file_, file_->project(project_id).value_or(none), by);
  }

  Result<std::optional<GroupPart>> group(const std::string& project_id, store::GroupBy by,
                                         const std::string& key) const override {
    const auto project = file_->project(project_id);
    if (!project || key.empty() || !may_have(group_key(project_id, by, key))) return std::nullopt;
    auto list = file_->positions(*project, by == store::GroupBy::kSession ? Field::kSession : Field::kUser, key);
    if (!list) return fail(std::move(list).error());
    const uint32_t spans = file_->meta().projects[*project].spans;
    // A group stands under its newest span, the first of its list. (Long keys may share a list.)
    for (uint32_t at = list->size() == 0 ? spans : list->seek(0); at < spans; at = list->seek(at + 1)) {
      auto part = group_at(group_position_key(by, *project, at));
      if (!part) return fail(std::move(part).error());
      if (*part && (*part)->key == key) return part;
    }
    return std::nullopt;
  }

  Result<std::optional<Rollup>> rollup(const std::string& project_id, RollupView view, RollupSlot slot) const override {
    const auto project = file_->project(project_id);
    return project ? file_->rollup(*project, view, slot) : Rollup();
  }

 private:
  uint32_t base_of(size_t project) const { return file_->meta().projects[project].first; }

  // The positions, within the project, among which everything lies that a list may show. Not exact: rows are checked.
  std::pair<uint32_t, uint32_t> bounds(size_t project, const store::SpanFilter& filter,
                                       const std::optional<store::Position>& after) const {
    const auto& blocks = file_->meta().blocks;
    const SealedProject& in = file_->meta().projects[project];
    const SpanReader reader(*file_);
    const auto begin = blocks.begin() + static_cast<ptrdiff_t>(reader.block_of(in.first));
    const auto end = blocks.begin() + static_cast<ptrdiff_t>(reader.block_of(in.first + in.spans - 1)) + 1;
    // Blocks go from new to old: the last one that begins with something too new may hold the first that is not.
    auto first = begin;
    const auto skip = [&](auto too_new) {
      const auto at = std::partition_point(begin, end, too_new);
      first = std::max(first, at == begin ? begin : at - 1);
    };
    if (after) skip([&](const RowBlock& block) { return block.position >= *after; });
    if (filter.start_before) {
      skip([&](const RowBlock& block) { return block.position.start_us >= filter.start_before->micros; });
    }
    auto last = end;
    if (filter.start_from) {
      last = std::partition_point(
          begin, end, [&](const RowBlock& block) { return block.position.start_us >= filter.start_from->micros; });
    }
    return {first->first - in.first, last == end ? in.spans : last->first - in.first};
  }

  // Of each word of a filter where it may be, as far as the index tells.
  Status add_words(size_t project, const std::vector<std::string>& words, std::vector<PositionList>& lists) const {
    if (words.empty() || !file_->has_words()) return {};
    // The units are dear to read, and most files lack a rare word.
    std::vector<SealedFile::WordLists> found;
    for (const std::string& word : words) {
      auto of_word = file_->word_lists(project, word);
      if (!of_word) return fail(std::move(of_word).error());
      if (!*of_word) continue;
      if ((*of_word)->empty()) {
        lists.emplace_back();  // nowhere
        return {};
      }
      found.push_back(std::move(**of_word));
    }
    if (found.empty()) return {};
    auto units = file_->word_units(project);
    if (!units) return fail(std::move(units).error());
    auto list = file_->positions_of(*units, std::move(found));
    if (!list) return fail(std::move(list).error());
    lists.push_back(std::move(*list));
    return {};
  }

  Result<std::optional<GroupPart>> group_at(const std::string& key) const {
    auto lease = file_->borrow();
    if (!lease) return fail(std::move(lease).error());
    Statement& select = (*lease)->group;
    auto row = select.bind_blob(0, key).step();
    if (!row) return fail(file_->named(std::move(row).error()));
    if (!*row) return std::nullopt;
    GroupPart part;
    auto status = decode_group(select.blob(0), part);
    select.reset();
    if (!status) return fail(file_->named(std::move(status).error()));
    return std::optional(std::move(part));
  }

  const std::unique_ptr<const SealedFile> file_;
};

}  // namespace

Result<std::shared_ptr<const Segment>> open_sealed(const std::filesystem::path& file,
                                                   std::shared_ptr<ReaderPool> pool) {
  auto opened = SealedFile::open(file, std::move(pool));
  if (!opened) return fail(std::move(opened).error());
  return std::make_shared<const Sealed>(std::move(*opened));
}

Status load_filter(const Segment& segment) {
  const auto* sealed = dynamic_cast<const Sealed*>(&segment);
  return sealed != nullptr ? sealed->load_filter() : Status{};
}

}  // namespace tracia::store_sqlite
