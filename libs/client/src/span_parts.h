// What the spans of every kind of call have in common. Private to libs/client.
#pragma once

#include "plan.h"
#include "tracia/llm/call.h"
#include "tracia/span/span.h"

namespace tracia::client {

TokenUsage token_usage(const llm::Usage& usage);
std::string variables_json(const Variables& variables);
// Ids, model, provider, times, status, error and attempts of a call that has ended.
span::Span begin_span(const SpanContext& context, span::Kind kind, Timestamp started, const llm::Call& call);

}  // namespace tracia::client
