// Appending JSON members to one growing string: what json::Writer does, but onto a string that already holds something,
// and with member names that are literals and need no escaping. The span's hot path.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tracia/json/writer.h"

namespace tracia::span {

// Appends JSON text made elsewhere. Line ends between its tokens become blanks (inside strings they are always
// escaped), so that a span is one line of NDJSON whatever its parts looked like.
inline void append_raw(std::string& out, std::string_view json) {
  const size_t from = out.size();
  out.append(json);
  if (json.find_first_of("\n\r") == std::string_view::npos) return;
  for (size_t i = from; i < out.size(); ++i) {
    if (out[i] == '\n' || out[i] == '\r') out[i] = ' ';
  }
}

template <typename T>
void append_number(std::string& out, T n) {
  std::array<char, 40> buffer;
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), n);
  out.append(buffer.data(), static_cast<size_t>(result.ptr - buffer.data()));
}

// True when the text can only be a JSON object (array): what a member that must be one is worth a cheap look.
inline bool opens_with(std::string_view json, char bracket) {
  const size_t first = json.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && json[first] == bracket;
}

class ObjectAppender {
 public:
  explicit ObjectAppender(std::string& out) : out_(out) { out_.push_back('{'); }
  void close() { out_.push_back('}'); }

  // Writes the name; the caller appends the value. Names are literals of this library.
  std::string& key(std::string_view name) {
    out_.append(fresh_ ? "\"" : ",\"");
    fresh_ = false;
    out_.append(name).append("\":");
    return out_;
  }
  void text(std::string_view name, std::string_view value) { json::append_quoted(key(name), value); }
  void text_if(std::string_view name, std::string_view value) {
    if (!value.empty()) text(name, value);
  }
  void integer(std::string_view name, int64_t value) { append_number(key(name), value); }
  void integer(std::string_view name, const std::optional<int64_t>& value) {
    if (value) integer(name, *value);
  }
  void number(std::string_view name, const std::optional<double>& value) {
    if (value && std::isfinite(*value)) append_number(key(name), *value);
  }
  void flag(std::string_view name, bool value) {
    if (value) key(name).append("true");
  }
  void object_if(std::string_view name, std::string_view json) {
    if (opens_with(json, '{')) append_raw(key(name), json);
  }
  void array_if(std::string_view name, std::string_view json) {
    if (opens_with(json, '[')) append_raw(key(name), json);
  }

 private:
  std::string& out_;
  bool fresh_ = true;
};

// Separates what is appended to one array.
class ArrayAppender {
 public:
  explicit ArrayAppender(std::string& out) : out_(out) { out_.push_back('['); }
  void close() { out_.push_back(']'); }
  std::string& next() {
    if (!fresh_) out_.push_back(',');
    fresh_ = false;
    return out_;
  }

 private:
  std::string& out_;
  bool fresh_ = true;
};

}  // namespace tracia::span
