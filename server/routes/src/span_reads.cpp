// GET /api/v1/spans, GET /api/v1/spans/{spanId}; export and tail have files of their own.
#include "span_reads.h"

#include <algorithm>

#include "on_worker.h"
#include "request_json.h"
#include "span_json.h"
#include "span_requests.h"
#include "tracia/routes/routes.h"

namespace tracia::routes {
namespace {

constexpr std::string_view kCursorTag = "spans:";

Answer list_spans(service::Services& services, const ListRequest& request) {
  const auto page = services.spans->list(request.project_id, request.filter, request.options);
  if (!page) return answer_error(page.error());
  json::Writer w;
  w.begin_object().key("spans").begin_array();
  for (const store::StoredSpan& span : page->spans) {
    w.begin_object();
    write_summary_members(w, span, *services.cache);
    w.end_object();
  }
  w.end_array();
  write_page(w, next_cursor(kCursorTag, page->next));
  // A scan that saw everything went back to the beginning of time, which is 1970 here.
  const bool scanned = request.filter.needs_payloads() && page->scanned_to;
  write_text_or_null(w, "scannedTo", scanned ? format_rfc3339_micros(std::max(*page->scanned_to, Timestamp{0})) : "");
  w.end_object();
  return answer_json(200, w.take());
}

Answer get_span(service::Services& services, const std::string& project, const SpanAddress& address) {
  auto span = find_span(services, project, address);
  if (!span) return answer_error(span.error());
  join_events(services, project, *span);
  const auto evaluations =
      services.control->evaluations(project, address.span_id, span->span.trace_id, "", kSpanEvaluationsMax);
  if (!evaluations) return answer_error(evaluations.error());
  return answer_json(200, span_json(*span, *evaluations, *services.cache));
}

}  // namespace

void add_span_reads(http::Router& router, service::Services& services) {
  router.add("GET", "/api/v1/spans", [&services](const http::ExchangePtr& exchange) {
    on_list(services, exchange, FilterSet::kSpans, kCursorTag,
            [&services](const ListRequest& request) { return list_spans(services, request); });
  });
  router.add("GET", "/api/v1/spans/export", [&services](const auto& exchange) { export_spans(services, exchange); });
  router.add("GET", "/api/v1/spans/tail", [&services](const auto& exchange) { tail_spans(services, exchange); });
  router.add("GET", "/api/v1/spans/{spanId}", [&services](const http::ExchangePtr& exchange) {
    on_span(services, exchange,
            [&services](const auto& who, const auto& address) { return get_span(services, who.project_id, address); });
  });
}

}  // namespace tracia::routes
