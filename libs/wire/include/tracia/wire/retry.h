// When to try again: a pure policy. Source of the method: "full jitter", AWS Architecture Blog, "Exponential Backoff
// And Jitter" (2015).
#pragma once

#include <functional>
#include <optional>

#include "tracia/base/clock.h"
#include "tracia/base/error.h"
#include "tracia/base/limits.h"

namespace tracia::wire {

struct RetryPolicy {
  int retries = limits::kRetriesDefault;  // tries after the first
  Millis base{limits::kRetryDelayMsBase};
  Millis cap{limits::kRetryDelayMsMax};
};

// Rate limits, overload, 408/409/5xx, and connections that failed or broke before an answer. Never other 4xx, quota,
// TLS failures, aborts or the caller's own timeout.
bool is_retryable(const Error& error);

// The delay before try number `retry` (1 = first retry), or nullopt when there shall be none: not retryable, tries used
// up, or the server asked for more than limits::kRetryAfterMsMax. `uniform` gives a number in [0, 1). A Retry-After is
// waited out in full, plus up to 10% jitter so that a herd does not return at once.
std::optional<Millis> retry_delay(const RetryPolicy& policy, const Error& error, int retry,
                                  const std::function<double()>& uniform);

}  // namespace tracia::wire
