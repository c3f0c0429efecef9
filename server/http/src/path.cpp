#include "path.h"

#include <algorithm>

#include "tracia/base/bytes.h"

namespace tracia::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }
bool is_plain(char c) { return static_cast<unsigned char>(c) < 0x80 && !is_control(c); }

}  // namespace

bool percent_decode_strict(std::string_view text, std::string& out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) return false;
    out.push_back(static_cast<char>(high << 4 | low));
    i += 2;
  }
  return true;
}

void PathSegments::split(std::string_view path) {
  if (path.size() > kPathBytesMax) return refuse(414, "The path is longer than 8,192 bytes.");
  if (path.empty() || path.front() != '/') return refuse(400, "The path does not begin with a slash.");
  path.remove_prefix(1);
  for (;;) {
    const size_t slash = path.find('/');
    add(path.substr(0, slash));
    if (status != 0 || slash == std::string_view::npos) return;
    path.remove_prefix(slash + 1);
  }
}

void PathSegments::add(std::string_view raw) {
  std::string_view segment = raw;
  if (raw.find('%') != std::string_view::npos) {
    if (decoded_.empty()) decoded_.reserve(kSegmentsMax + 1);  // views into it stay good
    // Past the deepest route a segment is only checked; the last place is used again.
    if (decoded_.size() > kSegmentsMax) decoded_.pop_back();
    std::string& text = decoded_.emplace_back();
    if (!percent_decode_strict(raw, text)) return refuse(400, "The path holds a '%' without two hex digits after it.");
    segment = text;
  }
  if (segment.size() > kSegmentBytesMax) return refuse(400, "A part of the path is longer than 1,024 bytes.");
  if (segment == "." || segment == "..") return refuse(400, "The path holds a '.' or '..' segment.");
  if (!std::all_of(segment.begin(), segment.end(), is_plain)) {
    if (std::any_of(segment.begin(), segment.end(), is_control))
      return refuse(400, "The path holds a control character.");
    if (!is_valid_utf8(segment)) return refuse(400, "The path is not UTF-8.");
  }
  if (count == kSegmentsMax) {
    too_deep = true;
  } else {
    segments[count++] = segment;
  }
}

void PathSegments::refuse(int code, std::string_view why) {
  status = code;
  problem = why;
}

}  // namespace tracia::http
