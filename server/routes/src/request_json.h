// Reading requests and writing pages, the same way for every resource: bodies, query parameters, cursors. All errors
// are kInvalidRequest and name the member or parameter. Pure functions, thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/http/router.h"
#include "tracia/json/reader.h"
#include "tracia/json/writer.h"

namespace tracia::routes {

inline constexpr size_t kPageDefault = 50;
inline constexpr size_t kPageMax = 100;
inline constexpr size_t kCursorBytesMax = 256;

// A JSON body, and the document that keeps it alive. `value` is missing (all its members are) for an optional body that
// was not sent.
struct Body {
  json::Document document;
  json::Value value;
};
// "Request body must be a JSON object".
Result<Body> read_object(std::string_view text);
// As read_object(), but no body at all is fine.
Result<Body> read_optional_object(std::string_view text);
// Any JSON value ("Request body is not valid JSON: …").
Result<Body> read_value(std::string_view text);

// Query parameters; nullopt when absent. An empty value is the same as absent.
Result<std::optional<std::string>> query_text(const http::Exchange& exchange, std::string_view name, size_t chars_max);
Result<std::optional<int64_t>> query_integer(const http::Exchange& exchange, std::string_view name, int64_t min,
                                             int64_t max);
Result<std::optional<double>> query_number(const http::Exchange& exchange, std::string_view name, double min);
Result<std::optional<Timestamp>> query_time(const http::Exchange& exchange, std::string_view name);  // RFC 3339
// "limit must be a whole number from 1 to 100"; here an empty value is an error too.
Result<std::optional<size_t>> query_limit(const http::Exchange& exchange);

// `variables` of a render or a run: scalars become text as JSON writes them ("1.50", "true"). Omitted and null are
// none.
using VariableList = std::vector<std::pair<std::string, std::string>>;
Result<VariableList> read_variables(const json::Value& body);

// Which version of a prompt is meant: a whole number of at least 1; nullopt when omitted or null.
Result<std::optional<int64_t>> read_version(const json::Value& body, std::string_view name);
// A string of 1 to `chars_max` characters; `out` is left alone when it is omitted or null.
Status read_text(const json::Value& body, std::string_view name, size_t chars_max, std::string& out);
// `traceId`, likewise.
Status read_trace_id(const json::Value& body, std::string& out);
// `label`, in the form of labels; "" when omitted or null.
Result<std::string> read_label(const json::Value& body);
Status check_label(std::string_view label);

// The whole of `text` as a decimal number: no sign but '-', no blanks.
std::optional<int64_t> parse_integer(std::string_view text);

// Cursors are base64url of a tag that says which list they belong to, and a position in it. Opaque to clients.
std::string make_cursor(std::string_view tag, std::string_view position);
// The position in `cursor`. "cursor is not one that this list made" for anything else.
Result<std::string> read_cursor(std::string_view cursor, std::string_view tag);
// The position of the query's cursor; nullopt for the first page.
Result<std::optional<std::string>> query_cursor(const http::Exchange& exchange, std::string_view tag);

// nextCursor, cursor and hasMore of a page; "" = the last page.
void write_page(json::Writer& w, std::string_view next_cursor);

// A member that is null when it is not known.
template <typename T>
void write_or_null(json::Writer& w, std::string_view name, const std::optional<T>& value) {
  w.key(name);
  if (value) {
    w.value(*value);
  } else {
    w.null();
  }
}
// A string, or null for "".
void write_text_or_null(json::Writer& w, std::string_view name, std::string_view text);

}  // namespace tracia::routes
