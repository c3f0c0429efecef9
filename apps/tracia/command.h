// What a subcommand is to main(): a function that adds itself to the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "tracia/base/error.h"

namespace tracia::app {

// Exit codes of every subcommand.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;  // it was understood and did not work
inline constexpr int kExitUsage = 2;    // it was not understood

// Adds the subcommand to `app`. Its callback does the work and stores the exit code in `exit_code`, which outlives it.
using AddCommand = void (*)(CLI::App& app, int& exit_code);

// "tracia: <message>" on stderr, with `hint` on a second line when there is one. Returns kExitFailure, or kExitUsage
// when the error is the caller's mistake.
int report(const Error& error, const std::string& hint = "");

// Each in the file of its name.
void add_run(CLI::App& app, int& exit_code);
void add_embed(CLI::App& app, int& exit_code);
void add_models(CLI::App& app, int& exit_code);
void add_serve(CLI::App& app, int& exit_code);
void add_simulate(CLI::App& app, int& exit_code);
void add_keys(CLI::App& app, int& exit_code);
void add_members(CLI::App& app, int& exit_code);
void add_backup(CLI::App& app, int& exit_code);
void add_restore(CLI::App& app, int& exit_code);
void add_prompts(CLI::App& app, int& exit_code);
void add_spans(CLI::App& app, int& exit_code);
void add_doctor(CLI::App& app, int& exit_code);
void add_health(CLI::App& app, int& exit_code);

}  // namespace tracia::app
