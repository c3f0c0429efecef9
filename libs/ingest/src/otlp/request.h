// An OTLP export request as it was decoded, whichever encoding it came in. Texts are views into the request's body, the
// parsed JSON or `arena`: a Request must not outlive the body, and is not copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/ingest/otlp.h"
#include "tracia/json/reader.h"

namespace tracia::ingest::otlp {

// Bounds of one request; the body itself is bounded by the route. A request that passes the first is refused, what
// passes the others is left out and counted in the span's attributes.
inline constexpr size_t kRequestItemsMax = 50'000;     // spans, log records, resources, scopes: exporters send some 512
inline constexpr size_t kAttributesMax = 4096;         // of one span; OpenInference writes some for every message
inline constexpr size_t kEventsMax = 1024;             // of one span
inline constexpr size_t kLinksMax = 128;               // of one span
inline constexpr int kValueDepthMax = 32;              // of arrays and maps in a value
inline constexpr size_t kAttributeKeyBytesMax = 1024;  // longer keys are cut

// A value of opentelemetry.proto.common.v1.AnyValue. Arrays and maps are kept as JSON text.
struct AnyValue {
  enum class Type { kEmpty, kString, kBool, kInt, kDouble, kJson };
  Type type = Type::kEmpty;
  std::string_view text;  // kString; kJson: compact JSON of an array or object. Bytes are a kString in base64
  int64_t integer = 0;    // kInt; kBool: 0 or 1
  double number = 0;      // kDouble
};

struct Attribute {
  std::string_view key;
  AnyValue value;
};
using AttributeList = std::vector<Attribute>;

struct Event {
  std::string_view name;
  uint64_t time_ns = 0;
  AttributeList attributes;
};

struct Link {
  std::string trace_id, span_id;  // hex
  AttributeList attributes;
};

struct Scope {
  std::string_view name, version;
};

enum class StatusCode { kUnset, kOk, kError };

struct SpanRecord {
  std::string trace_id, span_id, parent_span_id;  // lower-case hex; "" = none
  std::string_view name;
  int kind = 0;  // SpanKind: 1 internal, 2 server, 3 client, 4 producer, 5 consumer
  uint64_t start_ns = 0, end_ns = 0;
  AttributeList attributes;
  std::vector<Event> events;
  std::vector<Link> links;
  StatusCode status = StatusCode::kUnset;
  std::string_view status_message;
  uint64_t dropped = 0;  // attributes, events and links that did not fit, here or at the sender
  size_t resource = 0, scope = 0;
};

struct LogRecord {
  std::string trace_id, span_id;  // lower-case hex; "" = none
  std::string_view event_name;    // the field, or the attribute event.name
  uint64_t time_ns = 0;
  AnyValue body;
  AttributeList attributes;
  size_t resource = 0, scope = 0;
};

struct Request {
  std::deque<std::string> arena;
  json::Document document;  // of a JSON request
  std::vector<AttributeList> resources;
  std::vector<Scope> scopes;
  std::vector<SpanRecord> spans;
  std::vector<LogRecord> logs;
  size_t rejected = 0;  // items that cannot be kept
  std::string reason;   // why the first of them cannot

  void reject(std::string why) {
    if (rejected++ == 0) reason = std::move(why);
  }
  std::string_view keep(std::string text) { return arena.emplace_back(std::move(text)); }
};

// Errors: kInvalidRequest when the body is not what its encoding says, kPayloadTooLarge over kRequestItemsMax.
Status decode_protobuf(std::string_view body, Signal signal, Request& out);
Status decode_json(std::string_view body, Signal signal, Request& out);

// Checks shared by both: false when the record was rejected, with the reason in `out`.
bool accept_span(SpanRecord& span, Request& out);
bool has_room(size_t items, Status& status);

}  // namespace tracia::ingest::otlp
