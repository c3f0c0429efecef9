// Making a backup of an open data directory. restore() is the way back.
#pragma once

#include <filesystem>

#include "control_sqlite.h"
#include "span_engine.h"
#include "tracia/store_sqlite/data_directory.h"

namespace tracia::store_sqlite {

// DataDirectory::backup for the directory `dir` and its stores. What it wrote is removed again when it fails.
Result<BackupReport> write_backup(const std::filesystem::path& dir, ControlSqlite& control, SpanEngine& spans,
                                  const std::filesystem::path& to, bool with_key, const Progress& progress);

}  // namespace tracia::store_sqlite
