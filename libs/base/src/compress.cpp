#include "tracia/base/compress.h"

#include <zlib.h>

#include <algorithm>
#include <climits>
#include <cstdint>
#include <cstdlib>

namespace tracia {
namespace {
constexpr size_t kUnpackBytesMin = 64u << 10;
}  // namespace

std::string gzip(std::string_view bytes, int level) {
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) std::abort();  // out of memory
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

Result<std::string> gunzip(std::string_view bytes, size_t max_bytes) {
  const size_t ceiling = std::min(max_bytes, SIZE_MAX - 1) + 1;  // one byte more shows that the bound is passed
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) std::abort();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  size_t used = 0;
  int status = Z_OK;
  while (status == Z_OK && used < ceiling) {
    if (used == out.size()) out.resize(std::min(ceiling, std::max<size_t>(used * 2, kUnpackBytesMin)));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
    const auto room = static_cast<uInt>(std::min<size_t>(out.size() - used, UINT_MAX));
    stream.avail_out = room;
    status = inflate(&stream, Z_NO_FLUSH);
    used += room - stream.avail_out;
    // A gzip body may be several members in a row (RFC 1952 section 2.2).
    if (status == Z_STREAM_END && stream.avail_in > 0) status = inflateReset(&stream);
  }
  inflateEnd(&stream);
  if (used > max_bytes) {
    return fail({.code = ErrorCode::kPayloadTooLarge,
                 .kind = ErrorKind::kTooLarge,
                 .message = "compressed body is larger than " + std::to_string(max_bytes) + " bytes when unpacked"});
  }
  if (status != Z_STREAM_END) return fail(Error::invalid("body is not valid gzip"));
  out.resize(used);
  return out;
}

}  // namespace tracia
