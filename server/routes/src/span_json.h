// Spans, evaluations and sums as the API answers them (api/openapi.yaml: SpanSummary, Span, TraceSpan, Evaluation,
// Totals). Pure but for the cache, which tells what a prompt is called now.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/json/writer.h"
#include "tracia/service/control_cache.h"
#include "tracia/store/control_store.h"
#include "tracia/store/span_store.h"

namespace tracia::routes {

// The members of SpanSummary, without braces: more may follow.
void write_summary_members(json::Writer& w, const store::StoredSpan& span, const service::ControlCache& cache);
std::string summary_json(const store::StoredSpan& span, const service::ControlCache& cache);

// Span: the span must have been read with its payloads. `evaluations` newest first.
std::string span_json(const store::StoredSpan& span, const std::vector<store::Evaluation>& evaluations,
                      const service::ControlCache& cache);

void write_evaluation(json::Writer& w, const store::Evaluation& evaluation, const service::ControlCache& cache);
std::string evaluation_json(const store::Evaluation& evaluation, const service::ControlCache& cache);

// The members of Totals, without braces.
void write_totals_members(json::Writer& w, const store::Totals& totals);

// A known cost as a JSON number, exact; else null.
void write_cost(json::Writer& w, const std::optional<llm::Decimal>& cost);

// Evaluations that one answered span carries.
inline constexpr size_t kSpanEvaluationsMax = 100;

}  // namespace tracia::routes
