// The JSON of GET /api/v1/models: the catalog, with the prices in force.
#pragma once

#include <string>
#include <string_view>

#include "tracia/base/clock.h"
#include "tracia/ingest/price_book.h"

namespace tracia::routes {

// {"models": […]}, by provider and name; then those that only the project has a price of. `own` may be nullptr.
std::string models_json(Timestamp now, std::string_view project_id, const ingest::PriceBook* own);

}  // namespace tracia::routes
