#include "tracia/base/clock.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "tracia/base/bytes.h"

namespace tracia {
namespace {

class SystemClock final : public Clock {
 public:
  Timestamp now() const override {
    return {std::chrono::duration_cast<Micros>(std::chrono::system_clock::now().time_since_epoch()).count()};
  }
  SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
};

struct Civil {
  int year, month, day, hour, minute, second;
  int64_t micros;
};

// What four digits of year can say: 0000-01-01 to the end of 9999. Stamps outside are shown as the nearer end.
constexpr int64_t kMicrosMin = -62'167'219'200'000'000;
constexpr int64_t kMicrosMax = 253'402'300'799'999'999;

Civil civil(Timestamp t) {
  using namespace std::chrono;
  const sys_time<Micros> point{Micros{std::clamp(t.micros, kMicrosMin, kMicrosMax)}};
  const auto day = floor<days>(point);
  const year_month_day date{day};
  const hh_mm_ss time{point - day};
  return {static_cast<int>(date.year()),
          static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day())),
          static_cast<int>(time.hours().count()),
          static_cast<int>(time.minutes().count()),
          static_cast<int>(time.seconds().count()),
          time.subseconds().count()};
}

std::optional<Timestamp> from_civil(int year, int month, int day, int hour, int minute, int second, int64_t micros) {
  using namespace std::chrono;
  const year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const auto point = sys_days{date} + hours{hour} + minutes{minute} + seconds{second} + Micros{micros};
  return Timestamp{duration_cast<Micros>(point.time_since_epoch()).count()};
}

// Reads exactly `count` digits at the front of `text`.
bool take_digits(std::string_view& text, size_t count, int& value) {
  if (text.size() < count) return false;
  value = 0;
  for (size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::string format_rfc3339_micros(Timestamp t) {
  const Civil c = civil(t);
  std::array<char, 48> buffer{};
  const int n = std::snprintf(buffer.data(), buffer.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%06lldZ", c.year, c.month,
                              c.day, c.hour, c.minute, c.second, static_cast<long long>(c.micros));
  return {buffer.data(), static_cast<size_t>(n)};
}

std::string format_rfc3339_millis(Timestamp t) {
  std::string text = format_rfc3339_micros(t);
  text.erase(text.size() - 4, 3);
  return text;
}

std::string format_iso_basic(Timestamp t) {
  const Civil c = civil(t);
  std::array<char, 32> buffer{};
  const int n = std::snprintf(buffer.data(), buffer.size(), "%04d%02d%02dT%02d%02d%02dZ", c.year, c.month, c.day,
                              c.hour, c.minute, c.second);
  return {buffer.data(), static_cast<size_t>(n)};
}

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  int64_t micros = 0;
  if (!take_digits(text, 4, year) || !take(text, '-') || !take_digits(text, 2, month) || !take(text, '-') ||
      !take_digits(text, 2, day)) {
    return std::nullopt;
  }
  if (text.empty()) return from_civil(year, month, day, 0, 0, 0, 0);
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
  if (!take_digits(text, 2, hour) || !take(text, ':') || !take_digits(text, 2, minute)) return std::nullopt;
  if (take(text, ':')) {
    if (!take_digits(text, 2, second)) return std::nullopt;
    if (take(text, '.')) {
      int64_t scale = 100000;
      size_t digits = 0;
      while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        micros += (text.front() - '0') * scale;
        scale /= 10;
        ++digits;
        text.remove_prefix(1);
      }
      if (digits == 0) return std::nullopt;
    }
  }
  auto stamp = from_civil(year, month, day, hour, minute, second, micros);
  if (!stamp || text.empty() || text == "Z" || text == "z") return stamp;
  const bool ahead = text.front() == '+';
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  int offset_hours = 0, offset_minutes = 0;
  if (!take_digits(text, 2, offset_hours)) return std::nullopt;
  const bool colon = take(text, ':');
  if ((colon || !text.empty()) && !take_digits(text, 2, offset_minutes)) return std::nullopt;
  if (!text.empty() || offset_hours > 23 || offset_minutes > 59) return std::nullopt;
  const int64_t offset = (offset_hours * 3600LL + offset_minutes * 60LL) * 1'000'000LL;
  stamp->micros += ahead ? -offset : offset;
  return stamp;
}

std::optional<Timestamp> parse_http_date(std::string_view text) {
  // "Sun, 06 Nov 1994 08:49:37 GMT"
  if (text.size() != 29 || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' || text.substr(25) != " GMT")
    return std::nullopt;
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const size_t month = months.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  int day = 0, year = 0, hour = 0, minute = 0, second = 0;
  std::string_view rest = text.substr(5);
  if (!take_digits(rest, 2, day)) return std::nullopt;
  rest = text.substr(12);
  if (!take_digits(rest, 4, year) || !take(rest, ' ') || !take_digits(rest, 2, hour) || !take(rest, ':') ||
      !take_digits(rest, 2, minute) || !take(rest, ':') || !take_digits(rest, 2, second)) {
    return std::nullopt;
  }
  return from_civil(year, static_cast<int>(month / 3) + 1, day, hour, minute, second, 0);
}

}  // namespace tracia
