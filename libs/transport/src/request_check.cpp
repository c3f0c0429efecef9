#include "request_check.h"

#include "tracia/base/bytes.h"
#include "tracia/base/limits.h"

namespace tracia::transport {
namespace {

constexpr size_t kMethodBytesMax = 16;

bool is_method(std::string_view method) {
  if (method.empty() || method.size() > kMethodBytesMax || method == "CONNECT") return false;
  for (const char c : method) {
    if (c < 'A' || c > 'Z') return false;
  }
  return true;
}

std::string megabytes(size_t bytes) { return std::to_string((bytes + (1u << 20) - 1) >> 20) + " MB"; }

}  // namespace

Status check_request(const wire::HttpRequest& request) {
  if (!wire::split_url(request.url)) return fail(Error::invalid("The URL is not an absolute http or https URL"));
  if (!is_method(request.method)) return fail(Error::invalid("The HTTP method is not valid"));
  for (const auto& [name, value] : request.headers) {
    if (wire::is_valid_header(name, value)) continue;
    // The name is safe to show only when it is not what is wrong.
    const bool name_ok = wire::is_valid_header(name, "");
    return fail(Error::invalid(name_ok ? "The value of header " + name + " holds a line break or NUL"
                                       : std::string("A header name is not valid")));
  }
  if (request.body.size() > limits::kRequestBytesMax) {
    return fail({.code = ErrorCode::kPayloadTooLarge,
                 .kind = ErrorKind::kTooLarge,
                 .message = "The request has a " + megabytes(request.body.size()) + " body; at most " +
                            megabytes(limits::kRequestBytesMax) + " can be sent"});
  }
  return {};
}

std::string_view origin_of(std::string_view url) {
  const size_t authority = url.find("://");
  if (authority == std::string_view::npos) return url;
  return url.substr(0, url.find_first_of("/?#", authority + 3));
}

std::string host_and_port(std::string_view url) {
  const auto parts = wire::split_url(url);
  if (!parts) return "?";
  std::string out(parts->authority);
  const size_t bracket = out.rfind(']');
  const size_t colon = out.rfind(':');
  const bool has_port = colon != std::string::npos && (bracket == std::string::npos || colon > bracket);
  if (!has_port) out.append(ascii_iequals(parts->scheme, "https") ? ":443" : ":80");
  return out;
}

}  // namespace tracia::transport
