// From the bytes of an ingest request to spans that a store takes: decoding, validation, pricing. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/ingest/price_book.h"
#include "tracia/store/span_store.h"

namespace tracia::ingest {

// The id of the prompt that a slug names in the project at hand; "" when none.
using PromptIdOf = std::function<std::string(std::string_view slug)>;

// What one item of a batch failed with.
struct Rejected {
  size_t index = 0;                    // in the batch, from 0; empty lines of NDJSON are not counted
  std::optional<std::string> span_id;  // when it could be read
  Error error;
};

struct Decoded {
  std::vector<store::NewSpan> spans;
  std::vector<size_t> indexes;  // of each span, in the batch
  std::vector<Rejected> rejected;
};

enum class BatchForm { kArray, kNdjson };

// One span, as POST /api/v1/spans sends it. `now` prices spans without a start time; `own` as in price().
// Errors: kInvalidRequest naming the field.
Result<store::NewSpan> read_span(std::string_view body, const std::string& project_id, const PromptIdOf& prompt_id_of,
                                 Timestamp now, const PriceBook* own = nullptr);

// A batch: each item is judged by itself. Errors of the whole: kInvalidRequest (not JSON, not an array), and
// kPayloadTooLarge over limits::kBatchSpansMax items.
Result<Decoded> read_batch(std::string_view body, BatchForm form, const std::string& project_id,
                           const PromptIdOf& prompt_id_of, Timestamp now, const PriceBook* own = nullptr);

// Sets the cost (docs/concepts.md, Cost): by the project's own price when `own` has one, whenever the span started,
// else by the catalog's that was in force at the span's start, or at `now` when it gives none. Only LLM and EMBEDDING
// spans cost something. What the sender marked "estimated" is at most kEstimated.
void price(store::NewSpan& span, Timestamp now, const PriceBook* own = nullptr);

}  // namespace tracia::ingest
