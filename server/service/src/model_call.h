// What runs and calls of the gateway say alike about a call of a model: its trace, its errors, its price. Private to
// the service.
#pragma once

#include <string>
#include <string_view>

#include "tracia/base/error.h"
#include "tracia/llm/call.h"
#include "tracia/service/services.h"
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

// Sets provider and cost, once everything else is set. By the vendor's name: prices do not depend on what a connection
// to the vendor is called.
void price_call(const llm::Target& target, const std::string& name, Timestamp started, store::NewSpan& out);

}  // namespace tracia::service
