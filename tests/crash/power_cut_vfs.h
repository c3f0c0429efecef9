// A file system for SQLite whose power can fail: writes that were not synced are lost, wholly or in part, and from then
// on nothing works until it is revived. It can also be full. Stands on SQLite's own; files are real ones.
#pragma once

#include <cstdint>
#include <string>

namespace tracia::crash {

// There is one for the process, as SQLite's registry has it. Thread-safe.
namespace power {

inline constexpr char kVfsName[] = "power-cut";

void install();                              // registers the file system
void cut_after(int64_t operations,           // the power fails at the n-th write, sync or truncation from now on
               double kept, uint32_t seed);  // each unsynced write survives with this probability
bool is_cut();
void revive();             // power is back; what was lost stays lost
void set_full(bool full);  // writes fail with "disk full"
uint64_t operations();     // since install()
bool synced(int fd);       // for fsync() outside SQLite: false when the power is cut

}  // namespace power
}  // namespace tracia::crash
