// redact_secrets() takes any bytes, keeps its output bounded, and leaves no key of a known shape standing as a word.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tracia/base/redact.h"

namespace {

bool is_key_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

// Whether `prefix` and at least `min` key characters stand at the beginning of a word.
bool has_key(std::string_view text, std::string_view prefix, size_t min) {
  for (size_t at = text.find(prefix); at != std::string_view::npos; at = text.find(prefix, at + 1)) {
    if (at > 0 && is_key_char(text[at - 1])) continue;
    size_t end = at + prefix.size();
    while (end < text.size() && is_key_char(text[end])) ++end;
    if (end - at - prefix.size() >= min) return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string out = tracia::redact_secrets(text);
  // The mark is longer than the shortest secret (four characters), by six.
  if (out.size() > text.size() * 4 + 16) std::abort();
  if (has_key(out, "sk-", 16) || has_key(out, "AIza", 30) || has_key(out, "tr_", 33)) std::abort();
  return 0;
}
