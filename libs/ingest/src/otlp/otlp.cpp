// The entry points of OTLP: requests in, answers out.
#include "tracia/ingest/otlp.h"

#include <utility>

#include "map.h"
#include "request.h"
#include "tracia/json/writer.h"
#include "wire.h"

namespace tracia::ingest::otlp {
namespace {

// The codes of google.rpc for the HTTP statuses that the routes answer.
uint64_t rpc_code(int http_status) {
  switch (http_status) {
    case 400:
    case 415: return 3;   // INVALID_ARGUMENT
    case 401: return 16;  // UNAUTHENTICATED
    case 403: return 7;   // PERMISSION_DENIED
    case 404: return 5;   // NOT_FOUND
    case 405: return 12;  // UNIMPLEMENTED
    case 413:
    case 429: return 8;   // RESOURCE_EXHAUSTED
    case 503: return 14;  // UNAVAILABLE
    default: return 13;   // INTERNAL
  }
}

}  // namespace

Result<DecodedRequest> read_traces(std::string_view body, Encoding encoding, const std::string& project_id,
                                   const PromptIdOf& prompt_id_of, Timestamp now, const PriceBook* own) {
  Request request;
  TRACIA_TRY(encoding == Encoding::kProtobuf ? decode_protobuf(body, Signal::kTraces, request)
                                             : decode_json(body, Signal::kTraces, request));
  DecodedRequest out{.rejected = request.rejected, .reason = request.reason};
  out.spans.reserve(request.spans.size());
  out.raw_usage.reserve(request.spans.size());
  JsonPool pool;
  for (const SpanRecord& record : request.spans) {
    Mapped mapped = map_span(record, request, pool);
    store::NewSpan span{.project_id = project_id, .span = std::move(mapped.span)};
    if (!span.span.prompt_slug.empty() && prompt_id_of) span.prompt_id = prompt_id_of(span.span.prompt_slug);
    price(span, now, own);
    if (mapped.counted_elsewhere) span.cost_status = llm::CostStatus::kIncluded;
    out.spans.push_back(std::move(span));
    out.raw_usage.push_back(std::move(mapped.raw_usage));
  }
  return out;
}

std::string response_body(Encoding encoding, Signal signal, size_t rejected, std::string_view reason) {
  if (encoding == Encoding::kProtobuf) {
    if (rejected == 0) return {};
    std::string partial, out;
    append_number_field(partial, 1, rejected);
    append_bytes_field(partial, 2, reason);
    append_bytes_field(out, 1, partial);
    return out;
  }
  json::Writer w;
  w.begin_object();
  if (rejected > 0) {
    w.key("partialSuccess").begin_object();
    // 64-bit integers are texts in the JSON mapping of protobuf.
    w.field(signal == Signal::kTraces ? "rejectedSpans" : "rejectedLogRecords", std::to_string(rejected));
    w.field("errorMessage", reason).end_object();
  }
  w.end_object();
  return w.take();
}

std::string status_body(Encoding encoding, int http_status, std::string_view message) {
  const uint64_t code = rpc_code(http_status);
  if (encoding == Encoding::kProtobuf) {
    std::string out;
    append_number_field(out, 1, code);
    append_bytes_field(out, 2, message);
    return out;
  }
  json::Writer w;
  w.begin_object().field("code", code).field("message", message).end_object();
  return w.take();
}

std::string_view content_type(Encoding encoding) {
  return encoding == Encoding::kProtobuf ? "application/x-protobuf" : "application/json";
}

}  // namespace tracia::ingest::otlp
