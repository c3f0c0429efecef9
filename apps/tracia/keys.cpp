// tracia keys: makes, lists and revokes API keys, of a running server or of a data directory that none uses.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "command.h"
#include "control_requests.h"
#include "tracia/json/writer.h"

namespace tracia::app {
namespace {

struct KeysFlags {
  std::string data, name = "command line", project, id;
  bool json = false;
};

// The key alone on stdout, so that a script can capture it.
int create(const KeysFlags& flags) {
  json::Writer w;
  w.begin_object().field("op", "keys.create").field("name", flags.name).field_if("project", flags.project);
  const auto answer = call_control(flags.data, w.end_object().take(), true);
  if (!answer) return report(answer.error());
  const json::Value& key = answer->value;
  std::printf("%s\n", key["key"].text().c_str());
  std::fprintf(stderr, "Key %s '%s' of the project '%s'. This is the only time it is shown.\n",
               key["id"].text().c_str(), printable(key["name"].text()).c_str(),
               printable(key["project"].text()).c_str());
  return kExitOk;
}

// "2026-11-21 12:00" of an RFC 3339 time.
std::string short_time(const json::Value& time) {
  std::string text = time.text();
  if (text.size() < 16) return "-";
  text[10] = ' ';
  return text.substr(0, 16);
}

int list(const KeysFlags& flags) {
  const auto answer = call_control(flags.data, R"({"op":"keys.list"})", false);
  if (!answer) return report(answer.error());
  const json::Value keys = answer->value["keys"];
  if (flags.json) {
    std::printf("%s\n", keys.to_json().c_str());
    return kExitOk;
  }
  if (keys.size() == 0) std::fprintf(stderr, "There is no key yet: tracia keys create --data DIR makes one.\n");
  constexpr const char* kRow = "%-20s  %-11s  %-24s  %-16s  %-16s  %-16s  %s\n";
  if (keys.size() != 0) std::printf(kRow, "ID", "BEGINS", "NAME", "PROJECT", "CREATED", "LAST USED", "REVOKED");
  for (const json::Value key : keys.items()) {
    std::printf(kRow, key["id"].text().c_str(), printable(key["prefix"].text()).c_str(),
                printable(key["name"].text()).c_str(), printable(key["project"].text()).c_str(),
                short_time(key["created"]).c_str(), short_time(key["lastUsed"]).c_str(),
                short_time(key["revoked"]).c_str());
  }
  return kExitOk;
}

int revoke(const KeysFlags& flags) {
  json::Writer w;
  w.begin_object().field("op", "keys.revoke").field("id", flags.id).end_object();
  const auto answer = call_control(flags.data, w.take(), false);
  if (!answer) {
    return report(answer.error(),
                  answer.error().code == ErrorCode::kNotFound ? "See tracia keys list --data DIR." : "");
  }
  std::fprintf(stderr, "Revoked: %s '%s'.\n", answer->value["id"].text().c_str(),
               printable(answer->value["name"].text()).c_str());
  return kExitOk;
}

}  // namespace

void add_keys(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<KeysFlags>();
  CLI::App* command = app.add_subcommand("keys", "Make, list and revoke API keys");
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, int (*run)(const KeysFlags&)) {
    CLI::App* sub = command->add_subcommand(name, help);
    sub->add_option("--data", flags->data, "The data directory")->envname("TRACIA_DATA")->required();
    sub->callback([flags, run, &exit_code] { exit_code = run(*flags); });
    return sub;
  };
  CLI::App* make = add("create", "Make a key; it alone is written to stdout", create);
  make->add_option("--name", flags->name, "What it is for, for people")->capture_default_str();
  make->add_option("--project", flags->project, "The project's id or name; the first one when left out");
  CLI::App* show = add("list", "List the keys of all projects, by their first characters", list);
  show->add_flag("--json", flags->json, "As JSON");
  CLI::App* end = add("revoke", "Revoke a key, at once and for good", revoke);
  end->add_option("id", flags->id, "The key's id, as listed")->required();
}

}  // namespace tracia::app
