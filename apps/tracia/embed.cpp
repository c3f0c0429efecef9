// tracia embed: vectors of texts from the shell.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "command.h"
#include "io.h"
#include "tracia/base/bytes.h"
#include "tracia/json/writer.h"

namespace tracia::app {
namespace {

struct EmbedFlags {
  std::string model, provider, input_type;
  std::vector<std::string> texts;
  std::optional<int64_t> dimensions;
  std::optional<double> timeout_s;
  bool json = false;
};

// The texts of the command line; without any, the lines of stdin.
Result<std::vector<std::string>> texts(const EmbedFlags& flags) {
  if (!flags.texts.empty()) return flags.texts;
  if (!stdin_is_piped()) {
    return fail(
        Error::invalid("nothing to embed: give texts, or pipe them in, one a line. Try: tracia embed -m "
                       "text-embedding-3-small \"Hello\""));
  }
  auto piped = read_file("-");
  if (!piped) return fail(std::move(piped).error());
  if (!is_valid_utf8(*piped)) return fail(Error::invalid("stdin is not UTF-8 text"));
  std::vector<std::string> lines;
  std::string_view rest = *piped;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    const std::string_view line = trim(rest.substr(0, end));
    if (!line.empty()) lines.emplace_back(line);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  if (lines.empty()) return fail(Error::invalid("nothing to embed: stdin holds no text"));
  return lines;
}

int embed(const EmbedFlags& flags) {
  auto input = texts(flags);
  if (!input) return show_error(input.error());
  const auto timeout = timeout_ms(flags.timeout_s);
  if (!timeout) return show_error(timeout.error());
  const CancelToken cancel;
  const InterruptGuard interrupt(cancel);
  RunEmbeddingInput call{.model = flags.model, .input = std::move(*input), .provider = flags.provider};
  call.dimensions = flags.dimensions;
  call.input_type = flags.input_type;
  call.cancel = cancel;
  call.timeout_ms = *timeout;
  Client client{{.on_span_error = show_span_error}};
  const auto result = client.run_embedding(call);
  if (!result) {
    const int code = show_error(result.error());
    return interrupt.interrupted() ? 130 : code;
  }
  json::Writer w;
  if (flags.json) {
    w.begin_object()
        .field("model", result->model)
        .field("provider", result->provider)
        .field("totalTokens", result->total_tokens);
    w.field("latencyMs", result->latency_ms)
        .field("spanId", result->span_id)
        .field("traceId", result->trace_id)
        .key("embeddings");
    w.begin_array();
  }
  for (const EmbeddingVector& vector : result->embeddings) {
    w.begin_array();
    for (const float value : vector.values) w.value(value);
    w.end_array();
    if (!flags.json) std::printf("%s\n", w.take().c_str());  // one vector a line
  }
  if (flags.json) std::printf("%s\n", w.end_array().end_object().take().c_str());
  return 0;
}

}  // namespace

void add_embed(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<EmbedFlags>();
  CLI::App* command = app.add_subcommand("embed", "Turn texts into embedding vectors, one JSON array a line");
  command->footer(
      "Examples:\n"
      "  tracia embed -m text-embedding-3-small \"What is the meaning of life?\"\n"
      "  tracia embed -m voyage-3 --json < lines.txt");
  command->add_option("text", flags->texts, "Texts to embed; without any, the lines of stdin");
  command->add_option("-m,--model", flags->model, "Embedding model; `tracia models --kind embedding` lists those known")
      ->required();
  command->add_option("--provider", flags->provider,
                      "openai, google, amazon_bedrock, voyage; default: by the model's name");
  command->add_option("-d,--dimensions", flags->dimensions, "Size of the vectors, where the model lets one choose");
  command->add_option("--input-type", flags->input_type,
                      "The provider's task word: query, document, RETRIEVAL_QUERY, …");
  command->add_option("--timeout", flags->timeout_s, "Seconds for the whole call (default 120)");
  command->add_flag("--json", flags->json, "One JSON object with vectors, usage and span id");
  command->callback([flags, &exit_code] { exit_code = embed(*flags); });
}

}  // namespace tracia::app
