#include "tracia/json/writer.h"

#include <array>
#include <charconv>
#include <cmath>

#include "tracia/base/bytes.h"

namespace tracia::json {
namespace {

// 0: copy. 'u': \u00XX. Otherwise the letter after the backslash.
constexpr std::array<char, 256> make_escapes() {
  std::array<char, 256> table{};
  for (size_t i = 0; i < 0x20; ++i) table[i] = 'u';
  table['"'] = '"';
  table['\\'] = '\\';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  table['\b'] = 'b';
  table['\f'] = 'f';
  return table;
}
constexpr auto kEscapes = make_escapes();

void append_escaped(std::string& out, std::string_view text) {
  size_t start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    const char escape = kEscapes[byte];
    if (escape == 0) continue;
    out.append(text.substr(start, i - start));
    start = i + 1;
    out.push_back('\\');
    out.push_back(escape);
    if (escape == 'u') {
      constexpr std::string_view digits = "0123456789abcdef";
      out.append("00");
      out.push_back(digits[byte >> 4]);
      out.push_back(digits[byte & 15]);
    }
  }
  out.append(text.substr(start));
}

bool has_high_byte(std::string_view text) {
  for (const char c : text) {
    if (static_cast<uint8_t>(c) >= 0x80) return true;
  }
  return false;
}

template <typename T>
void append_number(std::string& out, T n) {
  std::array<char, 40> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), n);
  out.append(buffer.data(), static_cast<size_t>(end - buffer.data()));
}

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  if (has_high_byte(text) && !is_valid_utf8(text)) {
    append_escaped(out, to_valid_utf8(text));
  } else {
    append_escaped(out, text);
  }
  out.push_back('"');
}

std::string quoted(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

Writer& Writer::key(std::string_view name) {
  comma();
  append_quoted(out_, name);
  out_.push_back(':');
  fresh_ = true;
  return *this;
}

Writer& Writer::value(std::string_view text) {
  comma();
  append_quoted(out_, text);
  return *this;
}

Writer& Writer::value(int64_t n) {
  comma();
  append_number(out_, n);
  return *this;
}

Writer& Writer::value(uint64_t n) {
  comma();
  append_number(out_, n);
  return *this;
}

Writer& Writer::value(double n) {
  if (!std::isfinite(n)) return null();
  comma();
  append_number(out_, n);
  return *this;
}

Writer& Writer::value(float n) {
  if (!std::isfinite(n)) return null();
  comma();
  append_number(out_, n);
  return *this;
}

Writer& Writer::raw(std::string_view json) {
  if (json.empty()) return null();
  comma();
  out_.append(json);
  return *this;
}

}  // namespace tracia::json
