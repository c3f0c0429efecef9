// A request's path as segments: split first, decoded after, so that "%2F" never makes a segment of its own.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tracia::http {

inline constexpr size_t kPathBytesMax = 8u << 10;  // 414 beyond
inline constexpr size_t kSegmentsMax = 16;         // no route is so deep
inline constexpr size_t kSegmentBytesMax = 1024;   // decoded

struct PathSegments {
  // The text must outlive this. Empty segments ("//", a trailing slash) are kept: they match no route.
  explicit PathSegments(std::string_view path) { split(path); }
  PathSegments(const PathSegments&) = delete;
  PathSegments& operator=(const PathSegments&) = delete;

  std::array<std::string_view, kSegmentsMax> segments;  // decoded
  size_t count = 0;
  bool too_deep = false;     // more than kSegmentsMax: no route has so many
  int status = 0;            // 400 or 414 when the path may not be used at all
  std::string_view problem;  // says why

 private:
  void split(std::string_view path);
  void add(std::string_view raw);
  void refuse(int code, std::string_view why);
  std::vector<std::string> decoded_;  // of the segments that hold a '%'
};

// Strict percent-decoding: false when '%' is not followed by two hex digits. Appends to `out`.
bool percent_decode_strict(std::string_view text, std::string& out);

}  // namespace tracia::http
