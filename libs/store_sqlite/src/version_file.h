// DIR/VERSION, one line: "tracia-data 1", the format of the directory.
#pragma once

#include <filesystem>
#include <string>

#include "tracia/base/result.h"

namespace tracia::store_sqlite {

std::string version_text(int format);
// The format of a directory. kNotFound without the file; kUnavailable when it says something else.
Result<int> read_version(const std::filesystem::path& dir);
// Refuses a format that this program does not know.
Status check_format(int format);
// Writes the file into a new directory; else checks what it says.
Status check_or_write_version(const std::filesystem::path& dir);

}  // namespace tracia::store_sqlite
