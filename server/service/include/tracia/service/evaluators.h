// Evaluators: what the evaluations of a project say, and which values they may have. `quality` is built in.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/service/services.h"
#include "tracia/store/control_store.h"

namespace tracia::service {

inline constexpr size_t kEvaluatorsMax = 100;  // of one project
inline constexpr size_t kCategoriesMax = 50;
inline constexpr size_t kCategoryCharsMax = 100;

// A value as it was sent, and as it is stored.
using SentValue = std::variant<double, bool, std::string>;
struct Rating {
  double value = 0;                     // a boolean's 0 or 1, a category's place
  std::optional<std::string> category;  // its text
};

// What an evaluation says by this evaluator. Errors: kInvalidRequest saying which values it takes.
Result<Rating> rate(const store::Evaluator& evaluator, const SentValue& value);

// What people call an evaluator; a key that nobody knows any more is its own name.
std::string evaluator_name(const ControlCache& cache, std::string_view project_id, std::string_view key);

// Thread-safe. create, update and remove block.
class Evaluators {
 public:
  explicit Evaluators(Services& services) : services_(services) {}

  std::vector<store::Evaluator> list(std::string_view project_id) const;  // `quality`, then the oldest first
  std::optional<store::Evaluator> find(std::string_view project_id, std::string_view key) const;

  // Members as they are sent; times are set here. Errors: kInvalidRequest naming the member; kConflict for a key that
  // there is.
  Result<store::Evaluator> create(store::Evaluator evaluator);
  // What is given replaces; a bound of nullopt: none any more. Categories may only be added at the end: evaluations
  // know them by their places. Errors: as create(); kNotFound; kConflict for `quality`.
  struct Change {
    std::optional<std::string> name;
    std::optional<std::optional<double>> minimum, maximum;
    std::optional<std::vector<std::string>> categories;
  };
  Result<store::Evaluator> update(std::string_view project_id, std::string_view key, const Change& change);
  // Its evaluations stay. Errors: kNotFound; kConflict for `quality`.
  Status remove(std::string_view project_id, std::string_view key);

 private:
  Result<store::Evaluator> changeable(std::string_view project_id, std::string_view key) const;

  Services& services_;
  std::mutex writes_;
};

}  // namespace tracia::service
