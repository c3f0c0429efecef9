// OTLP in protocol buffers. Field numbers: opentelemetry-proto 1.x, collector/trace, collector/logs, trace, logs,
// common and resource (v1).
//
//   ExportTraceServiceRequest  1 resource_spans*            ExportLogsServiceRequest  1 resource_logs*
//   ResourceSpans, ResourceLogs   1 resource  2 scope_spans* or scope_logs*
//   ScopeSpans, ScopeLogs         1 scope     2 spans* or log_records*
//   Span       1 trace_id 2 span_id 4 parent_span_id 5 name 6 kind 7 start 8 end 9 attributes* 10 dropped_attributes
//              11 events* 12 dropped_events 13 links* 14 dropped_links 15 status
//   LogRecord  1 time 5 body 6 attributes* 9 trace_id 10 span_id 11 observed_time 12 event_name
//   KeyValue   1 key 2 value       AnyValue  1 string 2 bool 3 int 4 double 5 array 6 kvlist 7 bytes
#include <bit>

#include "request.h"
#include "tracia/base/bytes.h"
#include "tracia/json/writer.h"
#include "wire.h"

namespace tracia::ingest::otlp {
namespace {

class Decoder {
 public:
  Decoder(Signal signal, Request& out) : signal_(signal), out_(out) {}

  Status decode(std::string_view body) {
    MessageReader request(body);
    while (request.next()) {
      if (request.field() == 1 && request.is_message()) read_resource_group(request.bytes());
      if (!status_) return status_;
    }
    if (!request.ok() || damaged_) return fail(Error::invalid("The body is not a valid OTLP protobuf message"));
    return {};
  }

 private:
  // False once the message at hand was damaged; remembered for the whole request.
  bool sound(const MessageReader& reader) {
    damaged_ |= !reader.ok();
    return reader.ok();
  }

  void read_resource_group(std::string_view bytes) {
    if (!has_room(out_.resources.size(), status_)) return;
    out_.resources.emplace_back();
    const size_t resource = out_.resources.size() - 1;
    // The resource comes first in practice, but protobuf promises no order.
    for (MessageReader group(bytes); group.next();) {
      if (group.field() == 1 && group.is_message()) read_resource(group.bytes(), out_.resources[resource]);
    }
    MessageReader group(bytes);
    while (status_ && group.next()) {
      if (group.field() == 2 && group.is_message()) read_scope_group(group.bytes(), resource);
    }
    sound(group);
  }

  void read_resource(std::string_view bytes, AttributeList& attributes) {
    uint64_t dropped = 0;
    MessageReader reader(bytes);
    while (reader.next()) {
      if (reader.field() == 1) read_attribute(reader, attributes, dropped);
    }
    sound(reader);
  }

  void read_scope_group(std::string_view bytes, size_t resource) {
    if (!has_room(out_.scopes.size(), status_)) return;
    out_.scopes.emplace_back();
    const size_t scope = out_.scopes.size() - 1;
    for (MessageReader group(bytes); group.next();) {
      if (group.field() != 1 || !group.is_message()) continue;
      for (MessageReader reader(group.bytes()); reader.next();) {
        if (reader.field() == 1) out_.scopes[scope].name = reader.bytes();
        if (reader.field() == 2) out_.scopes[scope].version = reader.bytes();
      }
    }
    MessageReader group(bytes);
    while (status_ && group.next()) {
      if (group.field() != 2 || !group.is_message()) continue;
      if (signal_ == Signal::kTraces) read_span(group.bytes(), resource, scope);
      if (signal_ == Signal::kLogs) read_log(group.bytes(), resource, scope);
    }
    sound(group);
  }

  void read_span(std::string_view bytes, size_t resource, size_t scope) {
    if (!has_room(out_.spans.size() + out_.rejected, status_)) return;
    SpanRecord span;
    span.resource = resource;
    span.scope = scope;
    MessageReader reader(bytes);
    while (reader.next()) read_span_field(reader, span);
    if (!sound(reader)) return;
    if (accept_span(span, out_)) out_.spans.push_back(std::move(span));
  }

  void read_span_field(const MessageReader& reader, SpanRecord& span) {
    switch (reader.field()) {
      case 1: span.trace_id = hex_encode(reader.bytes()); break;
      case 2: span.span_id = hex_encode(reader.bytes()); break;
      case 4: span.parent_span_id = hex_encode(reader.bytes()); break;
      case 5: span.name = reader.bytes(); break;
      case 6: span.kind = static_cast<int>(reader.number() & 7); break;
      case 7: span.start_ns = reader.number(); break;
      case 8: span.end_ns = reader.number(); break;
      case 9: read_attribute(reader, span.attributes, span.dropped); break;
      case 10:
      case 12:
      case 14: span.dropped += reader.number() & UINT32_MAX; break;
      case 11: read_event(reader, span); break;
      case 13: read_link(reader, span); break;
      case 15: read_status(reader.bytes(), span); break;
      default: break;
    }
  }

  void read_event(const MessageReader& field, SpanRecord& span) {
    if (span.events.size() >= kEventsMax) {
      ++span.dropped;
      return;
    }
    Event& event = span.events.emplace_back();
    MessageReader reader(field.bytes());
    while (reader.next()) {
      if (reader.field() == 1) event.time_ns = reader.number();
      if (reader.field() == 2) event.name = reader.bytes();
      if (reader.field() == 3) read_attribute(reader, event.attributes, span.dropped);
    }
    sound(reader);
  }

  void read_link(const MessageReader& field, SpanRecord& span) {
    if (span.links.size() >= kLinksMax) {
      ++span.dropped;
      return;
    }
    Link& link = span.links.emplace_back();
    MessageReader reader(field.bytes());
    while (reader.next()) {
      if (reader.field() == 1) link.trace_id = hex_encode(reader.bytes().substr(0, 16));
      if (reader.field() == 2) link.span_id = hex_encode(reader.bytes().substr(0, 8));
      if (reader.field() == 4) read_attribute(reader, link.attributes, span.dropped);
    }
    sound(reader);
  }

  void read_status(std::string_view bytes, SpanRecord& span) {
    MessageReader reader(bytes);
    while (reader.next()) {
      if (reader.field() == 2) span.status_message = reader.bytes();
      if (reader.field() == 3 && reader.number() <= 2) span.status = static_cast<StatusCode>(reader.number());
    }
    sound(reader);
  }

  void read_log(std::string_view bytes, size_t resource, size_t scope) {
    if (!has_room(out_.logs.size(), status_)) return;
    LogRecord log;
    log.resource = resource;
    log.scope = scope;
    uint64_t observed_ns = 0, dropped = 0;
    MessageReader reader(bytes);
    while (reader.next()) {
      switch (reader.field()) {
        case 1: log.time_ns = reader.number(); break;
        case 5: log.body = read_value(reader.bytes(), 0); break;
        case 6: read_attribute(reader, log.attributes, dropped); break;
        case 9: log.trace_id = hex_encode(reader.bytes()); break;
        case 10: log.span_id = hex_encode(reader.bytes()); break;
        case 11: observed_ns = reader.number(); break;
        case 12: log.event_name = reader.bytes(); break;
        default: break;
      }
    }
    if (!sound(reader)) return;
    if (log.time_ns == 0) log.time_ns = observed_ns;
    out_.logs.push_back(std::move(log));
  }

  void read_attribute(const MessageReader& field, AttributeList& attributes, uint64_t& dropped) {
    if (attributes.size() >= kAttributesMax) {
      ++dropped;
      return;
    }
    Attribute attribute;
    MessageReader reader(field.bytes());
    while (reader.next()) {
      if (reader.field() == 1) attribute.key = utf8_prefix(reader.bytes(), kAttributeKeyBytesMax);
      if (reader.field() == 2) attribute.value = read_value(reader.bytes(), 0);
    }
    if (sound(reader)) attributes.push_back(attribute);
  }

  AnyValue read_value(std::string_view bytes, int depth) {
    AnyValue value;
    MessageReader reader(bytes);
    while (reader.next()) {
      switch (reader.field()) {
        case 1: value = {.type = AnyValue::Type::kString, .text = reader.bytes()}; break;
        case 2: value = {.type = AnyValue::Type::kBool, .integer = reader.number() != 0 ? 1 : 0}; break;
        case 3: value = {.type = AnyValue::Type::kInt, .integer = std::bit_cast<int64_t>(reader.number())}; break;
        case 4: value = {.type = AnyValue::Type::kDouble, .number = reader.real()}; break;
        case 5:
        case 6: {
          json::Writer w;
          write_value(w, bytes, depth);
          value = {.type = AnyValue::Type::kJson, .text = out_.keep(w.take())};
          break;
        }
        case 7: value = {.type = AnyValue::Type::kString, .text = out_.keep(base64_encode(reader.bytes()))}; break;
        default: break;
      }
    }
    sound(reader);
    return value;
  }

  // A value inside an array or a map, as JSON. The last field wins, as protobuf says of a oneof.
  void write_value(json::Writer& w, std::string_view bytes, int depth) {
    MessageReader last(bytes), reader(bytes);
    while (reader.next()) last = reader;
    if (!sound(reader) || last.field() == 0 || depth > kValueDepthMax) {
      w.null();
      return;
    }
    switch (last.field()) {
      case 1: w.value(last.bytes()); break;
      case 2: w.value(last.number() != 0); break;
      case 3: w.value(std::bit_cast<int64_t>(last.number())); break;
      case 4: w.value(last.real()); break;
      case 5: write_array(w, last.bytes(), depth); break;
      case 6: write_map(w, last.bytes(), depth); break;
      case 7: w.value(base64_encode(last.bytes())); break;
      default: w.null(); break;
    }
  }

  void write_array(json::Writer& w, std::string_view bytes, int depth) {
    w.begin_array();
    MessageReader reader(bytes);
    while (reader.next()) {
      if (reader.field() == 1) write_value(w, reader.bytes(), depth + 1);
    }
    sound(reader);
    w.end_array();
  }

  void write_map(json::Writer& w, std::string_view bytes, int depth) {
    w.begin_object();
    MessageReader reader(bytes);
    while (reader.next()) {
      if (reader.field() != 1) continue;
      std::string_view key, value;
      MessageReader pair(reader.bytes());
      while (pair.next()) {
        if (pair.field() == 1) key = pair.bytes();
        if (pair.field() == 2) value = pair.bytes();
      }
      if (!sound(pair)) break;
      w.key(key);
      write_value(w, value, depth + 1);
    }
    sound(reader);
    w.end_object();
  }

  Signal signal_;
  Request& out_;
  Status status_;
  bool damaged_ = false;
};

}  // namespace

Status decode_protobuf(std::string_view body, Signal signal, Request& out) { return Decoder(signal, out).decode(body); }

}  // namespace tracia::ingest::otlp
