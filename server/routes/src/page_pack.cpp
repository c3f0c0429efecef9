#include "page_pack.h"

#include <charconv>
#include <optional>

#include "tracia/base/bytes.h"
#include "tracia/json/reader.h"
#include "tracia/service/digest.h"

namespace tracia::routes {
namespace {

constexpr std::string_view kMagic = "TRPACK1\n";
constexpr size_t kLengthDigits = 8;

// A part [offset, length] of the contents; "" when it is not there, nullopt when it lies outside.
std::optional<std::string_view> part(const json::Value& range, std::string_view contents) {
  if (!range) return "";
  size_t numbers[2] = {0, 0};
  size_t count = 0;
  for (const json::Value item : range.items()) {
    const auto number = item.integer();
    if (!number || *number < 0 || count == 2) return std::nullopt;
    numbers[count++] = static_cast<size_t>(*number);
  }
  const auto [offset, length] = numbers;
  if (count != 2 || offset > contents.size() || length > contents.size() - offset) return std::nullopt;
  return contents.substr(offset, length);
}

}  // namespace

Result<PagePack> PagePack::read(std::string_view pack) {
  const auto bad = [](const char* why) { return fail(Error::invalid(std::string("the dashboard's file: ") + why)); };
  if (!pack.starts_with(kMagic)) return bad("it is no pack");
  pack.remove_prefix(kMagic.size());
  if (pack.size() <= kLengthDigits || pack[kLengthDigits] != '\n') return bad("it is cut off");
  size_t length = 0;
  const auto [end, error] = std::from_chars(pack.data(), pack.data() + kLengthDigits, length, 16);
  if (error != std::errc() || end != pack.data() + kLengthDigits) return bad("its index has no length");
  pack.remove_prefix(kLengthDigits + 1);
  if (length > pack.size()) return bad("it is cut off");

  json::Document document;
  const auto index = document.parse(pack.substr(0, length));
  if (!index) return fail(index.error());
  const std::string_view contents = pack.substr(length);
  PagePack out;
  bool has_index = false;
  for (const json::Value entry : index->items()) {
    const auto plain = part(entry["plain"], contents);
    const auto gzip = part(entry["gzip"], contents);
    const auto brotli = part(entry["br"], contents);
    if (!plain || !gzip || !brotli || (plain->empty() && gzip->empty())) return bad("a file lies outside of it");
    PageFile file{.path = std::string(entry["path"].string_or("")),
                  .content_type = std::string(entry["type"].string_or("")),
                  .immutable = entry["immutable"].boolean_or(false),
                  .plain = *plain,
                  .gzip = *gzip,
                  .brotli = *brotli};
    file.tag = hex_encode(service::sha256(gzip->empty() ? *plain : *gzip).substr(0, 12));
    if (file.path == "/index.html" && !file.plain.empty()) {
      out.index_ = out.files_.size();
      has_index = true;
    }
    out.files_.push_back(std::move(file));
  }
  if (!has_index) return bad("it has no /index.html");
  return out;
}

const PageFile* PagePack::find(std::string_view path) const {
  for (const PageFile& file : files_) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

}  // namespace tracia::routes
