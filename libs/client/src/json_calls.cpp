// Calls by name, JSON in and JSON out.
#include <algorithm>
#include <array>

#include "json_fields.h"
#include "json_shapes.h"
#include "prompt_json.h"
#include "tracia/base/bytes.h"
#include "tracia/client/json.h"

namespace tracia {
inline namespace v0 {
namespace {

using client::InputFields;

constexpr std::array<std::string_view, 5> kMethods{"GET", "POST", "PUT", "PATCH", "DELETE"};

Error unknown_operation(std::string_view operation) {
  return Error::invalid("unknown operation '" + std::string(utf8_prefix(operation, 40)) +
                        "': it must be run_local, run_responses, run_embedding, request, fetch_prompt or "
                        "compile_prompt");
}

Result<ApiRequest> read_request(std::string_view json) {
  const auto input = client::parse_input(json, "input");
  if (!input) return fail(input.error());
  InputFields fields(input->root, "");
  ApiRequest out;
  fields.text("method", out.method);
  out.method = ascii_upper(out.method);
  if (std::find(kMethods.begin(), kMethods.end(), out.method) == kMethods.end()) {
    fields.fail("method", "must be GET, POST, PUT, PATCH or DELETE");
  }
  fields.required_text("path", out.path);
  if (const json::Value body = fields.get("body")) out.body = body.to_json();
  fields.integer("timeout_ms", out.timeout_ms, 0);
  TRACIA_TRY(fields.finish());
  return out;
}

struct FetchInput {
  std::string slug;
  FetchOptions options;
};

Result<FetchInput> read_fetch(std::string_view json) {
  const auto input = client::parse_input(json, "input");
  if (!input) return fail(input.error());
  InputFields fields(input->root, "");
  FetchInput out;
  fields.text("slug", out.slug);
  fields.text("label", out.options.label);
  fields.integer("version", out.options.version);
  std::optional<int64_t> max_age_ms;
  fields.integer("max_age_ms", max_age_ms, 0, std::numeric_limits<int>::max());
  if (max_age_ms) out.options.max_age = Millis{*max_age_ms};
  fields.integer("timeout_ms", out.options.timeout_ms, 0);
  TRACIA_TRY(fields.finish());
  return out;
}

Result<std::string> compile_prompt(std::string_view json) {
  const auto input = client::parse_input(json, "input");
  if (!input) return fail(input.error());
  InputFields fields(input->root, "");
  const json::Value prompt = fields.get("prompt");
  Variables variables;
  client::read_variables(fields, variables);
  TRACIA_TRY(fields.finish());
  const auto fetched = client::read_fetched_prompt(prompt);
  if (!fetched) return fail(Error::invalid("prompt must be one that fetch_prompt gave: " + fetched.error().message));
  const auto compiled = fetched->compile(variables);
  if (!compiled) return fail(compiled.error());
  return to_json(*compiled);
}

// A result as JSON. An answer without a body is null, so that there is always a JSON value.
std::string answer_json(const ApiResponse& response) { return response.body.empty() ? "null" : response.body; }
template <typename T>
std::string answer_json(const T& result) {
  return to_json(result);
}

template <typename T>
Result<std::string> as_json(const Result<T>& result) {
  if (!result) return fail(result.error());
  return answer_json(*result);
}

// What is known already, brought to the loop as an answer is. An input without a model is refused there, always, and
// its refusal is the ride.
CallHandle deliver(Client& client, Result<std::string> answer, Callback<std::string> done) {
  return client.run_local_async(RunLocalInput{},
                                [answer = std::move(answer), done = std::move(done)](const auto&) { done(answer); });
}

// `run` on what was read.
template <typename Input, typename Run>
Result<std::string> call(Result<Input> input, Run run) {
  if (!input) return fail(std::move(input).error());
  return as_json(run(*input));
}

// The same with a callback, which `start` gets in the form for its own result T.
template <typename T, typename Input, typename Start>
CallHandle call_async(Client& client, Result<Input> input, Callback<std::string> done, Start start) {
  if (!input) return deliver(client, fail(std::move(input).error()), std::move(done));
  return start(std::move(*input), [done = std::move(done)](const Result<T>& result) { done(as_json(result)); });
}

}  // namespace

Result<std::string> call_json(Client& client, std::string_view operation, std::string_view input,
                              const CancelToken& cancel) {
  const auto cancellable = [&](auto& in) -> auto& {
    in.cancel = cancel;
    return in;
  };
  if (operation == "run_local") {
    return call(read_run_local_input(input), [&](auto& in) { return client.run_local(cancellable(in)); });
  }
  if (operation == "run_responses") {
    return call(read_run_responses_input(input), [&](auto& in) { return client.run_responses(cancellable(in)); });
  }
  if (operation == "run_embedding") {
    return call(read_run_embedding_input(input), [&](auto& in) { return client.run_embedding(cancellable(in)); });
  }
  if (operation == "request") {
    return call(read_request(input), [&](auto& in) { return client.request(cancellable(in)); });
  }
  if (operation == "fetch_prompt") {
    return call(read_fetch(input), [&](auto& in) { return client.prompts().fetch(in.slug, cancellable(in.options)); });
  }
  if (operation == "compile_prompt") return compile_prompt(input);
  return fail(unknown_operation(operation));
}

CallHandle call_json_async(Client& client, std::string_view operation, std::string_view input,
                           Callback<std::string> done) {
  if (operation == "run_local") {
    return call_async<RunLocalResult>(client, read_run_local_input(input), std::move(done), [&](auto in, auto then) {
      return client.run_local_async(std::move(in), std::move(then));
    });
  }
  if (operation == "run_responses") {
    return call_async<RunResponsesResult>(
        client, read_run_responses_input(input), std::move(done),
        [&](auto in, auto then) { return client.run_responses_async(std::move(in), std::move(then)); });
  }
  if (operation == "run_embedding") {
    return call_async<RunEmbeddingResult>(
        client, read_run_embedding_input(input), std::move(done),
        [&](auto in, auto then) { return client.run_embedding_async(std::move(in), std::move(then)); });
  }
  if (operation == "request") {
    return call_async<ApiResponse>(client, read_request(input), std::move(done), [&](const auto& in, auto then) {
      return client.request_async(in, std::move(then));
    });
  }
  if (operation == "fetch_prompt") {
    return call_async<FetchedPrompt>(client, read_fetch(input), std::move(done), [&](const FetchInput& in, auto then) {
      return client.prompts().fetch_async(in.slug, in.options, std::move(then));
    });
  }
  if (operation == "compile_prompt") return deliver(client, compile_prompt(input), std::move(done));
  return deliver(client, fail(unknown_operation(operation)), std::move(done));
}

}  // namespace v0
}  // namespace tracia
