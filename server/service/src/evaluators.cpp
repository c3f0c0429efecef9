#include "tracia/service/evaluators.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "access_rules.h"
#include "tracia/base/bytes.h"
#include "tracia/json/writer.h"

namespace tracia::service {
namespace {

using store::Evaluator;
using store::EvaluatorType;

constexpr size_t kKeyBytesMax = 64;
constexpr size_t kEchoedBytesMax = 64;

// Any number: what was accepted before there were others.
const Evaluator& quality() {
  static const Evaluator built_in{.project_id = "",
                                  .key = std::string(store::kQualityEvaluator),
                                  .name = "Quality",
                                  .type = EvaluatorType::kNumeric,
                                  .minimum = {},
                                  .maximum = {},
                                  .categories = {},
                                  .created = {},
                                  .updated = {}};
  return built_in;
}

std::string number_text(double number) {
  json::Writer w;
  w.value(number);
  return w.take();
}

Result<Rating> rate_number(const Evaluator& evaluator, const SentValue& value) {
  const auto* number = std::get_if<double>(&value);
  if (number == nullptr || !std::isfinite(*number)) {
    return fail(Error::invalid("Invalid evaluation value. Must be a number."));
  }
  const bool fits = *number >= evaluator.minimum.value_or(*number) && *number <= evaluator.maximum.value_or(*number);
  if (fits) return Rating{.value = *number, .category = {}};
  std::string message = "Invalid evaluation value. Must be a number";
  if (evaluator.minimum) message += " of at least " + number_text(*evaluator.minimum);
  if (evaluator.minimum && evaluator.maximum) message += " and";
  if (evaluator.maximum) message += " of at most " + number_text(*evaluator.maximum);
  return fail(Error::invalid(message + "."));
}

Result<Rating> rate_boolean(const SentValue& value) {
  if (const auto* truth = std::get_if<bool>(&value)) return Rating{.value = *truth ? 1.0 : 0.0, .category = {}};
  const auto* number = std::get_if<double>(&value);
  if (number != nullptr && (*number == 0 || *number == 1)) return Rating{.value = *number, .category = {}};
  return fail(Error::invalid("Invalid evaluation value. Must be true, false, 1 or 0."));
}

Result<Rating> rate_category(const Evaluator& evaluator, const SentValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    const auto found = std::find(evaluator.categories.begin(), evaluator.categories.end(), *text);
    if (found != evaluator.categories.end()) {
      return Rating{.value = static_cast<double>(found - evaluator.categories.begin()), .category = *found};
    }
  }
  std::string known;
  for (const std::string& category : evaluator.categories)
    known += (known.empty() ? "" : ", ") + json::quoted(category);
  return fail(Error::invalid("Invalid evaluation value. Must be one of " + known + "."));
}

Status check_key(std::string_view key) {
  const bool starts_well = !key.empty() && key.front() >= 'a' && key.front() <= 'z';
  const bool plain = std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  if (starts_well && plain && key.size() <= kKeyBytesMax) return {};
  return fail(Error::invalid("key must have 1 to 64 characters of a-z, 0-9, '-' and '_', and begin with a letter"));
}

Status check_bounds(const Evaluator& evaluator) {
  const bool numeric = evaluator.type == EvaluatorType::kNumeric;
  if (!numeric && (evaluator.minimum || evaluator.maximum)) {
    return fail(Error::invalid("min and max belong to evaluators of type numeric only"));
  }
  if (evaluator.minimum && evaluator.maximum && *evaluator.minimum >= *evaluator.maximum) {
    return fail(Error::invalid("min must be below max"));
  }
  return {};
}

Status check_categories(const Evaluator& evaluator) {
  if (evaluator.type != EvaluatorType::kCategorical) {
    if (evaluator.categories.empty()) return {};
    return fail(Error::invalid("categories belong to evaluators of type categorical only"));
  }
  if (evaluator.categories.size() < 2 || evaluator.categories.size() > kCategoriesMax) {
    return fail(Error::invalid("categories must have 2 to " + std::to_string(kCategoriesMax) + " entries"));
  }
  std::set<std::string_view> seen;
  for (size_t i = 0; i < evaluator.categories.size(); ++i) {
    const std::string place = "categories[" + std::to_string(i) + "]";
    const auto checked = check_name(place, evaluator.categories[i], kCategoryCharsMax);
    if (!checked) return fail(checked.error());
    if (*checked != evaluator.categories[i]) return fail(Error::invalid(place + ": white space around it"));
    if (!seen.insert(evaluator.categories[i]).second) return fail(Error::invalid(place + ": is there twice"));
  }
  return {};
}

Status check(Evaluator& evaluator) {
  TRACIA_TRY(check_key(evaluator.key));
  auto name = check_name("name", evaluator.name);
  if (!name) return fail(std::move(name).error());
  evaluator.name = std::move(*name);
  TRACIA_TRY(check_bounds(evaluator));
  return check_categories(evaluator);
}

Error conflict(std::string message) { return {.code = ErrorCode::kConflict, .message = std::move(message)}; }

}  // namespace

Result<Rating> rate(const Evaluator& evaluator, const SentValue& value) {
  switch (evaluator.type) {
    case EvaluatorType::kBoolean: return rate_boolean(value);
    case EvaluatorType::kCategorical: return rate_category(evaluator, value);
    case EvaluatorType::kNumeric: break;
  }
  return rate_number(evaluator, value);
}

std::string evaluator_name(const ControlCache& cache, std::string_view project_id, std::string_view key) {
  if (key == store::kQualityEvaluator) return quality().name;
  const auto evaluator = cache.evaluator(project_id, key);
  return evaluator ? evaluator->name : std::string(key);
}

std::vector<Evaluator> Evaluators::list(std::string_view project_id) const {
  std::vector<Evaluator> all{quality()};
  for (const auto& evaluator : services_.cache->evaluators_of(project_id)) all.push_back(*evaluator);
  return all;
}

std::optional<Evaluator> Evaluators::find(std::string_view project_id, std::string_view key) const {
  if (key == store::kQualityEvaluator) return quality();
  const auto evaluator = services_.cache->evaluator(project_id, key);
  return evaluator ? std::optional(*evaluator) : std::nullopt;
}

Result<Evaluator> Evaluators::changeable(std::string_view project_id, std::string_view key) const {
  if (key == store::kQualityEvaluator) return fail(conflict("The evaluator quality is built in and cannot be changed"));
  auto found = find(project_id, key);
  if (found) return std::move(*found);
  return fail({.code = ErrorCode::kNotFound,
               .kind = ErrorKind::kNotFound,
               .message = "Evaluator not found: " + std::string(utf8_prefix(key, kEchoedBytesMax))});
}

Result<Evaluator> Evaluators::create(Evaluator evaluator) {
  TRACIA_TRY(check(evaluator));
  const std::lock_guard writes(writes_);
  if (find(evaluator.project_id, evaluator.key)) {
    return fail(conflict("There is an evaluator '" + evaluator.key + "' already"));
  }
  if (services_.cache->evaluators_of(evaluator.project_id).size() >= kEvaluatorsMax) {
    return fail(Error::invalid("A project can have at most " + std::to_string(kEvaluatorsMax) + " evaluators"));
  }
  evaluator.created = evaluator.updated = services_.clock->now();
  TRACIA_TRY(services_.control->put_evaluator(evaluator));
  services_.cache->put_evaluator(evaluator);
  return evaluator;
}

Result<Evaluator> Evaluators::update(std::string_view project_id, std::string_view key, const Change& change) {
  const std::lock_guard writes(writes_);
  auto evaluator = changeable(project_id, key);
  if (!evaluator) return evaluator;
  if (change.name) evaluator->name = *change.name;
  if (change.minimum) evaluator->minimum = *change.minimum;
  if (change.maximum) evaluator->maximum = *change.maximum;
  if (change.categories) {
    const auto& before = evaluator->categories;
    const auto& after = *change.categories;
    if (after.size() < before.size() || !std::equal(before.begin(), before.end(), after.begin())) {
      return fail(
          Error::invalid("categories: new ones come after those there are; evaluations know them by their place"));
    }
    evaluator->categories = after;
  }
  TRACIA_TRY(check(*evaluator));
  evaluator->updated = services_.clock->now();
  TRACIA_TRY(services_.control->put_evaluator(*evaluator));
  services_.cache->put_evaluator(*evaluator);
  return evaluator;
}

Status Evaluators::remove(std::string_view project_id, std::string_view key) {
  const std::lock_guard writes(writes_);
  const auto evaluator = changeable(project_id, key);
  if (!evaluator) return fail(evaluator.error());
  const auto removed = services_.control->remove_evaluator(project_id, key);
  if (!removed) return fail(removed.error());
  services_.cache->remove_evaluator(project_id, key);
  return {};
}

}  // namespace tracia::service
