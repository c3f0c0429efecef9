#include "rate_limiter.h"

#include <algorithm>

#include "tracia/service/limits.h"
#include "tracia/service/metrics.h"

namespace tracia::service {

RateLimiter::Decision RateLimiter::take(const store::ApiKey& key, SteadyTime now) {
  using Nanos = std::chrono::nanoseconds;
  if (key.limits_json.empty()) return {};
  const std::lock_guard lock(mutex_);
  Bucket& bucket = buckets_[key.id];
  if (bucket.limits_json != key.limits_json) {
    bucket = {.limits_json = key.limits_json,
              .per_minute = read_key_limits(key.limits_json).requests_per_minute.value_or(0),
              .full_at = now};
  }
  if (bucket.per_minute == 0) return {};
  const Nanos interval = Nanos(std::chrono::minutes(1)) / bucket.per_minute;
  const Nanos burst = interval * std::min(bucket.per_minute, kBurstMax);
  const SteadyTime full_at = std::max(bucket.full_at, now) + interval;  // if this request is let in
  const bool allowed = full_at - now <= burst;
  if (allowed) bucket.full_at = full_at;
  return {.limited = true,
          .allowed = allowed,
          .limit = bucket.per_minute,
          .remaining = (burst - (bucket.full_at - now)) / interval,
          .full_in = std::chrono::ceil<Millis>(bucket.full_at - now),
          .retry_after = allowed ? Millis{0} : std::chrono::ceil<Millis>(full_at - now - burst)};
}

Status take_turn(RateLimiter& limiter, const Services& services, const http::Exchange& exchange,
                 const store::ApiKey& key) {
  const RateLimiter::Decision decision = limiter.take(key, services.clock->steady());
  if (!decision.limited) return {};
  http::ResponseWriter writer = exchange.writer;
  const auto full_in = std::chrono::ceil<std::chrono::seconds>(decision.full_in).count();
  writer.add_header("X-RateLimit-Limit", std::to_string(decision.limit));
  writer.add_header("X-RateLimit-Remaining", std::to_string(decision.remaining));
  writer.add_header("X-RateLimit-Reset", std::to_string(full_in));
  if (decision.allowed) return {};
  if (services.metrics != nullptr) {
    ++services.metrics->counter("tracia_requests_limited_total", "Requests that a limit of a key or project refused.",
                                {{"reason", "rate_limit"}});
  }
  const auto wait = std::max<int64_t>(1, std::chrono::ceil<std::chrono::seconds>(decision.retry_after).count());
  return fail({.code = ErrorCode::kRateLimited,
               .kind = ErrorKind::kRateLimit,
               .message = "The API key '" + key.name + "' may send " + std::to_string(decision.limit) +
                          " requests a minute. Try again in " + std::to_string(wait) + " s.",
               .retry_after = decision.retry_after});
}

}  // namespace tracia::service
