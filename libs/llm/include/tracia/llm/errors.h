// How providers' error answers become one Error. The parts that all vendors share; each codec finds its own fields.
#pragma once

#include <string>
#include <string_view>

#include "tracia/base/clock.h"
#include "tracia/base/error.h"
#include "tracia/llm/provider.h"
#include "tracia/wire/http.h"

namespace tracia::llm {

// What a codec read in an error body. Empty strings where the vendor said nothing.
struct VendorError {
  std::string message;
  std::string type;
  std::string code;
  std::string param;
};

// Builds the Error for HTTP `status` (or 200 for an error inside a stream): the message is redacted and bounded (an
// empty one becomes "HTTP <status>"), the kind follows from status, type and code, the request id and Retry-After come
// from the headers (x-request-id, request-id, x-amzn-requestid, x-goog-request-id).
Error provider_error(Provider provider, int status, VendorError vendor, const wire::Headers& headers);

// The answer is not what the protocol says. `what` is ours ("the answer has no choices"), `body` is not echoed.
Error malformed_response(Provider provider, const std::string& what);

// The stream ended early. Message: "The stream from OpenAI ended before it was complete".
Error truncated_stream(Provider provider);

std::string request_id(const wire::Headers& headers);

}  // namespace tracia::llm
