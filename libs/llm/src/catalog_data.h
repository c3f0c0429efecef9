// The tables that generate_catalog makes from libs/llm/catalog/models.json at build time.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tracia/llm/catalog.h"

namespace tracia::llm::detail {

// One way to call a model. Sorted by name; where a name is both, the model's own name comes before aliases.
struct NameEntry {
  std::string_view name;
  uint16_t model;  // position in catalog_models()
  bool is_alias;
};

std::span<const ModelInfo> catalog_models();  // sorted by provider, then name
std::span<const NameEntry> catalog_names();

// How a name was understood; find_model() without the provenance.
struct ModelMatch {
  const ModelInfo* info = nullptr;
  bool is_snapshot = false;      // a dated snapshot the catalog does not list
  std::string_view region = {};  // the Bedrock region prefix that was dropped, without the point
};
ModelMatch match_model(std::string_view model, std::string_view provider);

}  // namespace tracia::llm::detail
