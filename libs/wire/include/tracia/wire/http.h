// HTTP as data: what a codec makes and reads, and what a transport carries. No sockets here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracia/base/clock.h"

namespace tracia::wire {

// Header names compare without case; order and duplicates are kept.
class Headers {
 public:
  using Entry = std::pair<std::string, std::string>;
  Headers() = default;
  Headers(std::initializer_list<Entry> entries) : entries_(entries) {}

  void add(std::string name, std::string value) { entries_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string_view name, std::string value);  // replaces all of that name
  void remove(std::string_view name);
  std::optional<std::string_view> get(std::string_view name) const;  // the first
  std::string_view get_or(std::string_view name, std::string_view fallback) const {
    return get(name).value_or(fallback);
  }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }

 private:
  std::vector<Entry> entries_;
};

struct HttpRequest {
  std::string method = "POST";
  std::string url;  // absolute: scheme, authority, path (percent-encoded), query
  Headers headers;
  std::string body;
};

struct HttpResponseHead {
  int status = 0;
  Headers headers;
};

struct HttpResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

struct UrlParts {
  std::string_view scheme;     // "https"
  std::string_view authority;  // host[:port], user info left out
  std::string_view path;       // "/v1/x", "" when there is none
  std::string_view query;      // without '?'
};
std::optional<UrlParts> split_url(std::string_view url);         // http and https only
std::string_view host_of_authority(std::string_view authority);  // without port and the brackets of IPv6
// Whether a host, as a URL writes it, is this machine: localhost, ::1, 127.x.y.z (in numbers only).
bool is_loopback_host(std::string_view host);

// Percent-encodes everything but RFC 3986 unreserved characters ("/" too unless kept).
std::string percent_encode(std::string_view text, bool keep_slash = false);
std::string percent_decode(std::string_view text);  // '%' without two hex digits stays as it is

// base + path, with exactly one slash between.
std::string join_url(std::string_view base, std::string_view path);

// Header names and values that may be sent: no CR, LF or NUL, names are tokens (RFC 9110).
bool is_valid_header(std::string_view name, std::string_view value);

// "Retry-After" as seconds or an HTTP date, and the vendors' finer "retry-after-ms"; nullopt when absent or senseless.
std::optional<Millis> retry_after(const Headers& headers, Timestamp now);

}  // namespace tracia::wire
