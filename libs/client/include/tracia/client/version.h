// The library's version, as in CMakeLists.txt (a test compares them).
#pragma once

#include <string_view>

namespace tracia {
inline constexpr std::string_view kVersion = "0.1.0";
}  // namespace tracia
