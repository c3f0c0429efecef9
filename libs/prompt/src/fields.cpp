#include "fields.h"

#include "tracia/base/bytes.h"

namespace tracia::prompt {

json::Value Fields::require(std::string_view name) {
  const json::Value value = get(name);
  if (value.is_missing_or_null()) fail(Error::invalid("Missing required field: " + place(name)));
  return value;
}

std::optional<std::string> Fields::text(std::string_view name, size_t chars_min, size_t chars_max) {
  const json::Value value = get(name);
  if (!ok() || value.is_missing_or_null()) return std::nullopt;
  const auto string = value.string();
  if (!string) {
    fail(name, "must be a string");
  } else if (string->empty() && chars_min > 0) {
    fail(name, "must not be empty");
  } else if (string->size() > chars_max && count_chars(*string) > chars_max) {  // bytes are never fewer than characters
    fail(name, "must have at most " + std::to_string(chars_max) + " characters");
  } else {
    return std::string(*string);
  }
  return std::nullopt;
}

std::optional<double> Fields::number(std::string_view name, double min, double max) {
  const json::Value value = get(name);
  if (!ok() || value.is_missing_or_null()) return std::nullopt;
  const auto number = value.number();
  if (number && *number >= min && *number <= max) return *number + 0.0;  // -0 becomes 0: no new version for it
  fail(name, "must be a number from " + std::to_string(static_cast<int>(min)) + " to " +
                 std::to_string(static_cast<int>(max)));
  return std::nullopt;
}

std::optional<int64_t> Fields::integer(std::string_view name, int64_t min) {
  const json::Value value = get(name);
  if (!ok() || value.is_missing_or_null()) return std::nullopt;
  const auto number = value.integer();
  if (number && *number >= min) return number;
  fail(name, "must be a whole number of at least " + std::to_string(min));
  return std::nullopt;
}

void Fields::fail(std::string_view name, std::string_view what) {
  fail(Error::invalid(place(name) + " " + std::string(what)));
}

}  // namespace tracia::prompt
