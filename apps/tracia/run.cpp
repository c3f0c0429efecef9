// tracia run: one call to a model from the shell.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "command.h"
#include "io.h"
#include "tracia/base/bytes.h"
#include "tracia/json/writer.h"
#include "tracia/llm/catalog.h"

namespace tracia::app {
namespace {

struct RunFlags {
  std::string model, provider, system, schema_file, reasoning, custom_options, user_id, session_id;
  std::vector<std::string> prompt, files, variables, stop, tags, fallbacks;
  std::optional<double> temperature, top_p, timeout_s;
  std::optional<int64_t> max_tokens;
  std::optional<int> retries;
  bool json = false, json_mode = false, no_stream = false, quiet = false, show_reasoning = false;
};

// Words of the command line, then stdin when "-" names it; stdin alone when there are no words and it is piped.
Result<std::string> prompt_text(const RunFlags& flags) {
  std::string text;
  bool wants_stdin = flags.prompt.empty();
  for (const std::string& word : flags.prompt) {
    if (word == "-") {
      wants_stdin = true;
      continue;
    }
    text.append(text.empty() ? "" : " ").append(word);
  }
  if (!wants_stdin || (flags.prompt.empty() && !stdin_is_piped())) return text;
  auto piped = read_file("-");
  if (!piped) return piped;
  if (!is_valid_utf8(*piped))
    return fail(Error::invalid("stdin is not UTF-8 text; give images and documents with --file"));
  if (!text.empty() && !piped->empty()) text.append("\n\n");
  return text.append(*piped);
}

Result<RunLocalInput> make_input(const RunFlags& flags) {
  RunLocalInput input{.model = flags.model};
  if (!flags.system.empty()) input.messages.push_back(system(flags.system));
  auto text = prompt_text(flags);
  if (!text) return fail(std::move(text).error());
  Message message{.role = Role::kUser};
  for (const std::string& path : flags.files) {
    auto part = file_part(path);
    if (!part) return fail(std::move(part).error());
    message.parts.push_back(std::move(*part));
  }
  if (!trim(*text).empty()) message.parts.push_back(text_part(std::move(*text)));
  if (message.parts.empty()) {
    return fail(Error::invalid(
        "nothing to send: give a prompt, pipe text in, or add --file. Try: tracia run -m gpt-4o \"Hello\""));
  }
  input.messages.push_back(std::move(message));
  auto variables = parse_variables(flags.variables);
  if (!variables) return fail(std::move(variables).error());
  input.variables = std::move(*variables);
  input.provider = flags.provider;
  input.temperature = flags.temperature;
  input.top_p = flags.top_p;
  input.max_output_tokens = flags.max_tokens;
  input.stop_sequences = flags.stop;
  input.max_retries = flags.retries;
  auto timeout = timeout_ms(flags.timeout_s);
  if (!timeout) return fail(std::move(timeout).error());
  input.timeout_ms = *timeout;
  input.custom_options = flags.custom_options;
  input.tags = flags.tags;
  input.user_id = flags.user_id;
  input.session_id = flags.session_id;
  for (const std::string& model : flags.fallbacks) input.fallbacks.push_back({.model = model});
  if (flags.json_mode) input.response_format.type = ResponseFormat::Type::kJson;
  if (!flags.schema_file.empty()) {
    auto schema = read_file(flags.schema_file);
    if (!schema) return fail(std::move(schema).error());
    input.response_format = {.type = ResponseFormat::Type::kJsonSchema, .schema = std::move(*schema)};
  }
  if (!flags.reasoning.empty() || flags.show_reasoning) {
    input.reasoning = ReasoningOptions{.effort = flags.reasoning, .include_text = flags.show_reasoning};
  }
  return input;
}

std::string result_json(const RunLocalResult& r) {
  json::Writer w;
  w.begin_object().field("text", r.text).field("model", r.model).field("provider", r.provider);
  w.field_if("providerModel", r.provider_model).field("finishReason", llm::finish_reason_name(r.finish_reason));
  w.field("providerFinishReason", r.provider_finish_reason);
  if (!r.structured_output.empty()) w.field_raw("structuredOutput", r.structured_output);
  if (!r.tool_calls.empty()) w.field_raw("toolCalls", span::tool_calls_json(r.tool_calls));
  w.field_if("reasoning", r.reasoning_text).field_if("refusal", r.refusal);
  w.key("usage").begin_object().field("inputTokens", r.usage.input_tokens).field("outputTokens", r.usage.output_tokens);
  w.field("totalTokens", r.usage.total_tokens).field("cachedInputTokens", r.usage.cached_input_tokens);
  w.field("cacheWriteTokens", r.usage.cache_write_tokens)
      .field("reasoningTokens", r.usage.reasoning_tokens)
      .end_object();
  w.field("latencyMs", r.latency_ms).field("timeToFirstTokenMs", r.time_to_first_token_ms);
  w.field("attempts", static_cast<int64_t>(r.attempts)).field("spanId", r.span_id).field("traceId", r.trace_id);
  w.field_if("requestId", r.request_id);
  return w.end_object().take();
}

// What the call would cost at the catalog's price; the server's figure counts.
std::string cost_text(const RunLocalResult& r) {
  const llm::Usage usage{.input_tokens = r.usage.input_tokens,
                         .output_tokens = r.usage.output_tokens,
                         .cached_input_tokens = r.usage.cached_input_tokens,
                         .cache_write_tokens = r.usage.cache_write_tokens};
  const llm::Cost cost = llm::cost(usage, r.provider, r.model, system_clock().now());
  return cost.status == llm::CostStatus::kUnknown ? "" : ", $" + cost.total.to_string();
}

void print_summary(const RunLocalResult& r) {
  std::fprintf(stderr, "\n[%s, %lld ms, %lld in + %lld out tokens%s, %s, span %s]\n", r.model.c_str(),
               static_cast<long long>(r.latency_ms), static_cast<long long>(r.usage.input_tokens),
               static_cast<long long>(r.usage.output_tokens), cost_text(r).c_str(),
               std::string(llm::finish_reason_name(r.finish_reason)).c_str(), r.span_id.c_str());
}

// False when nobody reads any more.
bool print_chunk(const StreamChunk& chunk, bool show_reasoning) {
  switch (chunk.type) {
    case StreamChunk::Type::kText:
    case StreamChunk::Type::kRefusal: return print_text(chunk.text);
    case StreamChunk::Type::kReasoning:
      if (show_reasoning) std::fwrite(chunk.text.data(), 1, chunk.text.size(), stderr);
      break;
    case StreamChunk::Type::kToolCall: break;  // printed whole at the end
  }
  return true;
}

Result<RunLocalResult> call(Client& client, RunLocalInput input, const RunFlags& flags) {
  if (flags.json || flags.no_stream) return client.run_local(input);
  auto stream = client.run_local_stream(std::move(input));
  if (!stream) return fail(std::move(stream).error());
  for (const StreamChunk& chunk : *stream) {
    if (!print_chunk(chunk, flags.show_reasoning)) stream->abort();  // tokens that nobody reads are not paid for
  }
  return stream->result();
}

int run(const RunFlags& flags) {
  auto input = make_input(flags);
  if (!input) return show_error(input.error());
  const CancelToken cancel;
  const InterruptGuard interrupt(cancel);
  input->cancel = cancel;
  Client client{{.on_span_error = show_span_error}};
  const auto result = call(client, std::move(*input), flags);
  if (!result) {
    std::fflush(stdout);
    show_error(result.error());
    return interrupt.interrupted() ? 130 : result.error().code == ErrorCode::kInvalidRequest ? 2 : 1;
  }
  if (flags.json) {
    std::printf("%s\n", result_json(*result).c_str());
  } else {
    if (flags.no_stream) print_text(result->text);
    for (const ToolCallPart& tool : result->tool_calls)
      std::printf("%s(%s)\n", tool.name.c_str(), tool.arguments.c_str());
    if (!result->text.empty() && result->text.back() != '\n') std::printf("\n");
    std::fflush(stdout);
    if (result->text.empty() && result->tool_calls.empty() && !result->aborted) {
      std::fprintf(stderr, "tracia: the model returned no text (finish reason: %s)\n",
                   result->provider_finish_reason.c_str());
    }
    if (!flags.quiet && stderr_is_terminal()) print_summary(*result);
  }
  return interrupt.interrupted() ? 130 : 0;
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* command = app.add_subcommand("run", "Call a model and print its answer as it streams");
  command->footer(
      "Examples:\n"
      "  tracia run -m gpt-4o \"Write a haiku about rivers\"\n"
      "  git diff | tracia run -m claude-sonnet-4-5 -s \"Review this change\" -\n"
      "  tracia run -m gemini-2.5-flash --file photo.jpg \"What is this?\"\n"
      "  tracia run -m gpt-4o --var name=Ada \"Greet {{name}}\" --json\n\n"
      "Keys come from the providers' own variables: OPENAI_API_KEY, ANTHROPIC_API_KEY, GOOGLE_API_KEY, AWS "
      "credentials.\n"
      "With TRACIA_API_KEY set, the call's span is sent to TRACIA_BASE_URL (default http://127.0.0.1:7070).");
  command->add_option("prompt", flags->prompt, "What to say; \"-\" reads stdin, as does no prompt at all");
  command->add_option("-m,--model", flags->model, "Model name; `tracia models` lists those known")->required();
  command->add_option("-s,--system", flags->system, "System prompt");
  command
      ->add_option("-f,--file,--image", flags->files,
                   "An image, PDF, audio or text file to send along; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--var", flags->variables, "NAME=VALUE for {{NAME}} in the prompt; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--provider", flags->provider,
                      "openai, anthropic, google, amazon_bedrock; default: by the model's name");
  command->add_option("-t,--temperature", flags->temperature, "0 to 2");
  command->add_option("--top-p", flags->top_p, "0 to 1");
  command->add_option("--max-tokens", flags->max_tokens, "Most tokens to generate");
  command->add_option("--stop", flags->stop, "Stop at this text; may be repeated")->allow_extra_args(false);
  command->add_flag("--json-mode", flags->json_mode, "Ask for a JSON object");
  command->add_option("--schema", flags->schema_file, "File with a JSON Schema that the answer must fit");
  command->add_option("--reasoning", flags->reasoning, "Reasoning effort: minimal, low, medium, high");
  command->add_flag("--show-reasoning", flags->show_reasoning, "Print visible thinking to stderr");
  command->add_option("--fallback", flags->fallbacks, "Model to try when the one before fails; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--retries", flags->retries, "Retries per model (default 2)");
  command->add_option("--timeout", flags->timeout_s, "Seconds for the whole call (default 120)");
  command->add_option("--options", flags->custom_options, "Provider options as JSON: '{\"openai\":{\"seed\":7}}'");
  command->add_option("--tag", flags->tags, "Tag of the span; may be repeated")->allow_extra_args(false);
  command->add_option("--user", flags->user_id, "End user's id on the span");
  command->add_option("--session", flags->session_id, "Session id on the span");
  command->add_flag("--json", flags->json, "Print the whole result as JSON (not streamed)");
  command->add_flag("--no-stream", flags->no_stream, "Wait for the whole answer");
  command->add_flag("-q,--quiet", flags->quiet, "No summary line");
  command->callback([flags, &exit_code] { exit_code = run(*flags); });
}

}  // namespace tracia::app
