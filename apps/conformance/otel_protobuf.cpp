#include "otel_protobuf.h"

#include <bit>
#include <cstdint>
#include <cstdlib>

namespace tracia::conformance {
namespace {

class Message {
 public:
  void number(unsigned field, uint64_t value) {
    if (value == 0) return;  // the default is not written
    tag(field, 0);
    varint(value);
  }
  void present(unsigned field, uint64_t value) {  // of a oneof
    tag(field, 0);
    varint(value);
  }
  void fixed64(unsigned field, uint64_t value) {
    tag(field, 1);
    for (int i = 0; i < 8; ++i) out_.push_back(static_cast<char>(value >> (8 * i)));
  }
  void bytes(unsigned field, const std::string& value) {
    tag(field, 2);
    varint(value.size());
    out_ += value;
  }
  void text(unsigned field, const json::Value& value) {
    if (value.is_string() && !value.string_or("").empty()) bytes(field, value.text());
  }
  const std::string& str() const { return out_; }

 private:
  void tag(unsigned field, unsigned type) { varint(static_cast<uint64_t>(field) << 3 | type); }
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
    out_.push_back(static_cast<char>(value));
  }
  std::string out_;
};

int64_t integer(const json::Value& value) {
  if (const auto number = value.integer()) return *number;
  return std::strtoll(value.text().c_str(), nullptr, 10);
}
uint64_t nanos(const json::Value& value) {
  return value.is_string() ? std::strtoull(value.text().c_str(), nullptr, 10) : static_cast<uint64_t>(integer(value));
}

std::string unhex(const json::Value& value) {
  const std::string text = value.text();
  std::string out;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    out.push_back(static_cast<char>(std::strtoul(text.substr(i, 2).c_str(), nullptr, 16)));
  }
  return out;
}

std::string key_value(const json::Value& pair);

std::string any_value(const json::Value& value) {
  Message out;
  for (const json::Member member : value.members()) {
    const json::Value& v = member.value;
    if (member.key == "stringValue") out.bytes(1, v.text());
    if (member.key == "boolValue") out.present(2, v.boolean_or(false) ? 1 : 0);
    if (member.key == "intValue") out.present(3, std::bit_cast<uint64_t>(integer(v)));
    if (member.key == "doubleValue") out.fixed64(4, std::bit_cast<uint64_t>(v.number().value_or(0)));
    if (member.key == "arrayValue") {
      Message list;
      for (const json::Value item : v["values"].items()) list.bytes(1, any_value(item));
      out.bytes(5, list.str());
    }
    if (member.key == "kvlistValue") {
      Message list;
      for (const json::Value item : v["values"].items()) list.bytes(1, key_value(item));
      out.bytes(6, list.str());
    }
  }
  return out.str();
}

std::string key_value(const json::Value& pair) {
  Message out;
  out.text(1, pair["key"]);
  out.bytes(2, any_value(pair["value"]));
  return out.str();
}

void attributes(Message& out, unsigned field, const json::Value& list) {
  for (const json::Value pair : list.items()) out.bytes(field, key_value(pair));
}

std::string event(const json::Value& value) {
  Message out;
  out.fixed64(1, nanos(value["timeUnixNano"]));
  out.text(2, value["name"]);
  attributes(out, 3, value["attributes"]);
  return out.str();
}

std::string span(const json::Value& value) {
  Message out, status;
  out.bytes(1, unhex(value["traceId"]));
  out.bytes(2, unhex(value["spanId"]));
  out.bytes(4, unhex(value["parentSpanId"]));
  out.text(5, value["name"]);
  out.number(6, static_cast<uint64_t>(integer(value["kind"])));
  out.fixed64(7, nanos(value["startTimeUnixNano"]));
  out.fixed64(8, nanos(value["endTimeUnixNano"]));
  attributes(out, 9, value["attributes"]);
  for (const json::Value one : value["events"].items()) out.bytes(11, event(one));
  status.text(2, value["status"]["message"]);
  status.number(3, static_cast<uint64_t>(integer(value["status"]["code"])));
  out.bytes(15, status.str());
  return out.str();
}

std::string log_record(const json::Value& value) {
  Message out;
  out.fixed64(1, nanos(value["timeUnixNano"]));
  if (value["body"]) out.bytes(5, any_value(value["body"]));
  attributes(out, 6, value["attributes"]);
  out.bytes(9, unhex(value["traceId"]));
  out.bytes(10, unhex(value["spanId"]));
  out.fixed64(11, nanos(value["observedTimeUnixNano"]));
  out.text(12, value["eventName"]);
  return out.str();
}

// Both requests are groups of groups: by resource, then by scope.
std::string request_to_protobuf(const json::Value& request, std::string_view groups, std::string_view scopes,
                                std::string_view items, std::string (*write)(const json::Value&)) {
  Message out;
  for (const json::Value group : request[groups].items()) {
    Message resource_group, resource;
    attributes(resource, 1, group["resource"]["attributes"]);
    resource_group.bytes(1, resource.str());
    for (const json::Value scope_group : group[scopes].items()) {
      Message scope_message, scope;
      scope.text(1, scope_group["scope"]["name"]);
      scope.text(2, scope_group["scope"]["version"]);
      scope_message.bytes(1, scope.str());
      for (const json::Value item : scope_group[items].items()) scope_message.bytes(2, write(item));
      resource_group.bytes(2, scope_message.str());
    }
    out.bytes(1, resource_group.str());
  }
  return out.str();
}

}  // namespace

std::string traces_to_protobuf(const json::Value& request) {
  return request_to_protobuf(request, "resourceSpans", "scopeSpans", "spans", span);
}

std::string logs_to_protobuf(const json::Value& request) {
  return request_to_protobuf(request, "resourceLogs", "scopeLogs", "logRecords", log_record);
}

}  // namespace tracia::conformance
