// The dashboard's files, as web/tools/pack.mjs packs them; the form is described there.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/result.h"

namespace tracia::routes {

struct PageFile {
  std::string path, content_type, tag;   // tag: of the content
  bool immutable = false;                // its name changes with its content
  std::string_view plain, gzip, brotli;  // in the pack; "" = not in that form. Every file is plain or gzip
};

class PagePack {
 public:
  // `pack` must outlive this. Errors: kInvalidRequest when it is no pack, or has no /index.html.
  static Result<PagePack> read(std::string_view pack);
  const PageFile* find(std::string_view path) const;
  const PageFile& index() const { return files_[index_]; }
  const std::vector<PageFile>& files() const { return files_; }

 private:
  std::vector<PageFile> files_;
  size_t index_ = 0;
};

}  // namespace tracia::routes
