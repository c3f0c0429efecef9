#include "sealed_reader.h"

#include <algorithm>
#include <numeric>

#include "db.h"

namespace tracia::store_sqlite {
namespace {

// Of the content blocks that one span needs at once: more than any span can refer to.
constexpr size_t kContentBytesMax = 512u << 20;

Result<std::string> meta_value(Statement& select, std::string_view name) {
  auto row = select.bind(0, name).step();
  if (!row) return fail(std::move(row).error());
  std::string value(*row ? select.blob(0) : std::string_view{});
  select.reset();
  return value;
}

Error named_after(const std::filesystem::path& path, Error error) {
  const std::string name = path.filename().string();
  if (error.message.find(name) == std::string::npos) error.message += " (" + name + ")";
  return error;
}

}  // namespace

Result<SealedFile::Head> SealedFile::read_head(const std::filesystem::path& path, const std::string& vfs) {
  auto db = Db::open(path, OpenMode::kImmutable, vfs);
  if (!db) return fail(std::move(db).error());
  auto select = db->prepare("SELECT value FROM meta WHERE name = ?");
  if (!select) return fail(std::move(select).error());
  auto packed = meta_value(*select, "segment");
  if (!packed) return fail(std::move(packed).error());
  auto block = Block::unpack(*packed);
  if (!block) return fail(std::move(block).error());
  auto meta = decode_meta(block->item(0));
  if (!meta) return fail(std::move(meta).error());
  auto has_words = db->integer("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'word_units'");
  if (!has_words) return fail(std::move(has_words).error());
  auto replaced = meta_value(*select, "replaces");
  if (!replaced) return fail(std::move(replaced).error());
  auto replaces = decode_replaces(*replaced);
  if (!replaces) return fail(std::move(replaces).error());
  return Head{std::move(*meta), std::move(*replaces), *has_words != 0};
}

Result<std::unique_ptr<SealedFile>> SealedFile::open(const std::filesystem::path& path,
                                                     std::shared_ptr<ReaderPool> pool) {
  auto head = read_head(path, pool->vfs());
  if (!head) return fail(named_after(path, std::move(head).error()));
  std::error_code error;
  head->meta.info.bytes = std::filesystem::file_size(path, error);
  const uint64_t owner = pool->new_owner();
  return std::unique_ptr<SealedFile>(new SealedFile(path, std::move(pool), owner, std::move(*head)));
}

Status SealedFile::load_filter() const {
  const std::lock_guard lock(filter_mutex_);
  if (bloom_) return {};
  auto lease = borrow();
  if (!lease) return fail(std::move(lease).error());
  auto select = (*lease)->db.prepare("SELECT value FROM meta WHERE name = ?");
  if (!select) return fail(named(std::move(select).error()));
  auto words = meta_value(*select, "bloom");
  if (!words) return fail(named(std::move(words).error()));
  auto bloom = Bloom::decode(*words);
  if (!bloom) return fail(damaged("its bloom filter has a wrong size"));
  bloom_ = std::make_unique<const Bloom>(std::move(*bloom));
  filter_.store(bloom_.get(), std::memory_order_release);
  return {};
}

SealedFile::~SealedFile() { pool_->close_all(owner_); }

std::optional<size_t> SealedFile::project(std::string_view id) const {
  const auto at =
      std::lower_bound(meta_.projects.begin(), meta_.projects.end(), id,
                       [](const SealedProject& project, std::string_view want) { return project.id < want; });
  if (at == meta_.projects.end() || at->id != id) return std::nullopt;
  return static_cast<size_t>(at - meta_.projects.begin());
}

Result<PositionList> SealedFile::positions(size_t project, Field field, std::string_view value) const {
  auto lease = borrow();
  if (!lease) return fail(std::move(lease).error());
  const std::string key = posting_key(field, project, value);
  Statement& select = (*lease)->postings;
  auto row = select.bind_blob(0, key).step();
  if (!row) return fail(named(std::move(row).error()));
  if (!*row) return PositionList();
  auto list = PositionList::decode(select.blob(0), meta_.projects[project].spans);
  select.reset();
  if (!list) return fail(named(std::move(list).error()));
  return list;
}

Result<WordUnits> SealedFile::word_units(size_t project) const {
  auto lease = borrow();
  if (!lease) return fail(std::move(lease).error());
  auto& select = (*lease)->word_units;
  if (!select) return fail(damaged("its index of words is gone"));
  auto row = select->bind(0, static_cast<int64_t>(project)).step();
  if (!row) return fail(named(std::move(row).error()));
  if (!*row) return fail(damaged("a project has no index of words"));
  auto units = WordUnits::decode(select->blob(0), meta_.projects[project].spans);
  select->reset();
  if (!units) return fail(named(std::move(units).error()));
  return units;
}

// Adds the lists of all words of a range in one part. False: there is no such part.
Result<bool> SealedFile::collect_lists(Statement& select, size_t project, uint64_t part, const WordRange& range,
                                       WordLists& lists) const {
  const std::string begin = word_key(project, part, range.begin), prefix = word_key(project, part, "");
  select.bind_blob(0, begin);
  bool exists = false;
  for (bool done = false; !done;) {
    auto row = select.step();
    if (!row) return fail(named(std::move(row).error()));
    // The block before the first one may be of another part.
    const std::string_view key = *row ? select.blob(0) : std::string_view();
    exists |= *row && key.starts_with(prefix);
    if (!*row || (key > begin && !key.starts_with(begin))) break;
    if (!key.starts_with(prefix)) continue;
    auto block = WordBlock::unpack(select.blob(1));
    if (!block) {
      select.reset();
      return fail(named(std::move(block).error()));
    }
    for (size_t i = 0; i < block->size() && !done; ++i) {
      const std::string& word = block->word(i);
      const bool in_range = range.exact ? word == range.begin : word.starts_with(range.begin);
      if (in_range) lists.emplace_back(block->list(i));
      done = !in_range && word > range.begin;
    }
  }
  select.reset();
  return exists;
}

Result<std::optional<SealedFile::WordLists>> SealedFile::word_lists(size_t project, std::string_view word) const {
  const auto range = range_of(word);
  if (!range) return std::nullopt;
  auto lease = borrow();
  if (!lease) return fail(std::move(lease).error());
  auto& select = (*lease)->words;
  if (!select) return fail(damaged("its index of words is gone"));
  WordLists lists;
  for (uint64_t part = 0;; ++part) {
    const auto exists = collect_lists(*select, project, part, *range, lists);
    if (!exists) return fail(exists.error());
    if (!*exists) return std::optional(std::move(lists));
  }
}

Result<PositionList> SealedFile::positions_of(const WordUnits& units, std::vector<WordLists> words) const {
  // The rarest word first: when it leaves nothing over, the long lists need not be read.
  const auto bytes = [](const WordLists& lists) {
    return std::accumulate(lists.begin(), lists.end(), size_t{0},
                           [](size_t sum, const std::string& list) { return sum + list.size(); });
  };
  std::sort(words.begin(), words.end(), [&](const auto& a, const auto& b) { return bytes(a) < bytes(b); });
  std::string all;
  for (const WordLists& lists : words) {
    auto of_word = units.none();
    for (const std::string& list : lists) {
      if (!units.mark(list, of_word)) return fail(damaged("a list of its index of words"));
    }
    std::string found = units.spans_with(of_word);
    if (all.empty()) {
      all = std::move(found);
      continue;
    }
    std::transform(all.begin(), all.end(), found.begin(), all.begin(),
                   [](char a, char b) { return static_cast<char>(a & b); });
    if (std::all_of(all.begin(), all.end(), [](char byte) { return byte == 0; })) break;
  }
  return PositionList::of(std::move(all), units.spans());
}

Result<std::optional<Rollup>> SealedFile::rollup(size_t project, RollupView view, RollupSlot slot) const {
  auto lease = borrow();
  if (!lease) return fail(std::move(lease).error());
  auto& select = (*lease)->rollup;
  if (!select) return std::nullopt;
  const std::string key = rollup_key(view, slot, project);
  auto row = select->bind_blob(0, key).step();
  if (!row) return fail(named(std::move(row).error()));
  if (!*row) return std::nullopt;
  auto rollup = Rollup::decode(select->blob(0), slot);
  select->reset();
  if (!rollup) return fail(named(std::move(rollup).error()));
  return std::optional(std::move(*rollup));
}

Error SealedFile::named(Error error) const { return named_after(path_, std::move(error)); }
Error SealedFile::damaged(std::string_view what) const {
  return named({.code = ErrorCode::kUnavailable, .kind = kDamage, .message = "damaged segment: " + std::string(what)});
}

size_t SpanReader::block_of(uint32_t position) const {
  const auto& blocks = file_->meta().blocks;
  const auto after = std::upper_bound(blocks.begin(), blocks.end(), position,
                                      [](uint32_t want, const RowBlock& block) { return want < block.first; });
  return after == blocks.begin() ? 0 : static_cast<size_t>(after - blocks.begin()) - 1;
}

Result<SpanReader::Numbered> SpanReader::read(Table table, uint64_t number) const {
  auto lease = file_->borrow();
  if (!lease) return fail(std::move(lease).error());
  Statement& select = table == Table::kRows      ? (*lease)->row_block
                      : table == Table::kDetails ? (*lease)->detail_block
                                                 : (*lease)->content_block;
  auto row = select.bind(0, static_cast<int64_t>(number)).step();
  if (!row) return fail(file_->named(std::move(row).error()));
  if (!*row) return fail(file_->damaged("a block is missing"));
  const auto first = static_cast<uint64_t>(select.integer(0));
  auto block = Block::unpack(select.blob(1));
  select.reset();
  if (!block) return fail(file_->named(std::move(block).error()));
  Numbered numbered{first, std::move(*block)};
  if (!numbered.has(number)) return fail(file_->damaged("a block lacks items"));
  return numbered;
}

Result<std::string_view> SpanReader::row_bytes(uint32_t position) {
  if (!rows_ || !rows_->has(position)) {
    auto block = read(Table::kRows, position);
    if (!block) return fail(std::move(block).error());
    rows_ = std::move(*block);
  }
  return rows_->block.item(position - rows_->first);
}

Status SpanReader::row(uint32_t position, Row& out) {
  const auto bytes = row_bytes(position);
  if (!bytes) return fail(bytes.error());
  if (auto status = decode_row(*bytes, out); !status) return fail(file_->named(std::move(status).error()));
  return {};
}

Result<Detail> SpanReader::detail(uint32_t position) {
  if (!details_ || !details_->has(position)) {
    auto block = read(Table::kDetails, position);
    if (!block) return fail(std::move(block).error());
    details_ = std::move(*block);
  }
  auto detail = decode_detail(details_->block.item(position - details_->first));
  if (!detail) return fail(file_->named(std::move(detail).error()));
  return detail;
}

Status SpanReader::contents_of(const std::vector<uint64_t>& numbers, std::vector<std::string_view>& out) {
  std::map<uint64_t, Numbered> used;
  size_t bytes = 0;
  const auto block_with = [](std::map<uint64_t, Numbered>& blocks, uint64_t number) {
    auto at = blocks.upper_bound(number);
    if (at == blocks.begin()) return blocks.end();
    --at;
    return at->second.has(number) ? at : blocks.end();
  };
  out.clear();
  for (const uint64_t number : numbers) {
    if (number >= file_->meta().contents) return fail(file_->damaged("a content that is not there"));
    auto at = block_with(used, number);
    if (at == used.end()) {
      if (auto kept = block_with(contents_, number); kept != contents_.end()) {
        at = used.insert(contents_.extract(kept)).position;
      } else {
        auto block = read(Table::kContents, number);
        if (!block) return fail(std::move(block).error());
        at = used.insert_or_assign(block->first, std::move(*block)).first;
      }
      bytes += at->second.block.bytes();
      if (bytes > kContentBytesMax) return fail(file_->damaged("a span is too large"));
    }
    out.push_back(at->second.block.item(number - at->second.first));
  }
  contents_ = std::move(used);
  return {};
}

Result<store::StoredSpan> SpanReader::load(uint32_t position, const Row& row, Load what) {
  store::StoredSpan span = summary_of(row);
  if (what == Load::kSummary || (what == Load::kWithError && !row.has_error)) return span;
  auto detail = this->detail(position);
  if (!detail) return fail(std::move(detail).error());
  if (what == Load::kWithError) {
    detail->content_numbers.resize(std::min<size_t>(detail->content_numbers.size(), error_needs_content(detail->body)));
  }
  std::vector<std::string_view> contents;
  TRACIA_TRY(contents_of(detail->content_numbers, contents));
  if (what == Load::kAll) {
    if (auto status = join(detail->body, contents, span.span); !status) {
      return fail(file_->named(std::move(status).error()));
    }
    return span;
  }
  auto error = error_of(detail->body, contents);
  if (!error) return fail(file_->named(std::move(error).error()));
  span.span.error = std::move(*error);
  return span;
}

Result<bool> GroupReader::next() {
  if (done_) return false;
  auto lease = file_->borrow();
  if (!lease) return fail(std::move(lease).error());
  Statement& select = (*lease)->group_next;
  auto row = select.bind_blob(0, key_).step();
  if (!row) return fail(file_->named(std::move(row).error()));
  std::string key(*row ? select.blob(0) : std::string_view{});
  if (!*row || !key.starts_with(prefix_)) {
    select.reset();
    done_ = true;
    return false;
  }
  auto status = decode_group(select.blob(1), part_);
  select.reset();
  if (!status) return fail(file_->named(std::move(status).error()));
  key_ = std::move(key);
  return true;
}

}  // namespace tracia::store_sqlite
