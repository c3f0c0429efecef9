// What the operations on spans share: which span a path names, who asks, and the position in a list.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "on_worker.h"
#include "span_query.h"
#include "tracia/base/result.h"

namespace tracia::routes {

// The prompts of a project by their slugs, from memory. The function does not outlive `services`.
PromptIdOf prompt_ids(service::Services& services, std::string project_id);

// Decoding a body up to here takes less than a millisecond: not worth the way to a worker and back.
inline constexpr size_t kDecodedAtOnceBytesMax = 256u << 10;
// Runs `decode` here when the body is small, else on a worker. It answers by itself, on the connection's thread.
void decode_body(service::Services& services, const http::ExchangePtr& exchange, std::function<void()> decode);
// Stores spans that `who` sends; their cost counts as spent before `done` is called.
void append_spans(service::Services& services, const service::Principal& who, std::vector<store::NewSpan> spans,
                  store::AppendCallback done);
// Answers a refusal of the store: always with the time to wait, so that clients keep their spans.
void answer_refusal(http::Exchange& exchange, Error error);

// {spanId} and ?traceId= of a request.
struct SpanAddress {
  std::string span_id;   // lower case
  std::string trace_id;  // "" = the newest span of that id
};
// "Span not found: sp_…" (kNotFound).
Error span_not_found(std::string_view span_id);
// Errors: kNotFound for an id that cannot be one; kInvalidRequest naming traceId.
Result<SpanAddress> read_address(const http::Exchange& exchange);
// The span, with payloads; kNotFound. Blocks.
Result<store::StoredSpan> find_span(service::Services& services, const std::string& project_id,
                                    const SpanAddress& address);

// Fills in what OpenTelemetry's log records say of a span, where the span lacks it. Blocks. A store that fails leaves
// the span as it is.
void join_events(service::Services& services, const std::string& project_id, store::StoredSpan& span);

// Admits, reads the address and runs `work` on a worker: what every operation on one span does.
using SpanWork = std::function<Answer(const service::Principal& who, const SpanAddress& address)>;
void on_span(service::Services& services, const http::ExchangePtr& exchange, SpanWork work);

// A list that was asked for: the filter, and where and how far to read.
struct ListRequest {
  std::string project_id;
  store::SpanFilter filter;
  store::ListOptions options;
};
// Admits, reads filter, limit and cursor, and runs `work` on a worker: what every list does. `tag` marks the list's
// cursors.
using ListWork = std::function<Answer(const ListRequest& request)>;
void on_list(service::Services& services, const http::ExchangePtr& exchange, FilterSet set, std::string_view tag,
             ListWork work);

// Cursor of the page after, "" when there is none.
std::string next_cursor(std::string_view tag, const std::optional<store::Position>& next);

}  // namespace tracia::routes
