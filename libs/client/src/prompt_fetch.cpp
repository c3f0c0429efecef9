// Prompts fetched to be run by this process, with copies for when the server cannot be asked.
#include <algorithm>

#include "api.h"
#include "prompt_copies.h"
#include "prompt_json.h"
#include "tracia/base/bytes.h"
#include "tracia/prompt/prompt.h"

namespace tracia {
inline namespace v0 {
namespace {

using client::PromptCopies;

// How long the server is waited for when there is a copy to fall back on, unless the caller says.
constexpr Millis kTimeoutWithCopy{5'000};

struct Fetch {
  PromptCopies::Key key;
  ApiRequest request;
};

Result<Fetch> plan_fetch(ClientCore& core, const std::string& slug, const FetchOptions& options) {
  if (trim(slug).empty()) return fail(Error::invalid("slug is required and cannot be empty"));
  if (options.version && *options.version < 1) return fail(Error::invalid("version must be at least 1"));
  if (!options.label.empty() && !prompt::is_valid_label(options.label)) {
    return fail(Error::invalid("label must be lower-case letters, digits, '-' and '_'; at most 64 characters"));
  }
  Fetch out{.key = {.slug = slug, .label = options.label, .version = options.version}};
  std::string tail = options.version ? "/versions/" + std::to_string(*options.version) : "/version";
  if (!options.version && !options.label.empty()) tail += "?label=" + options.label;
  out.request = {.path = client::prompt_path(slug, tail), .timeout_ms = options.timeout_ms, .cancel = options.cancel};
  if (options.timeout_ms.value_or(0) <= 0 && core.prompt_copies->last_good(out.key)) {
    out.request.timeout_ms = std::min(core.options.api_timeout, kTimeoutWithCopy).count();
  }
  return out;
}

// A copy that makes asking needless, or pointless for the moment.
std::optional<FetchedPrompt> at_hand(ClientCore& core, const Fetch& fetch, Millis max_age) {
  if (auto fresh = core.prompt_copies->fresh(fetch.key, max_age)) return fresh;
  if (core.prompt_copies->server_is_failing()) return core.prompt_copies->last_good(fetch.key);
  return {};
}

bool is_failure_of_server(const Error& error) {
  return error.code == ErrorCode::kNetworkError || error.code == ErrorCode::kTimeout || error.status >= 500 ||
         error.kind == ErrorKind::kMalformedResponse;
}

Result<FetchedPrompt> read_answer(const ClientCore& core, const Fetch& fetch, const Result<ApiResponse>& response) {
  if (!response) return fail(response.error());
  const auto answer = client::parse_answer(core, *response);
  if (!answer) return fail(answer.error());
  auto prompt = client::read_fetched_version(answer->root, fetch.key.slug, fetch.key.label);
  if (!prompt) return fail(client::malformed_answer(core, response->status, "no version of a prompt"));
  prompt->fetched_at = format_rfc3339_millis(core.clock->now());
  return prompt;
}

// What the server's answer comes to: the prompt, an older copy of it, or an error.
Result<FetchedPrompt> settle(ClientCore& core, const Fetch& fetch, const Result<ApiResponse>& response) {
  PromptCopies& copies = *core.prompt_copies;
  auto prompt = read_answer(core, fetch, response);
  if (prompt) {
    copies.server_answered();
    copies.keep(fetch.key, *prompt);
    return prompt;
  }
  if (prompt.error().status == 404) copies.forget(fetch.key);
  if (!is_failure_of_server(prompt.error())) return prompt;
  copies.server_failed();
  if (auto copy = copies.last_good(fetch.key)) return std::move(*copy);
  return prompt;
}

}  // namespace

Result<FetchedPrompt> Prompts::fetch(const std::string& slug, const FetchOptions& options) const {
  const auto fetch = plan_fetch(*core_, slug, options);
  if (!fetch) return fail(fetch.error());
  if (auto copy = at_hand(*core_, *fetch, options.max_age)) return std::move(*copy);
  return settle(*core_, *fetch, client::fetch_api(*core_, fetch->request));
}

CallHandle Prompts::fetch_async(const std::string& slug, const FetchOptions& options,
                                Callback<FetchedPrompt> done) const {
  auto fetch = plan_fetch(*core_, slug, options);
  if (!fetch) {
    client::refuse_later(*core_, std::move(done), std::move(fetch).error());
    return {};
  }
  if (auto copy = at_hand(*core_, *fetch, options.max_age)) {
    client::deliver_later<FetchedPrompt>(*core_, std::move(done), std::move(*copy));
    return {};
  }
  const ApiRequest request = fetch->request;
  return client::start_api(core_, request,
                           [core = core_, fetch = std::move(*fetch), done = std::move(done)](
                               const Result<ApiResponse>& response) { done(settle(*core, fetch, response)); });
}

}  // namespace v0
}  // namespace tracia
