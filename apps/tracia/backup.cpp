// tracia backup: a consistent copy of a data directory, while a server uses it or not.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "command.h"
#include "control_requests.h"
#include "tracia/json/writer.h"
#include "tracia/store_sqlite/data_directory.h"

namespace tracia::app {
namespace {

struct BackupFlags {
  std::string data, to;
  bool with_key = false;
};

// Under systemd or in a container the server sees another, smaller world than whoever asks for the backup.
int refused(const BackupFlags& flags, const Error& error) {
  const auto server = store_sqlite::holder(flags.data);
  if (error.code == ErrorCode::kInvalidRequest || !server || !*server) return report(error);
  return report(error, "The running server (process " + std::to_string(**server) +
                           ") writes the backup: name a folder that it may write.");
}

int backup(const BackupFlags& flags) {
  const std::string to = std::filesystem::absolute(flags.to).lexically_normal().string();
  json::Writer w;
  w.begin_object().field("op", "backup").field("to", to).field("withKey", flags.with_key).end_object();
  const auto answer = call_control(flags.data, w.take(), false, [](std::string_view line) { show_progress(line); });
  show_progress("", 0, 0);
  if (!answer) return refused(flags, answer.error());
  const auto number = [&](std::string_view name) {
    return static_cast<uint64_t>(answer->value[name].integer().value_or(0));
  };
  std::fprintf(stderr, "%llu files, %s, in %s.\n", static_cast<unsigned long long>(number("files")),
               human_bytes(number("bytes")).c_str(), to.c_str());
  if (!flags.with_key) {
    std::fputs("secret.key is not in it: keep a copy of that apart, or connections lose their keys.\n", stderr);
  }
  return kExitOk;
}

}  // namespace

void add_backup(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<BackupFlags>();
  CLI::App* command = app.add_subcommand("backup", "Copy a data directory, also while a server uses it");
  command->add_option("--data", flags->data, "The data directory")->envname("TRACIA_DATA")->required();
  command->add_option("--to", flags->to, "Where to: a folder that is empty or does not exist")->required();
  command->add_flag("--with-key", flags->with_key, "With secret.key, which opens the keys of connections");
  command->callback([flags, &exit_code] { exit_code = backup(*flags); });
}

}  // namespace tracia::app
