#include "attributes.h"

#include <algorithm>
#include <charconv>

#include "tracia/base/bytes.h"

namespace tracia::ingest::otlp {
namespace {

// A parser keeps about ten times the longest text it has seen: those of long texts are not kept for the next span.
constexpr size_t kKeptDocuments = 16;

std::optional<int64_t> integer_in(std::string_view text) {
  text = trim(text);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<double> number_in(std::string_view text) {
  text = trim(text);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<int64_t> whole(double number) {
  if (!(number > -9e18 && number < 9e18)) return std::nullopt;
  const auto integer = static_cast<int64_t>(number);
  return static_cast<double>(integer) == number ? std::optional(integer) : std::nullopt;
}

std::optional<int64_t> integer_of(const AnyValue& value) {
  switch (value.type) {
    case AnyValue::Type::kInt: return value.integer;
    case AnyValue::Type::kDouble: return whole(value.number);
    case AnyValue::Type::kString: return integer_in(value.text);
    default: return std::nullopt;
  }
}

std::optional<double> number_of(const AnyValue& value) {
  switch (value.type) {
    case AnyValue::Type::kInt: return static_cast<double>(value.integer);
    case AnyValue::Type::kDouble: return value.number;
    case AnyValue::Type::kString: return number_in(value.text);
    default: return std::nullopt;
  }
}

// MLflow writes every value as JSON: "\"CHAT_MODEL\"" is the text CHAT_MODEL.
std::string unquoted(std::string_view text, JsonPool& pool) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    if (const auto inner = pool.parse(text).string()) return to_valid_utf8(*inner);
  }
  return to_valid_utf8(text);
}

}  // namespace

json::Value JsonPool::parse(std::string_view text) {
  if (used_ == documents_.size()) documents_.emplace_back();
  const auto value = documents_[used_].parse_lenient(text);
  if (!value) return {};
  ++used_;
  return *value;
}

json::Value json_of(const AnyValue& value, JsonPool& pool) {
  const bool is_text = value.type == AnyValue::Type::kString;
  if (!is_text && value.type != AnyValue::Type::kJson) return {};
  const std::string_view text = trim(value.text);
  const bool may_be = !text.empty() && (text[0] == '{' || text[0] == '[' || text[0] == '"');
  return may_be ? pool.parse(text) : json::Value();
}

void JsonPool::reset() {
  used_ = 0;
  while (documents_.size() > kKeptDocuments) documents_.pop_back();
}

Attributes::Attributes(const AttributeList& list, JsonPool& pool) : sorted_(list), pool_(pool) {
  std::sort(sorted_.begin(), sorted_.end(), [](const Attribute& a, const Attribute& b) { return a.key < b.key; });
}

const AnyValue* Attributes::find(std::string_view key) const {
  const auto it = std::lower_bound(sorted_.begin(), sorted_.end(), key,
                                   [](const Attribute& a, std::string_view k) { return a.key < k; });
  return it != sorted_.end() && it->key == key && it->value.type != AnyValue::Type::kEmpty ? &it->value : nullptr;
}

std::string_view Attributes::text(std::string_view key) const {
  const AnyValue* value = find(key);
  return value != nullptr && value->type == AnyValue::Type::kString ? value->text : std::string_view();
}

json::Value Attributes::json(std::string_view key) const {
  const AnyValue* value = find(key);
  if (value == nullptr) return {};
  for (const auto& [known, parsed] : parsed_) {
    if (known == value) return parsed;
  }
  parsed_.emplace_back(value, json_of(*value, pool_));
  return parsed_.back().second;
}

json::Value Attributes::inner(const Source& source) const {
  json::Value value = json(source.key);
  std::string_view path = source.path;
  while (value && !path.empty()) {
    const size_t dot = path.find('.');
    value = value[path.substr(0, dot)];
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return value;
}

std::optional<std::string> Attributes::first_text(std::span<const Source> sources) const {
  for (const Source& source : sources) {
    const AnyValue* value = find(source.key);
    if (value == nullptr) continue;
    std::string text;
    if (!source.path.empty()) {
      const json::Value at = inner(source);
      text = at.is_number() ? at.to_json() : at.text();
    } else if (value->type == AnyValue::Type::kString) {
      text = unquoted(value->text, pool_);
    } else if (value->type == AnyValue::Type::kInt) {
      text = text_of(*value);
    }
    if (!text.empty()) return text;
  }
  return std::nullopt;
}

std::optional<int64_t> Attributes::first_integer(std::span<const Source> sources, std::string_view* found) const {
  for (const Source& source : sources) {
    const AnyValue* value = find(source.key);
    if (value == nullptr) continue;
    std::optional<int64_t> number;
    if (source.path.empty()) {
      number = integer_of(*value);
    } else {
      const json::Value at = inner(source);
      number = at.is_string() ? integer_in(at.string_or("")) : at.integer();
    }
    if (!number || *number < 0) continue;
    if (found != nullptr) *found = source.key;
    return number;
  }
  return std::nullopt;
}

std::optional<double> Attributes::first_number(std::span<const Source> sources) const {
  for (const Source& source : sources) {
    const AnyValue* value = find(source.key);
    if (value == nullptr) continue;
    const auto number = source.path.empty() ? number_of(*value) : inner(source).number();
    if (number) return number;
  }
  return std::nullopt;
}

std::span<const Attribute> Attributes::with_prefix(std::string_view prefix) const {
  const auto first = std::lower_bound(sorted_.begin(), sorted_.end(), prefix,
                                      [](const Attribute& a, std::string_view k) { return a.key < k; });
  auto last = first;
  while (last != sorted_.end() && last->key.starts_with(prefix)) ++last;
  return {first, last};
}

void write_any(json::Writer& w, const AnyValue& value) {
  switch (value.type) {
    case AnyValue::Type::kEmpty: w.null(); return;
    case AnyValue::Type::kString: w.value(value.text); return;
    case AnyValue::Type::kBool: w.value(value.integer != 0); return;
    case AnyValue::Type::kInt: w.value(value.integer); return;
    case AnyValue::Type::kDouble: w.value(value.number); return;
    case AnyValue::Type::kJson: w.raw(value.text); return;
  }
}

void write_attributes(json::Writer& w, const AttributeList& attributes) {
  w.begin_object();
  for (const Attribute& attribute : attributes) {
    w.key(attribute.key);
    write_any(w, attribute.value);
  }
  w.end_object();
}

std::string text_of(const AnyValue& value) {
  if (value.type == AnyValue::Type::kString) return to_valid_utf8(value.text);
  if (value.type == AnyValue::Type::kEmpty) return {};
  json::Writer w;
  write_any(w, value);
  return w.take();
}

}  // namespace tracia::ingest::otlp
