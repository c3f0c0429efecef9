#include <algorithm>

#include "prompt_file.h"

namespace tracia::app {
namespace {

constexpr size_t kLinesMax = 2'000;
constexpr size_t kContext = 3;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    out.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}

struct Line {
  char mark;  // '-', '+' or ' '
  std::string_view text;
};

// By the table of longest common subsequences of all tails.
std::vector<Line> compare(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
  std::vector<Line> out;
  if (a.size() > kLinesMax || b.size() > kLinesMax) {
    for (const std::string_view text : a) out.push_back({'-', text});
    for (const std::string_view text : b) out.push_back({'+', text});
    return out;
  }
  const size_t width = b.size() + 1;
  std::vector<uint16_t> common((a.size() + 1) * width, 0);
  for (size_t i = a.size(); i-- > 0;) {
    for (size_t j = b.size(); j-- > 0;) {
      common[i * width + j] = a[i] == b[j] ? static_cast<uint16_t>(common[(i + 1) * width + j + 1] + 1)
                                           : std::max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      out.push_back({' ', a[i++]});
      ++j;
    } else if (j == b.size() || (i < a.size() && common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      out.push_back({'-', a[i++]});
    } else {
      out.push_back({'+', b[j++]});
    }
  }
  return out;
}

}  // namespace

std::string line_diff(std::string_view before, std::string_view after) {
  if (before == after) return "";
  const std::vector<Line> lines = compare(lines_of(before), lines_of(after));
  std::vector<bool> shown(lines.size(), false);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].mark == ' ') continue;
    const size_t from = i > kContext ? i - kContext : 0;
    for (size_t at = from; at < std::min(lines.size(), i + kContext + 1); ++at) shown[at] = true;
  }
  std::string out;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!shown[i]) {
      if (i > 0 && shown[i - 1] && i + 1 < lines.size()) out += "  ...\n";
      continue;
    }
    out.push_back(lines[i].mark);
    out.append(" ").append(lines[i].text).push_back('\n');
  }
  return out;
}

}  // namespace tracia::app
