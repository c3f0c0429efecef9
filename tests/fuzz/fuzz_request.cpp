// From a request's bytes to the route that answers: the shell's grammar, the path, the router's match, packed bodies.
// Any bytes are taken; what comes out keeps its bounds.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "content_coding.h"
#include "path.h"
#include "request_parser.h"
#include "tracia/base/bytes.h"
#include "tracia/http/router.h"

namespace {

using namespace tracia::http;

constexpr size_t kBodyMax = 64u << 10;
constexpr size_t kHeadMax = 16u << 10;

void require(bool fact) {
  if (!fact) std::abort();
}

const Router& router() {
  static const Router built = [] {
    Router made;
    for (const char* pattern : {"/api/v1/prompts", "/api/v1/prompts/{slug}", "/api/v1/prompts/{slug}/versions/{n}",
                                "/api/v1/spans/batch", "/api/v1/spans/{id}", "/"}) {
      for (const char* method : {"GET", "POST"}) {
        made.add(method, pattern, [](const ExchangePtr&) {}, kBodyMax);
      }
    }
    return made;
  }();
  return built;
}

// Reads one request as a connection does, in pieces of `step` bytes. True when it was whole.
bool parse(std::string_view bytes, size_t step, Request& request) {
  ServerOptions options;
  options.header_bytes_max = kHeadMax;
  options.body_limit = [](std::string_view method, std::string_view path) { return router().body_limit(method, path); };
  RequestParser parser(request, options);
  std::string pending;
  for (size_t at = 0; at < bytes.size() && !parser.is_done(); at += step) {
    pending += bytes.substr(at, step);
    for (;;) {
      RequestParser::ErrorCode ec;
      const size_t used = parser.put(boost::asio::buffer(pending), ec);
      require(used <= pending.size());
      pending.erase(0, used);
      if (ec && ec != boost::beast::http::error::need_more) {
        require(rejection_for(ec).status >= 400);
        return false;
      }
      if (parser.is_done() || ec || used == 0) break;
    }
  }
  return parser.is_done();
}

void check_path(std::string_view text) {
  const PathSegments path(text);
  require(path.count <= kSegmentsMax);
  if (path.status != 0) {
    require(!path.problem.empty());
    return;
  }
  for (size_t i = 0; i < path.count; ++i) {
    const std::string_view segment = path.segments[i];
    require(segment.size() <= kSegmentBytesMax && segment != "." && segment != "..");
    require(tracia::is_valid_utf8(segment));
    require(std::none_of(segment.begin(), segment.end(), [](char c) { return static_cast<uint8_t>(c) < 0x20; }));
  }
}

void check_body(std::string_view coding, std::string_view body) {
  Request request;
  request.headers.add("Content-Encoding", std::string(coding));
  request.body = body;
  if (decode_body(request, kBodyMax)) require(request.body.size() <= kBodyMax);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Request whole, dripped;
  const bool complete = parse(text, std::max<size_t>(size, 1), whole);
  require(parse(text, 7, dripped) == complete);
  if (complete) {
    require(whole.path == dripped.path && whole.body == dripped.body && whole.method == dripped.method);
    require(whole.headers.size() == dripped.headers.size());
    require(whole.body.size() <= (1u << 20));
    check_path(whole.path);
    if (const auto value = query_parameter(whole.query, "cursor")) require(value->size() <= whole.query.size());
    if (decode_body(whole, kBodyMax)) require(whole.body.size() <= kBodyMax);
  }
  check_path(text);
  router().body_limit("GET", text);
  check_body("gzip", text);
  check_body("zstd", text);
  return 0;
}
