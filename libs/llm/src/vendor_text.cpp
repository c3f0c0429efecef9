#include "vendor_text.h"

#include "tracia/json/writer.h"

namespace tracia::llm {

Result<std::string> with_extra_body(std::string body, const std::string& extra_body) {
  if (extra_body.empty()) return body;
  TRACIA_TRY(json::check_object(extra_body, "extra_body"));
  return json::merge(body, extra_body);
}

std::string overlay(const json::Value& base, const json::Value& over) {
  json::Writer w;
  w.begin_object();
  for (const json::Member member : base.members()) {
    const json::Value later = over[member.key];
    w.field_raw(member.key, later.is_missing_or_null() ? member.value.to_json() : later.to_json());
  }
  for (const json::Member member : over.members()) {
    if (!base[member.key]) w.field_raw(member.key, member.value.to_json());
  }
  w.end_object();
  return w.take();
}

}  // namespace tracia::llm
