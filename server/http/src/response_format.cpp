#include "response_format.h"

#include <charconv>
#include <chrono>
#include <cstdio>

#include "tracia/base/bytes.h"
#include "tracia/http/server.h"
#include "tracia/json/writer.h"

namespace tracia::http {
namespace {

void append_number(std::string& out, size_t n, int base = 10) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, n, base);
  out.append(digits, end);
}

bool is_framing_header(std::string_view name) {
  switch (name.size()) {
    case 4: return ascii_iequals(name, "date");
    case 10: return ascii_iequals(name, "connection");
    case 14: return ascii_iequals(name, "content-length");
    case 17: return ascii_iequals(name, "transfer-encoding");
    case 22: return ascii_iequals(name, "x-content-type-options");
    default: return false;
  }
}

bool splits_head(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos; }

}  // namespace

void append_header(std::string& out, std::string_view name, std::string_view value) {
  if (name.empty() || is_framing_header(name) || splits_head(name) || splits_head(value)) return;
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_head(std::string& out, int status, const wire::Headers& headers, const Framing& framing) {
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<size_t>(status < 100 || status > 999 ? 500 : status));
  out.push_back(' ');
  out.append(reason_phrase(status));
  out.append("\r\n");
  for (const auto& [name, value] : headers) append_header(out, name, value);
  out.append(framing.extra);
  out.append("X-Content-Type-Options: nosniff\r\n");
  out.append("Date: ").append(framing.date).append("\r\n");
  if (framing.content_length) {
    out.append("Content-Length: ");
    append_number(out, *framing.content_length);
    out.append("\r\n");
  } else if (framing.chunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  }
  if (framing.close) {
    out.append("Connection: close\r\n");
  } else if (framing.say_keep_alive) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("\r\n");
}

void append_chunk(std::string& out, std::string_view bytes) {
  if (bytes.empty()) return;
  append_number(out, bytes.size(), 16);
  out.append("\r\n").append(bytes).append("\r\n");
}

std::string error_body(std::string_view code, std::string_view message) {
  json::Writer w;
  w.begin_object().key("error").begin_object().field("code", code).field("message", message).end_object().end_object();
  return w.take();
}

std::string http_date(int64_t seconds) {
  using namespace std::chrono;
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const sys_seconds point{std::chrono::seconds(seconds)};
  const auto day = floor<days>(point);
  const year_month_day date{day};
  const hh_mm_ss time{point - day};
  char text[64];
  const int length =
      std::snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d GMT", kDays[weekday{day}.c_encoding()],
                    static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                    static_cast<int>(date.year()), static_cast<int>(time.hours().count()),
                    static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  return std::string(text, static_cast<size_t>(length));
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 424: return "Failed Dependency";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Unknown";
  }
}

std::optional<std::string> query_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const size_t amp = query.find('&');
    const std::string_view pair = query.substr(0, amp);
    query = amp == std::string_view::npos ? std::string_view() : query.substr(amp + 1);
    const size_t equals = pair.find('=');
    if (wire::percent_decode(pair.substr(0, equals)) != name) continue;
    std::string value(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
    for (char& c : value) c = c == '+' ? ' ' : c;
    return wire::percent_decode(value);
  }
  return std::nullopt;
}

}  // namespace tracia::http
