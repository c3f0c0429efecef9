// A JSON value that fits a JSON Schema, drawn from the user's words where they fit. Understands type (also lists, and
// Google's upper-case names with `nullable`), const, enum, properties, required, additionalProperties, items,
// prefixItems, min/maxItems, min/maxLength, minimum/maximum (also exclusive), multipleOf, format, $ref into the
// document, anyOf/oneOf/allOf, default and examples. `pattern`, `not`, `if` and `dependent…` are not looked at.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hash.h"
#include "tracia/json/reader.h"

namespace tracia::simulate {

struct SchemaHints {
  std::string user_text;
  std::vector<std::string> nouns;  // proper names in it
  std::vector<double> numbers;
  size_t first_noun = 0;  // parallel calls start at different names
};

// Always returns valid JSON, at most about 256 KiB, for any `schema`, hostile ones too.
std::string fit_schema(const json::Value& schema, const SchemaHints& hints, Rng& rng);

}  // namespace tracia::simulate
