// One decoded record to one span.
#pragma once

#include "attributes.h"
#include "request.h"
#include "tracia/llm/model.h"
#include "tracia/span/span.h"

namespace tracia::ingest::otlp {

struct Mapped {
  span::Span span;
  llm::RawUsage raw_usage;
  bool counted_elsewhere = false;  // another span, which is no relative of this one, has the call's tokens
};
Mapped map_span(const SpanRecord& record, const Request& request, JsonPool& pool);

// The prefix of a span's and a trace's id.
std::string span_id_of(std::string_view hex);
std::string trace_id_of(std::string_view hex);

// Nanoseconds since 1970 to microseconds; 0 stays 0.
Timestamp timestamp_of(uint64_t ns);

}  // namespace tracia::ingest::otlp
