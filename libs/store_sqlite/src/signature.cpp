#include "signature.h"

#include <string>
#include <string_view>

#include "tracia/base/bytes.h"

namespace tracia::store_sqlite {
namespace {

enum class Field : uint64_t {
  kParent = 1,
  kPrompt,
  kSlug,
  kVersion,
  kModel,
  kProvider,
  kUser,
  kSession,
  kLabel,
  kExperiment,
  kVariant,
  kName,
  kKind,
  kStatus,
  kFinish,
  kCostStatus,
  kTag
};

// Two bits for each value: one in each half.
void mark(Signature& signature, Field field, uint64_t value) {
  uint64_t x = value + static_cast<uint64_t>(field) * 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;  // splitmix64's mixer
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  signature.low |= uint64_t{1} << (x & 63);
  signature.high |= uint64_t{1} << ((x >> 32) & 63);
}
// Empty texts are not marked: a filter for one then asks for nothing.
void mark(Signature& signature, Field field, std::string_view text) {
  if (!text.empty()) mark(signature, field, uint64_t{std::hash<std::string_view>{}(text)});
}
void mark_folded(Signature& signature, Field field, std::string_view text) {
  for (const char c : text) {
    if (c >= 'A' && c <= 'Z') return mark(signature, field, std::string_view(ascii_lower(text)));
  }
  mark(signature, field, text);
}
template <typename T>
void mark_if(Signature& signature, Field field, const std::optional<T>& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    if (value) mark(signature, field, std::string_view(*value));
  } else {
    if (value) mark(signature, field, static_cast<uint64_t>(*value));
  }
}

}  // namespace

Signature signature_of(const Row& row) {
  Signature s;
  mark(s, Field::kParent, row.parent_span_id);
  mark(s, Field::kPrompt, row.prompt_id);
  mark(s, Field::kSlug, row.prompt_slug);
  mark_if(s, Field::kVersion, row.prompt_version);
  mark_folded(s, Field::kModel, row.model);
  mark_folded(s, Field::kProvider, row.provider);
  mark(s, Field::kUser, row.user_id);
  mark(s, Field::kSession, row.session_id);
  mark(s, Field::kLabel, row.label);
  mark(s, Field::kExperiment, row.experiment_id);
  mark(s, Field::kVariant, row.variant);
  mark(s, Field::kName, row.name);
  mark(s, Field::kKind, static_cast<uint64_t>(row.kind));
  mark(s, Field::kStatus, static_cast<uint64_t>(row.status));
  mark(s, Field::kFinish, row.finish_reason);
  mark(s, Field::kCostStatus, static_cast<uint64_t>(row.cost_status));
  for (const auto tag : row.tags) mark(s, Field::kTag, tag);
  return s;
}

Signature signature_of(const store::SpanFilter& filter) {
  Signature s;
  if (filter.parent_span_id) mark(s, Field::kParent, std::string_view(pack_id(*filter.parent_span_id)));
  mark_if(s, Field::kPrompt, filter.prompt_id);
  mark_if(s, Field::kSlug, filter.prompt_slug);
  mark_if(s, Field::kVersion, filter.prompt_version);
  if (filter.model) mark_folded(s, Field::kModel, *filter.model);
  if (filter.provider) mark_folded(s, Field::kProvider, *filter.provider);
  mark_if(s, Field::kUser, filter.user_id);
  mark_if(s, Field::kSession, filter.session_id);
  mark_if(s, Field::kLabel, filter.label);
  mark_if(s, Field::kExperiment, filter.experiment_id);
  mark_if(s, Field::kVariant, filter.variant);
  mark_if(s, Field::kName, filter.name);
  mark_if(s, Field::kKind, filter.kind);
  mark_if(s, Field::kStatus, filter.status);
  mark_if(s, Field::kFinish, filter.finish_reason);
  mark_if(s, Field::kCostStatus, filter.cost_status);
  for (const auto& tag : filter.tags) mark(s, Field::kTag, std::string_view(tag));
  return s;
}

}  // namespace tracia::store_sqlite
