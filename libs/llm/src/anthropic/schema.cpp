#include "anthropic/anthropic.h"
#include "tracia/base/limits.h"

// Structured outputs take a part of JSON Schema (docs.claude.com, "Structured outputs", section "JSON Schema
// limitations"); what they do not take is answered with 400, so it is rewritten here.
namespace tracia::llm::anthropic {
namespace {

bool is_refused(std::string_view key, const json::Value& value) {
  for (const std::string_view word :
       {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
        "maxItems", "uniqueItems", "minProperties", "maxProperties"}) {
    if (key == word) return true;
  }
  return key == "minItems" && value.integer().value_or(2) > 1;
}

class SchemaWriter {
 public:
  explicit SchemaWriter(json::Writer& w) : w_(w) {}

  void schema(const json::Value& in) {
    if (!in.is_object()) {
      w_.raw(in.to_json());  // `true`, or nonsense that the vendor will name
      return;
    }
    std::string notes;
    w_.begin_object();
    for (const json::Member member : in.members()) {
      if (is_refused(member.key, member.value)) {
        notes.append(notes.empty() ? "{" : ", ").append(member.key).append(": ").append(member.value.to_json());
      } else if (member.key != "description") {
        this->member(member, in);
      }
    }
    std::string description = in["description"].text();
    if (!notes.empty()) description.append(description.empty() ? "" : "\n\n").append(notes).append("}");
    if (!description.empty()) w_.field("description", description);
    if (is_object_type(in) && !in["additionalProperties"]) w_.field("additionalProperties", false);
    w_.end_object();
  }

 private:
  static bool is_object_type(const json::Value& in) {
    return in["type"].string_or("") == "object" || (!in["type"] && in["properties"].is_object());
  }

  void member(const json::Member& member, const json::Value& in) {
    const std::string_view key = member.key;
    if (key == "properties" || key == "$defs" || key == "definitions") {
      w_.key(key).begin_object();
      for (const json::Member inner : member.value.members()) {
        w_.key(inner.key);
        schema(inner.value);
      }
      w_.end_object();
    } else if (key == "anyOf" || key == "allOf" || (key == "oneOf" && !in["anyOf"])) {
      w_.key(key == "oneOf" ? "anyOf" : key).begin_array();
      for (const json::Value item : member.value.items()) schema(item);
      w_.end_array();
    } else if (key == "items" && member.value.is_object()) {
      w_.key(key);
      schema(member.value);
    } else if (key == "additionalProperties" && is_object_type(in)) {
      w_.field(key, false);
    } else {
      w_.field_raw(key, member.value.to_json());
    }
  }

  json::Writer& w_;
};

}  // namespace

Result<std::string> output_schema(std::string_view schema) {
  json::Document document;
  const auto root = document.parse(schema);
  if (!root) return fail(Error::invalid("response_format.schema is " + root.error().message));
  if (!root->is_object()) return fail(Error::invalid("response_format.schema must be a JSON object"));
  json::Writer w;
  SchemaWriter(w).schema(*root);
  return w.take();
}

}  // namespace tracia::llm::anthropic
