#include "connection_rules.h"

#include <algorithm>
#include <charconv>

#include "tracia/base/bytes.h"
#include "tracia/json/writer.h"
#include "tracia/transport/transport.h"
#include "tracia/wire/http.h"

namespace tracia::service {
namespace {

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool made_of(std::string_view text, std::string_view more) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || more.find(c) != std::string_view::npos;
  });
}

// The host of an authority; "" when it has none, or what follows it is not a port from 1 to 65535.
std::string_view checked_host(std::string_view authority) {
  const std::string_view host = wire::host_of_authority(authority);
  const size_t end = host.size() + (authority.starts_with('[') ? 2 : 0);
  if (end == authority.size()) return host;
  if (end > authority.size() || authority[end] != ':') return "";
  const std::string_view digits = authority.substr(end + 1);
  int port = 0;
  const auto [last, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  const bool whole = error == std::errc() && last == digits.data() + digits.size();
  return whole && port >= 1 && port <= 65535 ? host : "";
}

// Names and numbers that never lead to the public Internet.
bool is_plainly_private(std::string_view host) {
  const std::string name = ascii_lower(host.ends_with('.') ? host.substr(0, host.size() - 1) : host);
  const bool number = name.find(':') != std::string::npos || name.find_first_not_of("0123456789.") == std::string::npos;
  if (number) return !transport::is_public_address(name);
  const auto within = [&](std::string_view zone) {
    return name.ends_with(zone) && (name.size() == zone.size() || name[name.size() - zone.size() - 1] == '.');
  };
  return within("localhost") || within("local") || within("internal");
}

Status check_base_url(std::string& url, bool allow_private) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  if (url.empty()) return {};
  if (url.size() > kBaseUrlBytesMax) {
    return fail(Error::invalid("baseUrl must be at most " + std::to_string(kBaseUrlBytesMax) + " bytes"));
  }
  const auto parts = wire::split_url(url);
  const bool ascii = std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7F; });
  if (!parts || !ascii || url.find('\\') != std::string::npos) {
    return fail(Error::invalid("baseUrl must be an http or https URL"));
  }
  if (url.find_first_of("?#") != std::string::npos) {
    return fail(Error::invalid("baseUrl must not have a query or a fragment"));
  }
  if (url.substr(0, url.size() - parts->path.size()).find('@') != std::string::npos) {
    return fail(Error::invalid("baseUrl must not hold a user name or a password; use key or headers"));
  }
  const std::string_view host = checked_host(parts->authority);
  if (host.empty()) return fail(Error::invalid("baseUrl must name a host, and a port from 1 to 65535 if it has one"));
  if (!allow_private && is_plainly_private(host)) {
    return fail(
        Error::invalid("baseUrl must not lead to a private or local address (the server's operator can allow it "
                       "with --allow-private-upstreams)"));
  }
  return {};
}

// Headers that frame or route the request are the transport's.
bool is_transport_header(std::string_view lower) {
  return is_one_of(lower,
                   {"host", "content-length", "content-type", "transfer-encoding", "connection", "keep-alive", "te",
                    "trailer", "upgrade", "expect", "proxy-authorization", "proxy-connection", "accept-encoding"});
}

Status check_headers(const std::vector<std::pair<std::string, std::string>>& headers) {
  if (headers.size() > kConnectionHeadersMax) {
    return fail(Error::invalid("headers must have at most " + std::to_string(kConnectionHeadersMax) + " members"));
  }
  for (const auto& [name, value] : headers) {
    const std::string shown = "headers." + std::string(utf8_prefix(name, 80));
    if (name.size() > 128 || value.size() > kHeaderValueBytesMax || !wire::is_valid_header(name, value)) {
      return fail(Error::invalid(shown + " is not a valid header"));
    }
    if (is_transport_header(ascii_lower(name))) return fail(Error::invalid(shown + " cannot be set"));
  }
  return {};
}

}  // namespace

Status check_connection(ConnectionDraft& draft, bool allow_private) {
  draft.name = ascii_lower(trim(draft.name));
  draft.protocol = ascii_lower(draft.protocol);
  draft.region = ascii_lower(draft.region);
  if (draft.name.empty()) return fail(Error::invalid("Missing required field: name"));
  if (draft.name.size() > kConnectionNameCharsMax || !made_of(draft.name, "_-")) {
    return fail(Error::invalid("name must be 1 to 64 characters of a-z, 0-9, '_' and '-'"));
  }
  const auto protocol = llm::provider_from_name(draft.protocol);
  if (!protocol) {
    return fail(Error::invalid("protocol must be one of openai, anthropic, google, amazon_bedrock, voyage"));
  }
  if (const auto own = llm::provider_from_name(draft.name); own && own != protocol) {
    return fail(
        Error::invalid("name is another provider's: a connection named " + draft.name + " must have that protocol"));
  }
  TRACIA_TRY(check_base_url(draft.base_url, allow_private));
  if (draft.region.size() > 64 || !made_of(draft.region, "-")) {
    return fail(Error::invalid("region must be a region's name, such as us-east-1"));
  }
  if (draft.key) {
    draft.key = std::string(trim(*draft.key));
    if (draft.key->size() > kProviderKeyBytesMax || !wire::is_valid_header("authorization", *draft.key)) {
      return fail(Error::invalid("key must be at most 8192 bytes, without line breaks"));
    }
  }
  return draft.headers ? check_headers(*draft.headers) : Status();
}

llm::Auth auth_of_key(llm::Provider provider, std::string_view key) {
  if (key.empty()) return std::monostate{};
  const size_t colon = key.find(':');
  if (provider != llm::Provider::kAmazonBedrock || colon == std::string_view::npos)
    return llm::ApiKey{std::string(key)};
  const size_t second = key.find(':', colon + 1);
  llm::AwsCredentials aws{.access_key_id = std::string(key.substr(0, colon)),
                          .secret_access_key = std::string(key.substr(colon + 1, second - colon - 1))};
  if (second != std::string_view::npos) aws.session_token = std::string(key.substr(second + 1));
  return aws;
}

std::string secrets_json(std::string_view key, const std::vector<std::pair<std::string, std::string>>& headers) {
  if (key.empty() && headers.empty()) return "";
  json::Writer w;
  w.begin_object().field("key", key).key("headers").begin_object();
  for (const auto& [name, value] : headers) w.field(name, value);
  w.end_object().end_object();
  return w.take();
}

}  // namespace tracia::service
