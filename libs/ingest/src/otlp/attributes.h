// A span's attributes as the dialect tables ask for them: by name, by prefix and by JSON inside.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "request.h"
#include "tracia/json/reader.h"
#include "tracia/json/writer.h"

namespace tracia::ingest::otlp {

// Parsed JSON of many small texts, kept until reset(). Parsers are reused. Not thread-safe.
class JsonPool {
 public:
  // The value of a JSON text; missing when it is no JSON.
  json::Value parse(std::string_view text);
  void reset();

 private:
  std::deque<json::Document> documents_;
  size_t used_ = 0;
};

// An array, a map or a string that holds JSON, parsed; missing otherwise.
json::Value json_of(const AnyValue& value, JsonPool& pool);

// Where a field may be: an attribute, or a member of the JSON that an attribute holds ("a.b" goes down twice).
struct Source {
  std::string_view key;
  std::string_view path = {};
};

// Views into one record; valid as long as it and the pool. Cost: one sort; lookups are logarithmic.
class Attributes {
 public:
  Attributes(const AttributeList& list, JsonPool& pool);

  const AnyValue* find(std::string_view key) const;
  bool has(std::string_view key) const { return find(key) != nullptr; }
  // The attribute as text when it is a string, "" otherwise.
  std::string_view text(std::string_view key) const;
  // An array, a map or a string that holds JSON; missing otherwise.
  json::Value json(std::string_view key) const;

  // The first of the sources that has a value of the type. `found` names the attribute.
  std::optional<std::string> first_text(std::span<const Source> sources) const;
  std::optional<int64_t> first_integer(std::span<const Source> sources, std::string_view* found = nullptr) const;
  std::optional<double> first_number(std::span<const Source> sources) const;

  // The attributes whose keys begin with `prefix`, sorted by key.
  std::span<const Attribute> with_prefix(std::string_view prefix) const;

 private:
  json::Value inner(const Source& source) const;
  std::vector<Attribute> sorted_;
  JsonPool& pool_;
  mutable std::vector<std::pair<const AnyValue*, json::Value>> parsed_;  // each attribute once
};

// Writes the value as JSON.
void write_any(json::Writer& w, const AnyValue& value);
// {"key":value, …}
void write_attributes(json::Writer& w, const AttributeList& attributes);

// The value as text: strings as they are, JSON as JSON, numbers as JSON writes them.
std::string text_of(const AnyValue& value);

}  // namespace tracia::ingest::otlp
