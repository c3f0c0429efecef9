// The JSON of what a run came to: RunResult, and what a provider's error adds. Private to the service.
#pragma once

#include <string>
#include <string_view>

#include "tracia/llm/call.h"
#include "tracia/llm/model.h"
#include "tracia/service/runs.h"
#include "tracia/store/span_store.h"

namespace tracia::service {

// RunResult of api/openapi.yaml but for its last member: finish_result() adds spanStored. `span` is the call's, priced;
// `sent` the messages that went out, as span::messages_json() writes them.
std::string begin_result(const llm::ChatCall& call, std::string sent, const store::NewSpan& span);
std::string finish_result(std::string begun, bool span_stored);

// "provider":{"name","status","requestId"},"spanId": members of a PROVIDER_ERROR. `span_id` "" = there is no span.
std::string provider_extra(const Error& error, std::string_view provider, std::string_view span_id);

}  // namespace tracia::service
