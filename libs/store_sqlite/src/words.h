// The index of words: which spans of a sealed segment hold a word, or words that begin with it, in what
// SpanFilter.words looks at (input's texts, output, error, name). Made when a segment is sealed. It only narrows a
// search down: each span found is read and checked, so the index may give a span too many, never one too few.
//
// Texts that many spans share (a conversation that each turn sends again) are indexed once. What is indexed is a unit:
// one content, or all that a span holds in no content. Units are numbered from 0 in each project, by first use.
//
//   words        key   project varint | part varint | first word of the block
//                data  block (block.h): item 0: the words, ascending, each as: bytes shared with the one before | text
//                of
//                      the rest; then for each word the units that hold it, ascending: differences, varints
//                Words are in lower case, and cut after kWordBytesMax bytes.
//   word_units   project's number; data   block (block.h) of three items:
//                  how many parts and units
//                  of each unit the position of the first span that has it, as the difference to the unit before
//                  of each unit with more: difference to such a unit before | count | positions, as differences
//
// A part is what fitted into memory at once: a word may stand in each of them.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "block.h"
#include "db.h"
#include "postings.h"
#include "record.h"
#include "texts.h"
#include "tracia/json/reader.h"

namespace tracia::store_sqlite {

inline constexpr size_t kWordBytesMax = 40;  // longer words are found by their beginning, and then read

// Letters and digits of ASCII, and everything beyond ASCII: words are runs of these.
constexpr bool is_word_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

// Of each byte its lower case; 0 for those that are in no word.
inline constexpr auto kWordByte = [] {
  std::array<char, 256> lower{};
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    if (is_word_byte(c)) lower[static_cast<size_t>(byte)] = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return lower;
}();

// Calls visit(word) for each word of a text, in lower case and cut after kWordBytesMax bytes; the view is valid during
// the call.
template <typename Visit>
void each_word(std::string_view text, const Visit& visit) {
  const auto lower = [](char c) { return kWordByte[static_cast<unsigned char>(c)]; };
  char buffer[kWordBytesMax];
  for (size_t at = 0; at < text.size(); ++at) {
    if (lower(text[at]) == 0) continue;
    size_t length = 0;
    for (char c = 0; at < text.size() && (c = lower(text[at])) != 0; ++at) {
      if (length < kWordBytesMax) buffer[length++] = c;
    }
    visit(std::string_view(buffer, length));
  }
}

// Calls visit(text) for each text of a piece that searches look at. `document` is a buffer.
template <typename Visit>
void each_searched_text(SearchedForm form, std::string_view data, json::Document& document, const Visit& visit) {
  if (form == SearchedForm::kText) return visit(data);
  // The rest of an object is its last members, after a comma.
  const size_t comma = form == SearchedForm::kRest ? data.find(',') : std::string_view::npos;
  if (form == SearchedForm::kRest && comma == std::string_view::npos) return;
  const auto value =
      document.parse(form == SearchedForm::kRest ? "{" + std::string(data.substr(comma + 1)) : std::string(data));
  if (!value) return;  // then the whole input is no JSON either, and holds no texts
  if (const auto text = value->string(); text && form == SearchedForm::kListedText) return visit(*text);
  each_text(*value, visit);
}

// Collects the words of one project's spans after another. One thread.
class WordCollector {
 public:
  // What is collected is written when it takes about this much memory.
  static constexpr size_t kPartBytesMax = 48u << 20;

  explicit WordCollector(size_t part_bytes_max = kPartBytesMax) : part_bytes_max_(part_bytes_max) {}

  // Spans come by position, ascending. `pieces` are of searched_pieces(), `numbers` those of the span's contents in
  // order, `data(place)` gives the content at a place of that list and is asked once for each content and form.
  using ContentAt = std::function<Result<std::string>(size_t place)>;
  Status add(uint64_t project, uint32_t position, std::string_view name, const std::vector<SearchedPiece>& pieces,
             const std::vector<uint64_t>& numbers, const ContentAt& data, Statement& insert_word);
  // Writes what is left of the project and begins anew.
  Status flush(uint64_t project, Statement& insert_word, Statement& insert_units);

 private:
  struct Posting {
    uint32_t last = 0;  // unit
    std::string list;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  uint32_t new_unit(uint32_t position);
  void use(uint32_t unit, uint32_t position);
  void add_piece(SearchedForm form, std::string_view data, uint32_t unit);
  void add_text(std::string_view text, uint32_t unit);
  Status write_part(uint64_t project, Statement& insert_word);

  const size_t part_bytes_max_;
  std::unordered_map<std::string, Posting, Hash, std::equal_to<>> words_;
  size_t bytes_ = 0;  // of words_, about
  uint64_t parts_ = 0;
  std::vector<uint32_t> first_, last_;                   // positions that use each unit
  std::vector<std::pair<uint32_t, uint32_t>> more_;      // unit, further position
  std::unordered_map<uint64_t, uint32_t> content_unit_;  // by number and form
  json::Document document_;
};

// Reads the words of one block.
class WordBlock {
 public:
  static Result<WordBlock> unpack(std::string_view data);
  size_t size() const { return words_.size(); }
  const std::string& word(size_t index) const { return words_[index]; }
  std::string_view list(size_t index) const { return block_.item(index + 1); }

 private:
  Block block_;
  std::vector<std::string> words_;
};

// The units of one project, and which spans have them.
class WordUnits {
 public:
  // `spans` of the project. Total: bad bytes are an error.
  static Result<WordUnits> decode(std::string_view data, uint32_t spans);
  uint64_t parts() const { return parts_; }
  size_t size() const { return first_.size(); }

  // Of each unit a bit, low ones first.
  using UnitSet = std::vector<uint64_t>;

  // Whether all that a list holds are units.
  bool valid(std::string_view list) const;
  // Adds the units of a list. False: it is damaged.
  bool mark(std::string_view list, UnitSet& units) const;
  UnitSet none() const { return UnitSet((size() + 63) / 64); }
  // The spans that have one of the units, as a bitmap of PositionList.
  std::string spans_with(const UnitSet& units) const;
  uint32_t spans() const { return spans_; }

 private:
  // Further spans of one unit.
  struct More {
    uint32_t unit, begin, end;  // in more_positions_
  };
  template <typename Visit>
  bool each_unit(std::string_view list, const Visit& visit) const;

  uint64_t parts_ = 0;
  uint32_t spans_ = 0;
  std::vector<uint32_t> first_;
  std::vector<More> more_;  // by unit
  std::vector<uint32_t> more_positions_;
};

// Where a word of a filter stands in the index.
struct WordRange {
  std::string begin;   // of the keys, after project and part
  bool exact = false;  // only that key; else all that begin with it
};
// nullopt: the index cannot tell (the word begins with neither a letter nor a digit).
std::optional<WordRange> range_of(std::string_view word);

std::string word_key(uint64_t project, uint64_t part, std::string_view word);
// The project number in a key.
std::optional<uint64_t> project_of_word_key(std::string_view key);

}  // namespace tracia::store_sqlite
