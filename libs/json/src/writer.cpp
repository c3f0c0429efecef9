#include "tracia/json/writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "tracia/base/bytes.h"

namespace tracia::json {
namespace {

constexpr size_t kFirstBytes = 256;  // room for an object at once: a string that grows from nothing is moved five times

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

// Whether one of eight bytes may need an escape: below a blank, a quote or a backslash. Bytes from 0x80 up are never
// mistaken for one; a borrow can only make the answer yes too often.
bool may_need_escape(uint64_t word) {
  constexpr uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;
  const uint64_t quotes = word ^ (kOnes * '"'), slashes = word ^ (kOnes * '\\');
  const uint64_t found = (word - kOnes * 0x20) | (quotes - kOnes) | (slashes - kOnes);
  return (found & ~word & kHighs) != 0;
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

// Up to eight bytes, the rest of the word blanks.
uint64_t load_short(std::string_view text) {
  const char* const bytes = text.data();
  const size_t size = text.size();
  uint64_t word = 0x2020202020202020;
  if (size >= 4) {  // two halves that overlap
    std::memcpy(&word, bytes, 4);
    std::memcpy(reinterpret_cast<char*>(&word) + 4, bytes + size - 4, 4);
  } else if (size >= 2) {
    std::memcpy(&word, bytes, 2);
    std::memcpy(reinterpret_cast<char*>(&word) + 2, bytes + size - 2, 2);
  } else if (size == 1) {
    std::memcpy(&word, bytes, 1);
  }
  return word;
}

// Whether all of it is ASCII that needs no escape, as are all names and most values.
bool is_plain(std::string_view text) {
  const auto plain = [](uint64_t word) { return (word & 0x8080808080808080) == 0 && !may_need_escape(word); };
  if (text.size() < 8) return plain(load_short(text));
  size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    if (!plain(load_eight(text.data() + at))) return false;
  }
  return plain(load_eight(text.data() + text.size() - 8));
}

bool has_high_byte(std::string_view text) {
  uint64_t all = 0;
  for (; text.size() >= 8; text.remove_prefix(8)) all |= load_eight(text.data());
  return ((all | load_short(text)) & 0x8080808080808080) != 0;
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
  if (out_.capacity() < kFirstBytes) out_.reserve(kFirstBytes);
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
