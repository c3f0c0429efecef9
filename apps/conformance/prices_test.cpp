#include "prices.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace tracia::conformance {
namespace {

namespace fs = std::filesystem;

class Prices : public ::testing::Test {
 protected:
  Prices() : dir_(fs::path(::testing::TempDir()) / ("prices-" + std::to_string(::getpid()))) {
    fs::create_directories(dir_ / "below");
  }
  ~Prices() override { fs::remove_all(dir_); }

  void write(const std::string& name, const std::string& text) { std::ofstream(dir_ / name) << text; }

  int run() {
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = run_prices(dir_);
    out_ = ::testing::internal::GetCapturedStdout();
    err_ = ::testing::internal::GetCapturedStderr();
    return code;
  }

  static std::string one(const std::string& expected, const std::string& more = "") {
    return R"({"id":"a:b:small","provider":"openai","model":"gpt-4o","time":"2026-08-01T12:00:00Z",)"
           R"("usage":{"inputTokens":1000,"outputTokens":100},"expected":)" +
           expected + more + "}";
  }

  fs::path dir_;
  std::string out_, err_;
};

constexpr const char* kRight = R"({"inputCost":"0.0025","outputCost":"0.001","totalCost":"0.0035"})";

TEST_F(Prices, CountsCasesOfEveryFileAndPassesOverOtherJson) {
  write("models.json", R"([{"model":"x"}])");
  write("note.json", R"({"usage":1})");
  write("a.json", "[" + one(kRight) + "]");
  write("below/b.json", "[" + one(R"({"totalCost":0.0035})") + "," + one(kRight) + "]");
  EXPECT_EQ(run(), 0) << out_ << err_;
  EXPECT_EQ(out_, "3 passed, 0 failed\n");
}

TEST_F(Prices, PrintsEveryFieldThatDiffersAndFails) {
  write("a.json", "[" + one(R"({"inputCost":"0.0025","outputCost":"0.002","totalCost":"0.0045"})") + "]");
  EXPECT_EQ(run(), 1);
  EXPECT_EQ(out_,
            "FAIL a:b:small outputCost expected 0.002 got 0.001\n"
            "FAIL a:b:small totalCost expected 0.0045 got 0.0035\n0 passed, 1 failed\n");
}

TEST_F(Prices, ComparesWithinTheToleranceOnly) {
  write("a.json",
        "[" + one(R"({"totalCost":"0.003500000001"})") + "," + one(R"({"totalCost":"0.00350000000101"})") + "]");
  EXPECT_EQ(run(), 1);
  EXPECT_NE(out_.find("1 passed, 1 failed"), std::string::npos) << out_;
}

TEST_F(Prices, NotesWhatWasDecidedWhereSourcesDisagree) {
  write("a.json", "[" + one(R"({"totalCost":"9"})", R"(,"dissent":["x"])") + "," +
                      one(R"({"totalCost":"8"})", std::string(R"(,"alternative":)") + kRight) + "]");
  EXPECT_EQ(run(), 0);
  EXPECT_NE(out_.find("NOTE a:b:small totalCost expected 9 decided 0.0035 (sources disagree)"), std::string::npos)
      << out_;
  EXPECT_NE(out_.find("NOTE a:b:small totalCost expected 8 decided 0.0035 (the case's alternative)"),
            std::string::npos);
  EXPECT_NE(out_.find("0 passed, 0 failed"), std::string::npos);
}

TEST_F(Prices, NullMeansNoCost) {
  const std::string unknown = R"({"id":"a","provider":"openai","model":"no-such","time":"2026-08-01T12:00:00Z",)"
                              R"("usage":{"inputTokens":1,"outputTokens":1},"expected":{"totalCost":null}})";
  write("a.json", "[" + unknown + "," + one(R"({"totalCost":null})") + "]");
  EXPECT_EQ(run(), 1);
  EXPECT_NE(out_.find("1 passed, 1 failed"), std::string::npos) << out_;
}

TEST_F(Prices, PassesOverCountsItDoesNotKnowButNotModes) {
  write("a.json",
        R"([{"id":"a","provider":"openai","model":"gpt-4o","time":"2026-08-01",)"
        R"("usage":{"inputTokens":1000,"outputTokens":0,"imageTokens":7},"expected":{"totalCost":"0.0025"}},)" +
            one(kRight, R"(,"mode":"flex")") + "]");
  EXPECT_EQ(run(), 1);
  EXPECT_EQ(out_, "FAIL a:b:small mode expected standard or batch got flex\n1 passed, 1 failed\n");
}

TEST_F(Prices, MalformedInputIsAClearErrorAndNotAFailure) {
  EXPECT_EQ(run(), 2);  // no case at all
  EXPECT_NE(err_.find("no file with cases"), std::string::npos);
  for (const std::string& text :
       {std::string("[{"), "[" + one(kRight) + ",{}]", "[" + one("3") + "]",
        std::string(R"([{"id":"a","time":"yesterday","usage":{},"expected":{}}])"),
        std::string(R"([{"id":"a","time":"2026-08-01","usage":{"inputTokens":"1"},"expected":{}}])"), std::string()}) {
    write("a.json", text);
    EXPECT_EQ(run(), 2) << text;
    EXPECT_NE(err_.find("a.json"), std::string::npos) << err_;
  }
  EXPECT_EQ(run_prices(dir_ / "absent"), 2);
}

TEST_F(Prices, TheSharedCasesPass) {
  const char* set = std::getenv("TRACIA_SHARED");
  const fs::path shared =
      set != nullptr && *set != '\0' ? fs::path(set) : fs::path(TRACIA_SOURCE_DIR) / ".." / "shared";
  if (!fs::is_directory(shared / "prices")) GTEST_SKIP() << "no shared folder: set TRACIA_SHARED";
  EXPECT_EQ(run_prices(shared / "prices"), 0);
}

}  // namespace
}  // namespace tracia::conformance
