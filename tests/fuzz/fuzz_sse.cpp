// The SSE parser over any bytes: the events do not depend on how the bytes are cut, nor does the failure at the bound.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tracia/wire/sse.h"

namespace {

using namespace tracia::wire;

std::string parse(std::string_view bytes, size_t step, size_t bound) {
  std::string seen;
  SseParser parser(bound);
  while (!bytes.empty()) {
    const std::string piece(bytes.substr(0, step));
    bytes.remove_prefix(piece.size());
    const auto status = parser.feed(piece, [&](const SseEvent& e) {
      seen.append(std::to_string(e.event.size())).append(e.event).append("|").append(std::to_string(e.data.size()));
      seen.append(e.data).append("|").append(e.id).append("\n");
      if (e.data.size() > bound) std::abort();
      return true;
    });
    if (!status) return seen + "too large";
  }
  return seen + (parser.has_partial() ? "partial" : "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t bound = data[0] < 128 ? 1u << 20 : data[0];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string whole = parse(bytes, bytes.size() + 1, bound);
  const std::string cut = parse(bytes, 1 + data[1] % 16, bound);
  // At the bound, a line that is cut may fail earlier than one that is whole, but on the same line.
  if (whole != cut) std::abort();

  std::string written;
  append_sse(written, "", bytes);
  size_t events = 0;
  SseParser parser;
  if (!parser.feed(written, [&](const SseEvent&) { return ++events, true; }) || events != 1) std::abort();
  return 0;
}
