// What segments hold, on arbitrary bytes: decoding never crashes, and what is accepted survives a round trip.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "block.h"
#include "bloom.h"
#include "postings.h"
#include "record.h"
#include "sealed_format.h"

namespace {

namespace sqlite = tracia::store_sqlite;

void check_row(std::string_view bytes) {
  sqlite::Row row;
  if (!sqlite::decode_row(bytes, row)) return;
  const std::string once = sqlite::encode_row(sqlite::summary_of(row));
  if (!sqlite::decode_row(once, row)) std::abort();
  if (sqlite::encode_row(sqlite::summary_of(row)) != once) std::abort();
  sqlite::RowBlock block;
  block.add(row);
  sqlite::terms_of(row, [](sqlite::Field field, std::string_view value) { sqlite::posting_key(field, 0, value); });
}

// The first byte says how many contents there are.
void check_body(std::string_view bytes) {
  if (bytes.empty()) return;
  const std::vector<std::string_view> contents(static_cast<unsigned char>(bytes[0]) % 8, R"({"role":"user"})");
  tracia::span::Span span;
  (void)sqlite::error_of(bytes.substr(1), contents);
  if (!sqlite::join(bytes.substr(1), contents, span)) return;
  const sqlite::Split parts = sqlite::split(span);
  std::vector<std::string_view> views;
  for (const auto& content : parts.contents) views.push_back(content.data);
  tracia::span::Span again;
  if (!sqlite::join(parts.body, views, again)) std::abort();
  if (again.input_json != span.input_json || again.output != span.output || again.error != span.error) std::abort();
  if (again.attempts.size() != span.attempts.size() || again.tools_json != span.tools_json) std::abort();
}

// Any text at all may stand where an input is expected.
void check_split(std::string_view text) {
  for (const std::string_view head : {"", R"({"messages":[)", R"({"text":[)"}) {
    tracia::span::Span span, again;
    span.input_json = std::string(head) + std::string(text);
    const sqlite::Split parts = sqlite::split(span);
    std::vector<std::string_view> views;
    for (const auto& content : parts.contents) views.push_back(content.data);
    if (!sqlite::join(parts.body, views, again) || again.input_json != span.input_json) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_row(bytes);
  check_body(bytes);
  check_split(bytes);
  if (const auto detail = sqlite::decode_detail(bytes)) check_body(detail->body);
  if (auto list = sqlite::PositionList::decode(bytes, 100); list && list->size() != list->all().size()) std::abort();
  (void)sqlite::decode_meta(bytes);
  sqlite::GroupPart part;
  (void)sqlite::decode_group(bytes, part);
  // Blocks carry a checksum, which random bytes seldom meet; their sizes are what matters.
  if (const auto block = sqlite::Block::unpack(bytes)) (void)block->item(block->items() - 1);
  if (const auto bloom = sqlite::Bloom::decode(bytes)) (void)bloom->may_have(size);
  if (sqlite::unpack_id(bytes).size() > 2 * bytes.size() + 3) std::abort();
  return 0;
}
