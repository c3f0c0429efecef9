#include "tracia/wire/http.h"

#include <charconv>
#include <cstdint>

#include "tracia/base/bytes.h"

namespace tracia::wire {
namespace {

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0) || value > 1e9) return std::nullopt;
  return value;
}

}  // namespace

void Headers::set(std::string_view name, std::string value) {
  remove(name);
  entries_.emplace_back(std::string(name), std::move(value));
}

void Headers::remove(std::string_view name) {
  std::erase_if(entries_, [&](const Entry& entry) { return ascii_iequals(entry.first, name); });
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
  for (const auto& [key, value] : entries_) {
    if (ascii_iequals(key, name)) return std::string_view(value);
  }
  return std::nullopt;
}

std::optional<UrlParts> split_url(std::string_view url) {
  UrlParts parts;
  const size_t colon = url.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  parts.scheme = url.substr(0, colon);
  if (!ascii_iequals(parts.scheme, "http") && !ascii_iequals(parts.scheme, "https")) return std::nullopt;
  std::string_view rest = url.substr(colon + 3);
  rest = rest.substr(0, rest.find('#'));
  const size_t slash = rest.find_first_of("/?");
  parts.authority = rest.substr(0, slash);
  if (const size_t at = parts.authority.rfind('@'); at != std::string_view::npos) parts.authority.remove_prefix(at + 1);
  if (parts.authority.empty()) return std::nullopt;
  for (const char c : url) {
    if (c <= ' ' || c == 0x7F) return std::nullopt;
  }
  if (slash == std::string_view::npos) return parts;
  rest.remove_prefix(slash);
  const size_t question = rest.find('?');
  parts.path = rest.substr(0, question);
  if (question != std::string_view::npos) parts.query = rest.substr(question + 1);
  return parts;
}

std::string_view host_of_authority(std::string_view authority) {
  if (!authority.starts_with('[')) return authority.substr(0, authority.find(':'));
  authority.remove_prefix(1);
  return authority.substr(0, authority.find(']'));
}

bool is_loopback_host(std::string_view host) {
  if (host.starts_with("127.")) return host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "::1" || ascii_iequals(host, "localhost");
}

std::string percent_encode(std::string_view text, bool keep_slash) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c) || (keep_slash && c == '/')) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(digits[static_cast<uint8_t>(c) >> 4]);
      out.push_back(digits[static_cast<uint8_t>(c) & 15]);
    }
  }
  return out;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      out.push_back(static_cast<char>(high << 4 | low));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string join_url(std::string_view base, std::string_view path) {
  while (!base.empty() && base.back() == '/') base.remove_suffix(1);
  while (!path.empty() && path.front() == '/') path.remove_prefix(1);
  return std::string(base).append("/").append(path);
}

bool is_valid_header(std::string_view name, std::string_view value) {
  if (name.empty()) return false;
  for (const char c : name) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (!alnum && std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos) return false;
  }
  for (const char c : value) {
    if (c == '\r' || c == '\n' || c == '\0') return false;
  }
  return true;
}

std::optional<Millis> retry_after(const Headers& headers, Timestamp now) {
  if (const auto ms = headers.get("retry-after-ms")) {
    if (const auto value = number(trim(*ms))) return Millis{static_cast<int64_t>(*value)};
  }
  const auto text = headers.get("retry-after");
  if (!text) return std::nullopt;
  if (const auto seconds = number(trim(*text))) return Millis{static_cast<int64_t>(*seconds * 1000)};
  if (const auto date = parse_http_date(trim(*text))) {
    return Millis{std::max<int64_t>(0, (date->micros - now.micros) / 1000)};
  }
  return std::nullopt;
}

}  // namespace tracia::wire
