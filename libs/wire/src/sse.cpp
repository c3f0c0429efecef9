#include "tracia/wire/sse.h"

namespace tracia::wire {

namespace {

// The next CR or LF at or after `from`. Remembers where the next LF is, so that a chunk of many CRs is not searched to
// its end for each of them.
class LineEnds {
 public:
  explicit LineEnds(std::string_view bytes) : bytes_(bytes) {}

  size_t next(size_t from) {
    if (lf_ == kUnknown || (lf_ != std::string_view::npos && lf_ < from)) lf_ = bytes_.find('\n', from);
    const size_t cr = bytes_.substr(0, lf_).find('\r', from);
    return cr != std::string_view::npos ? cr : lf_;
  }

 private:
  static constexpr size_t kUnknown = static_cast<size_t>(-2);
  std::string_view bytes_;
  size_t lf_ = kUnknown;
};

}  // namespace

Status SseParser::feed(std::string_view bytes, const std::function<bool(const SseEvent&)>& sink) {
  LineEnds ends(bytes);
  size_t at = 0;
  while (at < bytes.size()) {
    if (last_was_cr_) {
      last_was_cr_ = false;
      if (bytes[at] == '\n') {
        ++at;
        continue;
      }
    }
    const size_t end = ends.next(at);
    const std::string_view piece = bytes.substr(at, end == std::string_view::npos ? end : end - at);
    if (too_large_ || line_.size() + piece.size() + data_.size() > event_bytes_max_) {
      too_large_ = true;
      return fail({.code = ErrorCode::kProviderError,
                   .kind = ErrorKind::kTooLarge,
                   .message = "a server-sent event is larger than " + std::to_string(event_bytes_max_) + " bytes"});
    }
    if (end == std::string_view::npos) {
      line_.append(piece);
      return {};
    }
    last_was_cr_ = bytes[end] == '\r';
    at = end + 1;
    bool go_on = true;
    if (line_.empty()) {
      go_on = end_line(piece, sink);
    } else {
      line_.append(piece);
      go_on = end_line(line_, sink);
      line_.clear();  // keeps the capacity
    }
    if (!go_on) return {};
  }
  return {};
}

bool SseParser::end_line(std::string_view line, const std::function<bool(const SseEvent&)>& sink) {
  if (at_start_) {
    at_start_ = false;
    if (line.substr(0, 3) == "\xEF\xBB\xBF") line.remove_prefix(3);
  }
  if (line.empty()) {
    bool go_on = true;
    if (has_data_) {
      ++events_;
      go_on = sink({event_, data_, id_});
    }
    data_.clear();
    event_.clear();
    has_data_ = false;
    return go_on;
  }
  const size_t colon = line.find(':');
  if (colon == 0) return true;  // comment
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
  if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (field == "data") {
    if (has_data_) data_.push_back('\n');
    data_.append(value);
    has_data_ = true;
  } else if (field == "event") {
    event_.assign(value);
  } else if (field == "id") {
    if (value.find('\0') == std::string_view::npos) id_.assign(value);
  }
  return true;
}

void append_sse(std::string& out, std::string_view event, std::string_view data) {
  if (!event.empty()) {
    out.append("event: ");
    for (const char c : event) {
      if (c != '\r' && c != '\n') out.push_back(c);
    }
    out.push_back('\n');
  }
  while (true) {
    // A CR ends a line for the reader as well: left in, the rest of the data would be read as fields.
    const size_t end = data.find_first_of("\r\n");
    out.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    data.remove_prefix(data.substr(end, 2) == "\r\n" ? end + 2 : end + 1);
  }
  out.push_back('\n');
}

}  // namespace tracia::wire
