#include "span_line.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "control_requests.h"
#include "tracia/base/bytes.h"

namespace tracia::app {
namespace {

constexpr size_t kWordBytesMax = 80;

constexpr const char* kRed = "\033[31m";
constexpr const char* kGreen = "\033[32m";
constexpr const char* kDim = "\033[2m";
constexpr const char* kReset = "\033[0m";

// At least `width` characters.
std::string padded(std::string text, size_t width, bool right = false) {
  const size_t chars = count_chars(text);
  if (chars >= width) return text;
  return right ? std::string(width - chars, ' ') + text : text + std::string(width - chars, ' ');
}

std::string text_of(const json::Value& value) {
  const std::string text = printable(value.string_or(""));
  return text.empty() ? "-" : text;
}

std::string number_of(const json::Value& value) {
  const auto number = value.integer();
  return number ? std::to_string(*number) : "-";
}

// "10:15:30.123" of an RFC 3339 time in UTC.
std::string time_of(const json::Value& value) {
  const std::string text = text_of(value);
  return text.size() >= 23 && text[10] == 'T' ? text.substr(11, 12) : text;
}

std::string cost_of(const json::Value& span) {
  const auto cost = span["cost"].number();
  if (!cost) return "-";
  char text[48];
  std::snprintf(text, sizeof text, "%s$%.6f", span["costStatus"].string_or("") == "estimated" ? "~" : "", *cost);
  return text;
}

std::string coloured(const std::string& text, const char* colour, bool colours) {
  return colours ? colour + text + kReset : text;
}

}  // namespace

bool stdout_has_colours() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) != 0 && (no_color == nullptr || *no_color == '\0') &&
         (terminal == nullptr || std::string_view(terminal) != "dumb");
}

std::string span_line(const json::Value& span, const std::string& words, bool colours) {
  const std::string status = text_of(span["status"]);
  // A span that calls no model is known by its name.
  const json::Value model = span["model"];
  std::string line = coloured(padded(time_of(span["startTime"]), 12), kDim, colours);
  line += "  " + padded(text_of(span["spanKind"]), 9);
  line += "  " + padded(text_of(model.is_missing_or_null() ? span["name"] : model), 28);
  line += "  " + coloured(padded(status, 7), status == "ERROR" ? kRed : kGreen, colours);
  line += "  " + padded(number_of(span["latencyMs"]) + " ms", 9, true);
  line += "  " + padded(number_of(span["inputTokens"]) + "+" + number_of(span["outputTokens"]) + " tok", 14, true);
  line += "  " + padded(cost_of(span), 10, true);
  if (!words.empty()) line += "  " + coloured(printable(words), kDim, colours);
  return line;
}

std::string first_words(const json::Value& span) {
  const json::Value output = span["output"], error = span["error"];
  std::string text = !error.is_missing_or_null()   ? error.text()
                     : output.is_string()          ? output.text()
                     : output.is_missing_or_null() ? std::string()
                                                   : output.to_json();
  std::string words;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (space && (words.empty() || words.back() == ' ')) continue;
    words.push_back(space ? ' ' : c);
    if (words.size() > 2 * kWordBytesMax) break;
  }
  if (words.size() <= kWordBytesMax) return words;
  return std::string(utf8_prefix(words, kWordBytesMax)) + "…";
}

}  // namespace tracia::app
