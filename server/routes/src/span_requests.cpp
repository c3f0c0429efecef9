#include "span_requests.h"

#include <utility>
#include <vector>

#include "request_json.h"
#include "tracia/base/bytes.h"
#include "tracia/base/ids.h"
#include "tracia/ingest/otlp.h"
#include "tracia/service/control_cache.h"
#include "tracia/service/retention.h"
#include "tracia/service/spend.h"

namespace tracia::routes {
namespace {

// What a message repeats of an id that cannot be one.
constexpr size_t kEchoedBytesMax = 64;

Result<ListRequest> read_list(service::Services& services, const http::Exchange& exchange, std::string project_id,
                              FilterSet set, std::string_view tag) {
  auto filter = read_filter(exchange.request.query, set, prompt_ids(services, project_id));
  if (!filter) return fail(std::move(filter).error());
  const auto limit = query_limit(exchange);
  if (!limit) return fail(limit.error());
  ListRequest request{.project_id = std::move(project_id), .filter = std::move(*filter)};
  request.options.limit = limit->value_or(kPageDefault);
  const auto cursor = exchange.query("cursor");
  if (!cursor || cursor->empty()) return request;
  const auto after = read_position_cursor(*cursor, tag);
  if (!after) return fail(after.error());
  request.options.after = *after;
  return request;
}

}  // namespace

PromptIdOf prompt_ids(service::Services& services, std::string project_id) {
  return [&services, project_id = std::move(project_id)](std::string_view slug) {
    const auto prompt = services.cache->prompt(project_id, slug);
    return prompt ? prompt->id : std::string();
  };
}

void decode_body(service::Services& services, const http::ExchangePtr& exchange, std::function<void()> decode) {
  if (exchange->request.body.size() <= kDecodedAtOnceBytesMax) return decode();
  const Status taken = services.workers->submit(std::move(decode));
  if (!taken) exchange->error(taken.error());
}

void append_spans(service::Services& services, const service::Principal& who, std::vector<store::NewSpan> spans,
                  store::AppendCallback done) {
  if (services.spend != nullptr) done = services.spend->counting(who, spans, std::move(done));
  services.spans->append(std::move(spans), std::move(done));
}

void answer_refusal(http::Exchange& exchange, Error error) {
  if (error.code == ErrorCode::kUnavailable && !error.retry_after) error.retry_after = Millis(1000);
  exchange.error(error);
}

Error span_not_found(std::string_view span_id) {
  return {.code = ErrorCode::kNotFound,
          .kind = ErrorKind::kNotFound,
          .message = "Span not found: " + std::string(utf8_prefix(span_id, kEchoedBytesMax))};
}

Result<SpanAddress> read_address(const http::Exchange& exchange) {
  const std::string_view span_id = exchange.parameter("spanId");
  if (!is_valid_span_id(span_id)) return fail(span_not_found(span_id));
  SpanAddress address{ascii_lower(span_id), exchange.query("traceId").value_or("")};
  if (!address.trace_id.empty() && !is_valid_trace_id(address.trace_id)) {
    return fail(Error::invalid("traceId must be 1 to 128 printable ASCII characters"));
  }
  return address;
}

Result<store::StoredSpan> find_span(service::Services& services, const std::string& project_id,
                                    const SpanAddress& address) {
  auto span = services.spans->get(project_id, address.span_id, address.trace_id);
  if (!span) return fail(std::move(span).error());
  if (!*span) return fail(span_not_found(address.span_id));
  return std::move(**span);
}

void join_events(service::Services& services, const std::string& project_id, store::StoredSpan& span) {
  if (!ingest::otlp::wants_events(span.span)) return;
  const auto events = service::events_of(services, project_id, span, true);
  if (events && !events->empty()) ingest::otlp::join_events(*events, span.span);
}

void on_span(service::Services& services, const http::ExchangePtr& exchange, SpanWork work) {
  auto who = admit(services, exchange);
  if (!who) return;
  auto address = read_address(*exchange);
  if (!address) return exchange->error(address.error());
  on_worker(services, exchange, [who = std::move(*who), address = std::move(*address), work = std::move(work)] {
    return work(who, address);
  });
}

void on_list(service::Services& services, const http::ExchangePtr& exchange, FilterSet set, std::string_view tag,
             ListWork work) {
  auto who = admit(services, exchange);
  if (!who) return;
  auto request = read_list(services, *exchange, std::move(who->project_id), set, tag);
  if (!request) return exchange->error(request.error());
  on_worker(services, exchange, [request = std::move(*request), work = std::move(work)] { return work(request); });
}

std::string next_cursor(std::string_view tag, const std::optional<store::Position>& next) {
  return next ? position_cursor(tag, *next) : std::string();
}

}  // namespace tracia::routes
