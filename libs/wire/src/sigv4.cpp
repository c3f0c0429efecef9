#include "tracia/wire/sigv4.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "tracia/base/bytes.h"

namespace tracia::wire {
namespace {

constexpr size_t kDigestBytes = 32;
constexpr size_t kBlockBytes = 64;
using Digest = std::array<unsigned char, kDigestBytes>;

std::string_view view(const Digest& digest) { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }

Error no_sha256() { return {.code = ErrorCode::kUnknown, .message = "SHA-256 is not available in this OpenSSL"}; }

struct ContextFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// SHA-256 and HMAC-SHA-256 (RFC 2104). One context serves a whole signature; the algorithm is fetched once per process,
// because OpenSSL 3 otherwise looks it up by name on every use.
class Hasher {
 public:
  Hasher() : context_(EVP_MD_CTX_new()) {
    static EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    sha256_ = kSha256;
    ok_ = context_ != nullptr && sha256_ != nullptr;
  }
  bool ok() const { return ok_; }

  Digest sha256(std::string_view a, std::string_view b = {}) {
    Digest out{};
    if (!ok_) return out;
    ok_ = EVP_DigestInit_ex2(context_.get(), sha256_, nullptr) == 1 &&
          EVP_DigestUpdate(context_.get(), a.data(), a.size()) == 1 &&
          EVP_DigestUpdate(context_.get(), b.data(), b.size()) == 1 &&
          EVP_DigestFinal_ex(context_.get(), out.data(), nullptr) == 1;
    return out;
  }

  Digest hmac(std::string_view key, std::string_view message) {
    Digest hashed{};
    if (key.size() > kBlockBytes) {
      hashed = sha256(key);
      key = view(hashed);
    }
    std::string inner(kBlockBytes, '\x36');
    std::string outer(kBlockBytes, '\x5c');
    for (size_t i = 0; i < key.size(); ++i) {
      inner[i] = static_cast<char>(inner[i] ^ key[i]);
      outer[i] = static_cast<char>(outer[i] ^ key[i]);
    }
    const Digest first = sha256(inner, message);
    return sha256(outer, view(first));
  }

 private:
  std::unique_ptr<EVP_MD_CTX, ContextFree> context_;
  const EVP_MD* sha256_ = nullptr;
  bool ok_ = false;
};

std::string_view default_port(std::string_view scheme) { return ascii_iequals(scheme, "https") ? ":443" : ":80"; }

// The Host header that HTTP clients send: without the scheme's own port.
std::string_view host_of(const UrlParts& url) {
  const std::string_view port = default_port(url.scheme);
  return url.authority.ends_with(port) ? url.authority.substr(0, url.authority.size() - port.size()) : url.authority;
}

// RFC 3986 section 5.2.4, and runs of slashes become one.
std::string normalised_path(std::string_view path) {
  std::vector<std::string_view> segments;
  const bool ends_in_slash = path.empty() || path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      segments.push_back(segment);
    } else if (!segments.empty()) {
      segments.pop_back();
    }
  }
  std::string out;
  for (const std::string_view segment : segments) out.append("/").append(segment);
  if (out.empty() || ends_in_slash) out.push_back('/');
  return out;
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view item = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    if (item.empty()) continue;
    const size_t equals = item.find('=');
    const std::string_view value = equals == std::string_view::npos ? std::string_view() : item.substr(equals + 1);
    pairs.emplace_back(percent_encode(percent_decode(item.substr(0, equals))), percent_encode(percent_decode(value)));
  }
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const auto& [name, value] : pairs) out.append(out.empty() ? "" : "&").append(name).append("=").append(value);
  return out;
}

// What clients, transports or proxies add, drop or rewrite after signing.
bool is_unsigned(std::string_view name) {
  for (const std::string_view known : {"authorization", "user-agent", "accept-encoding", "connection", "content-length",
                                       "expect", "keep-alive", "proxy-authorization", "proxy-connection", "te",
                                       "trailer", "transfer-encoding", "upgrade", "x-amzn-trace-id"}) {
    if (name == known) return true;
  }
  return false;
}

// White space off both ends, and inner runs of it become one space.
std::string canonical_value(std::string_view value) {
  std::string out;
  for (const char c : trim(value)) {
    const bool space = c == ' ' || c == '\t';
    if (!space) {
      out.push_back(c);
    } else if (out.back() != ' ') {
      out.push_back(' ');
    }
  }
  return out;
}

Status check(const SigV4Credentials& credentials, std::string_view region, std::string_view service) {
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return fail(Error::invalid("The AWS access key id or secret access key is empty"));
  }
  for (const std::string_view part : {credentials.access_key_id, credentials.session_token, region, service}) {
    if (part.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
      return fail(Error::invalid("AWS credentials or region hold a line break or NUL"));
    }
  }
  return {};
}

Result<SigV4Parts> canonical_request(const HttpRequest& request, std::string_view service, std::string_view body_hash) {
  const auto url = split_url(request.url);
  if (!url) return fail(Error::invalid("A request to be signed needs an http or https URL"));
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : request.headers) {
    std::string key = ascii_lower(name);
    if (is_unsigned(key)) continue;
    auto [place, fresh] = headers.try_emplace(std::move(key));
    if (!fresh) place->second.push_back(',');
    place->second.append(canonical_value(value));
  }
  headers.try_emplace("host", host_of(*url));

  SigV4Parts out;
  std::string& text = out.canonical_request;
  const std::string path = std::string(url->path.empty() ? "/" : url->path);
  text.append(request.method).append("\n");
  text.append(service == "s3" ? path : percent_encode(normalised_path(path), true)).append("\n");
  text.append(canonical_query(url->query)).append("\n");
  for (const auto& [name, value] : headers) {
    text.append(name).append(":").append(value).append("\n");
    out.signed_headers.append(out.signed_headers.empty() ? "" : ";").append(name);
  }
  text.append("\n").append(out.signed_headers).append("\n").append(body_hash);
  return out;
}

}  // namespace

Result<SigV4Parts> sigv4_canonical_request(const HttpRequest& request, std::string_view service) {
  Hasher hasher;
  return canonical_request(request, service, hex_encode(view(hasher.sha256(request.body))));
}

Status sign_sigv4(HttpRequest& request, const SigV4Credentials& credentials, std::string_view region,
                  std::string_view service, Timestamp now) {
  TRACIA_TRY(check(credentials, region, service));
  Hasher hasher;
  const std::string body_hash = hex_encode(view(hasher.sha256(request.body)));
  const std::string stamp = format_iso_basic(now);
  const std::string_view date = std::string_view(stamp).substr(0, 8);

  request.headers.remove("authorization");
  request.headers.set("x-amz-date", stamp);
  request.headers.remove("x-amz-security-token");
  if (!credentials.session_token.empty()) {
    request.headers.add("x-amz-security-token", std::string(credentials.session_token));
  }
  if (service == "s3") request.headers.set("x-amz-content-sha256", body_hash);
  const auto parts = canonical_request(request, service, body_hash);
  if (!parts) return fail(parts.error());

  std::string scope(date);
  scope.append("/").append(region).append("/").append(service).append("/aws4_request");
  std::string to_sign = "AWS4-HMAC-SHA256\n";
  to_sign.append(stamp).append("\n").append(scope).append("\n");
  to_sign.append(hex_encode(view(hasher.sha256(parts->canonical_request))));

  Digest key = hasher.hmac("AWS4" + std::string(credentials.secret_access_key), date);
  for (const std::string_view part : {region, service, std::string_view("aws4_request")})
    key = hasher.hmac(view(key), part);
  const std::string signature = hex_encode(view(hasher.hmac(view(key), to_sign)));
  if (!hasher.ok()) return fail(no_sha256());

  std::string authorization = "AWS4-HMAC-SHA256 Credential=";
  authorization.append(credentials.access_key_id).append("/").append(scope);
  authorization.append(", SignedHeaders=").append(parts->signed_headers);
  authorization.append(", Signature=").append(signature);
  request.headers.add("authorization", std::move(authorization));
  return {};
}

Result<std::string> sha256_hex(std::string_view bytes) {
  Hasher hasher;
  const Digest digest = hasher.sha256(bytes);
  if (!hasher.ok()) return fail(no_sha256());
  return hex_encode(view(digest));
}

}  // namespace tracia::wire
