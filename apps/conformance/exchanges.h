// tracia-conformance exchanges DIR: recorded provider exchanges, replayed over loopback HTTP through the transport, the
// call state machine and the codecs, and compared field by field with what a correct reader finds in them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace tracia::conformance {

// Prints FAIL lines and the closing count. Exit code: 0 all passed, 1 mismatches, 2 unreadable input.
int run_exchanges(const std::filesystem::path& dir, std::optional<uint64_t> seed = {});

}  // namespace tracia::conformance
