// What is refused before any I/O.
#pragma once

#include <string>
#include <string_view>

#include "tracia/base/result.h"
#include "tracia/wire/http.h"

namespace tracia::transport {

// kInvalidRequest: URL, method or header that cannot be sent. kPayloadTooLarge: body over limits::kRequestBytesMax.
Status check_request(const wire::HttpRequest& request);

// "https://api.openai.com": what must agree for a connection to be reused. `url` must have been checked; a view into
// it.
std::string_view origin_of(std::string_view url);

// "api.openai.com:443", the port always given: for messages. "?" for what is no URL.
std::string host_and_port(std::string_view url);

}  // namespace tracia::transport
