#include "tracia/wire/event_stream.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace tracia::wire {
namespace {

constexpr size_t kPreludeBytes = 12;
constexpr size_t kCrcBytes = 4;
constexpr size_t kFrameBytes = kPreludeBytes + kCrcBytes;

uint32_t read_u32(std::string_view bytes) {
  uint32_t out = 0;
  for (size_t i = 0; i < 4; ++i) out = out << 8 | static_cast<uint8_t>(bytes[i]);
  return out;
}

void append_number(std::string& out, uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}

uint32_t crc_of(std::string_view bytes) {
  return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// The size of a value whose type fixes it; nullopt for the two with a length of their own. `valid` tells known types.
std::optional<size_t> fixed_size(EventStreamType type, bool& valid) {
  valid = true;
  switch (type) {
    case EventStreamType::kTrue:
    case EventStreamType::kFalse: return 0;
    case EventStreamType::kByte: return 1;
    case EventStreamType::kShort: return 2;
    case EventStreamType::kInteger: return 4;
    case EventStreamType::kLong:
    case EventStreamType::kTimestamp: return 8;
    case EventStreamType::kUuid: return 16;
    case EventStreamType::kBytes:
    case EventStreamType::kString: return std::nullopt;
  }
  valid = false;
  return std::nullopt;
}

}  // namespace

std::string_view EventStreamMessage::text(std::string_view name) const {
  for (const EventStreamHeader& header : headers) {
    if (header.name == name && header.type == EventStreamType::kString) return header.value;
  }
  return {};
}

Status EventStreamDecoder::spent(std::string_view what) {
  held_ = {};
  error_ = Error{.code = ErrorCode::kProviderError,
                 .kind = ErrorKind::kMalformedResponse,
                 .message = "the event stream is not readable: " + std::string(what)};
  return fail(*error_);
}

Status EventStreamDecoder::check_prelude(std::string_view prelude, size_t& total, size_t& headers) {
  if (crc_of(prelude.substr(0, 8)) != read_u32(prelude.substr(8))) {
    return spent("the checksum of a message's prelude is wrong");
  }
  total = read_u32(prelude);
  headers = read_u32(prelude.substr(4));
  if (headers > limits::kEventStreamHeadersBytesMax) return spent("the headers of a message are larger than 128 KiB");
  if (total < kFrameBytes + headers) return spent("the lengths of a message contradict each other");
  if (total - kFrameBytes - headers > payload_bytes_max_) {
    return spent("a message is larger than " + std::to_string(payload_bytes_max_) + " bytes");
  }
  return {};
}

Status EventStreamDecoder::read_headers(std::string_view bytes) {
  headers_.clear();
  while (!bytes.empty()) {
    EventStreamHeader header;
    const size_t name_size = static_cast<uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    if (name_size == 0 || bytes.size() < name_size + 1) return spent("a header has no name or is cut");
    header.name = bytes.substr(0, name_size);
    header.type = static_cast<EventStreamType>(bytes[name_size]);
    bytes.remove_prefix(name_size + 1);
    bool valid = false;
    auto size = fixed_size(header.type, valid);
    if (!valid) return spent("a header has a type that the format does not know");
    if (!size) {
      if (bytes.size() < 2) return spent("a header is cut");
      size = static_cast<size_t>(static_cast<uint8_t>(bytes[0])) << 8 | static_cast<uint8_t>(bytes[1]);
      bytes.remove_prefix(2);
    }
    if (bytes.size() < *size) return spent("a header is cut");
    header.value = bytes.substr(0, *size);
    bytes.remove_prefix(*size);
    headers_.push_back(header);
  }
  return {};
}

Status EventStreamDecoder::read_message(std::string_view message, size_t headers_size,
                                        const std::function<bool(const EventStreamMessage&)>& sink, bool& go_on) {
  const std::string_view body = message.substr(0, message.size() - kCrcBytes);
  if (crc_of(body) != read_u32(message.substr(body.size()))) return spent("the checksum of a message is wrong");
  TRACIA_TRY(read_headers(body.substr(kPreludeBytes, headers_size)));
  ++messages_;
  go_on = sink({.headers = headers_, .payload = body.substr(kPreludeBytes + headers_size)});
  return {};
}

Status EventStreamDecoder::feed(std::string_view bytes, const std::function<bool(const EventStreamMessage&)>& sink) {
  if (error_) return fail(*error_);
  bool go_on = true;
  while (go_on && !bytes.empty()) {
    // Moves bytes to held_ until it has `size` of them; false when there are not enough.
    const auto hold = [&](size_t size) {
      const size_t take = std::min(bytes.size(), size - held_.size());
      held_.append(bytes.substr(0, take));
      bytes.remove_prefix(take);
      return held_.size() == size;
    };
    const bool whole_prelude = held_.empty() && bytes.size() >= kPreludeBytes;
    if (!whole_prelude && held_.size() < kPreludeBytes && !hold(kPreludeBytes)) return {};
    size_t total = 0;
    size_t headers = 0;
    TRACIA_TRY(
        check_prelude(whole_prelude ? bytes.substr(0, kPreludeBytes) : std::string_view(held_).substr(0, kPreludeBytes),
                      total, headers));
    if (held_.empty() && bytes.size() >= total) {
      const std::string_view message = bytes.substr(0, total);
      bytes.remove_prefix(total);
      TRACIA_TRY(read_message(message, headers, sink, go_on));
      continue;
    }
    if (!hold(total)) return {};
    TRACIA_TRY(read_message(held_, headers, sink, go_on));
    held_.clear();
  }
  return {};
}

Status append_event_stream_message(std::string& out, std::span<const EventStreamHeader> headers,
                                   std::string_view payload) {
  std::string block;
  for (const EventStreamHeader& header : headers) {
    bool valid = false;
    const auto size = fixed_size(header.type, valid);
    if (!valid || header.name.empty() || header.name.size() > 255 || (size && *size != header.value.size()) ||
        header.value.size() > std::numeric_limits<uint16_t>::max()) {
      return fail(
          Error::invalid("an event stream cannot hold the header '" + std::string(header.name.substr(0, 64)) + "'"));
    }
    append_number(block, header.name.size(), 1);
    block.append(header.name);
    append_number(block, static_cast<uint64_t>(header.type), 1);
    if (!size) append_number(block, header.value.size(), 2);
    block.append(header.value);
  }
  if (block.size() > limits::kEventStreamHeadersBytesMax || payload.size() > limits::kStreamEventBytesMax) {
    return fail(Error::invalid("an event-stream message is too large"));
  }
  const size_t start = out.size();
  append_number(out, kFrameBytes + block.size() + payload.size(), 4);
  append_number(out, block.size(), 4);
  append_number(out, crc_of(std::string_view(out).substr(start)), 4);
  out.append(block).append(payload);
  append_number(out, crc_of(std::string_view(out).substr(start)), 4);
  return {};
}

}  // namespace tracia::wire
