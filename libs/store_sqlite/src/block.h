// Compressed blocks of sealed segments: several items behind one zstd frame, each reachable by its place.
//
//   zstd( count varint | length of item 0 varint | … | item 0 | item 1 | … )
//
// The frame carries its content's size and a checksum, so that a flipped bit is an error, not another span.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/result.h"

struct ZSTD_CCtx_s;

namespace tracia::store_sqlite {

// Collects items and packs them. One thread at a time.
class BlockPacker {
 public:
  explicit BlockPacker(int level);
  void add(std::string_view item);
  size_t items() const { return lengths_.size(); }
  size_t bytes() const { return data_.size(); }
  // The packed block of what was added since the last pack().
  Result<std::string> pack();

 private:
  struct FreeContext {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, FreeContext> context_;
  std::vector<size_t> lengths_;
  std::string data_;
};

// An unpacked block. Total: bad bytes are an error.
class Block {
 public:
  static Result<Block> unpack(std::string_view packed);
  size_t items() const { return ends_.size(); }
  // "" past the last item.
  std::string_view item(size_t index) const;
  size_t bytes() const { return data_.size(); }

 private:
  std::string data_;
  std::vector<size_t> ends_;  // of each item, in data_
  size_t start_ = 0;          // of the first item
};

}  // namespace tracia::store_sqlite
