// The server's configuration: flags over environment over a TOML file over defaults, one typed struct.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/llm/endpoint.h"

namespace tracia::config {

enum class LogFormat { kJson, kText };

struct Config {
  std::filesystem::path data;               // --data, TRACIA_DATA; required
  std::string listen = "127.0.0.1:7070";    // --listen, TRACIA_LISTEN
  std::string public_url;                   // --public-url, TRACIA_PUBLIC_URL: in links; "" = http(s)://listen
  int threads = 2;                          // --threads: event loops
  int workers = 4;                          // --workers: threads for reads
  std::filesystem::path tls_cert, tls_key;  // --tls-cert, --tls-key: PEM; both or none
  std::string log_level = "info";           // --log-level: debug | info | warn | error
  LogFormat log_format = LogFormat::kJson;  // --log-format: json | text; text when stderr is a terminal
  bool allow_private_upstreams =
      false;                           // --allow-private-upstreams: connections to loopback, link-local, private hosts
  std::filesystem::path dashboard;     // --dashboard: a pack to serve in place of the embedded one; "" = that one
  int retention_days = 0;              // --retention-days: spans older than this are dropped; 0 = kept
  int64_t segment_spans_max = 50'000;  // spans.segment_spans
  int64_t merged_spans_max = 500'000;  // spans.merged_spans
  Millis segment_age_max{3'600'000};   // spans.segment_minutes
  std::vector<std::string> trusted_proxies;  // addresses whose X-Forwarded-Proto is believed
  std::optional<std::string> bootstrap_key;  // TRACIA_BOOTSTRAP_API_KEY only: never a flag, never in a file
};

// What flags gave: name without dashes -> value. Only names of the list in config.cpp are known.
using Flags = std::vector<std::pair<std::string, std::string>>;

// `file`: --config, else TRACIA_CONFIG, else DATA/tracia.toml when it exists. Errors: kInvalidRequest naming the
// setting, where it came from, and what would be right: "listen (TRACIA_LISTEN): expected HOST:PORT".
Result<Config> load(const Flags& flags, const llm::EnvReader& env);

// The known settings, for --help and the docs: name, default, meaning. A name with a dot has no flag and no variable:
// it is set in the file, which writes _ for -.
struct Setting {
  std::string name, variable, default_value, help;
  bool is_switch = false;
};
const std::vector<Setting>& settings();

}  // namespace tracia::config
