#include "access_rules.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "tracia/base/bytes.h"

namespace tracia::service {
namespace {

constexpr size_t kTokenBytesMax = 512;
constexpr size_t kBootstrapCharactersMin = 32;
constexpr size_t kEmailBytesMax = 254;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

}  // namespace

Result<std::string> check_name(std::string_view field, std::string_view name, size_t max) {
  name = trim(name);
  const size_t characters = count_chars(name);
  if (characters < 1 || characters > max) {
    return fail(Error::invalid(std::string(field) + ": must have 1 to " + std::to_string(max) + " characters"));
  }
  if (!is_valid_utf8(name) || std::any_of(name.begin(), name.end(), is_control)) {
    return fail(Error::invalid(std::string(field) + ": must be UTF-8 text without control characters"));
  }
  return std::string(name);
}

Result<std::string> check_email(std::string_view email) {
  email = trim(email);
  const size_t at = email.rfind('@');
  const bool good = email.size() <= kEmailBytesMax && at != std::string_view::npos && at > 0 && at + 1 < email.size() &&
                    email.find('@') == at && is_valid_utf8(email) &&
                    std::none_of(email.begin(), email.end(), [](char c) { return is_control(c) || c == ' '; });
  if (!good) return fail(Error::invalid("email: must be an address like name@example.com"));
  return std::string(email);
}

Status check_bootstrap_key(std::string_view key) {
  const bool good = key.starts_with("tr_") && key.size() >= 3 + kBootstrapCharactersMin &&
                    key.size() <= kTokenBytesMax && std::all_of(key.begin(), key.end(), is_key_character);
  if (good) return {};
  return fail(Error::invalid(
      "TRACIA_BOOTSTRAP_API_KEY is too weak: it must be tr_ and at least 32 characters of A-Z a-z 0-9 _ - "
      "(for example tr_ and the output of: openssl rand -hex 32)"));
}

std::optional<std::string_view> bearer_token(const wire::Headers& headers) {
  const auto header = headers.get("authorization");
  if (!header) return std::nullopt;
  constexpr std::string_view kScheme = "bearer ";
  if (header->size() <= kScheme.size() || !ascii_iequals(header->substr(0, kScheme.size()), kScheme)) return "";
  const std::string_view token = trim(header->substr(kScheme.size()));
  return token.size() <= kTokenBytesMax ? token : std::string_view("");
}

std::string_view session_cookie(const wire::Headers& headers) {
  for (const auto& [name, value] : headers) {
    if (!ascii_iequals(name, "cookie")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view pair = trim(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const size_t equals = pair.find('=');
      if (equals == std::string_view::npos || pair.substr(0, equals) != kSessionCookie) continue;
      const std::string_view token = pair.substr(equals + 1);
      return token.size() <= kTokenBytesMax ? token : std::string_view("");
    }
  }
  return "";
}

bool is_safe_method(std::string_view method) { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }

std::string network_of(std::string_view peer) {
  if (peer.starts_with('[')) peer = peer.substr(1, std::min(peer.find(']'), peer.size()) - 1);
  // One colon is a port's; more belong to a bare IPv6 address.
  else if (const size_t colon = peer.find(':'); colon != std::string_view::npos && peer.rfind(':') == colon) {
    peer = peer.substr(0, colon);
  }
  std::array<unsigned char, 16> address{};
  std::string text(peer.substr(0, 64));
  constexpr size_t kNetworkBytes = 8;  // what one subscriber is given: a /64
  if (inet_pton(AF_INET6, text.c_str(), address.data()) == 1) {
    return hex_encode({reinterpret_cast<const char*>(address.data()), kNetworkBytes});
  }
  return text;
}

}  // namespace tracia::service
