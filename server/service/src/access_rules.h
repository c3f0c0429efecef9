// What access accepts: names, emails, the bootstrap key; and what it reads from a request's headers. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tracia/base/result.h"
#include "tracia/wire/http.h"

namespace tracia::service {

inline constexpr std::string_view kSessionCookie = "tracia_session";

// 1 to `max` characters of UTF-8 without control characters; white space around it goes. `field` begins the message.
Result<std::string> check_name(std::string_view field, std::string_view name, size_t max = 100);
// Something@domain, at most 254 bytes (RFC 5321), no white space; whether it can be reached only a mail would tell.
Result<std::string> check_email(std::string_view email);
// "tr_" and at least 32 characters of [A-Za-z0-9_-]. The key is never part of the message.
Status check_bootstrap_key(std::string_view key);

// nullopt: no Authorization header. "": there is one, but not `Bearer <token>` of a sane length.
std::optional<std::string_view> bearer_token(const wire::Headers& headers);
// The value of our cookie; "" when there is none.
std::string_view session_cookie(const wire::Headers& headers);
bool is_safe_method(std::string_view method);  // GET, HEAD, OPTIONS

// What one guesser can hardly change: an IPv4 address, the /64 of an IPv6 address. `peer` may have a port.
std::string network_of(std::string_view peer);

}  // namespace tracia::service
