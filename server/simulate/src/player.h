// Sends an Answer with its delays and its fault.
#pragma once

#include "answer.h"
#include "faults.h"

namespace tracia::simulate {

// `hash` draws the delays between the pieces. `options` must outlive the connection.
void play(const SimulatorOptions& options, Answer answer, const FaultPlan& plan, uint64_t hash,
          http::ResponseWriter writer);

}  // namespace tracia::simulate
