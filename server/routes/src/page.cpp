// The page at /: three files in the binary, under a Content-Security-Policy that lets nothing else in.
#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "page_files.h"
#include "tracia/base/bytes.h"
#include "tracia/base/compress.h"
#include "tracia/routes/routes.h"
#include "tracia/service/digest.h"

namespace tracia::routes {
namespace {

constexpr const char* kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

struct File {
  std::string path, content_type;
  std::string_view plain;
  std::string packed;  // gzip
  std::string tag;     // of the content
};

File make_file(std::string path, std::string content_type, std::string_view content) {
  return {.path = std::move(path),
          .content_type = std::move(content_type),
          .plain = content,
          .packed = gzip(content, 9),
          .tag = hex_encode(service::sha256(content).substr(0, 12))};
}

using Files = std::array<File, 3>;
Files make_files() {
  return {make_file("/", "text/html; charset=utf-8", embedded::index_html),
          make_file("/page.css", "text/css; charset=utf-8", embedded::page_css),
          make_file("/page.js", "text/javascript; charset=utf-8", embedded::page_js)};
}

// Calls `fn` with the elements of a comma-separated header, trimmed, until it says true.
template <typename F>
bool any_element(std::string_view list, F&& fn) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    if (fn(trim(list.substr(0, comma)))) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

bool accepts_gzip(const wire::Headers& headers) {
  return any_element(headers.get_or("accept-encoding", ""), [](std::string_view element) {
    const size_t semicolon = std::min(element.find(';'), element.size());
    if (!ascii_iequals(trim(element.substr(0, semicolon)), "gzip")) return false;
    // A weight of zero refuses: q=0, q=0.0, …
    const std::string_view weight = trim(element.substr(std::min(semicolon + 1, element.size())));
    return weight.find_first_of("123456789") != std::string_view::npos || weight.empty();
  });
}

bool has_tag(const wire::Headers& headers, std::string_view tag) {
  return any_element(headers.get_or("if-none-match", ""), [&](std::string_view element) {
    if (element.starts_with("W/")) element.remove_prefix(2);
    return element == "*" || element == tag;
  });
}

// A path of the page's own navigation: no file, no endpoint. They all get index.html.
bool is_page_path(std::string_view path) {
  const auto under = [&](std::string_view root) {
    return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
  };
  return path.starts_with('/') && path.find('.') == std::string_view::npos && !under("/api") && !under("/v1");
}

const File* find_file(const Files& files, std::string_view path) {
  for (const File& file : files) {
    if (file.path == path) return &file;
  }
  return is_page_path(path) ? &files.front() : nullptr;
}

void send_file(const File& file, const http::ExchangePtr& exchange) {
  const wire::Headers& asked = exchange->request.headers;
  const bool packed = accepts_gzip(asked);
  const std::string tag = "\"" + file.tag + (packed ? "-gz" : "") + "\"";
  wire::Headers headers{{"ETag", tag},
                        {"Cache-Control", "no-cache"},
                        {"Vary", "Accept-Encoding"},
                        {"Content-Security-Policy", kContentSecurityPolicy},
                        {"X-Frame-Options", "DENY"},
                        {"Referrer-Policy", "no-referrer"},
                        {"Cross-Origin-Opener-Policy", "same-origin"}};
  if (has_tag(asked, tag)) return exchange->writer.send(304, headers, "");
  headers.add("Content-Type", file.content_type);
  if (packed) headers.add("Content-Encoding", "gzip");
  exchange->writer.send(200, headers, packed ? std::string_view(file.packed) : file.plain);
}

}  // namespace

void add_page(http::Router& router, service::Services&) {
  router.set_fallback([files = std::make_shared<const Files>(make_files())](const http::ExchangePtr& exchange) {
    const std::string& method = exchange->request.method;
    const File* file = method == "GET" || method == "HEAD" ? find_file(*files, exchange->request.path) : nullptr;
    if (file != nullptr) return send_file(*file, exchange);
    exchange->error({.code = ErrorCode::kNotFound, .message = "Not found"});
  });
}

}  // namespace tracia::routes
