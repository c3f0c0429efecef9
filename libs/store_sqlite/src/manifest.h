// MANIFEST, the last file of a backup: what the others are. Text:
//
//   tracia-backup 1
//   created 2026-11-21T12:00:00.000000Z
//   file <SHA-256, hex> <bytes> <name relative to the backup>      … one line each
//   end <SHA-256 of all lines before>
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "files.h"
#include "tracia/base/clock.h"
#include "tracia/base/result.h"

namespace tracia::store_sqlite {

struct Manifest {
  struct File {
    std::string name;
    Hashed hashed;
  };
  Timestamp created;
  std::vector<File> files;

  uint64_t bytes() const;
  std::string to_text() const;
};

// A manifest is from outside: bounded, whole, and its names stay inside the backup. kInvalidRequest says what is wrong.
Result<Manifest> parse_manifest(std::string_view text);
// kInvalidRequest when the folder has none (no backup, or one that was cut short).
Result<Manifest> read_manifest(const std::filesystem::path& backup);

}  // namespace tracia::store_sqlite
