// Values into parameters and rows into values, so that a statement and what it binds stand on two lines.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "session.h"
#include "tracia/base/clock.h"

namespace tracia::store_sqlite {

// Text that is bytes.
struct Blob {
  std::string_view bytes;
};

inline void put(Statement& s, int at, int64_t value) { s.bind(at, value); }
inline void put(Statement& s, int at, size_t value) { s.bind(at, static_cast<int64_t>(value)); }
inline void put(Statement& s, int at, double value) { s.bind(at, value); }
inline void put(Statement& s, int at, std::string_view text) { s.bind(at, text); }
inline void put(Statement& s, int at, const std::string& text) { s.bind(at, std::string_view(text)); }
inline void put(Statement& s, int at, Timestamp stamp) { s.bind(at, stamp.micros); }
inline void put(Statement& s, int at, Blob blob) { s.bind_blob(at, blob.bytes); }
template <typename T>
void put(Statement& s, int at, const std::optional<T>& value) {
  if (value) {
    put(s, at, *value);
  } else {
    s.bind_null(at);
  }
}

// Binds `values` to the parameters in order. Refers to them: for use within the call's own expression.
template <typename... T>
Session::Bind values(const T&... value) {
  return [&](Statement& s) {
    int at = 0;
    (put(s, at++, value), ...);
  };
}

inline std::string text(const Statement& row, int at) { return std::string(row.text(at)); }
inline Timestamp stamp(const Statement& row, int at) { return {row.integer(at)}; }
inline std::optional<Timestamp> optional_stamp(const Statement& row, int at) {
  return row.is_null(at) ? std::nullopt : std::optional(stamp(row, at));
}
inline std::optional<double> optional_real(const Statement& row, int at) {
  return row.is_null(at) ? std::nullopt : std::optional(row.real(at));
}

// All rows of a query; `make` turns a row into a T, or into a Result<T>.
template <typename T, typename Make>
Result<std::vector<T>> all_rows(Sessions& sessions, std::string_view sql, const Session::Bind& bind, const Make& make) {
  std::vector<T> found;
  TRACIA_TRY(sessions.read([&](Session& session) {
    return session.each(sql, bind, [&](Statement& row) -> Status {
      Result<T> made = make(row);
      if (!made) return fail(std::move(made).error());
      found.push_back(std::move(*made));
      return {};
    });
  }));
  return found;
}

// The first of them, if there is one.
template <typename T, typename Make>
Result<std::optional<T>> first_row(Sessions& sessions, std::string_view sql, const Session::Bind& bind,
                                   const Make& make) {
  auto found = all_rows<T>(sessions, sql, bind, make);
  if (!found) return fail(std::move(found).error());
  return found->empty() ? std::nullopt : std::optional<T>(std::move(found->front()));
}

}  // namespace tracia::store_sqlite
