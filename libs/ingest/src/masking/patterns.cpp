#include "patterns.h"

#include <re2/re2.h>

#include <algorithm>
#include <utility>

#include "tracia/base/bytes.h"
#include "tracia/ingest/masking.h"

namespace tracia::ingest::masking {
namespace {

constexpr int64_t kMemoryBytesMax = 2 << 20;  // of one compiled pattern and what it remembers
constexpr size_t kEchoedBytesMax = 100;
// Searches in one text: one for this many bytes, and some for texts that are short.
constexpr size_t kBytesPerSearch = 16;
constexpr size_t kSearchesMin = 1024;

RE2::Options options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_max_mem(kMemoryBytesMax);
  return options;
}

// The next character after `at`.
size_t after(std::string_view text, size_t at) {
  ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  return at;
}

}  // namespace

struct Pattern::Impl {
  explicit Impl(std::string_view pattern) : re({pattern.data(), pattern.size()}, options()) {}
  RE2 re;
};

Pattern::Pattern(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Pattern::~Pattern() = default;

Result<std::unique_ptr<Pattern>> Pattern::make(std::string_view pattern) {
  if (pattern.empty() || pattern.size() > kMaskingPatternBytesMax) {
    return fail(Error::invalid("must have 1 to " + std::to_string(kMaskingPatternBytesMax) + " bytes"));
  }
  if (!is_valid_utf8(pattern)) return fail(Error::invalid("must be UTF-8"));
  auto impl = std::make_unique<Impl>(pattern);
  if (!impl->re.ok()) {
    return fail(Error::invalid("is not a pattern that RE2 knows: " +
                               std::string(utf8_prefix(impl->re.error(), kEchoedBytesMax))));
  }
  if (RE2::PartialMatch("", impl->re)) return fail(Error::invalid("must not match the empty text"));
  return std::unique_ptr<Pattern>(new Pattern(std::move(impl)));
}

void Pattern::find(std::string_view text, size_t rule, Places& out) const {
  const re2::StringPiece all(text.data(), text.size());
  size_t searches = text.size() / kBytesPerSearch + kSearchesMin;
  size_t at = 0;
  while (at < text.size()) {
    if (searches-- == 0) return out.push_back({at, text.size(), rule});
    // A match that begins in the first half of the window is seen with all that may belong to it.
    const size_t end = std::min(text.size(), at + 2 * kMatchBytesMax);
    re2::StringPiece found;
    if (!impl_->re.Match(all, at, end, RE2::UNANCHORED, &found, 1)) {
      at = end == text.size() ? end : end - kMatchBytesMax;
      continue;
    }
    const size_t begin = static_cast<size_t>(found.data() - text.data());
    if (end < text.size() && begin > at + kMatchBytesMax) {
      at = begin;  // seen again, with more of what follows
    } else if (found.empty()) {
      at = after(text, begin);  // "\b" alone finds nothing that could be hidden
    } else {
      out.push_back({begin, begin + found.size(), rule});
      at = begin + found.size();
    }
  }
}

}  // namespace tracia::ingest::masking
