// tracia doctor: reads everything in a data directory and says what is wrong with it. Changes nothing, and may run
// beside a server.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "command.h"
#include "control_requests.h"

namespace tracia::app {
namespace {

// The one who holds the directory, and whether it answers.
Status show_server(const std::string& data) {
  const auto pid = store_sqlite::holder(data);
  if (!pid) return fail(pid.error());
  if (!*pid) {
    std::puts("No server uses it.");
    return {};
  }
  const auto answer = store_sqlite::ask(data, R"({"op":"ping"})");
  std::printf("Process %d uses it%s.\n", **pid, answer ? " and answers" : "; it does not answer at control.sock");
  return {};
}

int doctor(const std::string& data) {
  const auto found = store_sqlite::examine(
      data, [](std::string_view file, uint64_t done, uint64_t total) { show_progress(file, done, total); });
  show_progress("", 0, 0);
  if (!found) return report(found.error());
  if (const Status server = show_server(data); !server) return report(server.error());
  std::printf("Format %d: %llu spans, %llu sealed segments, %s.\n", found->format,
              static_cast<unsigned long long>(found->spans), static_cast<unsigned long long>(found->segments),
              human_bytes(found->bytes).c_str());
  for (const store_sqlite::Finding& finding : found->findings) {
    std::printf("%s: %s\n    %s.\n", printable(finding.file).c_str(), printable(finding.problem).c_str(),
                printable(finding.advice).c_str());
  }
  if (!found->findings.empty()) return kExitFailure;
  std::puts("All is well.");
  return kExitOk;
}

}  // namespace

void add_doctor(CLI::App& app, int& exit_code) {
  auto data = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("doctor", "Read a whole data directory and say what is wrong with it");
  command->add_option("--data", *data, "The data directory")->envname("TRACIA_DATA")->required();
  command->callback([data, &exit_code] { exit_code = doctor(*data); });
}

}  // namespace tracia::app
