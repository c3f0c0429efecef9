// The AWS event-stream decoder on any bytes, whole and in pieces; and what it reads, written again, reads the same.
// Input: piece size, then the bytes. With an odd size byte the rest is first made into a valid message's payload and
// headers, so that the checksums do not stop everything at the door.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/wire/event_stream.h"

namespace {

using tracia::wire::EventStreamDecoder;
using tracia::wire::EventStreamHeader;
using tracia::wire::EventStreamMessage;
using tracia::wire::EventStreamType;

struct Heard {
  std::string text;  // every message, written again
  bool failed = false;
  bool partial = false;
  bool operator==(const Heard&) const = default;
};

Heard hear(std::string_view bytes, size_t piece) {
  Heard out;
  EventStreamDecoder decoder;
  while (!bytes.empty() && !out.failed) {
    const std::string copy(bytes.substr(0, piece));
    bytes.remove_prefix(copy.size());
    out.failed = !decoder.feed(copy, [&](const EventStreamMessage& message) {
      if (!tracia::wire::append_event_stream_message(out.text, message.headers, message.payload)) std::abort();
      return true;
    });
  }
  out.partial = decoder.has_partial();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t piece = 1 + data[0] / 2;
  std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  if (data[0] % 2 == 1) {
    const size_t half = bytes.size() / 2;
    const std::string name = bytes.substr(0, std::min<size_t>(half, 255));
    const EventStreamHeader header{name, EventStreamType::kString, std::string_view(bytes).substr(0, half)};
    std::string framed;
    if (!tracia::wire::append_event_stream_message(framed, {&header, 1}, std::string_view(bytes).substr(half)))
      return 0;
    bytes = framed + framed;
  }
  const Heard whole = hear(bytes, bytes.size());
  if (!(hear(bytes, piece) == whole)) std::abort();
  if (!whole.failed && !whole.partial && whole.text != bytes) std::abort();
  return 0;
}
