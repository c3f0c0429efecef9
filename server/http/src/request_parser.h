// Beast's request grammar, filling a Request directly: one pass, no intermediate message object.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <string_view>

#include "tracia/http/server.h"

namespace tracia::http {

class RequestParser : public boost::beast::http::basic_parser<true> {
 public:
  using ErrorCode = boost::beast::error_code;
  using View = boost::beast::string_view;

  // `request` must be empty; both must outlive the parser.
  RequestParser(Request& request, const ServerOptions& options);

  bool has_host() const { return has_host_; }
  bool expects_continue() const { return expects_continue_; }
  bool http_11() const { return version_ >= 11; }

 private:
  void on_request_impl(boost::beast::http::verb, View method, View target, int version, ErrorCode& ec) override;
  void on_response_impl(int, View, int, ErrorCode&) override {}
  void on_field_impl(boost::beast::http::field field, View name, View value, ErrorCode& ec) override;
  void on_header_impl(ErrorCode& ec) override;
  void on_body_init_impl(boost::optional<uint64_t> const& length, ErrorCode& ec) override;
  size_t on_body_impl(View body, ErrorCode& ec) override;
  void on_chunk_header_impl(uint64_t size, View extensions, ErrorCode& ec) override;
  size_t on_chunk_body_impl(uint64_t remain, View body, ErrorCode& ec) override;
  void on_finish_impl(ErrorCode& ec) override;

  size_t append_body(View body, ErrorCode& ec);

  Request& request_;
  const ServerOptions& options_;
  size_t body_bytes_max_;
  int version_ = 11;
  bool in_header_ = true;
  bool has_host_ = false;
  bool expects_continue_ = false;
};

// The status that answers a parse error: 431, 413 or 400; and a sentence for the client.
struct Rejection {
  int status;
  std::string_view code;
  std::string_view message;
};
Rejection rejection_for(const boost::beast::error_code& ec);

}  // namespace tracia::http
