#include "case_files.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <system_error>

namespace tracia::conformance {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kFileBytesMax = 256u << 20;

}  // namespace

Result<std::string> read_file(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error || size > kFileBytesMax) return fail(Error::invalid(error ? "cannot be read" : "is too large"));
  std::ifstream in(path, std::ios::binary);
  std::string text(static_cast<size_t>(size), '\0');
  if (!in.read(text.data(), static_cast<std::streamsize>(size))) return fail(Error::invalid("cannot be read"));
  return text;
}

Result<std::vector<fs::path>> list_files(const fs::path& dir) {
  std::error_code error;
  if (fs::is_regular_file(dir, error)) return std::vector<fs::path>{dir};
  std::vector<fs::path> files;
  fs::recursive_directory_iterator it(dir, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    std::error_code ignored;
    if (it->path().extension() == ".json" && it->is_regular_file(ignored)) files.push_back(it->path());
  }
  if (error) return fail(Error::invalid("cannot be listed: " + error.message()));
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace tracia::conformance
