// OpenTelemetry in: from the bytes of an OTLP export request, protobuf or JSON, to spans that a store takes. Every
// dialect of GenAI spans is read (src/otlp/dialects.h is the table); what is none stays a span of kind OTHER. The raw
// attributes are always kept in `attributes`. Pure functions, thread-safe; docs/decisions/0010-otlp.md says why.
//
//   sp_<16 hex> is the OpenTelemetry span id, tr_<32 hex> the trace id.
//   attributes: {"gen_ai.system":…, …, "otel.kind":"CLIENT", "otel.scope":{"name","version"}, "otel.resource":{…},
//                "otel.events":[{"name","time","attributes"}], "otel.links":[…], "otel.dropped":n}
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/ingest/ingest.h"
#include "tracia/llm/model.h"
#include "tracia/store/span_store.h"

namespace tracia::ingest::otlp {

enum class Encoding { kProtobuf, kJson };

struct DecodedRequest {
  std::vector<store::NewSpan> spans;     // priced
  std::vector<llm::RawUsage> raw_usage;  // of each span: the counts as they were sent, never added up
  size_t rejected = 0;                   // spans or records that cannot be kept
  std::string reason;                    // why the first of them cannot
};

// ExportTraceServiceRequest. `own` as in price(). Errors: kInvalidRequest when the body is not what its encoding says,
// kPayloadTooLarge for more than 50,000 spans. A span without valid ids is rejected alone.
Result<DecodedRequest> read_traces(std::string_view body, Encoding encoding, const std::string& project_id,
                                   const PromptIdOf& prompt_id_of, Timestamp now, const PriceBook* own = nullptr);

// ExportLogsServiceRequest: GenAI events (gen_ai.*) that belong to a span. Each becomes a span of kind OTHER in
// events_project(): its trace and parent are those of the event's span, its id is made of its content, so that a
// request sent twice is stored once. Other records are rejected.
Result<DecodedRequest> read_logs(std::string_view body, Encoding encoding, const std::string& project_id);

// Where the events of a project's spans are stored: a name that no project has, so that no list, total or search of the
// project sees them.
std::string events_project(std::string_view project_id);
// The project whose events are in this one; the project itself when it is no such name.
std::string_view owner_project(std::string_view project_id);
// Whether something of the span may be in events: a call without its input or its answer.
bool wants_events(const span::Span& span);
// Fills in what the span lacks from its events: input, output, tool calls, tools, finish reason.
void join_events(const std::vector<store::StoredSpan>& events, span::Span& span);
// Events of one span that are read; more are no conversation.
inline constexpr size_t kJoinedEventsMax = 1000;

// ExportTraceServiceResponse or ExportLogsServiceResponse; with partialSuccess when something was rejected.
enum class Signal { kTraces, kLogs };
std::string response_body(Encoding encoding, Signal signal, size_t rejected, std::string_view reason);
// google.rpc.Status: the code of gRPC for an HTTP status, and a message.
std::string status_body(Encoding encoding, int http_status, std::string_view message);
std::string_view content_type(Encoding encoding);  // "application/x-protobuf"

}  // namespace tracia::ingest::otlp
