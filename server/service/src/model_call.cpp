#include "model_call.h"

#include "lanes.h"
#include "tracia/base/bytes.h"
#include "tracia/ingest/ingest.h"
#include "tracia/service/connections.h"

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

void price_call(const llm::Target& target, const std::string& name, Timestamp started, store::NewSpan& out) {
  if (!target.endpoint.is_vendor) out.span.provider = name;
  ingest::price(out, started);
  out.span.provider = name;
}

}  // namespace tracia::service
