// Projects' own prices, which win over the catalog's. Filled once, then read by any number of threads.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tracia/llm/catalog.h"
#include "tracia/llm/model.h"

namespace tracia::ingest {

// A project's own price of a model, in US dollars per million tokens.
struct OwnPrice {
  std::string provider, model;
  llm::Rates rates;
};

class PriceBook {
 public:
  // Replaces what the project had for this model. Names in any case.
  void add(const std::string& project_id, OwnPrice price);

  // The model's own name first, then the catalog's name for it. nullptr: the catalog prices it. Good as long as the
  // book.
  const OwnPrice* find(std::string_view project_id, std::string_view provider, std::string_view model) const;
  // All of a project's, in any order.
  std::vector<const OwnPrice*> of(std::string_view project_id) const;

 private:
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  template <typename T>
  using ByText = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;
  ByText<ByText<OwnPrice>> projects_;  // by project, then by provider and model
};

// The cost of a call by the project's own price when it has one, else by the catalog's at `time`. `own` may be nullptr.
llm::Cost cost_of(const PriceBook* own, std::string_view project_id, const llm::Usage& usage, llm::ModelKind kind,
                  std::string_view provider, std::string_view model, Timestamp time);

}  // namespace tracia::ingest
