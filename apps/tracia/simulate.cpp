// tracia simulate: runs the provider simulator until it is interrupted.
#include <pthread.h>

#include <csignal>
#include <cstdio>
#include <memory>

#include "command.h"
#include "tracia/simulate/simulator.h"

namespace tracia::app {
namespace {

struct Flags {
  simulate::SimulatorOptions options;
  std::string latency = "0", first_token = "0", chunk_delay = "0", slow = "30s", retry_after = "1s", fail_status;
  bool quiet = false;
};

constexpr const char* kDetails =
    "OpenAI, Anthropic, Google, Amazon Bedrock and Voyage on one port, without any key or network.\n"
    "The same request gets the same answer for the same --seed. A request can ask for a failure with the header\n"
    "x-simulate: status=429;retry-after=2 | cut | slow=2s | malformed | stall | latency=50ms | none.\n"
    "GET /_simulator/requests shows what was received (credentials masked); DELETE forgets it.";

constexpr const char* kFooter =
    "DELAY is 0, 50ms, uniform:10ms-80ms or lognormal:p50=400ms,p99=3s. P is a probability from 0 to 1: the hash of "
    "the\n"
    "request decides, so a request that failed fails again.\n"
    "Example: tracia simulate --first-token lognormal:p50=400ms,p99=3s --chunk-delay 20ms --fail-status 429=0.05";

void add_flags(CLI::App& command, Flags& flags) {
  simulate::SimulatorOptions& o = flags.options;
  command.add_option("--listen", o.listen, "Address to listen on; port 0 takes a free one")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  command.add_option("--threads", o.threads, "Event loops")->check(CLI::Range(1, 64))->capture_default_str();
  command.add_option("--seed", o.seed, "What answers and failures are drawn from, with the request")
      ->capture_default_str();
  command.add_option("--latency", flags.latency, "Wait before an answer")
      ->type_name("DELAY")
      ->capture_default_str()
      ->group("Timing");
  command.add_option("--first-token", flags.first_token, "Wait before a stream's first byte (0: as --latency)")
      ->type_name("DELAY")
      ->capture_default_str()
      ->group("Timing");
  command.add_option("--chunk-delay", flags.chunk_delay, "Wait between a stream's pieces")
      ->type_name("DELAY")
      ->capture_default_str()
      ->group("Timing");
  command.add_option("--tokens-per-chunk", o.tokens_per_chunk, "Words in a stream's piece")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->group("Timing");
  command.add_option("--fail-status", flags.fail_status, "Error statuses with their probabilities")
      ->type_name("500=0.1,429=0.05")
      ->group("Failures");
  command.add_option("--retry-after", flags.retry_after, "Sent with 429 and 503")
      ->type_name("DURATION")
      ->capture_default_str()
      ->group("Failures");
  const auto rate = [&](const char* name, double& value, const char* text) {
    command.add_option(name, value, text)->type_name("P")->check(CLI::Range(0.0, 1.0))->group("Failures");
  };
  rate("--fail-cut", o.fail_cut, "Reset the connection in the middle of the answer");
  rate("--fail-malformed", o.fail_malformed, "Send broken JSON, a broken event or a wrong checksum");
  rate("--fail-stall", o.fail_stall, "Send half the answer, then nothing");
  rate("--fail-slow", o.fail_slow, "Send the first byte after --slow");
  command.add_option("--slow", flags.slow, "Wait of --fail-slow")
      ->type_name("DURATION")
      ->capture_default_str()
      ->group("Failures");
  command.add_option("--fail-first", o.fail_first, "Answer 503 to the first N requests of each distinct body")
      ->type_name("N")
      ->check(CLI::Range(0, 1000))
      ->group("Failures");
  command.add_option("--require-key", o.require_key, "Let only this key in (for AWS signatures: this access key id)")
      ->type_name("KEY");
  command.add_flag("--cache", o.cache, "Report cached tokens for prompts over 1,024 tokens");
  command.add_option("--log", o.log_file, "Append each request to this file, one JSON object a line")
      ->type_name("FILE");
  command.add_option("--keep", o.ring_requests, "Requests kept for GET /_simulator/requests")
      ->type_name("N")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str();
  command.add_flag("--quiet", flags.quiet, "Print the address only");
}

Status read_flags(Flags& flags) {
  simulate::SimulatorOptions& o = flags.options;
  for (const auto& [text, target] : {std::pair{&flags.latency, &o.latency},
                                     {&flags.first_token, &o.first_token},
                                     {&flags.chunk_delay, &o.chunk_delay}}) {
    const auto parsed = simulate::Distribution::parse(*text);
    if (!parsed) return fail(parsed.error());
    *target = *parsed;
  }
  for (const auto& [text, target] : {std::pair{&flags.slow, &o.slow}, {&flags.retry_after, &o.retry_after}}) {
    const auto parsed = simulate::parse_duration(*text);
    if (!parsed) return fail(parsed.error());
    *target = *parsed;
  }
  auto rates = simulate::parse_status_rates(flags.fail_status);
  if (!rates) return fail(rates.error());
  double total = o.fail_cut + o.fail_malformed + o.fail_stall + o.fail_slow;
  for (const auto& each : *rates) total += each.rate;
  if (total > 1 + 1e-9)
    return fail(
        Error::invalid("the probabilities of --fail-status, --fail-cut, --fail-malformed, --fail-stall and --fail-slow "
                       "add up to more than 1"));
  o.fail_status = std::move(*rates);
  return {};
}

void print_address(const std::string& url, bool quiet) {
  std::printf("Simulating OpenAI, Anthropic, Google, Amazon Bedrock and Voyage on %s\n", url.c_str());
  if (!quiet) {
    std::printf(
        "Point the SDKs here (any key will do):\n\n"
        "  export OPENAI_BASE_URL=%s/v1 OPENAI_API_KEY=sim\n"
        "  export ANTHROPIC_BASE_URL=%s ANTHROPIC_API_KEY=sim\n"
        "  export GOOGLE_GEMINI_BASE_URL=%s GEMINI_API_KEY=sim\n"
        "  export AWS_ENDPOINT_URL_BEDROCK_RUNTIME=%s AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=sim "
        "AWS_SECRET_ACCESS_KEY=sim\n"
        "  export VOYAGE_BASE_URL=%s/v1 VOYAGE_API_KEY=sim\n\n"
        "What was received: %s/_simulator/requests\nStop with Ctrl-C.\n",
        url.c_str(), url.c_str(), url.c_str(), url.c_str(), url.c_str(), url.c_str());
  }
  std::fflush(stdout);
}

int run_simulate(Flags& flags) {
  if (const Status read = read_flags(flags); !read) return report(read.error(), "See tracia simulate --help.");
  // Blocked before the simulator's threads start, so that they inherit it and this thread alone waits for them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  constexpr Millis kGrace{2000};
  simulate::Simulator simulator(flags.options);
  if (const Status started = simulator.start(); !started) return report(started.error());
  print_address(simulator.base_url(), flags.quiet);
  int received = 0;
  sigwait(&signals, &received);
  simulator.stop(kGrace);
  std::fprintf(stderr, "Stopped after %llu requests.\n", static_cast<unsigned long long>(simulator.requests()));
  return kExitOk;
}

}  // namespace

void add_simulate(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("simulate", "Answer as the model providers would, for tests and demos");
  command->footer(std::string(kDetails) + "\n\n" + kFooter);
  const auto flags = std::make_shared<Flags>();
  add_flags(*command, *flags);
  command->callback([flags, &exit_code] { exit_code = run_simulate(*flags); });
}

}  // namespace tracia::app
