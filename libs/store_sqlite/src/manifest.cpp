#include "manifest.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "layout.h"

namespace tracia::store_sqlite {
namespace {

constexpr std::string_view kMark = "tracia-backup 1";
constexpr size_t kBytesMax = 64u << 20;  // some 500,000 files
constexpr size_t kNameBytesMax = 200;

Error damaged(const std::string& what) { return Error::invalid("The backup's MANIFEST is damaged: " + what); }

// "control.db", "segments/000001.sealed.db": at most one folder, plain letters, no dot in front.
bool is_plain_name(std::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax || std::count(name.begin(), name.end(), '/') > 1) return false;
  bool at_start = true;
  for (const char c : name) {
    if (c == '/' || c == '.') {
      if (at_start) return false;
    } else if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-')) {
      return false;
    }
    at_start = c == '/';
  }
  return !at_start && name != layout::kManifest && name != layout::kLock && name != layout::kSocket;
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Takes what stands before the first `separator` off the front of `text`; false when there is none.
bool take(std::string_view& text, char separator, std::string_view& taken) {
  const size_t end = text.find(separator);
  if (end == std::string_view::npos) return false;
  taken = text.substr(0, end);
  text.remove_prefix(end + 1);
  return true;
}

Result<Manifest::File> parse_file(std::string_view line) {
  std::string_view word, sha256, size;
  Manifest::File file;
  if (!take(line, ' ', word) || word != "file" || !take(line, ' ', sha256) || !is_sha256(sha256) ||
      !take(line, ' ', size) || size.empty()) {
    return fail(damaged("a line is not what it should be"));
  }
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), file.hashed.bytes);
  if (error != std::errc() || end != size.data() + size.size()) return fail(damaged("a size is no number"));
  if (!is_plain_name(line)) return fail(damaged("a name is none that a backup has"));
  file.hashed.sha256 = sha256;
  file.name = line;
  return file;
}

}  // namespace

uint64_t Manifest::bytes() const {
  uint64_t sum = 0;
  for (const File& file : files) sum += file.hashed.bytes;
  return sum;
}

std::string Manifest::to_text() const {
  std::string text = std::string(kMark) + "\ncreated " + format_rfc3339_micros(created) + "\n";
  for (const File& file : files) {
    text += "file " + file.hashed.sha256 + " " + std::to_string(file.hashed.bytes) + " " + file.name + "\n";
  }
  return text + "end " + sha256_hex(text) + "\n";
}

Result<Manifest> parse_manifest(std::string_view text) {
  Manifest manifest;
  std::string_view rest = text, line;
  if (!take(rest, '\n', line) || line != kMark) return fail(damaged("it is none of a backup that this Tracia knows"));
  if (!take(rest, '\n', line) || line.substr(0, 8) != "created ") return fail(damaged("no time"));
  const auto created = parse_rfc3339(line.substr(8));
  if (!created) return fail(damaged("no time"));
  manifest.created = *created;
  std::set<std::string> names;
  while (true) {
    const size_t before = text.size() - rest.size();
    if (!take(rest, '\n', line)) return fail(damaged("it has no end"));
    if (line.substr(0, 4) == "end ") {
      const bool whole = rest.empty() && line.substr(4) == sha256_hex(text.substr(0, before));
      if (!whole) return fail(damaged("its checksum is another"));
      return manifest;
    }
    auto file = parse_file(line);
    if (!file) return fail(std::move(file).error());
    if (!names.insert(file->name).second) return fail(damaged("a name comes twice"));
    manifest.files.push_back(std::move(*file));
  }
}

Result<Manifest> read_manifest(const std::filesystem::path& backup) {
  const auto text = read_file(backup / layout::kManifest, kBytesMax);
  if (!text && text.error().code == ErrorCode::kNotFound) {
    return fail(Error::invalid(backup.string() + " is no backup, or one that was cut short: it has no MANIFEST"));
  }
  if (!text) return fail(text.error());
  return parse_manifest(*text);
}

}  // namespace tracia::store_sqlite
