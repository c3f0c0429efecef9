// Bytes and text: base64, hex, percent-encoding helpers live with URLs in wire; here is what every library needs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tracia {

std::string base64_encode(std::string_view bytes);     // standard alphabet, padded (RFC 4648 section 4)
std::string base64url_encode(std::string_view bytes);  // URL alphabet, no padding (RFC 4648 section 5)
// Accepts both alphabets, with or without padding, and ignores ASCII white space; nullopt for anything else.
std::optional<std::string> base64_decode(std::string_view text);

std::string hex_encode(std::string_view bytes);  // lower case

std::string ascii_lower(std::string_view text);
std::string ascii_upper(std::string_view text);
bool ascii_iequals(std::string_view a, std::string_view b);
std::string_view trim(std::string_view text);  // ASCII white space off both ends

bool is_valid_utf8(std::string_view text);
std::string to_valid_utf8(std::string_view text);  // each bad byte becomes U+FFFD
// Unicode code points of valid UTF-8: what bounds in "characters" count.
size_t count_chars(std::string_view text);
// The longest prefix of at most `max_bytes` that does not cut a UTF-8 sequence.
std::string_view utf8_prefix(std::string_view text, size_t max_bytes);

}  // namespace tracia
