// SHA-256 of secrets, and comparing them without telling how much of them was right.
#pragma once

#include <string>
#include <string_view>

namespace tracia::service {

std::string sha256(std::string_view text);                 // 32 bytes; "" when OpenSSL fails, which matches nothing
bool same_secret(std::string_view a, std::string_view b);  // time depends on the lengths alone; false when empty

}  // namespace tracia::service
