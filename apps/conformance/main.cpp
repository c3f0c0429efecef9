// tracia-conformance exchanges|otel|prices DIR: Tracia's readers against recorded facts. The last line counts; the exit
// code is 0 when nothing failed, 1 when something did, 2 for input that cannot be used. `--seed N` after the folder
// repeats a run of `exchanges`: it decides where streams are cut.

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>

#include "exchanges.h"
#include "otel.h"
#include "prices.h"

namespace {

int usage() {
  std::fprintf(stderr, "usage: tracia-conformance exchanges|otel|prices DIR [--seed N]\n");
  return 2;
}

std::optional<uint64_t> parse_seed(std::string_view text) {
  uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return seed;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 5) return usage();
  std::optional<uint64_t> seed;
  if (argc == 5) {
    seed = parse_seed(argv[4]);
    if (std::string_view(argv[3]) != "--seed" || !seed) return usage();
  }
  const std::string_view suite = argv[1];
  if (suite == "exchanges") return tracia::conformance::run_exchanges(argv[2], seed);
  if (suite == "prices") return tracia::conformance::run_prices(argv[2]);
  if (suite == "otel") return tracia::conformance::run_otel(argv[2]);
  return usage();
}
