// What both encodings of OTLP share: which records can be kept.
#include <algorithm>

#include "request.h"

namespace tracia::ingest::otlp {
namespace {

bool is_id(std::string_view hex, size_t digits) {
  return hex.size() == digits && hex.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

bool accept_span(SpanRecord& span, Request& out) {
  if (!is_id(span.trace_id, 32)) {
    out.reject("A span's traceId must be 16 bytes, not all zero");
    return false;
  }
  if (!is_id(span.span_id, 16)) {
    out.reject("A span's spanId must be 8 bytes, not all zero");
    return false;
  }
  if (!is_id(span.parent_span_id, 16) || span.parent_span_id == span.span_id) span.parent_span_id.clear();
  return true;
}

bool has_room(size_t items, Status& status) {
  if (items < kRequestItemsMax) return true;
  status = fail(Error{.code = ErrorCode::kPayloadTooLarge,
                      .kind = ErrorKind::kTooLarge,
                      .message = "A request holds at most " + std::to_string(kRequestItemsMax) + " items"});
  return false;
}

}  // namespace tracia::ingest::otlp
