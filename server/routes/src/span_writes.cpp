// POST /api/v1/spans, POST /api/v1/spans/batch, DELETE /api/v1/spans/{spanId}.
#include <memory>
#include <utility>
#include <vector>

#include "on_worker.h"
#include "request_json.h"
#include "span_json.h"
#include "span_requests.h"
#include "tracia/base/bytes.h"
#include "tracia/ingest/ingest.h"
#include "tracia/routes/routes.h"
#include "tracia/service/audit.h"
#include "tracia/service/prices.h"
#include "tracia/service/retention.h"

namespace tracia::routes {
namespace {

std::string created_json(const std::string& span_id, const store::Appended& appended) {
  json::Writer w;
  w.begin_object();
  w.field("id", appended.id).field("spanId", span_id).field("traceId", appended.trace_id);
  write_cost(w, appended.cost);
  w.end_object();
  return w.take();
}

void store_one(service::Services& services, const http::ExchangePtr& exchange, const service::Principal& who,
               store::NewSpan span) {
  std::string span_id = span.span.span_id;
  std::vector<store::NewSpan> spans;
  spans.push_back(std::move(span));
  append_spans(services, who, std::move(spans), [exchange, span_id = std::move(span_id)](auto result) {
    exchange->writer.post([exchange, span_id, result = std::move(result)] {
      if (!result) return answer_refusal(*exchange, result.error());
      const store::Appended& appended = result->front();
      exchange->json(appended.stored ? 201 : 200, created_json(span_id, appended));
    });
  });
}

void create_span(service::Services& services, const http::ExchangePtr& exchange) {
  auto admitted = admit(services, exchange);
  if (!admitted) return;
  decode_body(services, exchange, [&services, exchange, who = std::move(*admitted)] {
    auto span = ingest::read_span(exchange->request.body, who.project_id, prompt_ids(services, who.project_id),
                                  services.clock->now(), service::price_book(services).get());
    if (span) return store_one(services, exchange, who, std::move(*span));
    exchange->writer.post([exchange, error = std::move(span).error()] { exchange->error(error); });
  });
}

// application/x-ndjson, and the other names that lines of JSON go by.
ingest::BatchForm batch_form(const http::Request& request) {
  std::string_view type = request.headers.get_or("Content-Type", "");
  type = trim(type.substr(0, type.find(';')));
  for (const std::string_view lines : {"application/x-ndjson", "application/ndjson", "application/jsonl"}) {
    if (ascii_iequals(type, lines)) return ingest::BatchForm::kNdjson;
  }
  return ingest::BatchForm::kArray;
}

std::string batch_json(const std::vector<store::Appended>& appended, const std::vector<ingest::Rejected>& rejected) {
  int64_t accepted = 0;
  for (const store::Appended& one : appended) accepted += one.stored ? 1 : 0;
  json::Writer w;
  w.begin_object();
  w.field("accepted", accepted).field("duplicates", static_cast<int64_t>(appended.size()) - accepted);
  w.key("rejected").begin_array();
  for (const ingest::Rejected& one : rejected) {
    w.begin_object();
    w.field("index", static_cast<uint64_t>(one.index));
    write_text_or_null(w, "spanId", one.span_id.value_or(""));
    w.field("code", error_code_name(one.error.code)).field("message", one.error.message);
    w.end_object();
  }
  w.end_array();
  w.end_object();
  return w.take();
}

void store_batch(service::Services& services, const http::ExchangePtr& exchange, const service::Principal& who,
                 ingest::Decoded decoded) {
  auto rejected = std::make_shared<const std::vector<ingest::Rejected>>(std::move(decoded.rejected));
  const auto answer = [exchange, rejected](Result<std::vector<store::Appended>> result) {
    exchange->writer.post([exchange, rejected, result = std::move(result)] {
      if (!result) return answer_refusal(*exchange, result.error());
      exchange->json(200, batch_json(*result, *rejected));
    });
  };
  if (decoded.spans.empty()) return answer(std::vector<store::Appended>());
  append_spans(services, who, std::move(decoded.spans), answer);
}

void create_batch(service::Services& services, const http::ExchangePtr& exchange) {
  auto admitted = admit(services, exchange);
  if (!admitted) return;
  decode_body(services, exchange, [&services, exchange, who = std::move(*admitted)] {
    auto decoded = ingest::read_batch(exchange->request.body, batch_form(exchange->request), who.project_id,
                                      prompt_ids(services, who.project_id), services.clock->now(),
                                      service::price_book(services).get());
    if (decoded) return store_batch(services, exchange, who, std::move(*decoded));
    exchange->writer.post([exchange, error = std::move(decoded).error()] { exchange->error(error); });
  });
}

Answer delete_span(service::Services& services, const http::Exchange& exchange, const service::Principal& who,
                   const SpanAddress& address) {
  const std::string& project = who.project_id;
  auto span = find_span(services, project, address);
  if (!span) return answer_error(span.error());
  const std::string trace_id = span->span.trace_id;
  const auto removed = service::remove_spans(services, project, {std::move(*span)});
  if (!removed) return answer_error(removed.error());
  if (*removed == 0) return answer_error(span_not_found(address.span_id));
  json::Writer w;
  w.begin_object().field("traceId", trace_id).end_object();
  service::record_audit(services, exchange, who, "spans.delete", address.span_id, w.str());
  return answer_json(200, R"({"success":true})");
}

}  // namespace

void add_span_writes(http::Router& router, service::Services& services) {
  router.add("POST", "/api/v1/spans", [&services](const auto& exchange) { create_span(services, exchange); });
  router.add("POST", "/api/v1/spans/batch", [&services](const auto& exchange) { create_batch(services, exchange); });
  router.add("DELETE", "/api/v1/spans/{spanId}", [&services](const http::ExchangePtr& exchange) {
    on_span(services, exchange, [&services, exchange](const auto& who, const auto& address) {
      return delete_span(services, *exchange, who, address);
    });
  });
}

}  // namespace tracia::routes
