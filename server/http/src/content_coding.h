// Content-Encoding of request bodies: gzip and zstd, unpacked within a bound.
#pragma once

#include <cstddef>

#include "tracia/base/result.h"
#include "tracia/http/server.h"

namespace tracia::http {

// Replaces the body by what it says when unpacked, and takes Content-Encoding away. An empty body is left alone.
// Errors: kPayloadTooLarge (413) past `bytes_max`, found before more than that is unpacked; kInvalidRequest for damaged
// bytes, with status 415 for a coding (or a chain of them) that is not spoken here.
Status decode_body(Request& request, size_t bytes_max);

}  // namespace tracia::http
