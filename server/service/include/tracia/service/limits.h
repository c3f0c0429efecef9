// What a key or a project may do: requests a minute, money a day or a month. As the API says it and as the control
// store keeps it: one form for both.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/json/reader.h"
#include "tracia/json/writer.h"
#include "tracia/llm/decimal.h"

namespace tracia::service {

enum class SpendPeriod { kDay, kMonth };                 // of the calendar, in UTC
std::string_view spend_period_name(SpendPeriod period);  // "day"

struct SpendCap {
  llm::Decimal usd;
  SpendPeriod period = SpendPeriod::kMonth;
  friend bool operator==(const SpendCap&, const SpendCap&) = default;
};

struct KeyLimits {
  std::optional<int64_t> requests_per_minute;
  std::optional<SpendCap> spend_cap;
};

inline constexpr int64_t kRequestsPerMinuteMax = 1'000'000;

// {"usd": "12.50", "period": "day"}, or null or nothing for none. Errors: kInvalidRequest naming the member.
Result<std::optional<SpendCap>> read_spend_cap(const json::Value& value);
void write_spend_cap(json::Writer& w, const std::optional<SpendCap>& cap);
// 1 to kRequestsPerMinuteMax, or null or nothing for none.
Result<std::optional<int64_t>> read_requests_per_minute(const json::Value& value);

// A key's limits as stored (store::ApiKey::limits_json). What cannot be read, from a newer server, is no limit.
KeyLimits read_key_limits(std::string_view stored);
std::string key_limits_json(const KeyLimits& limits);  // "" for none

// The period that `time` is in: "2026-11-21" or "2026-11", and when the next one begins.
std::string spend_period_of(SpendPeriod period, Timestamp time);
Timestamp spend_period_begin(SpendPeriod period, Timestamp time);
Timestamp spend_period_end(SpendPeriod period, Timestamp time);

}  // namespace tracia::service
