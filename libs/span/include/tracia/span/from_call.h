// A span of a model call that has ended: what the call itself knows. The client library and the server tell it the same
// way. Pure functions.
#pragma once

#include <string>

#include "tracia/llm/call.h"
#include "tracia/span/span.h"

namespace tracia::span {

// Model, provider, start, latency, status, error and attempts. Ids, names and labels are the caller's.
void describe_call(const llm::Call& call, Timestamp started, Span& span);

// What a chat answered, and the request's settings: `text` as the output, tool calls, finish reason, usage, first
// token, structured output, visible reasoning. The input is the caller's.
void describe_chat(const llm::ChatCall& call, const llm::ChatRequest& request, std::string text, Span& span);

// An abort is the caller's choice, not a failure of the model: success, with the attribute tracia.aborted.
void mark_aborted(Span& span);

}  // namespace tracia::span
