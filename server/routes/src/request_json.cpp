#include "request_json.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "tracia/base/bytes.h"
#include "tracia/base/ids.h"
#include "tracia/prompt/prompt.h"
#include "tracia/span/limits.h"

namespace tracia::routes {
namespace {

Error not_an_object() { return Error::invalid("Request body must be a JSON object"); }

std::optional<std::string> present(const http::Exchange& exchange, std::string_view name) {
  auto value = exchange.query(name);
  return value && value->empty() ? std::nullopt : value;
}

Error bad_cursor() { return Error::invalid("cursor is not one that this list made"); }

}  // namespace

Result<Body> read_value(std::string_view text) {
  Body body;
  const auto value = body.document.parse(text);
  if (!value) return fail(Error::invalid("Request body is " + value.error().message));
  body.value = *value;
  return body;
}

Result<Body> read_object(std::string_view text) {
  auto body = read_value(text);
  if (!body || !body->value.is_object()) return fail(not_an_object());
  return body;
}

Result<Body> read_optional_object(std::string_view text) {
  if (trim(text).empty()) return Body{};
  return read_object(text);
}

Result<VariableList> read_variables(const json::Value& body) {
  VariableList variables;
  const json::Value object = body["variables"];
  if (object.is_missing_or_null()) return variables;
  if (!object.is_object()) return fail(Error::invalid("variables must be an object"));
  for (const json::Member member : object.members()) {
    const json::Value& value = member.value;
    if (const auto text = value.string()) {
      variables.emplace_back(member.key, *text);
    } else if (value.is_number() || value.boolean()) {
      variables.emplace_back(member.key, value.to_json());
    } else {
      return fail(Error::invalid("variables." + std::string(utf8_prefix(member.key, 128)) +
                                 " must be a string, a number or a boolean"));
    }
  }
  return variables;
}

Result<std::optional<int64_t>> read_version(const json::Value& body, std::string_view name) {
  const json::Value value = body[name];
  if (value.is_missing_or_null()) return std::nullopt;
  const auto version = value.integer();
  if (version && *version >= 1 && *version <= span::limits::kVersionMax) return version;
  return fail(Error::invalid(std::string(name) + " must be a whole number from 1 to " +
                             std::to_string(span::limits::kVersionMax)));
}

Status check_label(std::string_view label) {
  if (prompt::is_valid_label(label)) return {};
  return fail(Error::invalid(
      "label must begin with a lower-case letter or a digit and go on with those, '-' or '_'; at most 64 characters"));
}

Status read_text(const json::Value& body, std::string_view name, size_t chars_max, std::string& out) {
  const json::Value value = body[name];
  if (value.is_missing_or_null()) return {};
  const auto text = value.string();
  if (!text || text->empty() || (text->size() > chars_max && count_chars(*text) > chars_max)) {
    return fail(
        Error::invalid(std::string(name) + " must be a string of 1 to " + std::to_string(chars_max) + " characters"));
  }
  out = *text;
  return {};
}

Status read_trace_id(const json::Value& body, std::string& out) {
  const json::Value value = body["traceId"];
  if (value.is_missing_or_null()) return {};
  if (!is_valid_trace_id(value.string_or(""))) {
    return fail(Error::invalid("traceId must be 1 to 128 printable ASCII characters"));
  }
  out = value.text();
  return {};
}

Result<std::string> read_label(const json::Value& body) {
  const json::Value value = body["label"];
  if (value.is_missing_or_null()) return std::string();
  TRACIA_TRY(check_label(value.string_or("")));
  return value.text();
}

std::optional<int64_t> parse_integer(std::string_view text) {
  int64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<std::optional<std::string>> query_text(const http::Exchange& exchange, std::string_view name, size_t chars_max) {
  auto value = present(exchange, name);
  if (!value) return std::nullopt;
  if (!is_valid_utf8(*value)) return fail(Error::invalid(std::string(name) + " must be valid UTF-8"));
  if (value->size() > chars_max && count_chars(*value) > chars_max) {
    return fail(Error::invalid(std::string(name) + " must have at most " + std::to_string(chars_max) + " characters"));
  }
  return value;
}

Result<std::optional<int64_t>> query_integer(const http::Exchange& exchange, std::string_view name, int64_t min,
                                             int64_t max) {
  const auto text = present(exchange, name);
  if (!text) return std::nullopt;
  const auto value = parse_integer(*text);
  if (value && *value >= min && *value <= max) return value;
  std::string range = " must be a whole number";
  if (max != std::numeric_limits<int64_t>::max()) {
    range += " from " + std::to_string(min) + " to " + std::to_string(max);
  } else if (min != std::numeric_limits<int64_t>::min()) {
    range += " of at least " + std::to_string(min);
  }
  return fail(Error::invalid(std::string(name) + range));
}

Result<std::optional<double>> query_number(const http::Exchange& exchange, std::string_view name, double min) {
  const auto text = present(exchange, name);
  if (!text) return std::nullopt;
  double value = 0;
  const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), value);
  const bool whole = ec == std::errc() && end == text->data() + text->size();
  if (whole && std::isfinite(value) && value >= min) return value;
  json::Writer bound;
  bound.value(min);
  return fail(Error::invalid(std::string(name) + " must be a number of at least " + bound.str()));
}

Result<std::optional<Timestamp>> query_time(const http::Exchange& exchange, std::string_view name) {
  const auto text = present(exchange, name);
  if (!text) return std::nullopt;
  const auto time = parse_rfc3339(*text);
  if (!time) {
    return fail(Error::invalid(std::string(name) + " must be a date or a time of RFC 3339, such as "
                                                   "2026-11-20T10:00:00Z"));
  }
  return time;
}

Result<std::optional<size_t>> query_limit(const http::Exchange& exchange) {
  const auto text = exchange.query("limit");
  if (!text) return std::nullopt;
  const auto value = parse_integer(*text);
  if (!value || *value < 1 || *value > static_cast<int64_t>(kPageMax)) {
    return fail(Error::invalid("limit must be a whole number from 1 to " + std::to_string(kPageMax)));
  }
  return static_cast<size_t>(*value);
}

std::string make_cursor(std::string_view tag, std::string_view position) {
  return base64url_encode(std::string(tag).append(position));
}

Result<std::string> read_cursor(std::string_view cursor, std::string_view tag) {
  if (cursor.size() > kCursorBytesMax) return fail(bad_cursor());
  auto text = base64_decode(cursor);
  if (!text || text->size() <= tag.size() || text->compare(0, tag.size(), tag) != 0) return fail(bad_cursor());
  // One cursor, one spelling: what decodes alike but was not made here is refused.
  if (base64url_encode(*text) != cursor) return fail(bad_cursor());
  return text->substr(tag.size());
}

Result<std::optional<std::string>> query_cursor(const http::Exchange& exchange, std::string_view tag) {
  const auto text = present(exchange, "cursor");
  if (!text) return std::nullopt;
  auto position = read_cursor(*text, tag);
  if (!position) return fail(std::move(position).error());
  return std::optional<std::string>(std::move(*position));
}

void write_page(json::Writer& w, std::string_view next_cursor) {
  write_text_or_null(w, "nextCursor", next_cursor);
  write_text_or_null(w, "cursor", next_cursor);
  w.field("hasMore", !next_cursor.empty());
}

void write_text_or_null(json::Writer& w, std::string_view name, std::string_view text) {
  w.key(name);
  if (text.empty()) {
    w.null();
  } else {
    w.value(text);
  }
}

}  // namespace tracia::routes
