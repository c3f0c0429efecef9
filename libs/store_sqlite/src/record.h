// How one span is stored, in active and in sealed segments alike (docs/formats/segments.md draws it):
//
//   row      what lists need: the whole summary of a StoredSpan, some 100 bytes
//   body     what only an opened span needs; long texts in it are left out and become
//   contents the messages of the input, the tools, the output, …: stored once per project and segment
//
// All decoding is total: any bytes give a value or an error, within bounds. Pure; thread-safe but for PayloadMatcher.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/json/reader.h"
#include "tracia/store/span_store.h"

namespace tracia::store_sqlite {

// Ids in their stored form: "" stays ""; "sp_" + 16 hex and "tr_" + 16 or 32 hex (lower case) become a tag byte and 8
// or 16 bytes; anything else a tag byte and the text. Equal ids have equal packed forms, and the other way round.
std::string pack_id(std::string_view id);
std::string unpack_id(std::string_view packed);  // "" for what pack_id() cannot have made

// A span's summary without copies: texts and packed ids are views into the bytes it was decoded from, or into the
// StoredSpan it was made of (ids then into `ids`).
struct Row {
  std::string_view span_id, trace_id, parent_span_id;  // packed
  Timestamp start, received;
  span::Kind kind = span::Kind::kLlm;
  span::SpanStatus status = span::SpanStatus::kSuccess;
  llm::CostStatus cost_status = llm::CostStatus::kUnknown;
  bool has_error = false;  // the body holds a non-empty `error`
  std::string_view name, model, provider, finish_reason, provider_finish_reason, given_cost_status;
  std::string_view user_id, session_id, prompt_id, prompt_slug, label, experiment_id, variant;
  std::optional<int64_t> prompt_version, time_to_first_token_ms, max_output_tokens;
  std::optional<double> temperature, top_p;
  int64_t latency_ms = 0;
  std::optional<llm::Decimal> cost;
  llm::Usage usage;
  std::vector<std::string_view> tags;

  store::Position position() const { return {start.micros, received.micros}; }
};

std::string encode_row(const store::StoredSpan& span);
// Fills `out` in full (its capacity is reused); the views point into `bytes`. Errors: kUnavailable "damaged row: …".
Status decode_row(std::string_view bytes, Row& out);
store::StoredSpan summary_of(const Row& row);

// BLAKE2b-128.
using ContentHash = std::array<unsigned char, 16>;
ContentHash hash_of(std::string_view data);

struct Content {
  ContentHash hash;
  std::string data;
};

// The payload of one span. The body refers to its contents by order alone: the k-th reference in it means contents[k].
// One content may occur more than once.
struct Split {
  std::string body;
  std::vector<Content> contents;
};
Split split(const span::Span& span);

// Fills in the payload members of `out`: exactly what split() was given. `contents` in split's order.
// Errors: kUnavailable "damaged span: …", also when the number of contents is not what the body asks for.
Status join(std::string_view body, std::span<const std::string_view> contents, span::Span& out);
// Only `error`, which needs contents[0] at most, and that only if this says so.
bool error_needs_content(std::string_view body);
Result<std::string> error_of(std::string_view body, std::span<const std::string_view> contents);

// What SpanFilter.words and .contains look at in a body, in the form in which it is kept there.
enum class SearchedForm : uint8_t {
  kText,        // output, error
  kJson,        // an input, or one of its messages
  kListedText,  // a string, as JSON, of an input's list of texts
  kRest,        // what follows an input's list: "}", or a comma and further members and "}"
};
struct SearchedPiece {
  SearchedForm form = SearchedForm::kText;
  std::optional<size_t> content;  // its place among the span's contents; nullopt: `text` is it
  std::string_view text;          // into the body
};
// Errors: kUnavailable "damaged span: …".
Status searched_pieces(std::string_view body, std::vector<SearchedPiece>& out);

// What both kinds of segments store as a detail: the numbers of the span's contents in that segment, then the body.
std::string encode_detail(std::span<const uint64_t> content_numbers, std::string_view body);
struct Detail {
  std::vector<uint64_t> content_numbers;
  std::string_view body;  // into the bytes given
};
Result<Detail> decode_detail(std::string_view bytes);

// All of a filter but what needs payloads.
class RowMatcher {
 public:
  explicit RowMatcher(store::SpanFilter filter);
  bool matches(const Row& row) const;
  const store::SpanFilter& filter() const { return filter_; }

 private:
  bool matches_numbers(const Row& row) const;
  bool matches_texts(const Row& row) const;

  store::SpanFilter filter_;
  std::optional<std::string> trace_id_, parent_span_id_;  // packed
};

// The rest of a filter: variables, attributes, words, contains. Reads whole spans. One thread at a time (it reuses
// buffers).
class PayloadMatcher {
 public:
  explicit PayloadMatcher(const store::SpanFilter& filter);
  bool matches(const span::Span& span);

 private:
  using Members = std::vector<std::pair<std::string, std::string>>;
  bool members_match(const Members& wanted, std::string_view object);
  bool texts_match(const span::Span& span);
  void search(std::string_view text);
  void search_words(std::string_view lower);

  Members variables_, attributes_;
  std::vector<std::string> words_;  // lower case
  std::string contains_;            // lower case
  std::vector<bool> found_;         // of words_, then of contains_
  json::Document document_;
};

// SipHash-2-4 with a fixed key: the same everywhere and always, so that it can be stored.
uint64_t stable_hash(std::string_view bytes);

// Keys of a segment's bloom filter. Stored, so stable. Ids as text, or packed where the name says so.
uint64_t span_key(std::string_view project_id, std::string_view span_id);
uint64_t trace_key(std::string_view project_id, std::string_view trace_id);
uint64_t packed_span_key(std::string_view project_id, std::string_view packed_span_id);
uint64_t packed_trace_key(std::string_view project_id, std::string_view packed_trace_id);
uint64_t group_key(std::string_view project_id, store::GroupBy by, std::string_view key);

// The tokens that filters by token count look at: the total, else the sum of what is known; nullopt: nothing is.
std::optional<int64_t> total_tokens_of(const llm::Usage& usage);

}  // namespace tracia::store_sqlite
