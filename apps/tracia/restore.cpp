// tracia restore: a data directory out of a backup.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "command.h"
#include "control_requests.h"

namespace tracia::app {
namespace {

struct RestoreFlags {
  std::string from, data;
};

int restore(const RestoreFlags& flags) {
  const auto done = store_sqlite::restore(
      flags.from, flags.data,
      [](std::string_view file, uint64_t bytes, uint64_t total) { show_progress(file, bytes, total); });
  show_progress("", 0, 0);
  if (!done) return report(done.error());
  std::fprintf(stderr, "%llu files, %s, checked and in %s.\n", static_cast<unsigned long long>(done->files),
               human_bytes(done->bytes).c_str(), flags.data.c_str());
  std::error_code error;
  if (!std::filesystem::exists(std::filesystem::path(flags.data) / "secret.key", error)) {
    std::fputs(
        "The backup has no secret.key: put your copy of it there (chmod 600), or give connections their keys again.\n",
        stderr);
  }
  return kExitOk;
}

}  // namespace

void add_restore(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<RestoreFlags>();
  CLI::App* command = app.add_subcommand("restore", "Make a data directory out of a backup, after checking it");
  command->add_option("--from", flags->from, "The backup")->required();
  command->add_option("--data", flags->data, "The new data directory: empty, or not there yet")->required();
  command->callback([flags, &exit_code] { exit_code = restore(*flags); });
}

}  // namespace tracia::app
