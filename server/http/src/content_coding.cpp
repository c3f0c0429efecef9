#include "content_coding.h"

#include <zstd.h>

#include <algorithm>
#include <memory>
#include <string>

#include "tracia/base/bytes.h"
#include "tracia/base/compress.h"

namespace tracia::http {
namespace {

constexpr size_t kUnpackBytesMin = 64u << 10;
constexpr int kZstdWindowLogMax = 23;  // 8 MiB, what RFC 8878 asks every decoder to accept; more is refused

Error too_large(size_t bytes_max) {
  return {.code = ErrorCode::kPayloadTooLarge,
          .kind = ErrorKind::kTooLarge,
          .message = "The request body is larger than " + std::to_string(bytes_max) + " bytes."};
}

// One or several zstd frames (RFC 8878).
Result<std::string> unzstd(std::string_view bytes, size_t bytes_max) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  if (!context) return fail(Error{.code = ErrorCode::kUnavailable, .message = "Out of memory; try again."});
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
  std::string out;
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  size_t used = 0;
  size_t left = 1;  // 0 at the end of a frame
  bool full = false;
  while (in.pos < in.size || full) {
    // One byte more than allowed shows that the bound is passed.
    if (used == out.size()) out.resize(std::min(bytes_max + 1, std::max(used * 2, kUnpackBytesMin)));
    ZSTD_outBuffer piece{out.data() + used, out.size() - used, 0};
    left = ZSTD_decompressStream(context.get(), &piece, &in);
    if (ZSTD_isError(left)) return fail(Error::invalid("The request body is not valid zstd."));
    used += piece.pos;
    if (used > bytes_max) return fail(too_large(bytes_max));
    full = piece.pos == piece.size && left != 0;
  }
  if (left != 0) return fail(Error::invalid("The request body is not valid zstd: it ends too early."));
  out.resize(used);
  return out;
}

Result<std::string> unpack(std::string_view coding, std::string_view bytes, size_t bytes_max) {
  if (ascii_iequals(coding, "zstd")) return unzstd(bytes, bytes_max);
  if (ascii_iequals(coding, "gzip") || ascii_iequals(coding, "x-gzip")) {
    Result<std::string> text = gunzip(bytes, bytes_max);
    if (text) return text;
    if (text.error().code == ErrorCode::kPayloadTooLarge) return fail(too_large(bytes_max));
    return fail(Error::invalid("The request body is not valid gzip."));
  }
  Error error = Error::invalid("The Content-Encoding of the request is not supported: use gzip, zstd or none.");
  error.status = 415;
  return fail(std::move(error));
}

}  // namespace

Status decode_body(Request& request, size_t bytes_max) {
  if (request.body.size() > bytes_max) return fail(too_large(bytes_max));
  if (request.body.empty()) return {};
  // Several header lines are one list (RFC 9110 section 5.3): a chain of codings, which nobody needs.
  std::string codings;
  for (const auto& [name, value] : request.headers) {
    if (!ascii_iequals(name, "content-encoding")) continue;
    if (!codings.empty()) codings.push_back(',');
    codings += trim(value);
  }
  if (codings.empty()) return {};
  if (!ascii_iequals(codings, "identity")) {
    Result<std::string> body = unpack(codings, request.body, bytes_max);
    if (!body) return fail(std::move(body).error());
    request.body = std::move(*body);
  }
  request.headers.remove("content-encoding");
  return {};
}

}  // namespace tracia::http
