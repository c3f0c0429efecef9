// What holds of every OTLP request, whatever its bytes.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tracia/base/ids.h"
#include "tracia/ingest/nested_calls.h"
#include "tracia/ingest/otlp.h"
#include "tracia/json/reader.h"

namespace tracia::fuzz {

inline void expect(bool holds) {
  if (!holds) std::abort();
}

inline void check_span(const store::NewSpan& span) {
  const span::Span& s = span.span;
  expect(is_valid_span_id(s.span_id) && is_valid_trace_id(s.trace_id));
  expect(s.parent_span_id.empty() || is_valid_span_id(s.parent_span_id));
  for (const std::string* text :
       {&s.input_json, &s.attributes_json, &s.tools_json, &s.tool_calls_json, &s.usage_raw_json, &s.variables_json}) {
    if (text->empty()) continue;
    json::Document document;
    expect(document.parse(*text).has_value());
  }
}

inline void check_otlp(std::string_view body, ingest::otlp::Encoding encoding) {
  constexpr Timestamp kNow{1'795'170'600'000'000};
  auto traces = ingest::otlp::read_traces(body, encoding, "prj", {}, kNow);
  if (traces) {
    expect(traces->spans.size() == traces->raw_usage.size());
    for (const auto& span : traces->spans) check_span(span);
    const auto again = ingest::otlp::read_traces(body, encoding, "prj", {}, kNow);
    expect(again && again->spans.size() == traces->spans.size());
    for (size_t i = 0; i < again->spans.size(); ++i) {
      expect(span::to_json(again->spans[i].span) == span::to_json(traces->spans[i].span));
    }
    ingest::NestedCalls nested;
    nested.mark(traces->spans, SteadyTime{});
    for (const auto& span : traces->spans) check_span(span);
  }
  auto logs = ingest::otlp::read_logs(body, encoding, "prj");
  if (!logs) return;
  std::vector<store::StoredSpan> events;
  for (auto& event : logs->spans) {
    check_span(event);
    if (!event.span.start_time) event.span.start_time = kNow;
    events.push_back({.span = event.span, .received = kNow});
  }
  store::NewSpan joined;
  joined.span.span_id = "sp_00000000000000aa";
  joined.span.trace_id = "tr_00000000000000aa";
  ingest::otlp::join_events(events, joined.span);
  check_span(joined);
}

}  // namespace tracia::fuzz
