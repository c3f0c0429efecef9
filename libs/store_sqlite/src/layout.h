// The names in a data directory (docs/formats/data-directory.md draws it).
#pragma once

#include <string_view>

namespace tracia::store_sqlite::layout {

inline constexpr std::string_view kVersion = "VERSION";
inline constexpr std::string_view kLock = "lock";
inline constexpr std::string_view kSecretKey = "secret.key";
inline constexpr std::string_view kControl = "control.db";
inline constexpr std::string_view kDeletions = "deletions.db";
inline constexpr std::string_view kSegments = "segments";
inline constexpr std::string_view kSocket = "control.sock";
inline constexpr std::string_view kManifest = "MANIFEST";  // of a backup only

// What VERSION says. A directory of a newer format is refused.
inline constexpr int kFormat = 1;
// What `PRAGMA user_version` says in each of the two. A file of a newer format is refused.
inline constexpr int kActiveFormat = 1;
inline constexpr int kDeletionsFormat = 1;

}  // namespace tracia::store_sqlite::layout
