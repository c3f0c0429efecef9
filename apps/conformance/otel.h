// tracia-conformance otel DIR: OpenTelemetry traces of every dialect, each read by the code that the server runs
// (decode, map, price; log records joined) and compared with what a correct reader finds in it.
#pragma once

#include <filesystem>

namespace tracia::conformance {

// Reads every *.json under `dir` (or the one file) that has `otlp` and `expected`; other JSON files are passed over.
// Each case is read as OTLP/JSON and, converted, as protobuf. A span is matched by its spanId; every field that its
// entry of `expected` has is compared, null, "" and [] being equal. Token counts are compared as they were sent.
//
//   FAIL <id> <field> span … expected … got …     a mismatch (<field> ends in "(protobuf)" when only that differs)
//   N passed, M failed                            cases
//
// Exit code: 0 when nothing failed, 1 when something did, 2 when a file cannot be read or there is no case at all.
int run_otel(const std::filesystem::path& dir);

}  // namespace tracia::conformance
