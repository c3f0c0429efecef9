// The open-loop generator (load.h) by itself, so that other people's servers are driven as ours is. Prints JSON.
//   offered_load --url http://127.0.0.1:8080/path [--rate 1000] [--seconds 5] [--connections 64]
//                [--header "Name: value"]… --body FILE…
// --rate 0 is a closed loop: every connection asks again as soon as it was answered. Several bodies are sent in turn,
// and with --once yes each of them once, however long it takes.
// And the upstream behind gateways, which answers every request with the same bytes until it is killed:
//   offered_load --respond FILE      prints its address
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "load.h"
#include "responder.h"
#include "tracia/json/writer.h"

namespace {

using namespace tracia;

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "offered_load: %s\n", what.c_str());
  std::exit(2);
}

std::string contents(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) die(std::string("cannot read ") + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

[[noreturn]] void respond(const char* body) {
  const bench::Responder upstream(contents(body));
  std::printf("%s\n", upstream.url().c_str());
  std::fflush(stdout);
  while (true) ::pause();
}

// "http://127.0.0.1:8080/path" into host, port and path.
std::string take_url(const std::string& url, bench::LoadOptions& options) {
  const size_t colon = url.find(':', 7), slash = url.find('/', 7);
  if (!url.starts_with("http://") || colon == std::string::npos || slash == std::string::npos || slash < colon) {
    die("--url wants http://ADDRESS:PORT/PATH");
  }
  options.host = url.substr(7, colon - 7);
  options.port = static_cast<uint16_t>(std::atoi(url.c_str() + colon + 1));
  return url.substr(slash);
}

void print(const bench::LoadReport& report) {
  json::Writer w;
  w.begin_object().field("sent", report.sent).field("failed", report.failed).field("late", report.late);
  w.field("seconds", report.seconds).field("answered", static_cast<uint64_t>(report.latency_ms.size()));
  w.field("p50_ms", report.percentile(50)).field("p99_ms", report.percentile(99));
  w.field_if("first_failure", report.first_failure).end_object();
  std::printf("%s\n", w.str().c_str());
}

}  // namespace

int main(int argc, char** argv) {
  bench::LoadOptions options;
  std::string url, headers;
  std::vector<std::string> bodies;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const char* value = argv[i + 1];
    if (name == "--respond") respond(value);
    if (name == "--url")
      url = value;
    else if (name == "--rate")
      options.rate = std::atof(value);
    else if (name == "--seconds")
      options.seconds = std::atof(value);
    else if (name == "--connections")
      options.connections = std::atoi(value);
    else if (name == "--once")
      options.once = std::strcmp(value, "yes") == 0;
    else if (name == "--header")
      headers += std::string(value) + "\r\n";
    else if (name == "--body")
      bodies.push_back(contents(value));
    else
      die("no option " + name);
  }
  if (bodies.empty()) die("--body is missing");
  const std::string path = take_url(url, options);
  for (const std::string& body : bodies) {
    options.requests.push_back("POST " + path + " HTTP/1.1\r\nHost: " + options.host + "\r\n" + headers +
                               "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  print(bench::run_load(options));
  return 0;
}
