// Comparing what we encode with what was recorded: canonical JSON, modulo equivalences that each vendor's test names.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "cassettes.h"

namespace tracia::llm::testing {

// Moves `object[key]` into `out`'s extra members; what the neutral model does not name travels in extra_body.
inline void take_rest(const Json& body, const std::set<std::string>& known, Json& extra) {
  for (const auto& [key, value] : body.items()) {
    if (!known.contains(key)) extra[key] = value;
  }
}

// "" when equal; else a short account of the first difference.
inline std::string json_difference(const Json& want, const Json& got, const std::string& path = "") {
  if (want == got) return "";
  if (want.is_object() && got.is_object()) {
    for (const auto& [key, value] : want.items()) {
      if (!got.contains(key)) return path + "/" + key + " is missing, should be " + value.dump().substr(0, 200);
      if (auto d = json_difference(value, got.at(key), path + "/" + key); !d.empty()) return d;
    }
    for (const auto& [key, value] : got.items()) {
      if (!want.contains(key)) return path + "/" + key + " is new: " + value.dump().substr(0, 200);
    }
  }
  if (want.is_array() && got.is_array() && want.size() == got.size()) {
    for (size_t i = 0; i < want.size(); ++i) {
      if (auto d = json_difference(want[i], got[i], path + "/" + std::to_string(i)); !d.empty()) return d;
    }
  }
  return path + " should be " + want.dump().substr(0, 200) + ", is " + got.dump().substr(0, 200);
}

}  // namespace tracia::llm::testing
