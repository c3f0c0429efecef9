#include "block.h"

#include <zstd.h>

#include <new>

#include "codec.h"
#include "db.h"

namespace tracia::store_sqlite {
namespace {

// A content may be as large as a request body and an input made of it; blocks hold little more than one such.
constexpr size_t kBlockBytesMax = 256u << 20;

Error problem(std::string_view what) {
  return {.code = ErrorCode::kUnavailable, .kind = kDamage, .message = "damaged block: " + std::string(what)};
}

struct FreeDecoder {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// One a thread: making one costs more than unpacking a small block.
ZSTD_DCtx* decoder() {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeDecoder> context(ZSTD_createDCtx());
  return context.get();
}

}  // namespace

void BlockPacker::FreeContext::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }

BlockPacker::BlockPacker(int level) : context_(ZSTD_createCCtx()) {
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
}

void BlockPacker::add(std::string_view item) {
  lengths_.push_back(item.size());
  data_ += item;
}

Result<std::string> BlockPacker::pack() {
  std::string plain;
  plain.reserve(data_.size() + 3 * lengths_.size() + 10);
  ByteWriter out(plain);
  out.varint(lengths_.size());
  for (const size_t length : lengths_) out.varint(length);
  out.bytes(data_);
  lengths_.clear();
  data_.clear();
  std::string packed(ZSTD_compressBound(plain.size()), '\0');
  const size_t size = ZSTD_compress2(context_.get(), packed.data(), packed.size(), plain.data(), plain.size());
  if (ZSTD_isError(size) != 0) return fail(problem(ZSTD_getErrorName(size)));
  packed.resize(size);
  return packed;
}

Result<Block> Block::unpack(std::string_view packed) {
  const unsigned long long size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) return fail(problem("it has no size"));
  if (size > kBlockBytesMax) return fail(problem("it is too large"));
  Block block;
  block.data_.resize(static_cast<size_t>(size));
  const size_t got =
      ZSTD_decompressDCtx(decoder(), block.data_.data(), block.data_.size(), packed.data(), packed.size());
  if (ZSTD_isError(got) != 0) return fail(problem(ZSTD_getErrorName(got)));
  if (got != size) return fail(problem("it ends early"));
  ByteReader in(block.data_);
  const size_t count = in.count();
  block.ends_.resize(count);
  size_t total = 0;
  for (size_t& end : block.ends_) {
    const uint64_t length = in.varint();
    if (length > kBlockBytesMax) return fail(problem("an item is too long"));
    total += static_cast<size_t>(length);
    end = total;
  }
  if (!in.ok() || total != in.left()) return fail(problem("its items do not fill it"));
  block.start_ = block.data_.size() - total;
  return block;
}

std::string_view Block::item(size_t index) const {
  if (index >= ends_.size()) return {};
  const size_t begin = index == 0 ? 0 : ends_[index - 1];
  return std::string_view(data_).substr(start_ + begin, ends_[index] - begin);
}

}  // namespace tracia::store_sqlite
