// What tells a sealed file's indexes from others: blocks have a checksum each, lists and groups are too small for one.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>

#include "db.h"
#include "sealed_format.h"

namespace tracia::store_sqlite {
namespace {

// Whole tables in the order of their keys. Of those of blocks the keys: what is under them has its own checksum.
// docs/formats/segments.md says how the digest is made: another order would be another digest.
constexpr std::array kParts = {
    "SELECT CAST(name AS BLOB), value FROM meta WHERE name <> 'digest'",
    "SELECT CAST(first AS BLOB), x'' FROM rows",
    "SELECT CAST(first AS BLOB), x'' FROM details",
    "SELECT CAST(first AS BLOB), x'' FROM contents",
    "SELECT key, list FROM postings",
    "SELECT key, data FROM groups",
    "SELECT key, data FROM rollups",
    "SELECT key, data FROM words",
    "SELECT CAST(project AS BLOB), data FROM word_units",
};

void add(XXH3_state_t& state, std::string_view bytes) {
  const uint64_t size = bytes.size();
  char prefix[8];
  for (unsigned i = 0; i < 8; ++i) prefix[i] = static_cast<char>(size >> (8 * i));
  XXH3_128bits_update(&state, prefix, sizeof prefix);
  XXH3_128bits_update(&state, bytes.data(), bytes.size());
}

}  // namespace

Result<std::string> sealed_digest(Db& db) {
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  XXH3_128bits_reset(&state);
  for (const char* part : kParts) {
    auto select = db.prepare(part);
    if (!select) return fail(std::move(select).error());
    while (true) {
      const auto row = select->step();
      if (!row) return fail(row.error());
      if (!*row) break;  // the table's end is told by an item without bytes, as no key is
      add(state, select->blob(0));
      add(state, select->blob(1));
    }
    add(state, {});
  }
  XXH128_canonical_t digest;
  XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(&state));
  return std::string(reinterpret_cast<const char*>(digest.digest), sizeof digest.digest);
}

}  // namespace tracia::store_sqlite
