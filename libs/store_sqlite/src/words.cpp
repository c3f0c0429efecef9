#include "words.h"

#include <algorithm>
#include <bit>

#include "block.h"
#include "codec.h"
#include "tracia/base/bytes.h"

namespace tracia::store_sqlite {
namespace {

constexpr int kLevel = 3;
// Of words and lists in one block: enough to compress, little to read for one word.
constexpr size_t kBlockBytes = 32u << 10;
// What a word costs in memory beside its list: a node of the table, its key, malloc's own.
constexpr size_t kWordCost = 140;

Error damaged(std::string_view what) {
  return {.code = ErrorCode::kUnavailable, .kind = kDamage, .message = "damaged index of words: " + std::string(what)};
}

}  // namespace

uint32_t WordCollector::new_unit(uint32_t position) {
  first_.push_back(position);
  last_.push_back(position);
  return static_cast<uint32_t>(first_.size() - 1);
}

void WordCollector::use(uint32_t unit, uint32_t position) {
  if (last_[unit] == position) return;
  last_[unit] = position;
  more_.emplace_back(unit, position);
}

void WordCollector::add_text(std::string_view text, uint32_t unit) {
  each_word(text, [&](std::string_view word) {
    auto known = words_.find(word);
    const bool is_new = known == words_.end();
    if (is_new) {
      known = words_.emplace(word, Posting()).first;
      bytes_ += kWordCost;
    }
    Posting& posting = known->second;
    if (!is_new && posting.last == unit) return;
    const size_t before = posting.list.size();
    ByteWriter(posting.list).varint(unit - posting.last);
    bytes_ += posting.list.size() - before;
    posting.last = unit;
  });
}

void WordCollector::add_piece(SearchedForm form, std::string_view data, uint32_t unit) {
  each_searched_text(form, data, document_, [&](std::string_view text) { add_text(text, unit); });
}

Status WordCollector::add(uint64_t project, uint32_t position, std::string_view name,
                          const std::vector<SearchedPiece>& pieces, const std::vector<uint64_t>& numbers,
                          const ContentAt& data, Statement& insert_word) {
  std::optional<uint32_t> own;
  const auto own_unit = [&] {
    if (!own) own = new_unit(position);
    return *own;
  };
  // The span's own texts first: a list of units only ever goes up.
  if (!name.empty()) add_text(name, own_unit());
  for (const SearchedPiece& piece : pieces) {
    const bool has_words = std::any_of(piece.text.begin(), piece.text.end(), is_word_byte);
    if (!piece.content && has_words) add_piece(piece.form, piece.text, own_unit());
  }
  for (const SearchedPiece& piece : pieces) {
    if (!piece.content) continue;
    if (*piece.content >= numbers.size()) return fail(damaged("a content is missing"));
    const uint64_t key = numbers[*piece.content] << 3 | static_cast<uint64_t>(piece.form);
    const auto [known, is_new] = content_unit_.try_emplace(key, 0);
    if (!is_new) {
      use(known->second, position);
      continue;
    }
    known->second = new_unit(position);
    auto content = data(*piece.content);
    if (!content) return fail(std::move(content).error());
    add_piece(piece.form, *content, known->second);
  }
  return bytes_ > part_bytes_max_ ? write_part(project, insert_word) : Status{};
}

Status WordCollector::write_part(uint64_t project, Statement& insert_word) {
  std::vector<const std::pair<const std::string, Posting>*> order;
  order.reserve(words_.size());
  for (const auto& entry : words_) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
  for (size_t i = 0; i < order.size();) {
    size_t end = i, bytes = 0;
    for (; end < order.size() && bytes < kBlockBytes; ++end) {
      bytes += order[end]->first.size() + order[end]->second.list.size();
    }
    std::string names;
    ByteWriter to_names(names);
    std::string_view last;
    for (size_t k = i; k < end; ++k) {
      const std::string_view word = order[k]->first;
      const auto parting = std::mismatch(word.begin(), word.end(), last.begin(), last.end()).first;
      const auto shared = static_cast<size_t>(parting - word.begin());
      to_names.varint(shared);
      to_names.text(word.substr(shared));
      last = word;
    }
    BlockPacker packer(kLevel);
    packer.add(names);
    for (size_t k = i; k < end; ++k) packer.add(order[k]->second.list);
    auto packed = packer.pack();
    if (!packed) return fail(std::move(packed).error());
    const std::string key = word_key(project, parts_, order[i]->first);
    TRACIA_TRY(insert_word.bind_blob(0, key).bind_blob(1, *packed).run());
    i = end;
  }
  ++parts_;
  words_.clear();
  bytes_ = 0;
  return {};
}

Status WordCollector::flush(uint64_t project, Statement& insert_word, Statement& insert_units) {
  if (!words_.empty()) TRACIA_TRY(write_part(project, insert_word));
  std::string head, first, more;
  ByteWriter to_head(head), to_first(first), to_more(more);
  to_head.varint(parts_);
  to_head.varint(first_.size());
  uint32_t last = 0;
  for (const uint32_t position : first_) {
    to_first.varint(position - last);
    last = position;
  }
  std::sort(more_.begin(), more_.end());
  uint32_t last_unit = 0;
  for (size_t i = 0; i < more_.size();) {
    const uint32_t unit = more_[i].first;
    size_t end = i;
    while (end < more_.size() && more_[end].first == unit) ++end;
    to_more.varint(unit - last_unit);
    to_more.varint(end - i);
    last_unit = unit;
    uint32_t at = first_[unit];
    for (; i < end; ++i) {
      to_more.varint(more_[i].second - at);
      at = more_[i].second;
    }
  }
  BlockPacker packer(kLevel);
  for (const std::string* item : {&head, &first, &more}) packer.add(*item);
  auto packed = packer.pack();
  if (!packed) return fail(std::move(packed).error());
  TRACIA_TRY(insert_units.bind(0, static_cast<int64_t>(project)).bind_blob(1, *packed).run());
  parts_ = 0;
  first_.clear();
  last_.clear();
  more_.clear();
  content_unit_.clear();
  return {};
}

Result<WordBlock> WordBlock::unpack(std::string_view data) {
  auto unpacked = Block::unpack(data);
  if (!unpacked) return fail(std::move(unpacked).error());
  WordBlock block;
  block.block_ = std::move(*unpacked);
  ByteReader names(block.block_.item(0));
  std::string word;
  while (!names.at_end()) {
    const uint64_t shared = names.varint();
    const std::string_view rest = names.text();
    if (!names.ok() || shared > word.size() || shared + rest.size() > kWordBytesMax) return fail(damaged("a word"));
    word.resize(static_cast<size_t>(shared));
    word += rest;
    block.words_.push_back(word);
  }
  if (block.words_.empty() || block.block_.items() != block.words_.size() + 1) return fail(damaged("a block of words"));
  return block;
}

Result<WordUnits> WordUnits::decode(std::string_view data, uint32_t spans) {
  auto block = Block::unpack(data);
  if (!block) return fail(std::move(block).error());
  if (block->items() != 3) return fail(damaged("its units are incomplete"));
  WordUnits units;
  units.spans_ = spans;
  ByteReader head(block->item(0)), first(block->item(1)), more(block->item(2));
  units.parts_ = head.varint();
  const uint64_t count = head.varint();
  // Each takes a byte at least.
  if (!head.ok() || count > block->item(1).size() || units.parts_ > count) return fail(damaged("too many units"));
  units.first_.reserve(count);
  uint64_t position = 0;
  for (uint64_t i = 0; i < count; ++i) {
    position += first.varint();
    if (position >= spans) return fail(damaged("a unit of no span"));
    units.first_.push_back(static_cast<uint32_t>(position));
  }
  if (!first.ok() || !first.at_end()) return fail(damaged("its units end early"));
  for (uint64_t unit = 0; !more.at_end();) {
    unit += more.varint();
    size_t left = more.count();
    if (!more.ok() || unit >= count) return fail(damaged("an unknown unit"));
    const auto begin = static_cast<uint32_t>(units.more_positions_.size());
    position = units.first_[unit];
    for (; left > 0; --left) {
      position += more.varint();
      if (!more.ok() || position >= spans) return fail(damaged("a unit of no span"));
      units.more_positions_.push_back(static_cast<uint32_t>(position));
    }
    const auto end = static_cast<uint32_t>(units.more_positions_.size());
    units.more_.push_back({.unit = static_cast<uint32_t>(unit), .begin = begin, .end = end});
  }
  return units;
}

// visit(unit) for each unit of a list, ascending. False: it is damaged.
template <typename Visit>
bool WordUnits::each_unit(std::string_view list, const Visit& visit) const {
  ByteReader in(list);
  uint64_t unit = 0;
  while (!in.at_end()) {
    const uint64_t step = in.varint();
    unit += step;
    if (!in.ok() || step > first_.size() || unit >= first_.size()) return false;
    visit(static_cast<uint32_t>(unit));
  }
  return true;
}

bool WordUnits::valid(std::string_view list) const {
  return each_unit(list, [](uint32_t) {});
}

bool WordUnits::mark(std::string_view list, UnitSet& units) const {
  return each_unit(list, [&](uint32_t unit) { units[unit / 64] |= uint64_t{1} << unit % 64; });
}

std::string WordUnits::spans_with(const UnitSet& units) const {
  std::string bitmap((static_cast<size_t>(spans_) + 7) / 8, '\0');
  const auto set = [&](uint32_t position) {
    char& byte = bitmap[position / 8];
    byte = static_cast<char>(static_cast<unsigned char>(byte) | 1u << position % 8);
  };
  for (size_t i = 0; i < units.size(); ++i) {
    for (uint64_t left = units[i]; left != 0; left &= left - 1) {
      set(first_[64 * i + static_cast<size_t>(std::countr_zero(left))]);
    }
  }
  for (const More& more : more_) {
    if ((units[more.unit / 64] >> more.unit % 64 & 1) == 0) continue;
    for (uint32_t i = more.begin; i < more.end; ++i) set(more_positions_[i]);
  }
  return bitmap;
}

std::optional<WordRange> range_of(std::string_view word) {
  const auto end = std::find_if_not(word.begin(), word.end(), is_word_byte);
  const auto run = static_cast<size_t>(end - word.begin());
  if (run == 0) return std::nullopt;
  // What follows the run in the filter follows it in the text: the run is a whole word, unless that was cut.
  return WordRange{.begin = ascii_lower(word.substr(0, std::min(run, kWordBytesMax))),
                   .exact = run < word.size() && run < kWordBytesMax};
}

std::string word_key(uint64_t project, uint64_t part, std::string_view word) {
  std::string key;
  ByteWriter out(key);
  out.varint(project);
  out.varint(part);
  out.bytes(word);
  return key;
}

std::optional<uint64_t> project_of_word_key(std::string_view key) {
  ByteReader in(key);
  const uint64_t project = in.varint();
  in.varint();
  return in.ok() ? std::optional(project) : std::nullopt;
}

}  // namespace tracia::store_sqlite
