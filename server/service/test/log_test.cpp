#include "tracia/service/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tracia::service {
namespace {

struct Lines {
  std::vector<std::string> all;
  std::function<void(std::string_view)> sink() {
    return [this](std::string_view line) { all.emplace_back(line); };
  }
};

TEST(Log, writes_one_json_object_a_line) {
  Lines lines;
  Log log(Level::kInfo, config::LogFormat::kJson, lines.sink());
  log.write(Level::kWarn, "disk.full", {{"path", "/a \"b\"\n"}, {"free", int64_t{-3}}, {"ratio", 0.5}, {"ok", true}});
  ASSERT_EQ(lines.all.size(), 1u);
  const auto line = nlohmann::json::parse(lines.all[0]);
  EXPECT_EQ(line["level"], "warn");
  EXPECT_EQ(line["event"], "disk.full");
  EXPECT_EQ(line["path"], "/a \"b\"\n");
  EXPECT_EQ(line["free"], -3);
  EXPECT_EQ(line["ratio"], 0.5);
  EXPECT_EQ(line["ok"], true);
  EXPECT_EQ(lines.all[0].find('\n'), std::string::npos);
  EXPECT_EQ(line["time"].get<std::string>().size(), 24u);
}

TEST(Log, text_form_is_for_people_and_cannot_be_forged) {
  Lines lines;
  Log log(Level::kInfo, config::LogFormat::kText, lines.sink());
  log.write(Level::kError, "run.failed", {{"model", "gpt-4o"}, {"why", "no\nERROR forged"}, {"n", int64_t{2}}});
  ASSERT_EQ(lines.all.size(), 1u);
  EXPECT_TRUE(lines.all[0].ends_with("Z ERROR run.failed model=gpt-4o why=\"no\\nERROR forged\" n=2")) << lines.all[0];
}

TEST(Log, leaves_out_lines_below_its_level) {
  Lines lines;
  Log log(Level::kWarn, config::LogFormat::kJson, lines.sink());
  log.write(Level::kInfo, "quiet");
  EXPECT_FALSE(log.enabled(Level::kDebug));
  EXPECT_TRUE(lines.all.empty());
  EXPECT_EQ(level_from_name("warn"), Level::kWarn);
  EXPECT_EQ(level_from_name("loud"), std::nullopt);
}

TEST(Log, keys_never_reach_a_line) {
  Lines lines;
  Log log(Level::kInfo, config::LogFormat::kJson, lines.sink());
  const std::string key = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789";
  log.write(Level::kInfo, "call", {{"error", "bad key " + key}, {"header", "Authorization: Bearer " + key}});
  // Cutting comes after redaction: no half of a key is left at the bound.
  log.write(Level::kInfo, "call", {{"error", std::string(1000, 'x') + " " + key}});
  for (const std::string& line : lines.all) EXPECT_EQ(line.find("abcdefgh"), std::string::npos) << line;
}

TEST(Log, fields_and_lines_are_bounded) {
  Lines lines;
  Log log(Level::kInfo, config::LogFormat::kJson, lines.sink());
  const std::string huge(1u << 20, 'y');
  log.write(Level::kInfo, "big", {{"a", huge}});
  log.write(Level::kInfo, "big", {{"a", huge}, {"b", huge}, {"c", huge}, {"d", huge}, {"last", int64_t{1}}});
  log.write(Level::kInfo, "big", {{"controls", std::string(2000, '\x01')}, {"bad", "\xff\xfe"}, {"nan", std::nan("")}});
  EXPECT_EQ(nlohmann::json::parse(lines.all[0])["a"].get<std::string>().size(), 1024u);
  const auto cut = nlohmann::json::parse(lines.all[1]);
  EXPECT_EQ(cut["truncated"], true);
  EXPECT_EQ(cut["last"], 1);
  for (const std::string& line : lines.all) {
    EXPECT_LE(line.size(), 4096u);
    EXPECT_TRUE(nlohmann::json::accept(line)) << line;
  }
}

TEST(Log, a_full_pipe_drops_lines_and_the_next_one_says_so) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const int saved = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  Log log(Level::kInfo, config::LogFormat::kJson);
  const std::string filler(1000, 'z');
  for (int i = 0; i < 200; ++i) log.write(Level::kInfo, "flood", {{"filler", filler}});  // must not block
  std::string text(4u << 20, '\0');
  text.resize(static_cast<size_t>(read(ends[0], text.data(), text.size())));
  log.write(Level::kInfo, "after");
  std::string last(1u << 16, '\0');
  last.resize(static_cast<size_t>(read(ends[0], last.data(), last.size())));
  dup2(saved, STDERR_FILENO);
  close(saved);
  close(ends[0]);
  close(ends[1]);
  EXPECT_TRUE(text.ends_with("}\n"));
  EXPECT_GT(nlohmann::json::parse(last)["linesDropped"].get<int>(), 0) << last;
}

}  // namespace
}  // namespace tracia::service
