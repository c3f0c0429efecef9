#include "model_call.h"

#include <algorithm>

#include "lanes.h"
#include "tracia/base/bytes.h"
#include "tracia/ingest/ingest.h"
#include "tracia/service/connections.h"
#include "tracia/service/prices.h"

namespace tracia::service {
namespace {

// A connection's address that is not allowed: the caller's setting is wrong, and nothing was sent.
bool is_refused_address(const Error& error) {
  return error.code == ErrorCode::kForbidden && error.kind == ErrorKind::kPermission && error.status == 0;
}

}  // namespace

std::string trace_of_id(std::string_view span_id) { return "tr_" + ascii_lower(span_id.substr(3)); }

std::string trace_of_parent(Services& services, const std::string& project_id, std::string_view parent_span_id) {
  const auto parent = services.spans->get(project_id, ascii_lower(parent_span_id), "");
  // An unreadable store must not stop a call; the trace is then the one that the store itself would derive.
  const bool known = parent && parent->has_value();
  return known ? (*parent)->span.trace_id : trace_of_id(parent_span_id);
}

bool is_unsent(const llm::Call& call) { return call.error() && (!call.sent() || is_refused_address(*call.error())); }

Error unsent_error(const llm::Call& call, const std::string& name, bool closing) {
  const Error& error = *call.error();
  if (error.code == ErrorCode::kMissingProviderApiKey) return missing_provider_key(call.target().provider);
  if (error.kind == ErrorKind::kAborted && closing) return stopping_error();
  if (!is_refused_address(error)) return error;
  return Error::invalid("The base URL of the connection '" + name + "': " + error.message);
}

Error in_callers_words(Error error, llm::Provider provider, const std::string& name) {
  const bool own = name != llm::provider_name(provider);
  const std::string title = (own ? name : std::string(llm::provider_title(provider))) + " error: ";
  if (!error.message.starts_with(title)) error.message.insert(0, title);
  if (error.status == 429 && !error.retry_after) error.retry_after = std::chrono::milliseconds(1000);
  return error;
}

std::string_view priced_provider(const llm::Target& target, std::string_view name) {
  return target.endpoint.is_vendor ? llm::provider_name(target.provider) : name;
}

void price_call(const Services& services, const llm::Target& target, const std::string& name, Timestamp started,
                store::NewSpan& out) {
  out.span.provider = priced_provider(target, name);
  ingest::price(out, started, price_book(services).get());
  out.span.provider = name;
}

Result<SpendHold> reserve_call(const Services& services, const Principal& who,
                               const std::vector<Connections::Named>& targets, const CallSize& size) {
  if (services.spend == nullptr) return SpendHold();
  const auto own = price_book(services);
  const Timestamp now = services.clock->now();
  llm::Decimal most;
  for (const Connections::Named& to : targets) {
    most = std::max(most, most_it_costs(own.get(), who.project_id, to.target, to.name, size, now));
  }
  return services.spend->reserve(who, most);
}

void settle_call(const Services& services, SpendHold& hold, const llm::Target& target, const std::string& name,
                 const CallSize& size, Timestamp started, const store::NewSpan& span) {
  llm::Decimal cost = span.cost.value_or(llm::Decimal());
  const size_t output = span.span.output ? span.span.output->size() : 0;
  if (!span.cost && output > 0) {
    cost = cost_of_part(price_book(services).get(), span.project_id, target, name, size, output, started);
  }
  hold.settle(started, cost);
}

}  // namespace tracia::service
