// How often a key may ask: a bucket of tokens for each key that has a limit, in memory. Private to the service.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/http/router.h"
#include "tracia/service/services.h"
#include "tracia/store/control_store.h"

namespace tracia::service {

// Thread-safe. A bucket holds what a minute allows, at most kBurstMax, and fills evenly. It is kept as one moment, the
// one at which it will be full again: taking a token moves it one interval further away.
class RateLimiter {
 public:
  static constexpr int64_t kBurstMax = 1'000;

  struct Decision {
    bool limited = false;  // the key has a limit at all
    bool allowed = true;
    int64_t limit = 0;      // requests a minute
    int64_t remaining = 0;  // tokens left
    Millis full_in{0};      // until the bucket is full
    Millis retry_after{0};  // until there is a token again; when not allowed
  };
  // Takes a token for a request of this key. A key whose limits were changed begins with a full bucket.
  Decision take(const store::ApiKey& key, SteadyTime now);

 private:
  struct Bucket {
    std::string limits_json;  // as it was when the limit was read from it
    int64_t per_minute = 0;   // 0: no limit
    SteadyTime full_at{};
  };
  std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;  // by key id; only of keys that have limits
};

// Takes the key's turn for a request, says on its answer how much of the limit is left, and counts a refusal. On the
// connection's thread. Errors: kRateLimited with retry_after.
Status take_turn(RateLimiter& limiter, const Services& services, const http::Exchange& exchange,
                 const store::ApiKey& key);

}  // namespace tracia::service
