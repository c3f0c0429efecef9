// The least that a store on SQLite can do: each body a row of text with an integer key, each batch a transaction that
// is on disk (WAL, synchronous=FULL) before the next begins. What the span store is measured against.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tracia::bench {

struct RawSqlite {
  double cpu_us = 0;   // a row, all threads of this process
  double wall_us = 0;  // a row
};

// Writes into a new file at `path`; ends the program when it cannot.
RawSqlite insert_raw(const std::filesystem::path& path, const std::vector<std::vector<std::string>>& batches);

}  // namespace tracia::bench
