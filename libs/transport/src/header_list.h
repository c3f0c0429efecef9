// Request headers in the shape that curl reads, without an allocation per header: a handle that is used again keeps the
// room of the last exchange.
#pragma once

#include <curl/curl.h>

#include <string>
#include <string_view>
#include <vector>

#include "tracia/wire/http.h"

namespace tracia::transport {

class HeaderList {
 public:
  // The list for `request`, whose headers must have been checked; valid until the next call. Headers that frame the
  // message (Content-Length, Transfer-Encoding, Expect) are curl's business and left out.
  curl_slist* build(const wire::HttpRequest& request);

 private:
  void line(std::string_view name, std::string_view value);
  void suppress(std::string_view name);

  std::string text_;             // NUL-terminated lines
  std::vector<size_t> offsets_;  // where each begins
  std::vector<curl_slist> nodes_;
};

}  // namespace tracia::transport
