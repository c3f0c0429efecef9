// tracia prompts: the prompts of a server from the shell, and as files for Git, both ways.
//
// A file says which version it was pulled from, so that three states can be told apart without any other record: the
// file, the version that it came from, and the newest one. pull never overwrites what was changed here, push never what
// was changed there.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>

#include "command.h"
#include "control_requests.h"
#include "io.h"
#include "prompt_file.h"
#include "tracia/base/bytes.h"
#include "tracia/json/writer.h"
#include "tracia/wire/http.h"

namespace tracia::app {
namespace {

namespace fs = std::filesystem;

struct PromptsFlags {
  std::string dir = "prompts", note, slug, label;
  std::vector<std::string> slugs, variables;
  std::optional<int64_t> version;
  std::optional<double> timeout_s;
  bool force = false, dry_run = false, json = false;
};

struct Answer {
  json::Document document;
  json::Value value;
};

Result<Answer> ask(Client& client, const std::string& method, const std::string& path, const std::string& body = "") {
  auto response = client.request({.method = method, .path = path, .body = body});
  if (!response) return fail(std::move(response).error());
  Answer answer;
  auto value = answer.document.parse_lenient(response->body);
  if (!value) return fail(std::move(value).error());
  answer.value = *value;
  return answer;
}

std::string prompt_path(const std::string& slug, const std::string& tail = "") {
  return "/api/v1/prompts/" + wire::percent_encode(slug) + tail;
}

// Also the name of a file, so a server that answers anything else is not believed.
bool is_slug(std::string_view slug) {
  return !slug.empty() && slug.size() <= 200 && slug.front() != '.' &&
         slug.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") == std::string_view::npos;
}

// ---- Files

Result<PromptFile> read_prompt(const fs::path& path) {
  auto text = read_file(path.string());
  if (!text) return fail(std::move(text).error());
  auto prompt = parse_prompt_file(*text);
  if (!prompt) return fail(Error::invalid(path.string() + ": " + prompt.error().message));
  if (path.stem() != prompt->slug) {
    return fail(Error::invalid(path.string() + " has the slug '" + printable(prompt->slug) +
                               "'; file and slug must have the same name"));
  }
  return prompt;
}

// Whole or not at all.
Status write_prompt(const fs::path& path, const PromptFile& prompt) {
  const std::string fresh = path.string() + ".tmp";
  {
    std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
    out << write_prompt_file(prompt);
    out.close();
    if (!out) return fail(Error::invalid("cannot write " + fresh));
  }
  std::error_code error;
  fs::rename(fresh, path, error);
  if (error) return fail(Error::invalid("cannot write " + path.string() + ": " + error.message()));
  return {};
}

fs::path file_of(const PromptsFlags& flags, const std::string& slug) { return fs::path(flags.dir) / (slug + ".toml"); }

// The prompts that a folder has, or those that were named.
Result<std::vector<fs::path>> files(const PromptsFlags& flags) {
  std::vector<fs::path> out;
  if (!flags.slugs.empty()) {
    for (const std::string& slug : flags.slugs) out.push_back(file_of(flags, slug));
    return out;
  }
  std::error_code error;
  for (fs::directory_iterator at(flags.dir, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == ".toml") out.push_back(at->path());
  }
  if (error) {
    return fail(Error::invalid("cannot read the folder " + flags.dir + ": " + error.message() +
                               ". tracia prompts pull makes it, --dir names another."));
  }
  std::sort(out.begin(), out.end());
  return out;
}

// ---- What a file and the server say of one prompt

struct States {
  PromptFile here, newest;
  std::optional<PromptFile> base;  // the version that `here` was pulled from; empty when it is not there
  bool changed_here = true, changed_there = true;
};

Result<States> compare(Client& client, const PromptFile& here, const json::Value& there) {
  States states{.here = here, .newest = prompt_from_api(there)};
  if (here.version > 0) {
    const auto version = ask(client, "GET", prompt_path(here.slug, "/versions/" + std::to_string(here.version)));
    if (version) {
      // A version knows neither name nor description: they are not versioned, and the newest words count.
      states.base = version_from_api(version->value, states.newest);
    } else if (version.error().code != ErrorCode::kNotFound) {
      return fail(version.error());
    }
  }
  states.changed_there = states.newest.version != here.version;
  states.changed_here = !states.base || !same_prompt(here, *states.base);
  return states;
}

void print_diff(const PromptFile& before, const PromptFile& after) {
  PromptFile shown = after;
  shown.version = before.version;
  print_text(line_diff(write_prompt_file(before), write_prompt_file(shown)));
}

struct Tally {
  int done = 0, unchanged = 0, conflicts = 0, failed = 0;

  int finish(const char* done_word) const {
    std::fprintf(stderr, "%d %s, %d unchanged", done, done_word, unchanged);
    if (conflicts > 0) std::fprintf(stderr, ", %d in conflict", conflicts);
    if (failed > 0) std::fprintf(stderr, ", %d failed", failed);
    std::fprintf(stderr, "\n");
    return conflicts + failed > 0 ? kExitFailure : kExitOk;
  }
};

void say(const std::string& slug, const std::string& what) { print_text(printable(slug) + ": " + what + "\n"); }

// ---- pull

Status pull_one(Client& client, const PromptsFlags& flags, const std::string& slug, Tally& tally) {
  if (!is_slug(slug)) return fail(Error::invalid("'" + printable(slug) + "' is not a slug that a file can have"));
  const auto there = ask(client, "GET", prompt_path(slug));
  if (!there) return fail(there.error());
  const fs::path path = file_of(flags, slug);
  const PromptFile newest = prompt_from_api(there->value);
  if (!flags.force && fs::exists(path)) {
    auto here = read_prompt(path);
    if (!here) return fail(std::move(here).error());
    if (write_prompt_file(*here) == write_prompt_file(newest)) {
      ++tally.unchanged;
      return {};
    }
    auto states = compare(client, *here, there->value);
    if (!states) return fail(std::move(states).error());
    if (states->changed_here && !same_prompt(*here, newest)) {
      if (!states->changed_there) {
        say(slug, "changed here since version " + std::to_string(here->version) + "; push it, or pull --force");
        ++tally.unchanged;
        return {};
      }
      say(slug, "CONFLICT: changed here, and on the server since version " + std::to_string(here->version) + " (now " +
                    std::to_string(newest.version) + "). Here (-), there (+):");
      print_diff(*here, newest);
      ++tally.conflicts;
      return {};
    }
  }
  TRACIA_TRY(write_prompt(path, newest));
  say(slug, "version " + std::to_string(newest.version) + " -> " + path.string());
  ++tally.done;
  return {};
}

Result<std::vector<std::string>> slugs_of_server(Client& client) {
  const auto list = ask(client, "GET", "/api/v1/prompts");
  if (!list) return fail(list.error());
  std::vector<std::string> out;
  for (const json::Value prompt : list->value["prompts"].items()) out.push_back(prompt["slug"].text());
  std::sort(out.begin(), out.end());
  return out;
}

int pull(const PromptsFlags& flags) {
  Client client;
  std::error_code error;
  fs::create_directories(flags.dir, error);
  if (error) return report(Error::invalid("cannot make the folder " + flags.dir + ": " + error.message()));
  std::vector<std::string> slugs = flags.slugs;
  if (slugs.empty()) {
    auto all = slugs_of_server(client);
    if (!all) return show_error(all.error());
    slugs = std::move(*all);
  }
  Tally tally;
  for (const std::string& slug : slugs) {
    if (const Status status = pull_one(client, flags, slug, tally); !status) {
      std::fprintf(stderr, "%s: ", printable(slug).c_str());
      show_error(status.error());
      ++tally.failed;
    }
  }
  return tally.finish("pulled");
}

// ---- push

// After a push the file says which version it is now.
Status pushed(const PromptsFlags& flags, PromptFile prompt, const json::Value& answer, const char* what, Tally& tally) {
  prompt.version = answer["currentVersion"].integer().value_or(0);
  TRACIA_TRY(write_prompt(file_of(flags, prompt.slug), prompt));
  say(prompt.slug, std::string(what) + " " + std::to_string(prompt.version));
  ++tally.done;
  return {};
}

Status create_prompt(Client& client, const PromptsFlags& flags, const PromptFile& here, Tally& tally) {
  if (here.version > 0 && !flags.force) {
    say(here.slug, "CONFLICT: it was deleted on the server; push --force makes it again");
    ++tally.conflicts;
    return {};
  }
  if (flags.dry_run) {
    say(here.slug, "would be made");
    ++tally.done;
    return {};
  }
  const auto made = ask(client, "POST", "/api/v1/prompts", prompt_body(here, std::nullopt, flags.note));
  if (!made) return fail(made.error());
  return pushed(flags, here, made->value, "made, version", tally);
}

Status push_one(Client& client, const PromptsFlags& flags, const fs::path& path, Tally& tally) {
  auto here = read_prompt(path);
  if (!here) return fail(std::move(here).error());
  const auto there = ask(client, "GET", prompt_path(here->slug));
  if (!there) {
    if (there.error().code != ErrorCode::kNotFound) return fail(there.error());
    return create_prompt(client, flags, *here, tally);
  }
  auto states = compare(client, *here, there->value);
  if (!states) return fail(std::move(states).error());
  if (same_prompt(*here, states->newest)) {
    ++tally.unchanged;
    return {};
  }
  if (states->changed_there && !flags.force) {
    if (!states->changed_here) {
      say(here->slug, "unchanged here; the server has version " + std::to_string(states->newest.version) + ": pull it");
      ++tally.unchanged;
      return {};
    }
    say(here->slug, "CONFLICT: the server has version " + std::to_string(states->newest.version) +
                        ", this file was pulled from " + std::to_string(here->version) + ". There (-), here (+):");
    print_diff(states->newest, *here);
    ++tally.conflicts;
    return {};
  }
  if (flags.dry_run) {
    say(here->slug, "would change:");
    print_diff(states->newest, *here);
    ++tally.done;
    return {};
  }
  // Somebody may have saved since the comparison: the server refuses then.
  const auto changed =
      ask(client, "PUT", prompt_path(here->slug), prompt_body(*here, states->newest.version, flags.note));
  if (!changed) return fail(changed.error());
  return pushed(flags, *here, changed->value, "pushed, version", tally);
}

int push(const PromptsFlags& flags) {
  Client client;
  const auto paths = files(flags);
  if (!paths) return report(paths.error());
  Tally tally;
  for (const fs::path& path : *paths) {
    if (const Status status = push_one(client, flags, path, tally); !status) {
      std::fprintf(stderr, "%s: ", printable(path.string()).c_str());
      show_error(status.error());
      ++tally.failed;
    }
  }
  return tally.finish(flags.dry_run ? "to push" : "pushed");
}

// ---- list and run

int list(const PromptsFlags& flags) {
  Client client;
  const auto answer = ask(client, "GET", "/api/v1/prompts");
  if (!answer) return show_error(answer.error());
  const json::Value prompts = answer->value["prompts"];
  if (flags.json) {
    print_text(prompts.to_json() + "\n");
    return kExitOk;
  }
  constexpr const char* kRow = "%-32s  %7s  %-28s  %s\n";
  if (prompts.size() != 0) std::printf(kRow, "SLUG", "VERSION", "MODEL", "NAME");
  for (const json::Value p : prompts.items()) {
    const std::string version = std::to_string(p["currentVersion"].integer().value_or(0));
    std::printf(kRow, printable(p["slug"].text()).c_str(), version.c_str(), printable(p["model"].text()).c_str(),
                printable(p["name"].text()).c_str());
  }
  return kExitOk;
}

int run(const PromptsFlags& flags) {
  auto variables = parse_variables(flags.variables);
  if (!variables) return show_error(variables.error());
  const auto timeout = timeout_ms(flags.timeout_s);
  if (!timeout) return show_error(timeout.error());
  Client client;
  const auto result = client.prompts().run(flags.slug, *variables,
                                           {.version = flags.version, .label = flags.label, .timeout_ms = *timeout});
  if (!result) return show_error(result.error());
  if (flags.json) {
    json::Writer w;
    w.begin_object().key("text");
    if (result->text) {
      w.value(*result->text);
    } else {
      w.null();
    }
    w.field("promptVersion", result->prompt_version).field("spanId", result->span_id);
    w.field("traceId", result->trace_id).field("latencyMs", result->latency_ms).field("cost", result->cost);
    w.field("costStatus", result->cost_status).field_raw("toolCalls", span::tool_calls_json(result->tool_calls));
    print_text(w.end_object().take() + "\n");
    return kExitOk;
  }
  print_text(result->text ? *result->text + "\n" : span::tool_calls_json(result->tool_calls) + "\n");
  std::fprintf(stderr, "[version %lld, %lld ms, %lld tokens, $%.6f, span %s]\n",
               static_cast<long long>(result->prompt_version), static_cast<long long>(result->latency_ms),
               static_cast<long long>(result->usage.total_tokens), result->cost, result->span_id.c_str());
  return kExitOk;
}

}  // namespace

void add_prompts(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("prompts", "List and run a server's prompts; keep them as files in Git");
  command->require_subcommand(1);
  command->footer(
      "The server and its key: TRACIA_BASE_URL (default http://127.0.0.1:7070) and TRACIA_API_KEY.\n"
      "Example: tracia prompts pull && git add prompts && git commit; later: tracia prompts push --note \"Shorter\"");
  auto flags = std::make_shared<PromptsFlags>();

  auto* list_command = command->add_subcommand("list", "Show the prompts");
  list_command->add_flag("--json", flags->json, "Print JSON");
  list_command->callback([flags, &exit_code] { exit_code = list(*flags); });

  auto* pull_command = command->add_subcommand("pull", "Write the newest versions into files");
  pull_command->add_option("slug", flags->slugs, "Only these prompts");
  pull_command->add_option("--dir", flags->dir, "Folder of the files")->capture_default_str();
  pull_command->add_flag("--force", flags->force, "Overwrite what was changed here");
  pull_command->callback([flags, &exit_code] { exit_code = pull(*flags); });

  auto* push_command = command->add_subcommand("push", "Make new versions of what was changed in files");
  push_command->add_option("slug", flags->slugs, "Only these prompts");
  push_command->add_option("--dir", flags->dir, "Folder of the files")->capture_default_str();
  push_command->add_option("--note", flags->note, "What was changed, kept with the versions");
  push_command->add_flag("--force", flags->force, "Push over newer versions; make again what was deleted");
  push_command->add_flag("--dry-run", flags->dry_run, "Only show what would be done");
  push_command->callback([flags, &exit_code] { exit_code = push(*flags); });

  auto* run_command = command->add_subcommand("run", "Run a prompt on the server");
  run_command->add_option("slug", flags->slug, "The prompt")->required();
  run_command->add_option("-v,--var", flags->variables, "A variable: name=value");
  run_command->add_option("--version", flags->version, "This version");
  run_command->add_option("--label", flags->label, "The version with this label");
  run_command->add_option("--timeout", flags->timeout_s, "Seconds to wait");
  run_command->add_flag("--json", flags->json, "Print JSON");
  run_command->callback([flags, &exit_code] { exit_code = run(*flags); });
}

}  // namespace tracia::app
