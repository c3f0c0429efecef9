// Where in a text something is that a masking rule hides: one function a kind. Pure; time in proportion to the text.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace tracia::ingest::masking {

// A part of a text, and the rule that hides it.
struct Place {
  size_t begin = 0, end = 0;
  size_t rule = 0;
};
using Places = std::vector<Place>;

// Each adds what it finds, with `rule`.
void find_emails(std::string_view text, size_t rule, Places& out);
// 13 to 19 digits, perhaps in groups, that begin like a card's and whose check digit is right (Luhn, ISO/IEC 7812).
void find_credit_cards(std::string_view text, size_t rule, Places& out);
// With a country's code (+49 …, 0049 …), or in groups as people write them. Mere runs of digits are none: ids and times
// would be hidden with them.
void find_phones(std::string_view text, size_t rule, Places& out);
// Of a known country's length, with the right check digits (ISO 13616: mod 97), perhaps in groups of four.
void find_ibans(std::string_view text, size_t rule, Places& out);
// As redact_secrets() knows them.
void find_api_keys(std::string_view text, size_t rule, Places& out);
// IPv4 and IPv6.
void find_ip_addresses(std::string_view text, size_t rule, Places& out);

}  // namespace tracia::ingest::masking
