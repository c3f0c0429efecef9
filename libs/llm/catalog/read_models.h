// models.json, read strictly: whatever the catalog does not understand is an error, because a misspelt key would
// silently become a wrong price. Used by the generator at build time and by its test.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/result.h"

namespace tracia::llm::catalog {

// Prices are counted in 1e-12 USD per million tokens.
struct RateSet {
  // In the order of Rates' members.
  std::optional<int64_t> input, output, cached_read, cache_write, cache_write_1h, audio_input, audio_output;
};

struct Tier {
  int64_t above_tokens = 0;
  RateSet standard, batch;
};

struct Period {
  std::optional<int64_t> from_micros;  // none: since launch
  std::vector<Tier> tiers;
};

struct Model {
  std::string provider, name, kind, released, deprecated, source;
  int64_t context = 0, max_input = 0, max_output = 0, dimensions = 0;
  int64_t regional_percent = -1;
  std::vector<std::string> aliases, in, out, can, flags;
  std::vector<Period> prices;
};

// All models, in the file's order, which must be by provider, then name. Errors name the line and the key.
Result<std::vector<Model>> read_models(std::string_view json);

}  // namespace tracia::llm::catalog
