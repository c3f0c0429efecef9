// tidy ROOT: prints what breaks the rules, one finding a line; exit 1 when there is any.
#include <cstdio>

#include "rules.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: tidy ROOT\n");
    return 2;
  }
  const auto findings = tracia::tidy::check_tree(argv[1]);
  for (const auto& finding : findings)
    std::printf("%s:%zu: %s\n", finding.file.c_str(), finding.line, finding.message.c_str());
  std::printf("tidy: %zu findings\n", findings.size());
  return findings.empty() ? 0 : 1;
}
