#include "tracia/wire/retry.h"

#include <algorithm>

namespace tracia::wire {

bool is_retryable(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kRateLimit:
    case ErrorKind::kOverloaded:
    case ErrorKind::kServer:
    case ErrorKind::kConnect:
    case ErrorKind::kConnectionLost:
    case ErrorKind::kStreamTruncated: return true;
    default: return error.status == 408 || error.status == 409;
  }
}

std::optional<Millis> retry_delay(const RetryPolicy& policy, const Error& error, int retry,
                                  const std::function<double()>& uniform) {
  if (retry > policy.retries || !is_retryable(error)) return std::nullopt;
  if (error.retry_after) {
    if (error.retry_after->count() > limits::kRetryAfterMsMax) return std::nullopt;
    return Millis{static_cast<int64_t>(static_cast<double>(error.retry_after->count()) * (1.0 + 0.1 * uniform()))};
  }
  const int shift = std::min(retry - 1, 20);
  const int64_t ceiling = std::min<int64_t>(policy.cap.count(), policy.base.count() << shift);
  return Millis{static_cast<int64_t>(static_cast<double>(ceiling) * uniform())};
}

}  // namespace tracia::wire
