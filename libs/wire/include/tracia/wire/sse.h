// Server-sent events (WHATWG HTML, section 9.2): an incremental parser over any chunking of the bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "tracia/base/limits.h"
#include "tracia/base/result.h"

namespace tracia::wire {

// Views are valid during the callback only.
struct SseEvent {
  std::string_view event;  // "" when the stream named none (the standard's "message")
  std::string_view data;   // lines joined by '\n'
  std::string_view id;
};

// CR, LF and CRLF end lines (also split across chunks), a BOM is skipped, comments and unknown fields are ignored,
// an event is dispatched at its blank line, and nothing at the end of input without one. An event with no data field
// is not dispatched. Not thread-safe. O(bytes); holds at most one event.
class SseParser {
 public:
  explicit SseParser(size_t event_bytes_max = limits::kStreamEventBytesMax) : event_bytes_max_(event_bytes_max) {}

  // Calls `sink` for each complete event. The sink returns false to stop early (the rest of `bytes` is dropped).
  // Fails with kTooLarge when one event passes the bound; the parser is then done.
  Status feed(std::string_view bytes, const std::function<bool(const SseEvent&)>& sink);

  uint64_t events() const { return events_; }
  // True when bytes of an unfinished line or event are held: at the end of input, the stream was cut.
  bool has_partial() const { return !line_.empty() || has_data_ || !event_.empty(); }

 private:
  bool end_line(std::string_view line, const std::function<bool(const SseEvent&)>& sink);

  size_t event_bytes_max_;
  std::string line_, data_, event_, id_;
  bool has_data_ = false;
  bool too_large_ = false;
  bool last_was_cr_ = false;
  bool at_start_ = true;
  uint64_t events_ = 0;
};

// Appends one event in wire form: "event: e\ndata: line\n…\n\n". For servers. Each CR, LF or CRLF in `data` begins a
// new data line (and is read back as LF); in `event` they are dropped.
void append_sse(std::string& out, std::string_view event, std::string_view data);

}  // namespace tracia::wire
