#include "places.h"

#include <arpa/inet.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <string>

#include "tracia/base/redact.h"

namespace tracia::ingest::masking {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alnum(char c) { return is_digit(c) || is_letter(c); }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// Whether no letter or digit stands before `at`.
bool begins_word(std::string_view text, size_t at) { return at == 0 || !is_alnum(text[at - 1]); }

constexpr size_t kCardDigitsMin = 13, kCardDigitsMax = 19;
bool is_card_separator(char c) { return c == ' ' || c == '-'; }  // not '.': a tenth of all long fractions would pass

bool passes_luhn(std::string_view digits) {
  int sum = 0;
  bool twice = false;
  for (auto it = digits.rbegin(); it != digits.rend(); ++it, twice = !twice) {
    const int digit = (*it - '0') * (twice ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 == 0;
}

// The end of the longest card number that begins at `begin`, `begin` when there is none.
size_t card_end(std::string_view text, size_t begin) {
  std::array<char, kCardDigitsMax> digits{};
  size_t count = 0, end = begin;
  for (size_t at = begin; at < text.size() && count < digits.size(); ++at) {
    if (is_digit(text[at])) {
      digits[count++] = text[at];
    } else if (!is_card_separator(text[at]) || !is_digit(text[at - 1])) {
      break;
    }
    const bool whole = at + 1 == text.size() || !is_alnum(text[at + 1]);
    if (is_digit(text[at]) && count >= kCardDigitsMin && whole && passes_luhn({digits.data(), count})) end = at + 1;
  }
  return end;
}

// Lengths of account numbers by country, of the IBAN registry (SWIFT, release 99).
struct IbanLength {
  std::string_view country;
  size_t length;
};
constexpr IbanLength kIbanLengths[] = {
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22}, {"BH", 22},
    {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DJ", 27},
    {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18}, {"FK", 18}, {"FO", 18}, {"FR", 27},
    {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27}, {"GT", 28}, {"HN", 28}, {"HR", 21}, {"HU", 28},
    {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26}, {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28},
    {"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20}, {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22},
    {"MK", 19}, {"MN", 20}, {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23},
    {"PK", 24}, {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24},
    {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25}, {"SV", 28},
    {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}, {"YE", 30},
};

size_t iban_length(std::string_view text, size_t at) {
  const std::array<char, 2> country{upper(text[at]), upper(text[at + 1])};
  for (const IbanLength& known : kIbanLengths) {
    if (known.country == std::string_view(country.data(), country.size())) return known.length;
  }
  return 0;
}

// The country and the check digits count as the last four characters; a letter counts as two digits.
bool passes_mod97(std::string_view iban) {
  int rest = 0;
  for (size_t i = 0; i < iban.size(); ++i) {
    const char c = iban[(i + 4) % iban.size()];
    rest = is_digit(c) ? (rest * 10 + (c - '0')) % 97 : (rest * 100 + (c - 'A' + 10)) % 97;
  }
  return rest == 1;
}

// The end of the account number that begins at `begin`, `begin` when there is none.
size_t iban_end(std::string_view text, size_t begin) {
  if (begin + 4 > text.size() || !is_letter(text[begin]) || !is_letter(text[begin + 1])) return begin;
  if (!is_digit(text[begin + 2]) || !is_digit(text[begin + 3])) return begin;
  const size_t length = iban_length(text, begin);
  std::string iban;
  for (size_t at = begin; at < text.size() && iban.size() < length; ++at) {
    if (is_alnum(text[at])) {
      iban.push_back(upper(text[at]));
    } else if ((text[at] != ' ' && text[at] != '-') || !is_alnum(text[at - 1])) {
      return begin;
    }
    const bool whole = at + 1 == text.size() || !is_alnum(text[at + 1]);
    if (length > 0 && iban.size() == length) return whole && passes_mod97(iban) ? at + 1 : begin;
  }
  return begin;
}

using EndOf = size_t (*)(std::string_view text, size_t begin);
void find_words(std::string_view text, size_t rule, EndOf end_of, bool (*may_begin)(char), Places& out) {
  for (size_t at = 0; at < text.size(); ++at) {
    if (!may_begin(text[at]) || !begins_word(text, at)) continue;
    const size_t end = end_of(text, at);
    if (end == at) continue;
    out.push_back({at, end, rule});
    at = end - 1;
  }
}

// The first group of `pattern` is what is hidden: what may stand before it is outside. These patterns look only a
// bounded way past what they match.
void find_matches(std::string_view text, const RE2& pattern, size_t rule, Places& out) {
  const re2::StringPiece all(text.data(), text.size());
  size_t at = 0;
  re2::StringPiece found;
  while (at < text.size() && pattern.Match(all, at, text.size(), RE2::UNANCHORED, &found, 1)) {
    const size_t begin = static_cast<size_t>(found.data() - text.data());
    at = begin + found.size();
    out.push_back({begin, at, rule});
  }
}

const RE2& phone_pattern() {
  static const RE2 pattern(
      // +49 30 1234567, 0049-30-1234567, +1 (415) 555-2671
      R"((?:\+|\b00)[1-9](?:[ ./()\-]{0,2}[0-9]){6,14}\b)"
      // (415) 555-2671, 415-555-2671, 415.555.2671
      R"(|(?:\([0-9]{3}\) ?|\b[0-9]{3}[ .\-])[0-9]{3}[ .\-][0-9]{4}\b)"
      // 030/1234567, 0171 123 45 67, 020 7946 0958
      R"(|\b0[1-9][0-9]{1,4}[ ./\-](?:[ .\-]?[0-9]){6,10}\b)"
      // 01 23 45 67 89
      R"(|\b0[1-9](?:(?: [0-9]{2}){4}|(?:\.[0-9]{2}){4}|(?:-[0-9]{2}){4}|[0-9]{8})\b)");
  return pattern;
}

const RE2& ipv4_pattern() {
  static const RE2 pattern(
      R"(\b(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\b)");
  return pattern;
}

bool is_ipv6_char(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':'; }

bool is_ipv6(std::string_view word) {
  constexpr size_t kShortest = 3;  // "::1"
  if (word.size() < kShortest || word.size() >= INET6_ADDRSTRLEN) return false;
  if (!std::any_of(word.begin(), word.end(), is_digit)) return false;  // "cafe::bad" is C++
  in6_addr address{};
  return inet_pton(AF_INET6, std::string(word).c_str(), &address) == 1;
}

void find_ipv6(std::string_view text, size_t rule, Places& out) {
  for (size_t at = text.find(':'); at != std::string_view::npos; at = text.find(':', at)) {
    size_t begin = at, end = at;
    while (begin > 0 && is_ipv6_char(text[begin - 1])) --begin;
    while (end < text.size() && (is_ipv6_char(text[end]) || (text[end] == '.' && end > at))) ++end;
    const size_t next = std::max(end, at + 1);
    while (end > begin && (text[end - 1] == '.' || text[end - 1] == ':') &&
           !text.substr(begin, end - begin).ends_with("::")) {
      --end;
    }
    const bool whole = begins_word(text, begin) && (end == text.size() || !is_alnum(text[end]));
    if (whole && is_ipv6(text.substr(begin, end - begin))) out.push_back({begin, end, rule});
    at = next;
  }
}

// Letters of two bytes in UTF-8 (Latin, Greek, Cyrillic): names and domains have them. Longer ones are left out: where
// words are not set apart by spaces, half a sentence would be taken for a name.
bool is_wide_letter(char lead, char next) {
  const auto first = static_cast<unsigned char>(lead), second = static_cast<unsigned char>(next);
  return first >= 0xC3 && first <= 0xD4 && (second & 0xC0) == 0x80;
}

// RFC 5322's dot-atom, but for what is quoting or markup in texts.
bool is_local_char(char c) { return is_alnum(c) || std::string_view("._%+-").find(c) != std::string_view::npos; }
bool is_domain_char(char c) { return is_alnum(c) || c == '-' || c == '.'; }

// Where the name before the @ begins, not before `first`.
size_t local_begin(std::string_view text, size_t at, size_t first) {
  size_t begin = at;
  while (begin > first) {
    if (is_local_char(text[begin - 1])) {
      --begin;
    } else if (begin >= first + 2 && is_wide_letter(text[begin - 2], text[begin - 1])) {
      begin -= 2;
    } else {
      break;
    }
  }
  return begin;
}

size_t domain_end(std::string_view text, size_t begin, size_t last) {
  size_t end = begin;
  while (end < last) {
    if (is_domain_char(text[end])) {
      ++end;
    } else if (end + 1 < last && is_wide_letter(text[end], text[end + 1])) {
      end += 2;
    } else {
      break;
    }
  }
  while (end > begin && (text[end - 1] == '.' || text[end - 1] == '-')) --end;
  return end;
}

}  // namespace

void find_emails(std::string_view text, size_t rule, Places& out) {
  constexpr size_t kLocalBytesMax = 256, kDomainBytesMax = 255;  // RFC 5321 has 64 and 255
  size_t free_from = 0;                                          // what comes before belongs to the last address
  for (size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    const size_t first = std::max(free_from, at > kLocalBytesMax ? at - kLocalBytesMax : 0);
    const size_t begin = local_begin(text, at, first);
    const size_t end = domain_end(text, at + 1, std::min(text.size(), at + 1 + kDomainBytesMax));
    const std::string_view domain = text.substr(at + 1, end - at - 1);
    const size_t dot = domain.rfind('.');
    const bool has_domain =
        dot != std::string_view::npos && dot > 0 && domain.size() - dot > 2 && !is_digit(domain[dot + 1]);
    if (begin == at || !has_domain) continue;
    out.push_back({begin, end, rule});
    free_from = end;
  }
}

void find_credit_cards(std::string_view text, size_t rule, Places& out) {
  // What card numbers begin with. Other industries have the rest; Unix times in milliseconds begin with 1.
  find_words(text, rule, card_end, [](char c) { return c >= '2' && c <= '6'; }, out);
}

void find_phones(std::string_view text, size_t rule, Places& out) { find_matches(text, phone_pattern(), rule, out); }

void find_ibans(std::string_view text, size_t rule, Places& out) { find_words(text, rule, iban_end, is_letter, out); }

void find_api_keys(std::string_view text, size_t rule, Places& out) {
  for (const SecretPlace& place : find_secrets(text)) out.push_back({place.begin, place.begin + place.length, rule});
}

void find_ip_addresses(std::string_view text, size_t rule, Places& out) {
  find_matches(text, ipv4_pattern(), rule, out);
  find_ipv6(text, rule, out);
}

}  // namespace tracia::ingest::masking
