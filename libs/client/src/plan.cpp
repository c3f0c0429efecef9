#include "plan.h"

#include "tracia/base/bytes.h"
#include "tracia/base/ids.h"
#include "tracia/json/reader.h"
#include "tracia/llm/catalog.h"
#include "tracia/span/limits.h"
#include "tracia/wire/http.h"

namespace tracia::client {
namespace {

constexpr int64_t kTimeoutMsMax = 24LL * 3600 * 1000;

Status check_label(std::string_view what, std::string_view value, size_t chars_max) {
  if (count_chars(value) > chars_max) {
    return fail(invalid_field(std::string(what) + " must be at most " + std::to_string(chars_max) + " characters"));
  }
  if (!is_valid_utf8(value)) return fail(invalid_field(std::string(what) + " must be valid UTF-8"));
  return {};
}

}  // namespace

Error invalid_field(std::string message) { return Error::invalid(std::move(message)); }

Status require_model(std::string_view model) {
  if (trim(model).empty()) return fail(invalid_field("model is required and cannot be empty"));
  if (model.size() > 512) return fail(invalid_field("model must be at most 512 bytes"));
  for (const char c : model) {
    if (c >= 0 && c <= ' ') return fail(invalid_field("model must not contain spaces or control characters"));
  }
  return {};
}

template <typename Input>
Result<SpanContext> span_context(const Input& input) {
  SpanContext context{.send = input.send_trace.value_or(true),
                      .span_id = input.span_id,
                      .trace_id = input.trace_id,
                      .parent_span_id = input.parent_span_id,
                      .user_id = input.user_id,
                      .session_id = input.session_id,
                      .name = input.name,
                      .tags = input.tags};
  if (context.span_id.empty()) {
    context.span_id = new_span_id();
  } else if (!is_valid_span_id(context.span_id)) {
    return fail(invalid_field("Invalid span_id format: " + std::string(utf8_prefix(context.span_id, 80)) +
                              ". Expected sp_XXXXXXXXXXXXXXXX or tr_XXXXXXXXXXXXXXXX"));
  }
  if (context.trace_id.empty()) {
    context.trace_id = new_trace_id();
  } else if (!is_valid_trace_id(context.trace_id)) {
    return fail(invalid_field("trace_id must be 1 to 128 printable ASCII characters"));
  }
  if (!context.parent_span_id.empty() && !is_valid_trace_id(context.parent_span_id)) {
    return fail(invalid_field("parent_span_id must be 1 to 128 printable ASCII characters"));
  }
  using namespace span::limits;
  if (context.tags.size() > kTagsMax)
    return fail(invalid_field("tags must have at most " + std::to_string(kTagsMax) + " entries"));
  for (const std::string& tag : context.tags) TRACIA_TRY(check_label("each of tags", tag, kTagCharsMax));
  TRACIA_TRY(check_label("user_id", context.user_id, kUserIdCharsMax));
  TRACIA_TRY(check_label("session_id", context.session_id, kSessionIdCharsMax));
  TRACIA_TRY(check_label("name", context.name, kNameCharsMax));
  return context;
}

template Result<SpanContext> span_context(const RunLocalInput&);
template Result<SpanContext> span_context(const RunResponsesInput&);
template Result<SpanContext> span_context(const RunEmbeddingInput&);

Result<llm::Target> resolve_target(const ClientCore& core, Operation operation, std::string_view model,
                                   std::string_view provider_text, std::string_view api_key) {
  TRACIA_TRY(require_model(model));
  Provider provider = Provider::kOpenAi;
  if (!provider_text.empty()) {
    const auto known = llm::provider_from_name(provider_text);
    if (!known) {
      return fail(invalid_field("Unknown provider '" + std::string(utf8_prefix(provider_text, 80)) +
                                "'. Use openai, anthropic, google, amazon_bedrock or voyage."));
    }
    provider = *known;
  } else if (operation != Operation::kResponses) {
    auto resolved = llm::resolve_provider(model);
    if (!resolved) return fail(std::move(resolved).error());
    provider = *resolved;
  }
  const auto unsupported = [](std::string message) {
    return fail(
        {.code = ErrorCode::kUnsupportedModel, .kind = ErrorKind::kInvalidRequest, .message = std::move(message)});
  };
  if (provider == Provider::kVoyage && operation != Operation::kEmbedding) {
    return unsupported("Voyage is an embedding-only provider. Use run_embedding with model '" + std::string(model) +
                       "'.");
  }
  if (provider == Provider::kAnthropic && operation == Operation::kEmbedding) {
    return unsupported("Anthropic has no embedding models. Use an OpenAI, Google, Amazon Bedrock or Voyage model.");
  }
  if (provider != Provider::kOpenAi && operation == Operation::kResponses) {
    return unsupported("run_responses speaks OpenAI's Responses API; use run_local for " +
                       std::string(llm::provider_title(provider)) + ".");
  }

  llm::Target target{.provider = provider, .model = std::string(model)};
  if (provider == Provider::kAmazonBedrock) target.region = core.driver->aws().region();
  target.endpoint = llm::endpoint_from_env(provider, core.env, target.region);
  if (!wire::split_url(target.endpoint.base_url)) {
    // Not echoed: a base URL may carry a password.
    return fail(invalid_field("The base URL of " + std::string(llm::provider_title(provider)) +
                              " is not an http(s) URL. Check the environment variable that sets it."));
  }
  target.auth = api_key.empty() ? llm::auth_from_env(provider, core.env) : llm::Auth{llm::ApiKey{std::string(api_key)}};
  if (const auto* key = std::get_if<llm::ApiKey>(&target.auth);
      key != nullptr && !wire::is_valid_header("authorization", key->value)) {
    return fail(invalid_field("The API key for " + std::string(llm::provider_title(provider)) +
                              " contains a line break or NUL"));
  }
  if (provider != Provider::kAmazonBedrock && std::holds_alternative<std::monostate>(target.auth)) {
    const std::string name(llm::provider_name(provider));
    return fail({.code = ErrorCode::kMissingProviderApiKey,
                 .kind = ErrorKind::kAuthentication,
                 .message = "No API key found for provider '" + name + "'. Set the " +
                            std::string(llm::key_variable(provider)) +
                            " environment variable or pass provider_api_key parameter."});
  }
  return target;
}

Result<llm::Call::Options> call_options(const ClientCore& core, const std::optional<int64_t>& timeout_ms,
                                        const std::optional<int>& max_retries) {
  const int64_t timeout = timeout_ms.value_or(0) == 0 ? limits::kCallTimeoutMsDefault : *timeout_ms;
  if (timeout < 0 || timeout > kTimeoutMsMax) {
    return fail(invalid_field("timeout_ms must be between 1 and " + std::to_string(kTimeoutMsMax)));
  }
  const int retries = max_retries.value_or(limits::kRetriesDefault);
  if (retries < 0 || retries > limits::kRetriesMax) {
    return fail(invalid_field("max_retries must be between 0 and " + std::to_string(limits::kRetriesMax)));
  }
  llm::Call::Options options;
  options.retry.retries = retries;
  options.clock = core.clock;
  options.uniform = calls::uniform_random;
  options.deadline = core.clock->steady() + Millis{timeout};
  return options;
}

Status check_custom_options(const std::string& custom_options) {
  if (custom_options.empty()) return {};
  json::Document document;
  const auto root = document.parse(custom_options);
  if (!root) return fail(invalid_field("custom_options is " + root.error().message));
  if (!root->is_object())
    return fail(invalid_field("custom_options must be a JSON object by provider: {\"openai\": {\"seed\": 7}}"));
  for (const json::Member member : root->members()) {
    if (!llm::provider_from_name(member.key)) {
      return fail(invalid_field("custom_options has the key '" + std::string(utf8_prefix(member.key, 80)) +
                                "'; its keys are provider names: openai, anthropic, google, amazon_bedrock, voyage"));
    }
    if (!member.value.is_object())
      return fail(invalid_field("custom_options." + std::string(member.key) + " must be a JSON object"));
  }
  return {};
}

std::string custom_options_for(const std::string& custom_options, Provider provider) {
  if (custom_options.empty()) return "";
  json::Document document;
  const auto root = document.parse(custom_options);
  if (!root) return "";
  for (const json::Member member : root->members()) {
    if (llm::provider_from_name(member.key) == provider) return member.value.to_json();
  }
  return "";
}

}  // namespace tracia::client
