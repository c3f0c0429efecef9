// Slugs and labels: names that stand in URLs.
#include "tracia/prompt/prompt.h"

namespace tracia::prompt {
namespace {

constexpr size_t kSlugCharsMax = 128;
constexpr size_t kLabelCharsMax = 64;

bool is_plain(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// ^[a-z0-9][a-z0-9_-]{0,chars_max - 1}$
bool is_word(std::string_view text, size_t chars_max) {
  if (text.empty() || text.size() > chars_max || !is_plain(text[0])) return false;
  for (const char c : text) {
    if (!is_plain(c) && c != '_' && c != '-') return false;
  }
  return true;
}

}  // namespace

std::string slug_from_name(std::string_view name) {
  std::string slug;
  for (const char c : name) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (slug.size() == kSlugCharsMax) break;
    if (is_plain(lower)) {
      slug.push_back(lower);
    } else if (!slug.empty() && slug.back() != '-') {
      slug.push_back('-');
    }
  }
  if (!slug.empty() && slug.back() == '-') slug.pop_back();
  return slug.empty() ? "prompt" : slug;
}

bool is_valid_slug(std::string_view slug) { return is_word(slug, kSlugCharsMax); }
bool is_valid_label(std::string_view label) { return is_word(label, kLabelCharsMax); }

}  // namespace tracia::prompt
