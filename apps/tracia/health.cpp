// tracia health: does a server take traffic? For containers and scripts, which may have no curl.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "command.h"
#include "control_requests.h"
#include "server_process.h"
#include "tracia/json/reader.h"
#include "tracia/llm/endpoint.h"
#include "tracia/transport/transport.h"

namespace tracia::app {
namespace {

constexpr Millis kTimeout{5'000};
constexpr size_t kAnswerBytesMax = 64u << 10;

std::string default_url() {
  const auto listen = llm::process_env()("TRACIA_LISTEN");
  return "http://" + reachable_address(listen && !listen->empty() ? *listen : config::Config().listen);
}

// What /readyz says. A page that something else gives for every path has no status.
struct Readiness {
  std::string status, reason;
};

Readiness readiness_of(const std::string& body) {
  json::Document document;
  const auto answer = document.parse_lenient(body);
  if (!answer) return {};
  return {.status = (*answer)["status"].text(), .reason = printable((*answer)["reason"].text())};
}

int health(std::string url) {
  if (url.empty()) url = default_url();
  while (url.ends_with('/')) url.pop_back();
  transport::Transport client({.use_proxy_env = false});  // it is near, or the address is the proxy's own
  transport::ExchangeOptions options{.deadlines = {.connect = kTimeout, .total = kTimeout}};
  options.body_bytes_max = kAnswerBytesMax;
  const auto answer = client.fetch({.method = "GET", .url = url + "/readyz", .headers = {}, .body = ""}, options);
  if (!answer) return report(answer.error());
  const auto [status, reason] = readiness_of(answer->body);
  if (status.empty()) {
    std::fprintf(stderr, "tracia: what answers at %s is no Tracia server\n", printable(url).c_str());
    return kExitFailure;
  }
  if (answer->status != 200) {
    std::fprintf(stderr, "tracia: not ready: %s\n", reason.c_str());
    return kExitFailure;
  }
  std::printf("ready%s%s\n", reason.empty() ? "" : ", but: ", reason.c_str());
  return kExitOk;
}

}  // namespace

void add_health(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("health", "Ask a server whether it takes traffic; exit code 0 when it does");
  const auto url = std::make_shared<std::string>();
  command->add_option("--url", *url, "The server's address; default: http:// and TRACIA_LISTEN, or 127.0.0.1:7070");
  command->callback([url, &exit_code] { exit_code = health(*url); });
}

}  // namespace tracia::app
