#include "json_fields.h"

#include <algorithm>
#include <numeric>

#include "tracia/base/bytes.h"
#include "tracia/base/limits.h"

namespace tracia::client {
namespace {

// No request may pass kRequestBytesMax; its JSON may be longer, with every character outside ASCII as an escape.
constexpr size_t kInputBytesMax = 4 * limits::kRequestBytesMax;
// A longer name is no slip of the fingers.
constexpr size_t kNameBytesMax = 40;

// Insertions, deletions and replacements that make one word the other.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

// The character of camelCase that stands for what a snake_case name has at `at`, which moves on.
char next_camel(std::string_view snake_case, size_t& at) {
  if (snake_case[at] != '_' || at + 1 == snake_case.size()) return snake_case[at++];
  const char c = snake_case[at + 1];
  at += 2;
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace

Result<InputDocument> parse_input(std::string_view text, std::string_view what) {
  if (text.size() > kInputBytesMax) {
    return fail(
        Error::invalid(std::string(what) + " must have at most " + std::to_string(kInputBytesMax) + " bytes of JSON"));
  }
  InputDocument out;
  const auto root = out.document.parse(text);
  if (!root) return fail(Error::invalid(std::string(what) + " is " + root.error().message));
  if (!root->is_object()) return fail(Error::invalid(std::string(what) + " must be a JSON object"));
  out.root = *root;
  return out;
}

std::string camel_case(std::string_view snake_case) {
  std::string out;
  out.reserve(snake_case.size());
  for (size_t at = 0; at < snake_case.size();) out.push_back(next_camel(snake_case, at));
  return out;
}

bool is_camel_case(std::string_view name, std::string_view snake_case) {
  size_t at = 0;
  for (const char c : name) {
    if (at == snake_case.size() || next_camel(snake_case, at) != c) return false;
  }
  return at == snake_case.size();
}

std::string unknown_field(std::string_view name, const std::vector<std::string_view>& known) {
  std::string out = "unknown field '" + std::string(utf8_prefix(name, kNameBytesMax)) + "'";
  if (name.size() > kNameBytesMax) return out;
  std::string_view nearest;
  size_t best = name.size() / 3 + 1;  // further away is another word
  for (const std::string_view candidate : known) {
    const size_t distance = std::min(edit_distance(name, candidate), edit_distance(name, camel_case(candidate)));
    if (distance > best || (distance == best && !nearest.empty())) continue;
    best = distance;
    nearest = candidate;
  }
  if (!nearest.empty()) out.append("; did you mean '").append(nearest).append("'?");
  return out;
}

json::Value InputFields::get(std::string_view name) {
  known_.push_back(name);
  json::Value plain;
  json::Value camel;
  for (const json::Member member : object_.members()) {
    if (member.key == name) {
      if (!plain) plain = member.value;
    } else if (!camel && is_camel_case(member.key, name)) {
      camel = member.value;
    }
  }
  if (plain.is_missing_or_null()) return camel.is_null() ? json::Value{} : camel;
  if (!camel.is_missing_or_null()) fail(name, "is given twice, also as " + camel_case(name));
  return plain;
}

void InputFields::text(std::string_view name, std::string& out) {
  const json::Value value = get(name);
  if (!value) return;
  if (!value.is_string()) return fail(name, "must be a string");
  out = value.text();
}

void InputFields::required_text(std::string_view name, std::string& out) {
  text(name, out);
  if (ok() && trim(out).empty()) fail(name, "is required and cannot be empty");
}

void InputFields::texts(std::string_view name, std::vector<std::string>& out) {
  const json::Value value = get(name);
  if (!value) return;
  if (!value.is_array()) return fail(name, "must be a list of strings");
  for (const json::Value item : value.items()) {
    if (!item.is_string()) return fail(name, "must be a list of strings");
    out.push_back(item.text());
  }
}

void InputFields::integer(std::string_view name, std::optional<int64_t>& out, int64_t min, int64_t max) {
  const json::Value value = get(name);
  if (!value) return;
  const auto number = value.integer();
  if (!number) return fail(name, "must be a whole number");
  if (*number < min) return fail(name, "must be at least " + std::to_string(min));
  if (*number > max) return fail(name, "must be at most " + std::to_string(max));
  out = number;
}

void InputFields::integer(std::string_view name, std::optional<int>& out) {
  std::optional<int64_t> wide;
  integer(name, wide, std::numeric_limits<int>::min(), std::numeric_limits<int>::max());
  if (wide) out = static_cast<int>(*wide);
}

void InputFields::number(std::string_view name, std::optional<double>& out) {
  const json::Value value = get(name);
  if (!value) return;
  out = value.number();
  if (!out) fail(name, "must be a number");
}

void InputFields::flag(std::string_view name, std::optional<bool>& out) {
  const json::Value value = get(name);
  if (!value) return;
  out = value.boolean();
  if (!out) fail(name, "must be true or false");
}

void InputFields::flag(std::string_view name, bool& out) {
  std::optional<bool> given;
  flag(name, given);
  out = given.value_or(out);
}

void InputFields::object(std::string_view name, std::string& out) {
  const json::Value value = get(name);
  if (!value) return;
  if (!value.is_object()) return fail(name, "must be an object");
  out = value.to_json();
}

void InputFields::fail(std::string_view name, std::string_view what) {
  fail(Error::invalid(place(name).append(" ").append(what)));
}

Status InputFields::finish() const {
  const auto is_known = [&](std::string_view key) {
    return std::any_of(known_.begin(), known_.end(),
                       [&](std::string_view name) { return name == key || is_camel_case(key, name); });
  };
  for (const json::Member member : object_.members()) {
    if (is_known(member.key)) continue;
    std::string where = place_.empty() ? "" : place_.substr(0, place_.size() - 1) + ": ";
    return tracia::fail(Error::invalid(where + unknown_field(member.key, known_)));
  }
  if (error_) return tracia::fail(*error_);
  return {};
}

}  // namespace tracia::client
