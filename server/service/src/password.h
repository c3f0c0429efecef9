// Passwords: what is accepted, and argon2id hashes of them. Hashing takes tens of milliseconds and 64 MiB.
#pragma once

#include <string>
#include <string_view>

#include "tracia/base/result.h"

namespace tracia::service {

inline constexpr size_t kPasswordCharactersMin = 10;
inline constexpr size_t kPasswordCharactersMax = 256;

Status check_password(std::string_view password);  // kInvalidRequest: "password: …"
// Argon2id in libsodium's text form. kUnavailable when memory is short, kRateLimited when too many hash at once.
Result<std::string> hash_password(std::string_view password);
// Takes the same time for `hash` == "" (no such account), and says false. Errors as hash_password().
Result<bool> verify_password(std::string_view password, const std::string& hash);

}  // namespace tracia::service
