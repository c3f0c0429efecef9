// tracia-conformance prices DIR: usage → cost cases, each priced by llm::cost() and compared as numbers.
#pragma once

#include <filesystem>

namespace tracia::conformance {

// Reads every *.json under `dir` (or the one file) that is a list of cases, objects with `usage` and `expected`; other
// JSON files are passed over. Each field that `expected` has is compared within 1e-12; null there means "no cost".
//
//   FAIL <id> <field> expected … got …     a mismatch
//   NOTE <id> decided … …                  a mismatch where the sources themselves disagree (`dissent`, `alternative`)
//   N passed, M failed
//
// Exit code: 0 when nothing failed, 1 when something did, 2 when a file cannot be read or there is no case at all.
// What a case means: the prices folder's README, "Semantics of a case".
int run_prices(const std::filesystem::path& dir);

}  // namespace tracia::conformance
