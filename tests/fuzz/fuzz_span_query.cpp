// Query strings and cursors on arbitrary bytes: nothing crashes, what is accepted is bounded, and a cursor that is
// accepted is exactly the one that its position has.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "span_query.h"
#include "tracia/base/bytes.h"

namespace {

using namespace tracia;
using routes::FilterSet;

std::string prompt_id_of(std::string_view slug) { return slug.size() % 2 == 0 ? "prm_1" : ""; }

void expect(bool holds) {
  if (!holds) std::abort();
}

void check_filter(const store::SpanFilter& filter) {
  expect(filter.tags.size() <= routes::kFilterTagsMax);
  expect(filter.variables.size() <= routes::kFilterVariablesMax);
  expect(filter.words.size() <= routes::kSearchWordsMax);
  expect(filter.contains.empty() || filter.contains.size() >= routes::kContainsCharsMin);
  expect(!filter.prompt_id || !filter.prompt_slug);
  expect(!filter.user_id || (!filter.user_id->empty() && is_valid_utf8(*filter.user_id)));
  expect(!filter.min_cost || *filter.min_cost >= llm::Decimal());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const FilterSet set :
       {FilterSet::kSpans, FilterSet::kTail, FilterSet::kTraces, FilterSet::kSessions, FilterSet::kUsers}) {
    const auto filter = routes::read_filter(text, set, prompt_id_of);
    if (filter) check_filter(*filter);
    if (!filter) expect(filter.error().code == ErrorCode::kInvalidRequest && is_valid_utf8(filter.error().message));
  }
  const auto position = routes::read_position_cursor(text, "spans:");
  if (position) expect(routes::position_cursor("spans:", *position) == text);
  // Beyond base64, where most inputs end.
  const auto inner = routes::read_position_cursor(base64url_encode("spans:" + std::string(text)), "spans:");
  if (inner) expect(std::to_string(inner->start_us) + "." + std::to_string(inner->received_us) == text);
  return 0;
}
