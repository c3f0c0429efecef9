// What is known of each model, compiled in: provider, limits, capabilities, dimensions, prices with their dates.
// Facts only; libs/llm/catalog/models.json is the data, its README says where figures come from. All functions are
// pure and thread-safe; nothing is parsed at start-up.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/llm/decimal.h"
#include "tracia/llm/model.h"

namespace tracia::llm {

// USD per million tokens, as exact decimals. A rate that is not set falls back as cost() says.
struct Rates {
  std::optional<Decimal> input, output, cached_read, cache_write, cache_write_1h, audio_input, audio_output;
};

struct PriceTier {
  int64_t above_tokens = 0;  // applies to the whole request when input tokens > this; 0 = the base rates
  Rates standard;
  Rates batch;  // batch mode; empty members: not offered
};

// Prices in force from a moment (inclusive) until the next entry's; the first may be "since launch" (INT64_MIN).
struct PricePeriod {
  Timestamp from;
  std::span<const PriceTier> tiers;  // ascending by above_tokens
};

enum class ModelKind { kChat, kEmbedding };

struct ModelInfo {
  std::string_view provider;  // provider_name()
  std::string_view name;      // the exact id
  std::span<const std::string_view> aliases;
  ModelKind kind = ModelKind::kChat;
  int64_t context_tokens = 0;     // 0 = not known
  int64_t max_input_tokens = 0;   // where the vendor bounds the prompt below the window; 0 = the window
  int64_t max_output_tokens = 0;  // 0 = not known
  std::span<const std::string_view> input_modalities, output_modalities;  // "text", "image", "audio", "pdf", "video"
  // "tools", "parallel_tools", "vision", "reasoning", "structured_output", "prompt_caching", "web_search",
  // "computer_use".
  std::span<const std::string_view> capabilities;
  int64_t dimensions = 0;                 // embeddings: the default size
  std::string_view released, deprecated;  // ISO dates, "" when not known
  std::span<const PricePeriod> prices;    // ascending by `from`; empty = no price known
  std::string_view source;                // who states the figures

  // Bedrock: by how many percent a geographic inference profile ("us.", "eu.", "jp.", …) costs more than the
  // region-less id, for profiles without an entry of their own. 0 = the same price; -1 = not known. "global." never
  // costs more.
  int regional_percent = -1;

  // How OpenAI wants to be spoken to; false for others.
  bool responses_only = false;         // served by the Responses API only (the -pro and -codex families)
  bool max_completion_tokens = false;  // chat completions take max_completion_tokens, not max_tokens
  bool developer_role = false;         // system messages go as developer (o-series, GPT-5 and later)
  bool dimensions_override = false;    // embeddings: accepts `dimensions`

  bool has(std::string_view capability) const;
};

std::span<const ModelInfo> all_models();  // sorted by provider, then name

// Names first, then aliases; then dated snapshots of a known name ("gpt-4o-2031-01-01", "…-20310101", "…@20310101", and
// Bedrock's "…-20310101-v1:0"). Never by a mere prefix: "claude-sonnet-5-5" is not "claude-sonnet-5", and a fine-tune
// ("ft:gpt-4o:…") is not its base model: its price differs. For Bedrock, an id with a region prefix that the catalog
// does not list falls back to the id without it, and ARNs that end in a model id are read. Google's "models/" prefix is
// dropped. `provider` in any case, "" = any. O(log n). nullptr when not known.
const ModelInfo* find_model(std::string_view model, std::string_view provider = "");

// The provider for a model name: explicit entries first, then Bedrock's ARNs, vendor and region prefixes, then the
// families of the hosted product, widened by chatgpt-, text-embedding- and fine-tunes.
// kUnsupportedModel with the hosted SDK's message otherwise.
Result<Provider> resolve_provider(std::string_view model);

// kExact: published rates times reported tokens. kEstimated: something was inferred (see cost). kUnknown: no amount.
// kIncluded: another span counts this call, so neither its cost nor its tokens are added up (ingest/nested_calls.h).
enum class CostStatus { kExact, kEstimated, kUnknown, kIncluded };
std::string_view cost_status_name(CostStatus status);  // "exact" | "estimated" | "unknown" | "included"

struct Cost {
  CostStatus status = CostStatus::kUnknown;
  Decimal input, output, total;  // USD; zero when unknown
};

// The cost of one call, without rounding (docs/decisions/0005-prices.md). The price
// in force at `time`; the tier by total input tokens, for the whole request.
//
// Rates: cached reads and cache writes without a rate cost the input rate. 1-hour writes without a rate make the result
// unknown (OpenAI has one write rate for all lifetimes, which they take).
// Estimated instead of exact: audio without a rate (the text rate); `batch` where no batch rate is published (the
// standard rate); a dated snapshot that the catalog does not list; a regional profile whose premium is not known.
//
// Tokens: parts never take anything away from the whole. Where cached reads and writes exceed the input, or reasoning
// or audio the output, the whole is raised to its parts; audio that overlaps the cached part is billed as cached; both
// give an estimate. A missing output is the total less the input, else 0 for embeddings, which are billed for input
// alone; a chat without either, or a missing input that cannot be derived, is unknown. A negative count, or one above
// kTokensMax, is unknown.
//
// `provider` in any case; "" = any; a name that is not one of ours (a connection's) is unknown. Pure; thread-safe.
Cost cost(const Usage& usage, std::string_view provider, std::string_view model, Timestamp time, bool batch = false);

// The same by prices that the caller holds (a project's own): `prices` ascending by `from`, tiers ascending and
// beginning with 0. Cache writes of 1 hour need their own rate.
Cost cost(const Usage& usage, ModelKind kind, std::span<const PricePeriod> prices, Timestamp time, bool batch = false);

// No call has a million million tokens: such a count is a defect of whoever sent it.
inline constexpr int64_t kTokensMax = 1'000'000'000'000;

}  // namespace tracia::llm
