// tracia: the command line. Reads the arguments, finds the subcommand, returns its exit code.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string_view>

#include "command.h"

namespace tracia::app {
namespace {

// One line per subcommand, in the order of the help text.
constexpr AddCommand kCommands[] = {
    add_serve, add_run,     add_embed,  add_prompts, add_spans,  add_models, add_simulate,
    add_keys,  add_members, add_backup, add_restore, add_doctor, add_health,
};

}  // namespace

int report(const Error& error, const std::string& hint) {
  std::fprintf(stderr, "tracia: %s\n", error.message.c_str());
  if (!hint.empty()) std::fprintf(stderr, "        %s\n", hint.c_str());
  return error.code == ErrorCode::kInvalidRequest ? kExitUsage : kExitFailure;
}

namespace {

// A descriptor 0, 1 or 2 that the caller closed would be given to the next socket, and what we print sent to it.
// Opened the wrong way round, so that using it is still an error.
void keep_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

// Output that got lost is a failure. A reader that left (`| head`) knows it, so that nothing is said.
int finish_output(int exit_code) {
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (written) return exit_code;
  pollfd out{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  const bool reader_left = ::poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
  if (!reader_left) std::fputs("tracia: the output could not be written (disk full or closed?)\n", stderr);
  return exit_code == kExitOk ? kExitFailure : exit_code;
}

bool is_command(std::string_view word, CLI::App& app) {
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_name() == word) return true;
  }
  return false;
}

}  // namespace

int run(int argc, char** argv) {
  CLI::App app("Tracia: prompts, providers and traces of LLM applications, self-hosted.", "tracia");
  app.set_version_flag("--version", "tracia " TRACIA_VERSION);
  app.require_subcommand(1);
  app.footer("tracia COMMAND --help describes a command. Exit codes: 0 done, 1 failed, 2 not understood.");
  int exit_code = kExitOk;
  for (const AddCommand add : kCommands) add(app, exit_code);
  if (argc == 1) {
    std::fputs(app.help().c_str(), stderr);
    return kExitUsage;
  }
  if (argv[1][0] != '-' && !is_command(argv[1], app)) {
    return report(Error::invalid("there is no command '" + std::string(argv[1]) + "'"), "See tracia --help.");
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // CLI11's only way to report; also how it asks for --help and --version
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return exit_code;
}

}  // namespace tracia::app

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that leaves is an error code, not our end
  tracia::app::keep_standard_descriptors();
  return tracia::app::finish_output(tracia::app::run(argc, argv));
}
