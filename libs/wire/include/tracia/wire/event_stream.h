// AWS event streams ("application/vnd.amazon.eventstream"): an incremental decoder over any chunking of the bytes, and
// an encoder for servers and tests. One message, all numbers big-endian:
//
//   total length u32 | headers length u32 | CRC-32 of these 8 bytes u32        the prelude, 12 bytes
//   headers: (name length u8 | name | type u8 | value)*                        at most 128 KiB
//   payload                                                                    at most 16 MiB
//   CRC-32 of everything before u32
//
// Source: Smithy, "Amazon Event Stream Specification" (vnd.amazon.eventstream).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/limits.h"
#include "tracia/base/result.h"

namespace tracia::wire {

// The number of each value type on the wire. kTrue and kFalse carry no value bytes; integers, timestamps (ms since the
// epoch) and UUIDs are 1, 2, 4, 8, 8 and 16 bytes; kBytes and kString are preceded by a u16 length.
enum class EventStreamType : uint8_t {
  kTrue = 0,
  kFalse = 1,
  kByte = 2,
  kShort = 3,
  kInteger = 4,
  kLong = 5,
  kBytes = 6,
  kString = 7,
  kTimestamp = 8,
  kUuid = 9,
};

struct EventStreamHeader {
  std::string_view name;
  EventStreamType type = EventStreamType::kString;
  std::string_view value;  // the bytes on the wire, without the length of kBytes and kString
};

// Views are valid during the callback only.
struct EventStreamMessage {
  std::span<const EventStreamHeader> headers;  // in the order sent
  std::string_view payload;

  // The first header of that name whose type is kString; "" when there is none. Names compare exactly. O(headers).
  std::string_view text(std::string_view name) const;
};

// Not thread-safe. O(bytes); holds at most one message, and copies none that arrives whole in one piece.
class EventStreamDecoder {
 public:
  explicit EventStreamDecoder(size_t payload_bytes_max = limits::kStreamEventBytesMax)
      : payload_bytes_max_(payload_bytes_max) {}

  // Calls `sink` for each complete message. The sink returns false to stop early (the rest of `bytes` is dropped).
  // Fails with kProviderError/kMalformedResponse for a wrong checksum, a length over its bound or a header that breaks
  // the format; the decoder is then spent and fails again. A prelude is checked as soon as it is there, so bytes that
  // are no event stream fail early.
  Status feed(std::string_view bytes, const std::function<bool(const EventStreamMessage&)>& sink);

  uint64_t messages() const { return messages_; }      // given to the sink
  bool has_partial() const { return !held_.empty(); }  // at the end of input: the stream was cut

 private:
  Status spent(std::string_view what);
  Status check_prelude(std::string_view prelude, size_t& total, size_t& headers);
  Status read_headers(std::string_view bytes);
  Status read_message(std::string_view message, size_t headers_size,
                      const std::function<bool(const EventStreamMessage&)>& sink, bool& go_on);

  size_t payload_bytes_max_;
  std::string held_;  // the beginning of a message
  std::vector<EventStreamHeader> headers_;
  uint64_t messages_ = 0;
  std::optional<Error> error_;
};

// Appends one message. Fails, appending nothing, with kInvalidRequest for a name or value that the format cannot hold
// and for headers or a payload over the bounds above.
Status append_event_stream_message(std::string& out, std::span<const EventStreamHeader> headers,
                                   std::string_view payload);

}  // namespace tracia::wire
