#include "request_parser.h"

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <charconv>

#include "tracia/base/bytes.h"

namespace tracia::http {
namespace {

namespace bh = boost::beast::http;

std::string_view std_view(RequestParser::View v) { return {v.data(), v.size()}; }

// A declared length is only believed this far before bytes arrive.
constexpr uint64_t kBodyReserveBytesMax = 1u << 20;

}  // namespace

RequestParser::RequestParser(Request& request, const ServerOptions& options)
    : request_(request), options_(options), body_bytes_max_(options.body_bytes_max) {
  eager(true);
  header_limit(static_cast<uint32_t>(std::min<size_t>(options.header_bytes_max, UINT32_MAX)));
  body_limit(static_cast<uint64_t>(options.body_bytes_max));
}

void RequestParser::on_request_impl(bh::verb, View method, View target, int version, ErrorCode& ec) {
  version_ = version;
  request_.method.assign(method.data(), method.size());
  request_.target.assign(target.data(), target.size());
  std::string_view rest = std_view(target);
  if (rest.starts_with("http://") || rest.starts_with("https://")) {  // absolute form, from clients behind a proxy
    const size_t slash = rest.find('/', rest.find("//") + 2);
    rest = slash == std::string_view::npos ? std::string_view("/") : rest.substr(slash);
  }
  if (rest.empty() || (rest.front() != '/' && rest != "*")) {
    ec = bh::error::bad_target;
    return;
  }
  rest = rest.substr(0, rest.find('#'));
  const size_t question = rest.find('?');
  request_.path.assign(rest.substr(0, question));
  request_.query.assign(question == std::string_view::npos ? std::string_view() : rest.substr(question + 1));
}

void RequestParser::on_field_impl(bh::field field, View name, View value, ErrorCode& ec) {
  if (!in_header_) return;  // trailers
  if (field == bh::field::host) {
    // Two hosts are how a request means one thing to a proxy and another to us (RFC 9112 section 3.2).
    if (has_host_) {
      ec = bh::error::bad_field;
      return;
    }
    has_host_ = true;
  }
  if (field == bh::field::expect) expects_continue_ = ascii_iequals(std_view(value), "100-continue");
  request_.headers.add(std::string(std_view(name)), std::string(std_view(value)));
}

void RequestParser::on_header_impl(ErrorCode& ec) {
  in_header_ = false;
  const auto length = request_.headers.get("content-length");
  if (!options_.body_limit || (!length && !request_.headers.get("transfer-encoding"))) return;
  body_bytes_max_ = std::min(body_bytes_max_, options_.body_limit(request_.method, request_.path));
  // Refused here, a client that waits for "100 Continue" never sends the body. Beast has checked the number.
  uint64_t declared = 0;
  if (length) std::from_chars(length->data(), length->data() + length->size(), declared);
  if (declared > body_bytes_max_) ec = bh::error::body_limit;
}

void RequestParser::on_body_init_impl(boost::optional<uint64_t> const& length, ErrorCode&) {
  if (length) request_.body.reserve(static_cast<size_t>(std::min(*length, kBodyReserveBytesMax)));
}

size_t RequestParser::append_body(View body, ErrorCode& ec) {
  if (body.size() > body_bytes_max_ - request_.body.size()) {
    ec = bh::error::body_limit;
    return 0;
  }
  request_.body.append(body.data(), body.size());
  return body.size();
}

size_t RequestParser::on_body_impl(View body, ErrorCode& ec) { return append_body(body, ec); }

void RequestParser::on_chunk_header_impl(uint64_t, View, ErrorCode&) {}

size_t RequestParser::on_chunk_body_impl(uint64_t, View body, ErrorCode& ec) { return append_body(body, ec); }

void RequestParser::on_finish_impl(ErrorCode&) {}

Rejection rejection_for(const boost::beast::error_code& ec) {
  if (ec == bh::error::header_limit) {
    return {431, "INVALID_REQUEST", "The request line and headers are larger than this server accepts."};
  }
  if (ec == bh::error::body_limit || ec == bh::error::buffer_overflow) {
    return {413, "PAYLOAD_TOO_LARGE", "The request body is larger than this server accepts."};
  }
  if (ec == bh::error::bad_version) return {505, "INVALID_REQUEST", "Only HTTP/1.0 and HTTP/1.1 are spoken here."};
  return {400, "INVALID_REQUEST", "The request is not well-formed HTTP/1.1."};
}

}  // namespace tracia::http
