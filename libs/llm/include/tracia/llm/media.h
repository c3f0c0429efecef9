// What every codec needs to send images and documents.
#pragma once

#include <string>
#include <string_view>

#include "tracia/base/result.h"
#include "tracia/llm/model.h"

namespace tracia::llm {

// The media type by magic bytes: png, jpeg, gif, webp, pdf; else `fallback`.
std::string sniff_mime_type(std::string_view bytes, std::string_view fallback);

// The content as base64 (bytes are encoded, base64 passes through). kInvalidRequest for URLs and file ids.
Result<std::string> media_base64(const MediaSource& source);
// The declared media type, else the sniffed one, else `fallback`.
std::string media_mime_type(const MediaSource& source, std::string_view declared, std::string_view fallback);

}  // namespace tracia::llm
