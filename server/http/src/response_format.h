// The head of an answer, written by hand into the connection's output buffer.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tracia/wire/http.h"

namespace tracia::http {

struct Framing {
  std::optional<size_t> content_length;
  bool chunked = false;
  bool close = false;           // "Connection: close"
  bool say_keep_alive = false;  // HTTP/1.0 peers must be told
  std::string_view date;        // IMF-fixdate
  std::string_view extra = {};  // whole header lines
};

// Appends status line, `headers` (framing headers and malformed ones left out) and the blank line.
void append_head(std::string& out, int status, const wire::Headers& headers, const Framing& framing);

// Appends one header line, unless it is a framing header or malformed.
void append_header(std::string& out, std::string_view name, std::string_view value);

// Appends one chunk of the chunked coding; nothing for empty bytes, which would end the body.
void append_chunk(std::string& out, std::string_view bytes);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

// {"error":{"code":…,"message":…}}
std::string error_body(std::string_view code, std::string_view message);

// "Sun, 06 Nov 1994 08:49:37 GMT" for seconds since 1970.
std::string http_date(int64_t seconds);

}  // namespace tracia::http
