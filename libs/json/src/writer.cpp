#include "tracia/json/writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <type_traits>

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

uint64_t load_eight(const char* bytes) {
  uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

constexpr uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;

// The high bit is set of a byte below a blank, a quote or a backslash, and perhaps of others: a borrow can only make
// the answer yes too often. Means nothing of bytes from 0x80 up.
uint64_t escapes_in(uint64_t word) {
  const uint64_t quotes = word ^ (kOnes * '"'), slashes = word ^ (kOnes * '\\');
  return (word - kOnes * 0x20) | (quotes - kOnes) | (slashes - kOnes);
}

bool may_need_escape(uint64_t word) { return (escapes_in(word) & ~word & kHighs) != 0; }

// ASCII without anything to escape, as nearly all names and most texts are.
bool is_plain(std::string_view text) {
  const char* const end = text.data() + text.size();
  if (text.size() < 8) {
    for (const char c : text) {
      if (kEscapes[static_cast<uint8_t>(c)] != 0 || static_cast<uint8_t>(c) >= 0x80) return false;
    }
    return true;
  }
  uint64_t found = 0;
  for (const char* at = text.data(); end - at > 8; at += 8) {
    const uint64_t word = load_eight(at);
    found |= escapes_in(word) | word;
    if ((found & kHighs) != 0) return false;
  }
  const uint64_t last = load_eight(end - 8);
  return ((escapes_in(last) | last) & kHighs) == 0;
}

void append_escaped(std::string& out, std::string_view text) {
  size_t start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    while (text.size() - i >= 8 && !may_need_escape(load_eight(text.data() + i))) i += 8;
    if (i == text.size()) break;
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
  uint64_t all = 0;
  for (; text.size() >= 8; text.remove_prefix(8)) all |= load_eight(text.data());
  if ((all & kHighs) != 0) return true;
  for (const char c : text) {
    if (static_cast<uint8_t>(c) >= 0x80) return true;
  }
  return false;
}

template <typename T>
void append_number(std::string& out, T n) {
  std::array<char, 40> buffer{};
  char* const last = buffer.data() + buffer.size();
  auto end = std::to_chars(buffer.data(), last, n).ptr;
  if constexpr (std::is_floating_point_v<T>) {
    // The shortest text of a large number may be digits alone, which readers take for an integer that is too large.
    constexpr T kIntegerEnd = 0x1p63;
    if (n >= kIntegerEnd || n <= -kIntegerEnd) {
      end = std::to_chars(buffer.data(), last, n, std::chars_format::scientific).ptr;
    }
  }
  out.append(buffer.data(), static_cast<size_t>(end - buffer.data()));
}

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  if (is_plain(text)) {
    out.append(text);
  } else if (has_high_byte(text) && !is_valid_utf8(text)) {
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
