#include <algorithm>
#include <vector>

#include "google/google.h"
#include "tracia/base/bytes.h"
#include "tracia/base/limits.h"

// Google's dialect is `Schema` of ai.google.dev/api/caching#Schema: type, format, title, description, nullable, enum,
// items, properties, required, propertyOrdering, anyOf, default, example, pattern and inclusive bounds.
namespace tracia::llm::google {
namespace {

bool is_upper_type(const json::Value& type) {
  const auto word = type.string();
  return word && !word->empty() && word->find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == std::string_view::npos;
}

class Converter {
 public:
  explicit Converter(const json::Value& root) : root_(root) {}

  // False when the output passed its bound.
  bool run(json::Writer& w) {
    write(w, root_, "", false);
    return !too_large_;
  }

 private:
  // `description` and `nullable` come from an outer schema that this one stands for ($ref with siblings, a union with
  // null that has one other member).
  void write(json::Writer& w, const json::Value& in, std::string_view description, bool nullable) {
    if (w.size() > limits::kSchemaBytesMax || depth_ > limits::kJsonDepthMax || ++steps_ > kStepsMax || too_large_) {
      too_large_ = true;
      w.begin_object().end_object();
      return;
    }
    ++depth_;
    write_schema(w, in, description, nullable);
    --depth_;
  }

  void write_schema(json::Writer& w, const json::Value& in, std::string_view description, bool nullable) {
    if (description.empty()) description = in["description"].string_or("");
    if (const auto ref = in["$ref"].string()) return write_reference(w, *ref, description, nullable);
    if (in["allOf"].size() != 0) return write_all_of(w, in, description, nullable);
    std::vector<json::Value> choices;
    const json::Value any = in["anyOf"].is_array() ? in["anyOf"] : in["oneOf"];
    for (const json::Value choice : any.items()) {
      if (choice["type"].string_or("") == "null")
        nullable = true;
      else
        choices.push_back(choice);
    }
    if (choices.size() == 1) return write(w, choices.front(), description, nullable);
    w.begin_object();
    std::vector<std::string_view> types = types_of(in, nullable);
    if (!choices.empty()) {
      w.key("anyOf").begin_array();
      for (const json::Value& choice : choices) write(w, choice, "", false);
      w.end_array();
    } else if (types.size() > 1) {
      w.key("anyOf").begin_array();
      for (const std::string_view type : types) {
        w.begin_object();
        write_typed(w, in, type);
        w.end_object();
      }
      w.end_array();
    } else {
      write_typed(w, in, types.empty() ? std::string_view{} : types.front());
    }
    w.field_if("description", description).field_if("title", in["title"].string_or(""));
    if (nullable || in["nullable"].boolean_or(false)) w.field("nullable", true);
    if (in["default"] && !in["default"].is_null()) w.field_raw("default", in["default"].to_json());
    w.end_object();
  }

  // The type words without "null", guessed from other members where there is none.
  static std::vector<std::string_view> types_of(const json::Value& in, bool& nullable) {
    std::vector<std::string_view> types;
    const json::Value type = in["type"];
    if (const auto word = type.string()) types.push_back(*word);
    for (const json::Value item : type.items()) {
      const std::string_view word = item.string_or("");
      if (word == "null")
        nullable = true;
      else if (!word.empty())
        types.push_back(word);
    }
    if (!types.empty()) return types;
    const json::Value sample = in["const"] ? in["const"] : in["enum"].at(0);
    if (in["properties"].is_object())
      types.push_back("object");
    else if (in["items"].is_object())
      types.push_back("array");
    else if (sample.is_string())
      types.push_back("string");
    else if (sample.is_number())
      types.push_back("number");
    else if (sample.type() == json::Type::kBool)
      types.push_back("boolean");
    return types;
  }

  void write_typed(json::Writer& w, const json::Value& in, std::string_view type) {
    const std::string lower = ascii_lower(type);
    if (!type.empty()) w.field("type", ascii_upper(type));
    if (lower == "object") return write_object(w, in);
    if (lower == "array") {
      w.key("items");
      if (in["items"].is_object())
        write(w, in["items"], "", false);
      else
        w.begin_object().field("type", "STRING").end_object();  // required by the vendor
      copy(w, in, {"minItems", "maxItems"});
      return;
    }
    if (lower == "string") {
      write_enum(w, in);
      copy(w, in, {"minLength", "maxLength", "pattern"});
      const std::string_view format = in["format"].string_or("");
      if (format == "date-time" || format == "enum") w.field("format", format);
      return;
    }
    if (lower != "integer" && lower != "number") return;
    const std::string_view format = in["format"].string_or("");
    if (format == "int32" || format == "int64" || format == "float" || format == "double") w.field("format", format);
    write_bound(w, in, "minimum", "exclusiveMinimum", lower == "integer" ? 1 : 0);
    write_bound(w, in, "maximum", "exclusiveMaximum", lower == "integer" ? -1 : 0);
  }

  // Enumerations are of strings only; other constants are left to the description.
  static void write_enum(json::Writer& w, const json::Value& in) {
    std::vector<std::string_view> words;
    if (const auto word = in["const"].string()) words.push_back(*word);
    for (const json::Value item : in["enum"].items()) {
      if (const auto word = item.string()) words.push_back(*word);
    }
    if (words.empty()) return;
    w.key("enum").begin_array();
    for (const std::string_view word : words) w.value(word);
    w.end_array();
  }

  static void write_bound(json::Writer& w, const json::Value& in, std::string_view name, std::string_view exclusive,
                          int step) {
    if (in[name].is_number()) {
      w.field_raw(name, in[name].to_json());
    } else if (const auto whole = in[exclusive].integer(); whole && in[exclusive].is_number()) {
      w.field(name, *whole + (*whole > -(int64_t{1} << 53) && *whole < (int64_t{1} << 53) ? step : 0));
    } else if (in[exclusive].is_number()) {
      w.field_raw(name, in[exclusive].to_json());
    }
  }

  void write_object(json::Writer& w, const json::Value& in) {
    const json::Value properties = in["properties"];
    if (properties.size() != 0) {
      w.key("properties").begin_object();
      for (const json::Member member : properties.members()) {
        w.key(member.key);
        write(w, member.value, "", false);
      }
      w.end_object();
    }
    // A required name without a property is refused.
    std::vector<std::string_view> required;
    for (const json::Value name : in["required"].items()) {
      if (const auto word = name.string(); word && properties[*word]) required.push_back(*word);
    }
    if (!required.empty()) {
      w.key("required").begin_array();
      for (const std::string_view name : required) w.value(name);
      w.end_array();
    }
    copy(w, in, {"propertyOrdering", "minProperties", "maxProperties"});
  }

  static void copy(json::Writer& w, const json::Value& in, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
      if (in[name]) w.field_raw(name, in[name].to_json());
    }
  }

  void write_reference(json::Writer& w, std::string_view ref, std::string_view description, bool nullable) {
    const json::Value target = resolve(ref);
    const bool recursive = std::find(stack_.begin(), stack_.end(), ref) != stack_.end();
    if (!target.is_object() || recursive) {
      w.begin_object().field("type", "OBJECT").field_if("description", description);
      if (nullable) w.field("nullable", true);
      w.end_object();
      return;
    }
    stack_.push_back(ref);
    write(w, target, description, nullable);
    stack_.pop_back();
  }

  // "#/$defs/Name" and any other pointer into the same schema (RFC 6901); "#" is the root.
  json::Value resolve(std::string_view ref) const {
    if (!ref.starts_with('#')) return {};
    ref.remove_prefix(1);
    json::Value at = root_;
    while (!ref.empty()) {
      if (ref.front() != '/') return {};
      ref.remove_prefix(1);
      const size_t end = ref.find('/');
      at = at[unescaped(wire::percent_decode(ref.substr(0, end)))];
      ref.remove_prefix(end == std::string_view::npos ? ref.size() : end);
    }
    return at;
  }

  static std::string unescaped(std::string_view token) {
    std::string out;
    for (size_t i = 0; i < token.size(); ++i) {
      const bool escape = token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1');
      out.push_back(!escape ? token[i] : token[i + 1] == '0' ? '~' : '/');
      if (escape) ++i;
    }
    return out;
  }

  // The members laid over each other. Parsed values must stay alive while they are written, hence the local document.
  void write_all_of(json::Writer& w, const json::Value& in, std::string_view description, bool nullable) {
    const json::Value all = in["allOf"];
    if (all.size() == 1 && !in["properties"]) return write(w, all.at(0), description, nullable);
    std::string merged = "{}";
    const size_t outer_refs = stack_.size();
    for (const json::Value item : all.items()) {
      json::Value member = item;
      if (const auto ref = item["$ref"].string()) {
        if (std::find(stack_.begin(), stack_.end(), *ref) != stack_.end()) continue;  // recursive: says nothing new
        stack_.emplace_back(*ref);
        member = resolve(*ref);
      }
      if (!member.is_object()) continue;
      if (auto next = json::merge(merged, member.to_json())) merged = std::move(*next);
      if (merged.size() > limits::kSchemaBytesMax) break;
    }
    json::Writer rest;
    rest.begin_object();
    for (const json::Member member : in.members()) {
      if (member.key != "allOf") rest.field_raw(member.key, member.value.to_json());
    }
    rest.end_object();
    if (auto next = json::merge(merged, rest.str())) merged = std::move(*next);
    json::Document document;
    const auto value = document.parse(merged);
    if (!value || merged.size() > limits::kSchemaBytesMax) {
      too_large_ = true;
      w.begin_object().end_object();
    } else {
      write(w, *value, description, nullable);
    }
    stack_.resize(outer_refs);
  }

  static constexpr int kStepsMax = 50'000;  // schemas written; a thousand times what real tools have
  json::Value root_;
  std::vector<std::string_view> stack_;  // references being written out
  int depth_ = 0, steps_ = 0;
  bool too_large_ = false;
};

}  // namespace

bool is_google_schema(const json::Value& schema) {
  if (is_upper_type(schema["type"])) return true;
  for (const json::Member member : schema["properties"].members()) {
    if (is_google_schema(member.value)) return true;
  }
  for (const json::Value choice : schema["anyOf"].items()) {
    if (is_google_schema(choice)) return true;
  }
  return schema["items"].is_object() && is_google_schema(schema["items"]);
}

Result<std::string> to_google_schema(const json::Value& schema, std::string_view what) {
  json::Writer w;
  if (!Converter(schema).run(w) || w.size() > limits::kSchemaBytesMax) {
    return fail(Error::invalid(std::string(what) + " is too large once its references are written out"));
  }
  return w.take();
}

}  // namespace tracia::llm::google
