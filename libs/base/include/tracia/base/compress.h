// gzip for request bodies.
#pragma once

#include <string>
#include <string_view>

#include "tracia/base/result.h"

namespace tracia {

// One gzip member. At most 4 GiB; every body of ours is far below (limits::kRequestBytesMax). Cost: O(n).
std::string gzip(std::string_view bytes, int level = 1);
// Unpacks one or several members. Fails with kInvalidRequest for what is not whole gzip, and
// with kPayloadTooLarge once the output would pass `max_bytes` (a bomb costs no more than that).
Result<std::string> gunzip(std::string_view bytes, size_t max_bytes);

}  // namespace tracia
