// GenAI events that come as log records: kept as spans of a project of their own, and joined to their span when that is
// read. Events and spans are exported apart, in any order.
#include <algorithm>
#include <charconv>

#include "content.h"
#include "map.h"
#include "request.h"
#include "tracia/base/bytes.h"
#include "tracia/ingest/otlp.h"
#include "tracia/json/writer.h"

namespace tracia::ingest::otlp {
namespace {

constexpr std::string_view kEventsSuffix = "/otel-events";

// FNV-1a: events of one span need ids that differ, and are the same when sent again. Nothing is trusted to them.
uint64_t fingerprint(std::initializer_list<std::string_view> texts) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const std::string_view text : texts) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    hash = (hash ^ 0xff) * 0x100000001b3;
  }
  return hash;
}

std::string hex16(uint64_t number) {
  std::string out(16, '0');
  char digits[16];
  const auto [end, error] = std::to_chars(digits, digits + 16, number, 16);
  std::copy(digits, end, out.end() - (end - digits));
  return out;
}

std::string_view event_name(const LogRecord& log) {
  if (!log.event_name.empty()) return log.event_name;
  for (const Attribute& attribute : log.attributes) {
    if (attribute.key == "event.name") return attribute.value.text;
  }
  return {};
}

bool is_id(std::string_view hex, size_t digits) {
  return hex.size() == digits && hex.find_first_not_of('0') != std::string_view::npos;
}

// {"body":…,"attributes":{…}}
std::string record_json(const LogRecord& log, JsonPool& pool) {
  json::Writer w;
  w.begin_object().key("body");
  const json::Value body = json_of(log.body, pool);
  if (body) {
    w.raw(body.to_json());
  } else {
    write_any(w, log.body);
  }
  w.key("attributes");
  // Messages come as arrays or as JSON texts.
  w.begin_object();
  for (const Attribute& attribute : log.attributes) {
    w.key(attribute.key);
    const json::Value inner = json_of(attribute.value, pool);
    if (inner) {
      w.raw(inner.to_json());
    } else {
      write_any(w, attribute.value);
    }
  }
  w.end_object().end_object();
  return w.take();
}

}  // namespace

Result<DecodedRequest> read_logs(std::string_view body, Encoding encoding, const std::string& project_id) {
  Request request;
  TRACIA_TRY(encoding == Encoding::kProtobuf ? decode_protobuf(body, Signal::kLogs, request)
                                             : decode_json(body, Signal::kLogs, request));
  JsonPool pool;
  for (const LogRecord& log : request.logs) {
    if (!is_genai_event(event_name(log)))
      request.reject("Only GenAI events (gen_ai.*) are kept of log records");
    else if (!is_id(log.trace_id, 32) || !is_id(log.span_id, 16)) {
      request.reject("A GenAI event needs the traceId and spanId of its span");
    }
  }
  DecodedRequest out{.rejected = request.rejected, .reason = request.reason};
  for (const LogRecord& log : request.logs) {
    const std::string_view name = event_name(log);
    if (!is_genai_event(name) || !is_id(log.trace_id, 32) || !is_id(log.span_id, 16)) continue;
    pool.reset();
    store::NewSpan event{.project_id = events_project(project_id)};
    span::Span& s = event.span;
    s.kind = span::Kind::kOther;
    s.name = to_valid_utf8(name);
    s.trace_id = trace_id_of(log.trace_id);
    s.parent_span_id = span_id_of(log.span_id);
    s.attributes_json = record_json(log, pool);
    s.span_id = span_id_of(hex16(fingerprint({log.span_id, name, std::to_string(log.time_ns), s.attributes_json})));
    if (log.time_ns > 0) s.start_time = timestamp_of(log.time_ns);
    span::fit(s);
    out.spans.push_back(std::move(event));
    out.raw_usage.emplace_back();
  }
  return out;
}

std::string events_project(std::string_view project_id) { return std::string(project_id) + std::string(kEventsSuffix); }

std::string_view owner_project(std::string_view project_id) {
  if (project_id.ends_with(kEventsSuffix)) project_id.remove_suffix(kEventsSuffix.size());
  return project_id;
}

bool wants_events(const span::Span& span) {
  const bool call = span.kind == span::Kind::kLlm || span.kind == span::Kind::kAgent;
  return call && (lacks_messages(span) || (!span.output && span.tool_calls_json.empty())) &&
         span.trace_id.size() == 3 + 32;
}

void join_events(const std::vector<store::StoredSpan>& events, span::Span& span) {
  std::vector<const store::StoredSpan*> ordered;
  ordered.reserve(events.size());
  for (const auto& event : events) ordered.push_back(&event);
  std::sort(ordered.begin(), ordered.end(), [](const auto* a, const auto* b) {
    return std::pair(a->start(), a->received) < std::pair(b->start(), b->received);
  });
  Content content;
  JsonPool pool;
  for (const store::StoredSpan* event : ordered) {
    const json::Value record = pool.parse(event->span.attributes_json);
    read_event(event->span.name, record["body"], record["attributes"], content);
  }
  fill_content(content, span);
}

}  // namespace tracia::ingest::otlp
