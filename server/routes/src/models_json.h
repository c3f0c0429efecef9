// The JSON of GET /api/v1/models: the catalog, with the prices in force.
#pragma once

#include <string>

#include "tracia/base/clock.h"

namespace tracia::routes {

std::string models_json(Timestamp now);  // {"models": […]}, by provider and name

}  // namespace tracia::routes
