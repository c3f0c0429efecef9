// What a call may cost at most, before it is made. Pure. Private to the service.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "tracia/ingest/price_book.h"
#include "tracia/llm/call.h"
#include "tracia/llm/decimal.h"
#include "tracia/llm/model.h"

namespace tracia::service {

// The size of a call, as far as it can be told without a tokenizer.
struct CallSize {
  llm::ModelKind kind = llm::ModelKind::kChat;
  size_t input_bytes = 0;
  std::optional<int64_t> max_output_tokens;
};

// Of a conversation with its tools. Media counts as what models bill for it rather than by its bytes.
CallSize size_of(const llm::ChatRequest& request);
CallSize size_of(const llm::EmbeddingRequest& request, size_t body_bytes);

// At the price that the call's span will get. `name` is the target's, as in price_call(). Zero when there is no price.
llm::Decimal most_it_costs(const ingest::PriceBook* own, std::string_view project_id, const llm::Target& target,
                           std::string_view name, const CallSize& size, Timestamp now);

// Of an answer that was cut off before the provider said what it used: what was sent, and what came.
llm::Decimal cost_of_part(const ingest::PriceBook* own, std::string_view project_id, const llm::Target& target,
                          std::string_view name, const CallSize& size, size_t output_bytes, Timestamp now);

}  // namespace tracia::service
