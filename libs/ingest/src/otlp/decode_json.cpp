// OTLP in JSON (the protobuf JSON mapping with hex ids). Names come in camelCase or as in the .proto files; 64-bit
// integers as strings or numbers; enums as numbers or names; ids as hex, or base64 from general protobuf writers.
#include <charconv>
#include <optional>

#include "request.h"
#include "tracia/base/bytes.h"
#include "tracia/json/writer.h"

namespace tracia::ingest::otlp {
namespace {

json::Value member(const json::Value& object, std::string_view camel, std::string_view snake) {
  const json::Value value = object[camel];
  return value ? value : object[snake];
}

uint64_t number_of(const json::Value& value) {
  if (const auto integer = value.integer()) return static_cast<uint64_t>(*integer);
  if (const auto real = value.number()) return *real > 0 && *real < 1.8e19 ? static_cast<uint64_t>(*real) : 0;
  const std::string_view text = value.string_or("");
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

std::optional<int64_t> signed_of(const json::Value& value) {
  if (const auto integer = value.integer()) return integer;
  const std::string_view text = value.string_or("");
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "NaN" and the infinities come as strings.
double real_of(const json::Value& value) {
  if (const auto number = value.number()) return *number;
  const std::string_view text = value.string_or("");
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? number : 0;
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// An id of `bytes` bytes as hex; anything else as it is, for the check of ids to refuse.
std::string id_of(const json::Value& value, size_t bytes) {
  const std::string_view text = value.string_or("");
  if (text.size() == 2 * bytes && is_hex(text)) return ascii_lower(text);
  if (text.size() > 2 * bytes) return "invalid";
  const auto raw = base64_decode(text);
  return raw && raw->size() == bytes ? hex_encode(*raw) : std::string(text.empty() ? "" : "invalid");
}

class Decoder {
 public:
  Decoder(Signal signal, Request& out) : signal_(signal), out_(out) {}

  Status decode(const json::Value& root) {
    const bool traces = signal_ == Signal::kTraces;
    const json::Value groups =
        traces ? member(root, "resourceSpans", "resource_spans") : member(root, "resourceLogs", "resource_logs");
    if (groups && !groups.is_array() && !groups.is_null()) {
      return fail(Error::invalid(std::string(traces ? "resourceSpans" : "resourceLogs") + " must be an array"));
    }
    for (const json::Value group : groups.items()) {
      if (!has_room(out_.resources.size(), status_)) return status_;
      out_.resources.emplace_back();
      uint64_t dropped = 0;
      read_attributes(group["resource"]["attributes"], out_.resources.back(), dropped);
      read_scopes(group);
      if (!status_) return status_;
    }
    return {};
  }

 private:
  void read_scopes(const json::Value& group) {
    const bool traces = signal_ == Signal::kTraces;
    json::Value scopes = traces ? member(group, "scopeSpans", "scope_spans") : member(group, "scopeLogs", "scope_logs");
    // The name before OTLP 0.15.
    if (!scopes && traces) scopes = member(group, "instrumentationLibrarySpans", "instrumentation_library_spans");
    for (const json::Value scope_group : scopes.items()) {
      if (!has_room(out_.scopes.size(), status_)) return;
      out_.scopes.emplace_back();
      json::Value scope = scope_group["scope"];
      if (!scope) scope = member(scope_group, "instrumentationLibrary", "instrumentation_library");
      out_.scopes.back() = {.name = scope["name"].string_or(""), .version = scope["version"].string_or("")};
      const json::Value items = traces ? scope_group["spans"] : member(scope_group, "logRecords", "log_records");
      for (const json::Value item : items.items()) {
        if (!has_room(out_.spans.size() + out_.logs.size() + out_.rejected, status_)) return;
        if (traces) {
          read_span(item);
        } else {
          read_log(item);
        }
      }
    }
  }

  void read_span(const json::Value& value) {
    if (!value.is_object()) return out_.reject("A span must be an object");
    SpanRecord span;
    span.resource = out_.resources.size() - 1;
    span.scope = out_.scopes.size() - 1;
    span.trace_id = id_of(member(value, "traceId", "trace_id"), 16);
    span.span_id = id_of(member(value, "spanId", "span_id"), 8);
    span.parent_span_id = id_of(member(value, "parentSpanId", "parent_span_id"), 8);
    if (!accept_span(span, out_)) return;
    span.name = value["name"].string_or("");
    span.kind = kind_of(value["kind"]);
    span.start_ns = number_of(member(value, "startTimeUnixNano", "start_time_unix_nano"));
    span.end_ns = number_of(member(value, "endTimeUnixNano", "end_time_unix_nano"));
    span.dropped = number_of(member(value, "droppedAttributesCount", "dropped_attributes_count")) +
                   number_of(member(value, "droppedEventsCount", "dropped_events_count")) +
                   number_of(member(value, "droppedLinksCount", "dropped_links_count"));
    read_attributes(value["attributes"], span.attributes, span.dropped);
    for (const json::Value event : value["events"].items()) read_event(event, span);
    for (const json::Value link : value["links"].items()) read_link(link, span);
    span.status = status_of(value["status"]["code"]);
    span.status_message = value["status"]["message"].string_or("");
    out_.spans.push_back(std::move(span));
  }

  void read_event(const json::Value& value, SpanRecord& span) {
    if (span.events.size() >= kEventsMax) {
      ++span.dropped;
      return;
    }
    Event& event = span.events.emplace_back();
    event.name = value["name"].string_or("");
    event.time_ns = number_of(member(value, "timeUnixNano", "time_unix_nano"));
    read_attributes(value["attributes"], event.attributes, span.dropped);
  }

  void read_link(const json::Value& value, SpanRecord& span) {
    if (span.links.size() >= kLinksMax) {
      ++span.dropped;
      return;
    }
    Link& link = span.links.emplace_back();
    link.trace_id = id_of(member(value, "traceId", "trace_id"), 16);
    link.span_id = id_of(member(value, "spanId", "span_id"), 8);
    read_attributes(value["attributes"], link.attributes, span.dropped);
  }

  void read_log(const json::Value& value) {
    if (!value.is_object()) return out_.reject("A log record must be an object");
    LogRecord log;
    log.resource = out_.resources.size() - 1;
    log.scope = out_.scopes.size() - 1;
    log.trace_id = id_of(member(value, "traceId", "trace_id"), 16);
    log.span_id = id_of(member(value, "spanId", "span_id"), 8);
    log.event_name = member(value, "eventName", "event_name").string_or("");
    log.time_ns = number_of(member(value, "timeUnixNano", "time_unix_nano"));
    if (log.time_ns == 0) log.time_ns = number_of(member(value, "observedTimeUnixNano", "observed_time_unix_nano"));
    log.body = read_value(value["body"]);
    uint64_t dropped = 0;
    read_attributes(value["attributes"], log.attributes, dropped);
    out_.logs.push_back(std::move(log));
  }

  static int kind_of(const json::Value& value) {
    if (const auto name = value.string()) {
      constexpr std::string_view kNames[] = {"SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER",
                                             "SPAN_KIND_CLIENT",      "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"};
      for (int i = 0; i < 6; ++i) {
        if (kNames[i] == *name) return i;
      }
    }
    return static_cast<int>(number_of(value) & 7);
  }

  static StatusCode status_of(const json::Value& value) {
    const std::string_view name = value.string_or("");
    if (name == "STATUS_CODE_ERROR") return StatusCode::kError;
    if (name == "STATUS_CODE_OK") return StatusCode::kOk;
    const uint64_t number = number_of(value);
    return number <= 2 ? static_cast<StatusCode>(number) : StatusCode::kUnset;
  }

  void read_attributes(const json::Value& list, AttributeList& attributes, uint64_t& dropped) {
    for (const json::Value item : list.items()) {
      if (attributes.size() >= kAttributesMax) {
        ++dropped;
        continue;
      }
      attributes.push_back({utf8_prefix(item["key"].string_or(""), kAttributeKeyBytesMax), read_value(item["value"])});
    }
  }

  // The value's first field that AnyValue knows decides; what stands before it is skipped.
  AnyValue read_value(const json::Value& value) {
    for (const json::Member member : value.members()) {
      if (is(member.key, "arrayValue", "array_value") || is(member.key, "kvlistValue", "kvlist_value")) {
        json::Writer w;
        write_value(w, value, 0);
        return {.type = AnyValue::Type::kJson, .text = out_.keep(w.take())};
      }
      if (const auto scalar = scalar_of(member)) return *scalar;
    }
    return {};
  }

  static std::optional<AnyValue> scalar_of(const json::Member& member) {
    using Type = AnyValue::Type;
    const json::Value& v = member.value;
    if (is(member.key, "stringValue", "string_value")) return AnyValue{.type = Type::kString, .text = v.string_or("")};
    if (is(member.key, "boolValue", "bool_value")) {
      return AnyValue{.type = Type::kBool, .integer = v.boolean_or(v.string_or("") == "true") ? 1 : 0};
    }
    if (is(member.key, "intValue", "int_value")) {
      return AnyValue{.type = Type::kInt, .integer = signed_of(v).value_or(0)};
    }
    if (is(member.key, "doubleValue", "double_value")) return AnyValue{.type = Type::kDouble, .number = real_of(v)};
    if (is(member.key, "bytesValue", "bytes_value")) return AnyValue{.type = Type::kString, .text = v.string_or("")};
    return std::nullopt;
  }

  static bool is(std::string_view name, std::string_view camel, std::string_view snake) {
    return name == camel || name == snake;
  }

  // Recursion is bounded by depth alone: a scalar never leads back to read_value.
  void write_value(json::Writer& w, const json::Value& value, int depth) {
    for (const json::Member member : value.members()) {
      if (depth > kValueDepthMax) break;
      if (is(member.key, "arrayValue", "array_value")) return write_array(w, member.value, depth);
      if (is(member.key, "kvlistValue", "kvlist_value")) return write_map(w, member.value, depth);
      if (const auto scalar = scalar_of(member)) return write_scalar(w, *scalar);
    }
    w.null();
  }

  static void write_scalar(json::Writer& w, const AnyValue& scalar) {
    switch (scalar.type) {
      case AnyValue::Type::kBool: w.value(scalar.integer != 0); break;
      case AnyValue::Type::kInt: w.value(scalar.integer); break;
      case AnyValue::Type::kDouble: w.value(scalar.number); break;
      default: w.value(scalar.text);
    }
  }

  void write_array(json::Writer& w, const json::Value& value, int depth) {
    w.begin_array();
    for (const json::Value item : value["values"].items()) write_value(w, item, depth + 1);
    w.end_array();
  }

  void write_map(json::Writer& w, const json::Value& value, int depth) {
    w.begin_object();
    for (const json::Value item : value["values"].items()) {
      w.key(item["key"].string_or(""));
      write_value(w, item["value"], depth + 1);
    }
    w.end_object();
  }

  Signal signal_;
  Request& out_;
  Status status_;
};

}  // namespace

Status decode_json(std::string_view body, Signal signal, Request& out) {
  const auto root = out.document.parse_lenient(body);
  if (!root) return fail(root.error());
  if (!root->is_object()) return fail(Error::invalid("The body must be a JSON object"));
  return Decoder(signal, out).decode(*root);
}

}  // namespace tracia::ingest::otlp
