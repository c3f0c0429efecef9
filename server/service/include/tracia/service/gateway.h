// The OpenAI-compatible gateway: a client's request to any provider's model, one durable span for each call, and the
// answer in OpenAI's form. Where the upstream speaks OpenAI's protocol too, its bytes are handed on. See
// docs/gateway.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tracia/base/result.h"
#include "tracia/gateway/answer.h"
#include "tracia/gateway/request.h"
#include "tracia/service/access.h"
#include "tracia/service/runs.h"
#include "tracia/service/services.h"
#include "tracia/transport/cancel_token.h"

namespace tracia::service {

// What a call's span is to carry.
struct GatewayLabels {
  std::string name, user_id, session_id, trace_id, parent_span_id;
  std::vector<std::string> tags;
  std::string prompt_slug, prompt_label;  // the prompt that the caller rendered
  std::optional<int64_t> prompt_version;
};

struct GatewayRequest {
  std::variant<gateway::ChatInput, gateway::EmbeddingsInput> input;
  std::string body;  // as sent
  GatewayLabels labels;
  std::vector<std::string> fallbacks;  // models, in the form of the request's own
  std::optional<int> retries;          // not given: the alias's, else 0, as OpenAI's clients try again by themselves
  int64_t timeout_ms = 600'000;        // as theirs
};

struct GatewayIds {
  std::string span_id, trace_id;
};

// How a call ended. `bytes` is the whole answer; of a stream, its last events.
struct GatewayEnd {
  std::optional<Error> error;
  std::string bytes;
};

inline constexpr size_t kGatewayAliasesMax = 100;     // of a project
inline constexpr size_t kGatewayAliasTargetsMax = 8;  // of one alias
inline constexpr size_t kGatewayTargetsMax = 16;      // of one call: the model, its alias's targets and the fallbacks

class Gateway {
 public:
  // Calls run with those of `runs`, and end with them.
  Gateway(Services& services, Runs& runs) : services_(services), lanes_(runs.lanes()) {}

  // Called on any thread, in order, never at the same time.
  struct Listener {
    std::function<void(const GatewayIds&)> on_begin;    // first; not when the request was refused before any call
    std::function<void(std::string events)> on_events;  // of a stream: whole server-sent events
    std::function<void(GatewayEnd)> on_end;             // exactly once, last, after the span is durable (or refused)
  };
  // Starts a call and returns at once. Cancelling the token ends it; its span is stored all the same.
  // Errors: kInvalidRequest, kUnsupportedModel for a model that leads nowhere, kMissingProviderKey, kUnavailable; then
  // nothing was sent.
  void start(const Principal& who, GatewayRequest request, transport::CancelToken cancel, Listener listener);

  // The answer of GET /v1/models: the models of the catalog that this project has a way to. Does not block.
  // The project's aliases come first.
  std::string models_json(std::string_view project_id) const;

  // Makes or replaces an alias; its name is made lower case. Errors: kInvalidRequest naming the member, also for a
  // target that leads nowhere (a provider without a key is no error: it may get one). Blocks.
  Result<store::GatewayAlias> put_alias(std::string_view project_id, store::GatewayAlias alias);
  // kNotFound. Blocks.
  Status remove_alias(std::string_view project_id, std::string_view name);

 private:
  Services& services_;
  Lanes& lanes_;
  std::mutex alias_writes_;  // one change at a time: what is counted is what is stored
};

Error gateway_alias_not_found(std::string_view name);

}  // namespace tracia::service
