// Sums as GET /api/v1/analytics answers them: JSON (api/openapi.yaml: Analytics) and CSV. Pure but for the cache, which
// tells what a prompt is called now.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/service/control_cache.h"
#include "tracia/store/analytics.h"

namespace tracia::routes {

// Parts of an answer that can be left out.
struct MeasureSet {
  bool requests = true, errors = true, cost = true, tokens = true;
  bool latency = true, first_token = true, evaluations = true;
};

struct AnalyticsAnswer {
  const std::string& project_id;
  const store::AnalyticsQuery& query;
  const MeasureSet& measures;
  const store::AnalyticsResult& result;
  bool evaluations_complete = true;
};

// What `groupBy` calls each dimension.
struct DimensionName {
  std::string_view name;
  store::Dimension dimension;
};
const std::vector<DimensionName>& dimension_names();

std::string analytics_json(const AnalyticsAnswer& answer, const service::ControlCache& cache);

// One line for each row, after a line of names; no line for the total. Texts that a spreadsheet would take for a
// formula begin with an apostrophe.
std::string analytics_csv(const AnalyticsAnswer& answer, const service::ControlCache& cache);

}  // namespace tracia::routes
