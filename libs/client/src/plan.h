// From an input to the targets of a call: validation, provider, endpoint, key. Private to libs/client.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core.h"

namespace tracia::client {

// Ids and labels of the span that a call leaves; the same fields of every input.
struct SpanContext {
  bool send = true;
  std::string span_id, trace_id, parent_span_id, user_id, session_id, name;
  std::vector<std::string> tags;
};

// Checks ids and fills in the ones that were not given. INVALID_REQUEST names the field.
template <typename Input>
Result<SpanContext> span_context(const Input& input);

enum class Operation { kChat, kResponses, kEmbedding };

// The provider, endpoint and key of one model. UNSUPPORTED_MODEL, MISSING_PROVIDER_API_KEY, INVALID_REQUEST.
Result<llm::Target> resolve_target(const ClientCore& core, Operation operation, std::string_view model,
                                   std::string_view provider, std::string_view api_key);

// Deadline and retry policy; INVALID_REQUEST for negative or absurd figures.
Result<llm::Call::Options> call_options(const ClientCore& core, const std::optional<int64_t>& timeout_ms,
                                        const std::optional<int>& max_retries);

// The section of custom_options for a provider ("" when there is none); checked to be objects.
Status check_custom_options(const std::string& custom_options);
std::string custom_options_for(const std::string& custom_options, Provider provider);

Status require_model(std::string_view model);
Error invalid_field(std::string message);

}  // namespace tracia::client
