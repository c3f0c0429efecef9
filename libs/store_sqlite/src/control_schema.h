// The tables of control.db and how an older file becomes a newer one. docs/formats/data-directory.md explains them.
#pragma once

#include <filesystem>
#include <string_view>

#include "db.h"
#include "tracia/base/result.h"

namespace tracia::store_sqlite {

// What "PRAGMA application_id" says, so that `file` and we know whose it is: "Trac".
inline constexpr int64_t kControlApplicationId = 0x54726163;
// PRAGMA user_version of a file that this program writes.
int64_t control_schema_version();

// Brings an open, writable control.db to the newest version, one transaction a step. Forward only. Errors:
// kUnavailable for the file of a newer program, or of another one.
Status migrate_control(Db& db);

}  // namespace tracia::store_sqlite
