#include "tracia/config/config.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <string_view>
#include <system_error>
#include <utility>

#include "toml_file.h"
#include "tracia/base/bytes.h"
#include "tracia/wire/http.h"

namespace tracia::config {
namespace {

namespace fs = std::filesystem;

// Puts a value's text into the Config. On failure returns what would be right: "expected HOST:PORT".
using Apply = std::string (*)(Config&, std::string_view);

struct Known {
  Setting setting;
  ValueKind kind;
  Apply apply;
};

std::string read_number(std::string_view text, int64_t least, int64_t most, int64_t& out) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    return "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  }
  out = value;
  return "";
}

std::string read_int(std::string_view text, int64_t least, int64_t most, int& out) {
  int64_t value = out;
  std::string problem = read_number(text, least, most, value);
  out = static_cast<int>(value);
  return problem;
}

std::string read_switch(std::string_view text, bool& out) {
  if (text == "true" || text == "1" || text.empty()) {
    out = true;
  } else if (text == "false" || text == "0") {
    out = false;
  } else {
    return "expected true or false";
  }
  return "";
}

std::string read_path(std::string_view text, fs::path& out) {
  if (text.empty() || text.find('\0') != std::string_view::npos) return "expected a path";
  out = fs::path(text);
  return "";
}

std::string read_listen(Config& config, std::string_view text) {
  constexpr const char* expected = "expected HOST:PORT or [IPV6]:PORT, for example 127.0.0.1:7070";
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return expected;
  const std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (!bracketed && host.find_first_of(":[] /") != std::string_view::npos) return expected;
  int64_t port = 0;
  if (!read_number(text.substr(colon + 1), 0, 65535, port).empty()) return expected;
  config.listen = text;
  return "";
}

std::string read_public_url(Config& config, std::string_view text) {
  const auto parts = wire::split_url(text);
  if (!parts || !parts->query.empty() || text.find('#') != std::string_view::npos ||
      text.find('@') != std::string_view::npos) {
    return "expected an address such as https://tracia.example.com, without a query or a password";
  }
  while (text.back() == '/') text.remove_suffix(1);
  config.public_url = text;
  return "";
}

std::string read_log_level(Config& config, std::string_view text) {
  if (text != "debug" && text != "info" && text != "warn" && text != "error")
    return "expected debug, info, warn or error";
  config.log_level = text;
  return "";
}

std::string read_log_format(Config& config, std::string_view text) {
  if (text != "json" && text != "text") return "expected json or text";
  config.log_format = text == "json" ? LogFormat::kJson : LogFormat::kText;
  return "";
}

bool is_address(const std::string& text) {
  in6_addr unused;
  return inet_pton(AF_INET, text.c_str(), &unused) == 1 || inet_pton(AF_INET6, text.c_str(), &unused) == 1;
}

std::string read_proxies(Config& config, std::string_view text) {
  std::vector<std::string> all;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    all.emplace_back(trim(text.substr(0, comma)));
    if (!is_address(all.back())) return "expected IP addresses with commas between";
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  config.trusted_proxies = std::move(all);
  return "";
}

std::string read_segment_minutes(Config& config, std::string_view text) {
  int64_t minutes = 0;
  std::string problem = read_number(text, 1, 525'600, minutes);
  if (problem.empty()) config.segment_age_max = std::chrono::minutes(minutes);
  return problem;
}

// A name with a dot is set in the file only; the file writes '_' for the '-' of a flag.
const std::vector<Known>& known() {
  using C = Config;
  using V = std::string_view;
  static const std::vector<Known> list{
      {{"config", "TRACIA_CONFIG", "DATA/tracia.toml", "the configuration file"},
       ValueKind::kText,
       [](C&, V text) { return std::string(text.empty() ? "expected a path" : ""); }},
      {{"data", "TRACIA_DATA", "", "the directory that holds everything; required"},
       ValueKind::kText,
       [](C& c, V v) { return read_path(v, c.data); }},
      {{"listen", "TRACIA_LISTEN", "127.0.0.1:7070", "HOST:PORT to listen on; port 0 takes a free one"},
       ValueKind::kText,
       read_listen},
      {{"public-url", "TRACIA_PUBLIC_URL", "", "the address that people use, for links; default: that of --listen"},
       ValueKind::kText,
       read_public_url},
      {{"threads", "TRACIA_THREADS", "2", "event loops, 1 to 64"},
       ValueKind::kNumber,
       [](C& c, V v) { return read_int(v, 1, 64, c.threads); }},
      {{"workers", "TRACIA_WORKERS", "4", "threads for reads of the store, 1 to 256"},
       ValueKind::kNumber,
       [](C& c, V v) { return read_int(v, 1, 256, c.workers); }},
      {{"tls-cert", "TRACIA_TLS_CERT", "", "PEM file: the certificate, then its chain; with --tls-key"},
       ValueKind::kText,
       [](C& c, V v) { return read_path(v, c.tls_cert); }},
      {{"tls-key", "TRACIA_TLS_KEY", "", "PEM file: the certificate's private key"},
       ValueKind::kText,
       [](C& c, V v) { return read_path(v, c.tls_key); }},
      {{"log-level", "TRACIA_LOG_LEVEL", "info", "debug, info, warn or error"}, ValueKind::kText, read_log_level},
      {{"log-format", "TRACIA_LOG_FORMAT", "json", "json or text; text when stderr is a terminal"},
       ValueKind::kText,
       read_log_format},
      {{"allow-private-upstreams", "TRACIA_ALLOW_PRIVATE_UPSTREAMS", "false",
        "let connections lead to loopback, link-local and private addresses", true},
       ValueKind::kSwitch,
       [](C& c, V v) { return read_switch(v, c.allow_private_upstreams); }},
      {{"dashboard", "TRACIA_DASHBOARD", "", "a page.pack to serve in place of the embedded dashboard, to work on it"},
       ValueKind::kText,
       [](C& c, V v) { return read_path(v, c.dashboard); }},
      {{"retention-days", "TRACIA_RETENTION_DAYS", "0", "drop spans older than this; 0 keeps all"},
       ValueKind::kNumber,
       [](C& c, V v) { return read_int(v, 0, 36'500, c.retention_days); }},
      {{"trusted-proxies", "TRACIA_TRUSTED_PROXIES", "",
        "addresses of proxies, with commas between, whose X-Forwarded-For and -Proto are believed"},
       ValueKind::kList,
       read_proxies},
      {{"spans.segment_spans", "", "50000", "spans after which a segment is sealed (file only)"},
       ValueKind::kNumber,
       [](C& c, V v) { return read_number(v, 1, 100'000'000, c.segment_spans_max); }},
      {{"spans.merged_spans", "", "500000", "spans up to which sealed segments are merged (file only)"},
       ValueKind::kNumber,
       [](C& c, V v) { return read_number(v, 1, 100'000'000, c.merged_spans_max); }},
      {{"spans.segment_minutes", "", "60", "age at which a segment is sealed (file only)"},
       ValueKind::kNumber,
       read_segment_minutes},
  };
  return list;
}

bool is_file_only(const Setting& setting) { return setting.variable.empty(); }

std::string file_name_of(const Setting& setting) {
  std::string name = setting.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

// Levenshtein's distance.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

// "; did you mean listen?", or "" when nothing is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& names, std::string_view dashes) {
  word = word.substr(0, 64);
  std::string_view best;
  size_t least = std::max<size_t>(2, word.size() / 3) + 1;
  for (const std::string& name : names) {
    const size_t far = distance(word, name);
    if (far < least) {
      least = far;
      best = name;
    }
  }
  return best.empty() ? "" : "; did you mean " + std::string(dashes) + std::string(best) + "?";
}

Status invalid(std::string_view name, std::string_view source, std::string_view problem) {
  return fail(Error::invalid(std::string(name) + " (" + std::string(source) + "): " + std::string(problem)));
}

std::string_view kind_name(ValueKind kind) {
  switch (kind) {
    case ValueKind::kNumber: return "expected a whole number";
    case ValueKind::kSwitch: return "expected true or false";
    case ValueKind::kList: return "expected a list of strings";
    default: return "expected a string";
  }
}

Status apply_file(Config& config, const fs::path& file) {
  const Result<std::vector<FileValue>> values = read_toml(file);
  if (!values) return fail(values.error());
  std::vector<std::string> names;
  for (const Known& entry : known()) {
    if (entry.setting.name != "config") names.push_back(file_name_of(entry.setting));
  }
  for (const FileValue& value : *values) {
    const std::string source = file.string() + ", line " + std::to_string(value.line);
    if (std::find(names.begin(), names.end(), value.name) == names.end()) {
      return invalid(value.name, source, "unknown setting" + did_you_mean(value.name, names, ""));
    }
    const auto entry = std::find_if(known().begin(), known().end(),
                                    [&](const Known& k) { return file_name_of(k.setting) == value.name; });
    if (entry->kind != value.kind) return invalid(value.name, source, kind_name(entry->kind));
    const std::string problem = entry->apply(config, value.text);
    if (!problem.empty()) return invalid(value.name, source, problem);
  }
  return {};
}

Status apply_environment(Config& config, const llm::EnvReader& env) {
  for (const Known& entry : known()) {
    if (is_file_only(entry.setting)) continue;
    const auto value = env(entry.setting.variable);
    if (!value) continue;
    const std::string problem = entry.apply(config, *value);
    if (!problem.empty()) return invalid(entry.setting.name, entry.setting.variable, problem);
  }
  return {};
}

Status apply_flags(Config& config, const Flags& flags) {
  std::vector<std::string> names;
  for (const Known& entry : known()) {
    if (!is_file_only(entry.setting)) names.push_back(entry.setting.name);
  }
  for (const auto& [name, value] : flags) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return invalid(name, "--" + name, "unknown flag" + did_you_mean(name, names, "--"));
    }
    const auto entry =
        std::find_if(known().begin(), known().end(), [&](const Known& k) { return k.setting.name == name; });
    const std::string problem = entry->apply(config, value);
    if (!problem.empty()) return invalid(name, "--" + name, problem);
  }
  return {};
}

// A flag's last value, else the variable's.
std::optional<std::string> early(const Flags& flags, const llm::EnvReader& env, std::string_view name,
                                 std::string_view variable) {
  for (auto flag = flags.rbegin(); flag != flags.rend(); ++flag) {
    if (flag->first == name) return flag->second;
  }
  return env(variable);
}

// The file to read; "" = none.
fs::path find_file(const Flags& flags, const llm::EnvReader& env) {
  if (const auto file = early(flags, env, "config", "TRACIA_CONFIG")) return *file;
  const auto data = early(flags, env, "data", "TRACIA_DATA");
  if (!data || data->empty()) return {};
  fs::path file = fs::path(*data) / "tracia.toml";
  std::error_code ignored;
  return fs::exists(file, ignored) ? file : fs::path();
}

// The same shape as new_api_key()'s, of at least 32 characters. The value is never part of the message.
Status check_bootstrap_key(std::string_view key) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  };
  const std::string_view random = key.substr(std::min<size_t>(3, key.size()));
  if (key.starts_with("tr_") && random.size() >= 32 && random.size() <= 128 &&
      std::all_of(random.begin(), random.end(), allowed)) {
    return {};
  }
  return invalid("bootstrap API key", "TRACIA_BOOTSTRAP_API_KEY",
                 "too weak: expected tr_ and 32 to 128 letters, digits, '-' or '_', chosen at random");
}

Status check_whole(const Config& config) {
  if (config.data.empty()) {
    return invalid("data", "--data or TRACIA_DATA", "required: the directory that holds everything");
  }
  if (config.tls_cert.empty() != config.tls_key.empty()) {
    return config.tls_key.empty() ? invalid("tls-key", "--tls-key or TRACIA_TLS_KEY", "required beside tls-cert")
                                  : invalid("tls-cert", "--tls-cert or TRACIA_TLS_CERT", "required beside tls-key");
  }
  return config.bootstrap_key ? check_bootstrap_key(*config.bootstrap_key) : Status();
}

}  // namespace

Result<Config> load(const Flags& flags, const llm::EnvReader& env) {
  Config config;
  config.log_format = isatty(STDERR_FILENO) ? LogFormat::kText : LogFormat::kJson;
  // The later wins.
  if (const fs::path file = find_file(flags, env); !file.empty()) TRACIA_TRY(apply_file(config, file));
  TRACIA_TRY(apply_environment(config, env));
  TRACIA_TRY(apply_flags(config, flags));
  config.bootstrap_key = env("TRACIA_BOOTSTRAP_API_KEY");
  TRACIA_TRY(check_whole(config));
  return config;
}

const std::vector<Setting>& settings() {
  static const std::vector<Setting> list = [] {
    std::vector<Setting> all;
    for (const Known& entry : known()) all.push_back(entry.setting);
    return all;
  }();
  return list;
}

}  // namespace tracia::config
