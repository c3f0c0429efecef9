#include "active_words.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <mutex>
#include <utility>

#include "words.h"

namespace tracia::store_sqlite {
namespace {

// Bytes, eight at most. The longest tells words apart; the shorter ones serve those who look for fewer letters, and
// make a chance hit of a longer word less likely.
constexpr size_t kBeginnings[] = {2, 3, 5, 8};
// One question in about a hundred about an absent beginning is answered with "perhaps".
constexpr size_t kBitsPerKey = 10;
constexpr size_t kUnitCost = sizeof(Bloom) + 16;  // what a unit takes beside the bits: itself, malloc's own
constexpr size_t kContentCost = 48;               // a node of the table of contents

// SplitMix64's finalizer (Steele, Lea, Flood 2014) over the bytes and their number. Never 0.
uint64_t key_of(std::string_view beginning) {
  uint64_t key = 0;
  std::memcpy(&key, beginning.data(), beginning.size());
  key += beginning.size() * 0x9e3779b97f4a7c15u;
  key = (key ^ key >> 30) * 0xbf58476d1ce4e5b9u;
  key = (key ^ key >> 27) * 0x94d049bb133111ebu;
  return (key ^ key >> 31) | 1;
}

}  // namespace

WordQuery::WordQuery(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    const auto range = range_of(word);
    if (!range) continue;
    std::vector<uint64_t> keys;
    for (const size_t length : kBeginnings) {
      if (length <= range->begin.size()) keys.push_back(key_of(std::string_view(range->begin).substr(0, length)));
    }
    std::reverse(keys.begin(), keys.end());
    if (!keys.empty()) words_.push_back(std::move(keys));
  }
}

void ActiveWords::Keys::add(uint64_t key) {
  if (2 * keys_.size() >= slots_.size()) grow();
  const size_t mask = slots_.size() - 1;
  size_t slot = key >> 32 & mask;
  while (slots_[slot] != 0 && slots_[slot] != key) slot = (slot + 1) & mask;
  if (slots_[slot] == key) return;
  slots_[slot] = key;
  keys_.push_back(key);
}

void ActiveWords::Keys::grow() {
  const std::vector<uint64_t> keys = std::exchange(keys_, {});
  slots_.assign(2 * slots_.size(), 0);
  for (const uint64_t key : keys) add(key);
}

void ActiveWords::Keys::clear() {
  const size_t mask = slots_.size() - 1;
  // Those between a key and its own place are keys as well, so all are met.
  for (const uint64_t key : keys_) {
    for (size_t slot = key >> 32 & mask; slots_[slot] != 0; slot = (slot + 1) & mask) slots_[slot] = 0;
  }
  keys_.clear();
}

void ActiveWords::collect(std::string_view text) {
  each_word(text, [&](std::string_view word) {
    for (const size_t length : kBeginnings) {
      if (length <= word.size()) keys_.add(key_of(word.substr(0, length)));
    }
  });
}

// Of what was collected.
uint32_t ActiveWords::add_unit() {
  Bloom& filter = new_units_.emplace_back(keys_.all().size() * kBitsPerKey / Bloom::kBitsPerKey);
  for (const uint64_t key : keys_.all()) filter.add(key);
  keys_.clear();
  bytes_ += filter.bytes() + kUnitCost;
  return static_cast<uint32_t>(units_added_ + new_units_.size() - 1);
}

Status ActiveWords::add(std::string_view name, const std::vector<SearchedPiece>& pieces,
                        const std::vector<uint64_t>& numbers, const ContentAt& content) {
  std::vector<uint32_t> uses;
  for (const SearchedPiece& piece : pieces) {
    if (!piece.content || *piece.content >= numbers.size()) continue;
    const uint64_t key = numbers[*piece.content] << 3 | static_cast<uint64_t>(piece.form);
    auto known = content_unit_.find(key);
    if (known == content_unit_.end()) {
      auto data = content(*piece.content);
      if (!data) return fail(std::move(data).error());
      each_searched_text(piece.form, *data, document_, [&](std::string_view text) { collect(text); });
      known = content_unit_.emplace(key, add_unit()).first;
      bytes_ += kContentCost;
    }
    uses.push_back(known->second);
  }
  collect(name);
  for (const SearchedPiece& piece : pieces) {
    if (piece.content) continue;
    each_searched_text(piece.form, piece.text, document_, [&](std::string_view text) { collect(text); });
  }
  if (!keys_.all().empty()) uses.push_back(add_unit());
  new_uses_.insert(new_uses_.end(), uses.begin(), uses.end());
  new_ends_.push_back(static_cast<uint32_t>(uses_added_ + new_uses_.size()));
  bytes_ += (uses.size() + 1) * sizeof(uint32_t);
  ++added_;
  return {};
}

void ActiveWords::add_unknown() {
  new_uses_.push_back(kNone);
  new_ends_.push_back(static_cast<uint32_t>(uses_added_ + new_uses_.size()));
  ++added_;
}

void ActiveWords::flush() {
  units_added_ += new_units_.size();
  uses_added_ += new_uses_.size();
  const std::unique_lock lock(mutex_);
  units_.insert(units_.end(), std::make_move_iterator(new_units_.begin()), std::make_move_iterator(new_units_.end()));
  uses_.insert(uses_.end(), new_uses_.begin(), new_uses_.end());
  ends_.insert(ends_.end(), new_ends_.begin(), new_ends_.end());
  spans_.store(ends_.size(), std::memory_order_relaxed);
  full_.store(bytes_ > bytes_max_, std::memory_order_relaxed);
  new_units_.clear();
  new_uses_.clear();
  new_ends_.clear();
}

bool ActiveWords::Look::may_match(size_t span, const WordQuery& query) const {
  const ActiveWords& in = *words_;
  if (span >= in.ends_.size()) return true;
  const auto begin = in.uses_.begin() + (span == 0 ? 0 : in.ends_[span - 1]), end = in.uses_.begin() + in.ends_[span];
  return std::all_of(query.words().begin(), query.words().end(), [&](const std::vector<uint64_t>& keys) {
    return std::any_of(begin, end, [&](uint32_t unit) {
      return unit == kNone ||
             std::all_of(keys.begin(), keys.end(), [&](uint64_t key) { return in.units_[unit].may_have(key); });
    });
  });
}

}  // namespace tracia::store_sqlite
