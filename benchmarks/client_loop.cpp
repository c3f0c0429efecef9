// The C++ client as one of the variants of benchmarks/python/python_bench.py: does what it is told on standard input,
// so that its rounds are interleaved with those of the others. "calls N" and "streams N" answer with one line, the wall
// time in microseconds of each call, or (streams) of each chunk.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include "measure.h"
#include "tracia/tracia.h"

namespace {

tracia::RunLocalInput question(int64_t tokens_max) {
  return {.model = "gpt-4o",
          .messages = {tracia::system("You are a helpful travel guide."),
                       tracia::user("Tell me about the trams of Lisbon.")},
          .max_output_tokens = tokens_max,
          .max_retries = 0};
}

double now_us() { return tracia::bench::seconds(CLOCK_MONOTONIC) * 1e6; }

double call(tracia::Client& client) {
  const double before = now_us();
  if (!client.run_local(question(32))) std::abort();
  return now_us() - before;
}

double stream(tracia::Client& client) {
  const double before = now_us();
  auto stream = client.run_local_stream(question(256));
  if (!stream) std::abort();
  int chunks = 0;
  for (const tracia::StreamChunk& chunk : *stream) chunks += chunk.text.empty() ? 0 : 1;
  return (now_us() - before) / std::max(chunks, 1);
}

}  // namespace

int main() {
  // Provider and server come from the environment.
  tracia::Client client;
  std::string what;
  int count = 0;
  while (std::cin >> what >> count) {
    for (int i = 0; i < count; ++i) std::printf("%.2f ", what == "calls" ? call(client) : stream(client));
    std::printf("\n");
    std::fflush(stdout);
  }
}
