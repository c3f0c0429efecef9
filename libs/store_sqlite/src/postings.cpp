#include "postings.h"

#include <algorithm>
#include <bit>

#include "codec.h"
#include "db.h"
#include "tracia/base/bytes.h"

namespace tracia::store_sqlite {
namespace {

constexpr size_t kValueMax = 32;  // longer values are cut, see posting_key()
constexpr size_t kValueKept = 24;
enum Form : uint8_t { kDifferences = 0, kBitmap = 1 };

Error damaged(std::string_view what) {
  return {.code = ErrorCode::kUnavailable, .kind = kDamage, .message = "damaged index: " + std::string(what)};
}

template <typename Enum>
std::string_view code_of(Enum value) {
  static constexpr std::string_view kCodes{"\0\1\2\3\4\5\6\7", 8};
  return kCodes.substr(static_cast<size_t>(value), 1);
}

}  // namespace

std::string posting_key(Field field, uint64_t project, std::string_view value) {
  std::string key;
  ByteWriter out(key);
  out.byte(static_cast<uint8_t>(field));
  out.varint(project);
  if (value.size() <= kValueMax) {
    out.bytes(value);
  } else {
    out.bytes(value.substr(0, kValueKept));
    out.fixed64(stable_hash(value));
    out.byte(0xff);  // longer than any short value: the two never meet
  }
  return key;
}

std::optional<uint64_t> project_of_key(std::string_view key) {
  ByteReader in(key);
  in.byte();
  const uint64_t project = in.varint();
  return in.ok() ? std::optional(project) : std::nullopt;
}

void terms_of(const Row& row, const Term& term) {
  const auto add = [&](Field field, std::string_view value) {
    if (!value.empty()) term(field, value);
  };
  add(Field::kSpan, row.span_id);
  add(Field::kTrace, row.trace_id);
  add(Field::kParent, row.parent_span_id);
  if (row.prompt_id.empty()) {
    add(Field::kSlug, row.prompt_slug);
  } else {
    add(Field::kPrompt, row.prompt_id);
  }
  if (row.prompt_version) term(Field::kVersion, std::to_string(*row.prompt_version));
  add(Field::kModel, ascii_lower(row.model));
  add(Field::kProvider, ascii_lower(row.provider));
  add(Field::kUser, row.user_id);
  add(Field::kSession, row.session_id);
  for (const std::string_view tag : row.tags) add(Field::kTag, tag);
  add(Field::kLabel, row.label);
  add(Field::kExperiment, row.experiment_id);
  add(Field::kVariant, row.variant);
  add(Field::kName, row.name);
  add(Field::kKind, code_of(row.kind));
  add(Field::kStatus, code_of(row.status));
  add(Field::kFinish, row.finish_reason);
  add(Field::kCostStatus, code_of(row.cost_status));
}

void terms_of(const store::SpanFilter& filter, const Term& term) {
  const auto add = [&](Field field, const std::optional<std::string>& value) {
    if (value && !value->empty()) term(field, *value);
  };
  if (filter.trace_id) add(Field::kTrace, pack_id(*filter.trace_id));
  if (filter.parent_span_id) add(Field::kParent, pack_id(*filter.parent_span_id));
  add(Field::kPrompt, filter.prompt_id);
  add(Field::kSlug, filter.prompt_slug);
  if (filter.prompt_version) term(Field::kVersion, std::to_string(*filter.prompt_version));
  if (filter.model) add(Field::kModel, ascii_lower(*filter.model));
  if (filter.provider) add(Field::kProvider, ascii_lower(*filter.provider));
  add(Field::kUser, filter.user_id);
  add(Field::kSession, filter.session_id);
  for (const std::string& tag : filter.tags) add(Field::kTag, tag);
  add(Field::kLabel, filter.label);
  add(Field::kExperiment, filter.experiment_id);
  add(Field::kVariant, filter.variant);
  add(Field::kName, filter.name);
  if (filter.kind) term(Field::kKind, code_of(*filter.kind));
  if (filter.status) term(Field::kStatus, code_of(*filter.status));
  add(Field::kFinish, filter.finish_reason);
  if (filter.cost_status) term(Field::kCostStatus, code_of(*filter.cost_status));
}

std::string encode_positions(const std::vector<uint32_t>& positions, uint32_t spans) {
  std::string bytes;
  ByteWriter out(bytes);
  if (positions.size() > spans / 8) {
    out.byte(kBitmap);
    bytes.resize(1 + (static_cast<size_t>(spans) + 7) / 8);
    for (const uint32_t position : positions) {
      char& byte = bytes[1 + position / 8];
      byte = static_cast<char>(static_cast<unsigned char>(byte) | 1u << position % 8);
    }
    return bytes;
  }
  out.byte(kDifferences);
  uint32_t last = 0;
  for (const uint32_t position : positions) {
    out.varint(position - last);
    last = position;
  }
  return bytes;
}

Result<PositionList> PositionList::decode(std::string_view bytes, uint32_t spans) {
  PositionList list;
  list.spans_ = spans;
  ByteReader in(bytes);
  const uint8_t form = in.byte();
  if (form == kBitmap) {
    const std::string_view bitmap = in.rest();
    if (bitmap.size() != (static_cast<size_t>(spans) + 7) / 8) return fail(damaged("a bitmap of another size"));
    if (spans % 8 != 0 && static_cast<unsigned char>(bitmap.back()) >> spans % 8 != 0) {
      return fail(damaged("a bitmap that goes too far"));
    }
    return of(std::string(bitmap), spans);
  }
  if (form != kDifferences || !in.ok()) return fail(damaged("an unknown form of list"));
  uint64_t at = 0;
  while (!in.at_end()) {
    const uint64_t step = in.varint();
    at += step;
    if (!in.ok() || step > spans || at >= spans || (step == 0 && !list.sparse_.empty())) {
      return fail(damaged("positions out of range"));
    }
    list.sparse_.push_back(static_cast<uint32_t>(at));
  }
  list.size_ = list.sparse_.size();
  return list;
}

PositionList PositionList::of(std::string bitmap, uint32_t spans) {
  PositionList list;
  list.spans_ = spans;
  list.bitmap_ = std::move(bitmap);
  for (const char byte : list.bitmap_) {
    list.size_ += static_cast<size_t>(std::popcount(static_cast<unsigned char>(byte)));
  }
  return list;
}

uint32_t PositionList::seek(uint32_t at) {
  if (bitmap_.empty()) {
    while (next_ < sparse_.size() && sparse_[next_] < at) ++next_;
    return next_ < sparse_.size() ? sparse_[next_] : spans_;
  }
  while (at < spans_) {
    const unsigned rest = static_cast<unsigned char>(bitmap_[at / 8]) >> at % 8;
    if (rest != 0) return at + static_cast<uint32_t>(std::countr_zero(rest));
    at = (at / 8 + 1) * 8;
  }
  return spans_;
}

std::vector<uint32_t> PositionList::all() const {
  if (bitmap_.empty()) return sparse_;
  std::vector<uint32_t> positions;
  positions.reserve(size_);
  for (uint32_t at = 0; at < spans_; ++at) {
    if ((static_cast<unsigned char>(bitmap_[at / 8]) >> at % 8 & 1) != 0) positions.push_back(at);
  }
  return positions;
}

}  // namespace tracia::store_sqlite
