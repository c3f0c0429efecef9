// The JSON reader and writer over any bytes: no crash, every string that is read is valid UTF-8, what is written parses
// and means the same, and the writer's output always parses.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tracia/base/bytes.h"
#include "tracia/json/reader.h"
#include "tracia/json/writer.h"

namespace {

using namespace tracia;
using namespace tracia::json;

void walk(const Value& value) {
  (void)value.number();
  (void)value.integer();
  (void)value.boolean();
  if (const auto text = value.string(); text && !is_valid_utf8(*text)) std::abort();
  for (const Value item : value.items()) walk(item);
  for (const Member member : value.members()) {
    if (!is_valid_utf8(member.key)) std::abort();
    walk(member.value);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static Document document;  // reused, as decoders do
  const auto strict = document.parse(text);
  if (strict) {
    walk(*strict);
    const std::string again = strict->to_json();
    const auto once = canonical(text);
    const auto twice = canonical(again);
    if (!once || !twice || *once != *twice) std::abort();
  }
  const bool was_valid = strict.has_value();
  const auto lenient = document.parse_lenient(text);
  if (was_valid && !lenient) std::abort();
  if (lenient) {
    walk(*lenient);
    if (!is_valid(lenient->to_json())) std::abort();
  }
  const size_t half = size / 2;
  for (const auto& merged : {merge(text.substr(0, half), text.substr(half)), merge(text, text), merge("{}", text)}) {
    if (merged && !is_valid(*merged)) std::abort();
  }
  Writer w;
  w.begin_object().field(text.substr(0, half), text.substr(half)).end_object();
  const auto written = document.parse(w.str());
  if (!written || !written->is_object()) std::abort();
  return 0;
}
