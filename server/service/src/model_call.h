// What runs and calls of the gateway say alike about a call of a model: its trace, its errors, its price, what it
// reserves and spends. Private to the service.
#pragma once

#include <string>
#include <string_view>

#include "spend_estimate.h"
#include "tracia/base/error.h"
#include "tracia/llm/call.h"
#include "tracia/service/connections.h"
#include "tracia/service/services.h"
#include "tracia/service/spend.h"
#include "tracia/store/span_store.h"

namespace tracia::service {

// The trace of a child whose parent is not stored, and of a span without a parent: as the store derives it.
std::string trace_of_id(std::string_view span_id);
// The trace of a parent's children. Blocks.
std::string trace_of_parent(Services& services, const std::string& project_id, std::string_view parent_span_id);

// Nothing was sent: the call failed before, or the connection's address was not allowed.
bool is_unsent(const llm::Call& call);
// What kept the call from being made, which is the caller's mistake or ours. `name` is the target's.
Error unsent_error(const llm::Call& call, const std::string& name, bool closing);
// A provider's error with its name before it: "OpenAI error: Rate limit reached".
Error in_callers_words(Error error, llm::Provider provider, const std::string& name);

// Whose prices a call has. The vendor's name: prices do not depend on what a connection to the vendor is called.
std::string_view priced_provider(const llm::Target& target, std::string_view name);
// Sets provider and cost, once everything else is set.
void price_call(const Services& services, const llm::Target& target, const std::string& name, Timestamp started,
                store::NewSpan& out);

// Reserves what the call may cost, at the dearest of its targets. Errors: as Spend::reserve().
Result<SpendHold> reserve_call(const Services& services, const Principal& who,
                               const std::vector<Connections::Named>& targets, const CallSize& size);
// Settles what it did cost: as its span says, or, where an answer was cut off before it said what it used, by what came
// of it.
void settle_call(const Services& services, SpendHold& hold, const llm::Target& target, const std::string& name,
                 const CallSize& size, Timestamp started, const store::NewSpan& span);

}  // namespace tracia::service
