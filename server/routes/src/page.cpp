// The dashboard at /: files in the executable, under a Content-Security-Policy that lets nothing else in.
#include <algorithm>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

#include "page_pack.h"
#include "page_pack_bytes.h"
#include "tracia/base/bytes.h"
#include "tracia/base/compress.h"
#include "tracia/base/ids.h"
#include "tracia/config/config.h"
#include "tracia/routes/routes.h"

namespace tracia::routes {
namespace {

constexpr std::string_view kNoncePlace = "TRACIA_NONCE";  // as web/vite.config.ts writes it
constexpr size_t kNonceBytes = 18;
constexpr size_t kFileBytesMax = 64u << 20;

// Libraries of the page add <style> elements of their own; the nonce is for them. Scripts come from files only.
std::string security_policy(std::string_view nonce) {
  return "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-" + std::string(nonce) +
         "'; connect-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'self'; frame-ancestors "
         "'none'";
}

// The pack and, when it was read from a file, its bytes.
struct Dashboard {
  std::string bytes;
  PagePack pack;
};

Result<std::shared_ptr<const Dashboard>> load(const std::string& file) {
  auto out = std::make_shared<Dashboard>();
  std::string_view bytes = embedded::page_pack;
  if (!file.empty()) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) return fail(Error::invalid("dashboard: cannot read " + file));
    out->bytes = std::move(text).str();
    bytes = out->bytes;
  }
  auto pack = PagePack::read(bytes);
  if (!pack) return fail(std::move(pack).error());
  out->pack = std::move(*pack);
  return std::shared_ptr<const Dashboard>(std::move(out));
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

bool accepts(const wire::Headers& headers, std::string_view coding) {
  return any_element(headers.get_or("accept-encoding", ""), [&](std::string_view element) {
    const size_t semicolon = std::min(element.find(';'), element.size());
    if (!ascii_iequals(trim(element.substr(0, semicolon)), coding)) return false;
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
  // "//host/path" is another site to a browser, and no path of ours. Ids of traces may have dots.
  const bool file = !under("/p") && path.find('.') != path.npos;
  return path.starts_with('/') && !file && path.find("//") == path.npos && !under("/api") && !under("/v1") &&
         !under("/assets");
}

wire::Headers guards(std::string_view nonce) {
  return {{"Content-Security-Policy", security_policy(nonce)},
          {"X-Frame-Options", "DENY"},
          {"Referrer-Policy", "no-referrer"},
          {"Cross-Origin-Opener-Policy", "same-origin"}};
}

// Each answer has a nonce of its own, so it is never kept.
void send_index(const PageFile& file, const http::ExchangePtr& exchange) {
  const std::string nonce = base64_encode(random_bytes(kNonceBytes));
  wire::Headers headers = guards(nonce);
  headers.add("Cache-Control", "no-store");
  headers.add("Content-Type", file.content_type);
  std::string body;
  std::string_view rest = file.plain;
  for (size_t at = rest.find(kNoncePlace); at != rest.npos; at = rest.find(kNoncePlace)) {
    body.append(rest.substr(0, at)).append(nonce);
    rest.remove_prefix(at + kNoncePlace.size());
  }
  body.append(rest);
  exchange->writer.send(200, headers, body);
}

void send_file(const PageFile& file, const http::ExchangePtr& exchange) {
  const wire::Headers& asked = exchange->request.headers;
  const bool brotli = !file.brotli.empty() && accepts(asked, "br");
  const bool gzip = !brotli && !file.gzip.empty() && accepts(asked, "gzip");
  const std::string tag = "\"" + file.tag + (brotli ? "-br" : gzip ? "-gz" : "") + "\"";
  wire::Headers headers = guards("none");
  headers.add("ETag", tag);
  headers.add("Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  headers.add("Vary", "Accept-Encoding");
  if (has_tag(asked, tag)) return exchange->writer.send(304, headers, "");
  headers.add("Content-Type", file.content_type);
  if (brotli || gzip) {
    headers.add("Content-Encoding", brotli ? "br" : "gzip");
    return exchange->writer.send(200, headers, brotli ? file.brotli : file.gzip);
  }
  if (!file.plain.empty()) return exchange->writer.send(200, headers, file.plain);
  const auto plain = gunzip(file.gzip, kFileBytesMax);
  if (!plain) return exchange->error(plain.error());
  exchange->writer.send(200, headers, *plain);
}

}  // namespace

Status add_page(http::Router& router, service::Services& services) {
  auto dashboard = load(services.config != nullptr ? services.config->dashboard.string() : "");
  if (!dashboard) return fail(std::move(dashboard).error());
  router.set_fallback([dashboard = std::move(*dashboard)](const http::ExchangePtr& exchange) {
    const std::string& method = exchange->request.method;
    const std::string_view path = exchange->request.path;
    const PageFile& index = dashboard->pack.index();
    if (method == "GET" || method == "HEAD") {
      const PageFile* file = dashboard->pack.find(path);
      if (file != nullptr && file != &index) return send_file(*file, exchange);
      if (is_page_path(path)) return send_index(index, exchange);
    }
    exchange->error({.code = ErrorCode::kNotFound, .message = "Not found"});
  });
  return {};
}

}  // namespace tracia::routes
