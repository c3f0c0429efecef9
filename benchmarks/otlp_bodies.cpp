// Writes requests of OpenTelemetry to files, for the collectors that ./dev bench peers compares.
//   otlp_bodies FOLDER COUNT SPANS   FOLDER/0.pb … each with SPANS spans of new ids; the last span began just now
#include <cstdlib>
#include <ctime>
#include <fstream>

#include "otlp_request.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "otlp_bodies FOLDER COUNT SPANS\n");
    return 2;
  }
  const std::string folder = argv[1];
  const int count = std::atoi(argv[2]), spans = std::atoi(argv[3]);
  std::mt19937_64 random(std::random_device{}());
  const auto step = static_cast<uint64_t>(spans) * 1'000'000;
  uint64_t start = static_cast<uint64_t>(std::time(nullptr)) * 1'000'000'000 - step * static_cast<uint64_t>(count);
  for (int i = 0; i < count; ++i, start += step) {
    std::ofstream(folder + "/" + std::to_string(i) + ".pb", std::ios::binary)
        << tracia::bench::protobuf_request(random, spans, start);
  }
  return 0;
}
