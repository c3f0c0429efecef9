#include "tracia/llm/media.h"

#include "tracia/base/bytes.h"

namespace tracia::llm {

std::string sniff_mime_type(std::string_view bytes, std::string_view fallback) {
  const auto starts = [&](std::string_view magic) { return bytes.substr(0, magic.size()) == magic; };
  if (starts("\x89PNG\r\n\x1a\n")) return "image/png";
  if (starts("\xFF\xD8\xFF")) return "image/jpeg";
  if (starts("GIF87a") || starts("GIF89a")) return "image/gif";
  if (starts("RIFF") && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP") return "image/webp";
  if (starts("%PDF-")) return "application/pdf";
  return std::string(fallback);
}

Result<std::string> media_base64(const MediaSource& source) {
  switch (source.kind) {
    case MediaSource::Kind::kBytes: return base64_encode(source.value);
    case MediaSource::Kind::kBase64: return source.value;
    default: return fail(Error::invalid("this provider takes image and document bytes, not URLs or file ids"));
  }
}

std::string media_mime_type(const MediaSource& source, std::string_view declared, std::string_view fallback) {
  if (!declared.empty()) return std::string(declared);
  if (source.kind == MediaSource::Kind::kBytes) return sniff_mime_type(source.value, fallback);
  if (source.kind == MediaSource::Kind::kBase64) {
    return sniff_mime_type(base64_decode(std::string_view(source.value).substr(0, 24)).value_or(""), fallback);
  }
  return std::string(fallback);
}

}  // namespace tracia::llm
