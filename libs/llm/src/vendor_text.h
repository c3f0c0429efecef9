// Small things that several codecs share: numbers in usage objects, data URLs, error bodies that are not JSON, and the
// caller's additions to a request.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tracia/base/bytes.h"
#include "tracia/json/reader.h"

namespace tracia::llm {

// A token count: a whole number that no arithmetic on a few of them can overflow. Anything else counts as not sent.
inline std::optional<int64_t> token_count(const json::Value& value) {
  const auto n = value.integer();
  constexpr int64_t kCountMax = int64_t{1} << 53;
  return n && *n >= 0 && *n <= kCountMax ? n : std::nullopt;
}

struct DataUrl {
  std::string_view mime_type;  // "" when the URL names none
  std::string_view base64;
};

// "data:image/png;base64,…" (RFC 2397); nullopt for other URLs and for data that is not base64.
inline std::optional<DataUrl> split_data_url(std::string_view url) {
  constexpr std::string_view kScheme = "data:";
  if (!ascii_iequals(url.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  url.remove_prefix(kScheme.size());
  const size_t comma = url.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  std::string_view head = url.substr(0, comma);
  constexpr std::string_view kBase64 = ";base64";
  if (head.size() < kBase64.size() || !ascii_iequals(head.substr(head.size() - kBase64.size()), kBase64))
    return std::nullopt;
  head.remove_suffix(kBase64.size());
  return DataUrl{head.substr(0, head.find(';')), url.substr(comma + 1)};
}

// What a proxy in front of the vendor said in plain words ("upstream connect error"); "" for HTML and long bodies.
inline std::string plain_error_text(std::string_view body) {
  constexpr size_t kPlainTextMax = 500;
  const std::string_view text = trim(body);
  if (text.size() > kPlainTextMax || text.empty() || text.front() == '<' || text.front() == '{' || text.front() == '[')
    return "";
  return to_valid_utf8(text);
}

// `body` with the caller's own members merged over it (ChatRequest::extra_body); errors name `extra_body`.
Result<std::string> with_extra_body(std::string body, const std::string& extra_body);

// The JSON object `base` with every member that `over` has and that is not null laid over it, one level deep. Streams
// send usage in instalments: what a later one leaves out or nulls stays.
std::string overlay(const json::Value& base, const json::Value& over);

}  // namespace tracia::llm
