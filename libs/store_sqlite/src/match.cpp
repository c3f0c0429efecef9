// Filters: what a row can answer, and what only a whole span can. And the keys of bloom filters.
#include <sodium.h>

#include <algorithm>

#include "codec.h"
#include "record.h"
#include "texts.h"
#include "tracia/base/bytes.h"
#include "words.h"

namespace tracia::store_sqlite {
namespace {

// Whether `word` begins a word of `text`; both in lower case.
bool begins_a_word(std::string_view text, std::string_view word) {
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    if (at == 0 || !is_word_byte(text[at - 1]) || !is_word_byte(word.front())) return true;
  }
  return false;
}

template <typename T>
bool within(const std::optional<T>& from, const std::optional<T>& to, const T& value) {
  return (!from || *from <= value) && (!to || value <= *to);
}

bool same(const std::optional<std::string>& wanted, std::string_view value) { return !wanted || *wanted == value; }
bool same_ignoring_case(const std::optional<std::string>& wanted, std::string_view value) {
  return !wanted || ascii_iequals(*wanted, value);
}

uint64_t tagged_hash(char tag, std::string_view project_id, std::string_view value) {
  std::string bytes;
  bytes.reserve(project_id.size() + value.size() + 4);
  bytes += tag;
  ByteWriter(bytes).text(project_id);
  bytes += value;
  return stable_hash(bytes);
}

}  // namespace

RowMatcher::RowMatcher(store::SpanFilter filter) : filter_(std::move(filter)) {
  if (filter_.trace_id) trace_id_ = pack_id(*filter_.trace_id);
  if (filter_.parent_span_id) parent_span_id_ = pack_id(*filter_.parent_span_id);
}

bool RowMatcher::matches(const Row& row) const { return matches_numbers(row) && matches_texts(row); }

bool RowMatcher::matches_numbers(const Row& row) const {
  const store::SpanFilter& want = filter_;
  if (want.start_from && row.start < *want.start_from) return false;
  if (want.start_before && row.start >= *want.start_before) return false;
  if (want.status && *want.status != row.status) return false;
  if (want.kind && *want.kind != row.kind) return false;
  if (want.cost_status && *want.cost_status != row.cost_status) return false;
  if (want.prompt_version && want.prompt_version != row.prompt_version) return false;
  if ((want.min_cost || want.max_cost) && (!row.cost || !within(want.min_cost, want.max_cost, *row.cost))) return false;
  if (!within(want.min_latency_ms, want.max_latency_ms, row.latency_ms)) return false;
  if (!want.min_total_tokens && !want.max_total_tokens) return true;
  const auto tokens = total_tokens_of(row.usage);
  return tokens && within(want.min_total_tokens, want.max_total_tokens, *tokens);
}

bool RowMatcher::matches_texts(const Row& row) const {
  const store::SpanFilter& want = filter_;
  if (!same(trace_id_, row.trace_id) || !same(parent_span_id_, row.parent_span_id)) return false;
  if (!same(want.prompt_id, row.prompt_id)) return false;
  if (want.prompt_slug && (!row.prompt_id.empty() || *want.prompt_slug != row.prompt_slug)) return false;
  if (!same(want.user_id, row.user_id) || !same(want.session_id, row.session_id)) return false;
  if (!same(want.label, row.label) || !same(want.experiment_id, row.experiment_id)) return false;
  if (!same(want.variant, row.variant) || !same(want.name, row.name)) return false;
  if (!same(want.finish_reason, row.finish_reason)) return false;
  if (!same_ignoring_case(want.model, row.model) || !same_ignoring_case(want.provider, row.provider)) return false;
  return std::all_of(want.tags.begin(), want.tags.end(), [&](const std::string& tag) {
    return std::find(row.tags.begin(), row.tags.end(), tag) != row.tags.end();
  });
}

PayloadMatcher::PayloadMatcher(const store::SpanFilter& filter)
    : variables_(filter.variables), attributes_(filter.attributes), contains_(ascii_lower(filter.contains)) {
  for (const std::string& word : filter.words) {
    if (!word.empty()) words_.push_back(ascii_lower(word));
  }
}

bool PayloadMatcher::matches(const span::Span& span) {
  return members_match(variables_, span.variables_json) && members_match(attributes_, span.attributes_json) &&
         texts_match(span);
}

// Whether the object has all of the members, each with that text, or, when it is no string, that JSON.
bool PayloadMatcher::members_match(const Members& wanted, std::string_view object) {
  if (wanted.empty()) return true;
  const auto members = document_.parse(object);
  if (!members) return false;
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& member) {
    const json::Value value = (*members)[member.first];
    if (!value) return false;
    const auto text = value.string();
    return text ? *text == member.second : value.to_json() == member.second;
  });
}

bool PayloadMatcher::texts_match(const span::Span& span) {
  if (words_.empty() && contains_.empty()) return true;
  found_.assign(words_.size() + 1, false);
  found_.back() = contains_.empty();
  search_words(ascii_lower(span.name));
  if (span.output) search(*span.output);
  if (!span.error.empty()) search(span.error);
  const auto all_found = [&] { return std::find(found_.begin(), found_.end(), false) == found_.end(); };
  if (all_found()) return true;
  const auto input = document_.parse(span.input_json);
  if (input) each_text(*input, [&](std::string_view text) { search(text); });
  return all_found();
}

void PayloadMatcher::search(std::string_view text) {
  const std::string lower = ascii_lower(text);
  search_words(lower);
  if (!found_.back() && lower.find(contains_) != std::string::npos) found_.back() = true;
}

void PayloadMatcher::search_words(std::string_view lower) {
  for (size_t i = 0; i < words_.size(); ++i) {
    if (!found_[i] && begins_a_word(lower, words_[i])) found_[i] = true;
  }
}

uint64_t stable_hash(std::string_view bytes) {
  static_assert(crypto_shorthash_BYTES == 8);
  static constexpr unsigned char kKey[crypto_shorthash_KEYBYTES] = {'t', 'r', 'a', 'c', 'i', 'a'};
  unsigned char hash[8];
  crypto_shorthash(hash, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), kKey);
  return ByteReader({reinterpret_cast<const char*>(hash), 8}).fixed64();
}

uint64_t packed_span_key(std::string_view project_id, std::string_view packed_span_id) {
  return tagged_hash('s', project_id, packed_span_id);
}
uint64_t packed_trace_key(std::string_view project_id, std::string_view packed_trace_id) {
  return tagged_hash('t', project_id, packed_trace_id);
}
uint64_t span_key(std::string_view project_id, std::string_view span_id) {
  return packed_span_key(project_id, pack_id(span_id));
}
uint64_t trace_key(std::string_view project_id, std::string_view trace_id) {
  return packed_trace_key(project_id, pack_id(trace_id));
}
uint64_t group_key(std::string_view project_id, store::GroupBy by, std::string_view key) {
  return tagged_hash(by == store::GroupBy::kSession ? 'g' : 'u', project_id, key);
}

std::optional<int64_t> total_tokens_of(const llm::Usage& usage) {
  if (usage.total_tokens) return usage.total_tokens;
  if (!usage.input_tokens && !usage.output_tokens) return std::nullopt;
  int64_t sum = 0;
  const bool over = __builtin_add_overflow(usage.input_tokens.value_or(0), usage.output_tokens.value_or(0), &sum);
  return over ? INT64_MAX : sum;
}

}  // namespace tracia::store_sqlite
