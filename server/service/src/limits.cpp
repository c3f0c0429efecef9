#include "tracia/service/limits.h"

#include <chrono>

namespace tracia::service {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

// Far above what anybody spends on models in a month, and far below what a Decimal holds.
constexpr llm::Decimal kCapUsdMax = llm::Decimal::from_units(llm::Int128{1'000'000'000} * 1'000'000'000'000'000'000);

sys_days day_of(Timestamp time) { return std::chrono::floor<days>(std::chrono::sys_time<Micros>(Micros(time.micros))); }

Timestamp begin_of(sys_days day) { return {std::chrono::duration_cast<Micros>(day.time_since_epoch()).count()}; }

sys_days first_of_month(Timestamp time) {
  const year_month_day date(day_of(time));
  return date.year() / date.month() / 1;
}

Error bad_cap(std::string_view member, std::string_view what) {
  return Error::invalid("spendCap" + std::string(member) + ": " + std::string(what));
}

}  // namespace

std::string_view spend_period_name(SpendPeriod period) { return period == SpendPeriod::kDay ? "day" : "month"; }

Result<std::optional<SpendCap>> read_spend_cap(const json::Value& value) {
  if (value.is_missing_or_null()) return std::optional<SpendCap>();
  if (!value.is_object()) return fail(bad_cap("", "must be an object, or null for no cap"));
  const auto text = value["usd"].string();
  const auto usd = text ? llm::Decimal::parse(*text) : std::nullopt;
  if (!usd) return fail(bad_cap(".usd", "must be a decimal as a string, as in \"12.50\""));
  if (*usd < llm::Decimal() || *usd > kCapUsdMax) return fail(bad_cap(".usd", "must be from 0 to 1000000000"));
  for (const SpendPeriod period : {SpendPeriod::kDay, SpendPeriod::kMonth}) {
    if (value["period"].string_or("") == spend_period_name(period)) return std::optional(SpendCap{*usd, period});
  }
  return fail(bad_cap(".period", "must be \"day\" or \"month\""));
}

void write_spend_cap(json::Writer& w, const std::optional<SpendCap>& cap) {
  w.key("spendCap");
  if (!cap) {
    w.null();
    return;
  }
  w.begin_object().field("usd", cap->usd.to_string()).field("period", spend_period_name(cap->period)).end_object();
}

Result<std::optional<int64_t>> read_requests_per_minute(const json::Value& value) {
  if (value.is_missing_or_null()) return std::optional<int64_t>();
  const auto count = value.is_number() ? value.integer() : std::nullopt;
  if (count && *count >= 1 && *count <= kRequestsPerMinuteMax) return count;
  return fail(Error::invalid("requestsPerMinute: must be a whole number from 1 to 1000000, or null for no limit"));
}

KeyLimits read_key_limits(std::string_view stored) {
  KeyLimits limits;
  if (stored.empty()) return limits;
  json::Document document;
  const auto object = document.parse(stored);
  if (!object) return limits;
  limits.requests_per_minute = read_requests_per_minute((*object)["requestsPerMinute"]).value_or(std::nullopt);
  limits.spend_cap = read_spend_cap((*object)["spendCap"]).value_or(std::nullopt);
  return limits;
}

std::string key_limits_json(const KeyLimits& limits) {
  if (!limits.requests_per_minute && !limits.spend_cap) return "";
  json::Writer w;
  w.begin_object();
  if (limits.requests_per_minute) w.field("requestsPerMinute", *limits.requests_per_minute);
  if (limits.spend_cap) write_spend_cap(w, limits.spend_cap);
  w.end_object();
  return w.take();
}

std::string spend_period_of(SpendPeriod period, Timestamp time) {
  return format_rfc3339_millis(time).substr(0, period == SpendPeriod::kDay ? 10 : 7);
}

Timestamp spend_period_begin(SpendPeriod period, Timestamp time) {
  return begin_of(period == SpendPeriod::kDay ? day_of(time) : first_of_month(time));
}

Timestamp spend_period_end(SpendPeriod period, Timestamp time) {
  if (period == SpendPeriod::kDay) return begin_of(day_of(time) + days(1));
  const year_month_day next = year_month_day(first_of_month(time)) + std::chrono::months(1);
  return begin_of(sys_days(next));
}

}  // namespace tracia::service
