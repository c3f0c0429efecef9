// The filters that lists of spans, traces and groups take in their query string (api/openapi.yaml), and the cursors of
// those lists. Pure functions, thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tracia/base/result.h"
#include "tracia/store/span_store.h"

namespace tracia::routes {

// Which of the filters an operation has; the others are ignored, like any parameter that nobody knows.
enum class FilterSet { kSpans, kTail, kTraces, kSessions, kUsers };

// The id of the prompt that a slug names now; "" when none.
using PromptIdOf = std::function<std::string(std::string_view slug)>;

inline constexpr size_t kQueryParametersMax = 200;
inline constexpr size_t kFilterTagsMax = 20;
inline constexpr size_t kFilterVariablesMax = 10;  // and attributes
inline constexpr size_t kSearchCharsMax = 256;     // of `q` and `contains`
inline constexpr size_t kContainsCharsMin = 3;     // shorter pieces are in nearly everything
inline constexpr size_t kSearchWordsMax = 16;

// `query` is still percent-encoded. An empty value is the same as absent. Errors: kInvalidRequest naming the parameter.
Result<store::SpanFilter> read_filter(std::string_view query, FilterSet set, const PromptIdOf& prompt_id_of);

// Cursors of lists that are ordered by Position. `tag` says which list it is.
std::string position_cursor(std::string_view tag, const store::Position& position);
// "cursor is not one that this list made".
Result<store::Position> read_position_cursor(std::string_view cursor, std::string_view tag);

}  // namespace tracia::routes
