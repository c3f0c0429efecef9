#include "version_file.h"

#include <charconv>
#include <string>

#include "files.h"
#include "layout.h"
#include "tracia/base/bytes.h"

namespace tracia::store_sqlite {
namespace {

constexpr std::string_view kMark = "tracia-data ";
constexpr size_t kBytesMax = 64;

}  // namespace

std::string version_text(int format) { return std::string(kMark) + std::to_string(format) + "\n"; }

Result<int> read_version(const std::filesystem::path& dir) {
  const std::filesystem::path file = dir / layout::kVersion;
  const auto text = read_file(file, kBytesMax);
  if (!text) return fail(text.error());
  const std::string_view line = trim(*text);
  int format = 0;
  if (line.substr(0, kMark.size()) == kMark) {
    const std::string_view digits = line.substr(kMark.size());
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), format);
    if (error != std::errc() || end != digits.data() + digits.size()) format = 0;
  }
  if (format < 1) return fail(file_error("not the VERSION of a data directory of Tracia:", file, 0));
  return format;
}

Status check_format(int format) {
  // Format 1 is the first: there is nothing older to bring up to date.
  if (format <= layout::kFormat) return {};
  return fail({.code = ErrorCode::kUnavailable,
               .message = "the data directory was written by a newer Tracia (format " + std::to_string(format) +
                          "; this one knows " + std::to_string(layout::kFormat) + ")"});
}

Status check_or_write_version(const std::filesystem::path& dir) {
  const auto format = read_version(dir);
  if (format) return check_format(*format);
  if (format.error().code != ErrorCode::kNotFound) return fail(format.error());
  return write_file(dir / layout::kVersion, version_text(layout::kFormat), 0600);
}

}  // namespace tracia::store_sqlite
