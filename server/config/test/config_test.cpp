#include "tracia/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <set>

namespace tracia::config {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    std::string pattern = (fs::temp_directory_path() / "tracia-config-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  ~ConfigTest() override { fs::remove_all(directory_); }

  fs::path file(const std::string& text, const std::string& name = "tracia.toml") {
    std::ofstream(directory_ / name) << text;
    return directory_ / name;
  }
  Result<Config> load_with(Flags flags = {}) {
    if (add_data_) flags.emplace_back("data", directory_.string());
    return load(flags, [this](std::string_view name) -> std::optional<std::string> {
      const auto found = environment_.find(std::string(name));
      return found == environment_.end() ? std::nullopt : std::optional(found->second);
    });
  }
  std::string problem(Flags flags = {}) {
    const Result<Config> config = load_with(std::move(flags));
    return config ? "" : config.error().message;
  }

  fs::path directory_;
  std::map<std::string, std::string> environment_;
  bool add_data_ = true;
};

TEST_F(ConfigTest, has_defaults) {
  const Result<Config> config = load_with();
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->listen, "127.0.0.1:7070");
  EXPECT_EQ(config->threads, 2);
  EXPECT_EQ(config->segment_spans_max, 50'000);
  EXPECT_EQ(config->segment_age_max, std::chrono::hours(1));
  EXPECT_FALSE(config->allow_private_upstreams);
  EXPECT_EQ(config->data, directory_);
}

TEST_F(ConfigTest, flags_win_over_environment_over_file_over_defaults) {
  file("listen = \"127.0.0.1:1\"\nthreads = 3\nworkers = 5\n");
  environment_ = {{"TRACIA_LISTEN", "127.0.0.1:2"}, {"TRACIA_THREADS", "7"}};
  const Result<Config> config = load_with({{"listen", "127.0.0.1:3"}});
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->listen, "127.0.0.1:3");
  EXPECT_EQ(config->threads, 7);
  EXPECT_EQ(config->workers, 5);
  EXPECT_EQ(config->retention_days, 0);
}

TEST_F(ConfigTest, reads_every_setting_of_a_file) {
  file(R"(
listen = "[::1]:8443"
public_url = "https://tracia.example.com/"
threads = 8
workers = 16
tls_cert = "/etc/cert.pem"
tls_key = "/etc/key.pem"
log_level = "debug"
log_format = "text"
allow_private_upstreams = true
retention_days = 90
trusted_proxies = ["10.0.0.1", "::1"]
[spans]
segment_spans = 1000
merged_spans = 8000
segment_minutes = 5
)");
  const Result<Config> config = load_with();
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->public_url, "https://tracia.example.com");
  EXPECT_EQ(config->tls_key, "/etc/key.pem");
  EXPECT_EQ(config->log_level, "debug");
  EXPECT_EQ(config->log_format, LogFormat::kText);
  EXPECT_TRUE(config->allow_private_upstreams);
  EXPECT_EQ(config->retention_days, 90);
  EXPECT_EQ(config->trusted_proxies, (std::vector<std::string>{"10.0.0.1", "::1"}));
  EXPECT_EQ(config->segment_spans_max, 1000);
  EXPECT_EQ(config->merged_spans_max, 8000);
  EXPECT_EQ(config->segment_age_max, std::chrono::minutes(5));
}

TEST_F(ConfigTest, the_file_is_named_by_flag_or_variable_and_must_then_exist) {
  const fs::path other = file("threads = 9\n", "other.toml");
  file("threads = 3\n");
  EXPECT_EQ(load_with({{"config", other.string()}})->threads, 9);
  environment_["TRACIA_CONFIG"] = other.string();
  EXPECT_EQ(load_with()->threads, 9);
  EXPECT_THAT(problem({{"config", "/nowhere.toml"}}), HasSubstr("cannot read /nowhere.toml"));
  EXPECT_THAT(problem({{"config", directory_.string()}}), HasSubstr("cannot read"));
}

TEST_F(ConfigTest, a_file_may_name_the_data_directory) {
  add_data_ = false;
  environment_["TRACIA_CONFIG"] = file("data = \"/srv/tracia\"\n").string();
  EXPECT_EQ(load_with()->data, "/srv/tracia");
  environment_.clear();
  EXPECT_EQ(problem(), "data (--data or TRACIA_DATA): required: the directory that holds everything");
}

TEST_F(ConfigTest, errors_name_the_setting_and_where_it_came_from) {
  EXPECT_THAT(problem({{"listen", "7070"}}), HasSubstr("listen (--listen): expected HOST:PORT"));
  environment_["TRACIA_THREADS"] = "many";
  EXPECT_EQ(problem(), "threads (TRACIA_THREADS): expected a whole number from 1 to 64");
  environment_.clear();
  const fs::path path = file("\nworkers = 1000\n");
  EXPECT_EQ(problem(), "workers (" + path.string() + ", line 2): expected a whole number from 1 to 256");
  file("workers = \"4\"\n");
  EXPECT_THAT(problem(), HasSubstr("expected a whole number"));
}

TEST_F(ConfigTest, unknown_settings_are_errors_with_a_guess) {
  file("lisen = \"127.0.0.1:1\"\n");
  EXPECT_THAT(problem(), HasSubstr("lisen ("));
  EXPECT_THAT(problem(), HasSubstr("line 1): unknown setting; did you mean listen?"));
  file("[spans]\nsegment_minuts = 1\n");
  EXPECT_THAT(problem(), HasSubstr("did you mean spans.segment_minutes?"));
  file("[spans.deeper]\nx = 1\n");
  EXPECT_THAT(problem(), HasSubstr("spans.deeper"));
  file("entirely_different = 1\n");
  EXPECT_THAT(problem(), Not(HasSubstr("did you mean")));
  file("bootstrap_key = \"tr_x\"\n");
  EXPECT_THAT(problem(), HasSubstr("unknown setting"));
  file("");
  EXPECT_THAT(problem({{"theads", "1"}}), HasSubstr("did you mean --threads?"));
}

TEST_F(ConfigTest, a_damaged_file_is_named_with_its_line) {
  const fs::path path = file("threads = 2\nlisten = \n");
  EXPECT_THAT(problem(), HasSubstr(path.string() + ":2:"));
  file(std::string((1u << 20) + 1, '#'));
  EXPECT_THAT(problem(), HasSubstr("larger than 1 MiB"));
}

TEST_F(ConfigTest, refuses_values_that_make_no_sense) {
  const std::vector<std::pair<std::string, std::string>> bad{
      {"listen", "localhost"},       {"listen", "::1:80"},          {"listen", "h:99999"},    {"listen", "h:"},
      {"public-url", "ftp://h"},     {"public-url", "https://"},    {"threads", "0"},         {"threads", "2x"},
      {"log-level", "loud"},         {"log-format", "xml"},         {"retention-days", "-1"}, {"workers", ""},
      {"trusted-proxies", "a.host"}, {"public-url", "http://u:p@h"}};
  for (const auto& flag : bad) EXPECT_THAT(problem({flag}), HasSubstr("--" + flag.first)) << flag.second;
}

TEST_F(ConfigTest, certificate_and_key_come_together) {
  EXPECT_THAT(problem({{"tls-cert", "c.pem"}}), HasSubstr("tls-key"));
  EXPECT_THAT(problem({{"tls-key", "k.pem"}}), HasSubstr("tls-cert"));
  EXPECT_EQ(problem({{"tls-cert", "c.pem"}, {"tls-key", "k.pem"}}), "");
}

TEST_F(ConfigTest, a_weak_bootstrap_key_is_refused_and_not_echoed) {
  for (const std::string& weak : {std::string("tr_secretsecret"), std::string(40, 'x'), "tr_" + std::string(40, ' ')}) {
    environment_["TRACIA_BOOTSTRAP_API_KEY"] = weak;
    EXPECT_THAT(problem(), HasSubstr("TRACIA_BOOTSTRAP_API_KEY"));
    EXPECT_THAT(problem(), Not(HasSubstr(weak)));
  }
  const std::string key = "tr_abcdefghijklmnopqrstuvwxyz0123456789";
  environment_["TRACIA_BOOTSTRAP_API_KEY"] = key;
  EXPECT_EQ(load_with()->bootstrap_key, key);
  EXPECT_THAT(problem({{"bootstrap-api-key", key}}), HasSubstr("unknown flag"));
}

TEST_F(ConfigTest, switches_need_no_value) {
  EXPECT_TRUE(load_with({{"allow-private-upstreams", ""}})->allow_private_upstreams);
  EXPECT_FALSE(load_with({{"allow-private-upstreams", "false"}})->allow_private_upstreams);
}

TEST(Settings, are_listed_once_each) {
  std::set<std::string> names;
  for (const Setting& setting : settings()) EXPECT_TRUE(names.insert(setting.name).second) << setting.name;
  EXPECT_EQ(names.count("listen"), 1u);
}

}  // namespace
}  // namespace tracia::config
