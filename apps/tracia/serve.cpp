// tracia serve: the server, until it is told to stop.
#include <pthread.h>

#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "command.h"
#include "notify.h"
#include "server_process.h"
#include "tracia/config/config.h"
#include "tracia/llm/endpoint.h"

namespace tracia::app {
namespace {

constexpr Millis kGrace{10'000};

struct ServeFlags {
  std::map<std::string, std::string> values;  // by setting
  std::map<std::string, bool> switches;
};

constexpr const char* kDetails =
    "One process, one directory, no other service. Settings come from flags, over environment variables, over the\n"
    "file --config (DIR/tracia.toml when it is there), over defaults. Also read from the environment:\n"
    "TRACIA_BOOTSTRAP_API_KEY, an API key (tr_ and 32 characters or more) that is made at the first start, and the\n"
    "model providers' own variables (OPENAI_API_KEY, OPENAI_BASE_URL, ...), which serve the first project.\n\n"
    "Example: tracia serve --data ./data";

void add_flags(CLI::App& command, ServeFlags& flags) {
  for (const config::Setting& setting : config::settings()) {
    if (setting.name.find('.') != std::string::npos) continue;  // in the file only
    std::string help = setting.help;
    if (!setting.default_value.empty() && !setting.is_switch) help += " [" + setting.default_value + "]";
    if (!setting.variable.empty()) help += " (" + setting.variable + ")";
    if (setting.is_switch) {
      command.add_flag("--" + setting.name, flags.switches[setting.name], help);
    } else {
      command.add_option("--" + setting.name, flags.values[setting.name], help)->type_name("TEXT");
    }
  }
}

// Those that were given.
config::Flags given(const CLI::App& command, const ServeFlags& flags) {
  config::Flags out;
  for (const auto& [name, value] : flags.values) {
    if (command.count("--" + name) > 0) out.emplace_back(name, value);
  }
  for (const auto& [name, value] : flags.switches) {
    if (command.count("--" + name) > 0) out.emplace_back(name, value ? "true" : "false");
  }
  return out;
}

// Blocked before any thread starts, so that all inherit it and this one alone waits.
sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void print_start(const ServerProcess& server, const config::Config& config) {
  std::fprintf(stderr, "Tracia " TRACIA_VERSION " serves %s\nData: %s\n", server.url().c_str(), config.data.c_str());
  if (const std::string link = server.setup_link(); !link.empty()) {
    std::fprintf(stderr, "There is no owner yet. Make the account at:\n  %s\n", link.c_str());
  }
}

// Tells systemd, when it started us and wants to know.
void tell_manager(std::string_view state) {
  const auto socket = llm::process_env()("NOTIFY_SOCKET");
  if (socket && !notify(*socket, state)) std::fprintf(stderr, "tracia: NOTIFY_SOCKET cannot be reached\n");
}

int serve(const config::Flags& flags) {
  auto config = config::load(flags, llm::process_env());
  if (!config) {
    report(config.error());
    return kExitFailure;
  }
  const sigset_t signals = block_stop_signals();
  ServerProcess server(*config, llm::process_env());
  if (const Status started = server.start(); !started) {
    report(started.error());
    return kExitFailure;
  }
  print_start(server, *config);
  tell_manager("READY=1");
  int received = 0;
  sigwait(&signals, &received);
  std::fprintf(stderr, "Stopping; answers in flight have %lld s. A second signal ends it at once.\n",
               static_cast<long long>(kGrace.count() / 1000));
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // whose default is to end the process
  tell_manager("STOPPING=1");
  server.stop(kGrace);
  return kExitOk;
}

}  // namespace

void add_serve(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("serve", "Run the server: prompts, runs, spans, and a page to look at them");
  command->footer(kDetails);
  const auto flags = std::make_shared<ServeFlags>();
  add_flags(*command, *flags);
  command->callback([command, flags, &exit_code] { exit_code = serve(given(*command, *flags)); });
}

}  // namespace tracia::app
