// tracia members: lists the people of a server, and makes a link for one who forgot the password: the way back in for
// an owner whom nobody else can help.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "command.h"
#include "control_requests.h"
#include "tracia/json/writer.h"

namespace tracia::app {
namespace {

struct MembersFlags {
  std::string data, email, url = "http://127.0.0.1:7070";
  bool json = false;
};

int list(const MembersFlags& flags) {
  const auto answer = call_control(flags.data, R"({"op":"members.list"})", false);
  if (!answer) return report(answer.error());
  const json::Value members = answer->value["members"];
  if (flags.json) {
    std::printf("%s\n", members.to_json().c_str());
    return kExitOk;
  }
  if (members.size() == 0) std::fprintf(stderr, "There is no member yet: tracia serve prints a link for the first.\n");
  constexpr const char* kRow = "%-8s  %-32s  %s%s\n";
  if (members.size() != 0) std::printf(kRow, "ROLE", "EMAIL", "NAME", "");
  for (const json::Value member : members.items()) {
    std::printf(kRow, member["role"].text().c_str(), printable(member["email"].text()).c_str(),
                printable(member["name"].text()).c_str(), member["disabled"].boolean_or(false) ? " (disabled)" : "");
  }
  return kExitOk;
}

// The link alone on stdout, so that a script can capture it.
int password_link(const MembersFlags& flags) {
  json::Writer w;
  w.begin_object().field("op", "members.password_link").field("email", flags.email).end_object();
  const auto answer = call_control(flags.data, w.take(), false);
  if (!answer) {
    return report(answer.error(),
                  answer.error().code == ErrorCode::kNotFound ? "See tracia members list --data DIR." : "");
  }
  std::string url = flags.url;
  while (url.ends_with('/')) url.pop_back();
  std::printf("%s/invite#token=%s\n", url.c_str(), answer->value["token"].text().c_str());
  std::fprintf(stderr, "For %s: good once, for seven days. The password stays as it is until the link is followed.\n",
               printable(answer->value["email"].text()).c_str());
  return kExitOk;
}

}  // namespace

void add_members(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<MembersFlags>();
  CLI::App* command = app.add_subcommand("members", "List members; make a link for a forgotten password");
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, int (*run)(const MembersFlags&)) {
    CLI::App* sub = command->add_subcommand(name, help);
    sub->add_option("--data", flags->data, "The data directory")->envname("TRACIA_DATA")->required();
    sub->callback([flags, run, &exit_code] { exit_code = run(*flags); });
    return sub;
  };
  CLI::App* show = add("list", "List the members of all projects", list);
  show->add_flag("--json", flags->json, "As JSON");
  CLI::App* link =
      add("password-link", "Make a link that sets a member's password; it alone is written to stdout", password_link);
  link->add_option("email", flags->email, "The member's email")->required();
  link->add_option("--url", flags->url, "The dashboard's address, as browsers reach it")->capture_default_str();
}

}  // namespace tracia::app
