// Which failure, if any, a request meets: from the options and the hash of the request, or from its x-simulate header.
#pragma once

#include <optional>
#include <string_view>

#include "answer.h"

namespace tracia::simulate {

enum class Fault { kNone, kStatus, kCut, kMalformed, kStall };

struct FaultPlan {
  Fault fault = Fault::kNone;
  int status = 0;
  Millis retry_after{0};
  Millis first_byte{0};  // latency, first-token time and slowness together
};

// Header form, parts separated by ';': "status=429;retry-after=2", "cut", "malformed", "stall", "slow" or "slow=2s",
// "latency=50ms" (any distribution), "none" (no fault from the options either). Unknown parts are an error: the caller
// answers 400, so that a typing mistake in a test does not pass in silence.
Result<FaultPlan> plan_faults(const SimulatorOptions& options, std::string_view header, uint64_t hash, bool stream);

// Breaks an answer: garbage in the JSON, in the middle event, or in a checksum.
void make_malformed(Answer& answer);

}  // namespace tracia::simulate
