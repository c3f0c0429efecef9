// Time: wall-clock stamps in microseconds since 1970 (UTC), and RFC 3339 text. Code that decides by time takes a Clock,
// so that tests inject their own.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tracia {

using Micros = std::chrono::microseconds;
using Millis = std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;

struct Timestamp {
  int64_t micros = 0;  // since the Unix epoch, UTC
  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;      // wall clock
  virtual SteadyTime steady() const = 0;  // monotonic, for latencies and deadlines
};
const Clock& system_clock();

// Stamps before the year 0 or after 9999 are written as the nearer end of that range.
std::string format_rfc3339_micros(Timestamp t);  // "2026-11-20T10:00:00.123456Z"
std::string format_rfc3339_millis(Timestamp t);  // "2026-11-20T10:00:00.123Z"
// Date or date-time, any fraction (cut to microseconds), 'Z' or an offset; a missing offset is read as UTC. A leap
// second is the first second of the next minute. nullopt when malformed.
std::optional<Timestamp> parse_rfc3339(std::string_view text);
// "20261120T100000Z", the form that AWS signs.
std::string format_iso_basic(Timestamp t);
// HTTP dates of RFC 9110 (IMF-fixdate only).
std::optional<Timestamp> parse_http_date(std::string_view text);

}  // namespace tracia
