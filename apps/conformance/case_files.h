// The files of a suite of cases.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tracia/base/result.h"

namespace tracia::conformance {

// Errors: kInvalidRequest "cannot be read", "is too large" (over 256 MiB).
Result<std::string> read_file(const std::filesystem::path& path);

// The *.json files of a folder and those below it, sorted; or the one file given. Errors: "cannot be listed: …".
Result<std::vector<std::filesystem::path>> list_files(const std::filesystem::path& dir);

}  // namespace tracia::conformance
