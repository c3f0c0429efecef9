#include "otel.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace tracia::conformance {
namespace {

namespace fs = std::filesystem;

class Otel : public ::testing::Test {
 protected:
  Otel() : dir_(fs::path(::testing::TempDir()) / ("otel-" + std::to_string(::getpid()))) {
    fs::create_directories(dir_);
  }
  ~Otel() override { fs::remove_all(dir_); }

  void write(const std::string& name, const std::string& text) { std::ofstream(dir_ / name) << text; }
  int run() {
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = run_otel(dir_);
    out_ = ::testing::internal::GetCapturedStdout();
    err_ = ::testing::internal::GetCapturedStderr();
    return code;
  }
  static std::string one(const std::string& expected) {
    return R"({"id":"a","otlp":{"resourceSpans":[{"scopeSpans":[{"scope":{"name":"x"},"spans":[{
      "traceId":"0123456789abcdef0123456789abcdef","spanId":"00000000000000aa","name":"chat","startTimeUnixNano":"1",
      "endTimeUnixNano":"2","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},
      {"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}},
      {"key":"gen_ai.usage.input_tokens","value":{"intValue":"7"}}]}]}]}]},"expected":[)" +
           expected + "]}";
  }

  fs::path dir_;
  std::string out_, err_;
};

TEST_F(Otel, CountsCasesAndPassesOverOtherJson) {
  write("index.json", R"({"items":[]})");
  write("a.json", one(R"({"spanId":"00000000000000aa","kind":"LLM","model":"gpt-4o","input_tokens":7,"user":null})"));
  EXPECT_EQ(run(), 0) << out_ << err_;
  EXPECT_EQ(out_, "1 passed, 0 failed\n");
}

TEST_F(Otel, PrintsEveryFieldThatDiffersOnce) {
  write("a.json", one(R"({"spanId":"00000000000000aa","model":"gpt-5","input_tokens":0,"session":"s"})"));
  EXPECT_EQ(run(), 1);
  EXPECT_EQ(out_,
            "FAIL a model span 00000000000000aa expected \"gpt-5\" got \"gpt-4o\"\n"
            "FAIL a input_tokens span 00000000000000aa expected 0 got 7\n"
            "FAIL a session span 00000000000000aa expected \"s\" got null\n0 passed, 1 failed\n");
}

TEST_F(Otel, ASpanThatIsMissingIsAFailure) {
  write("a.json", one(R"({"spanId":"00000000000000bb"})"));
  EXPECT_EQ(run(), 1);
  EXPECT_NE(out_.find("FAIL a spanId"), std::string::npos) << out_;
}

TEST_F(Otel, NoCaseAtAllAndUnreadableFilesAreErrors) {
  EXPECT_EQ(run(), 2);
  write("a.json", "{");
  EXPECT_EQ(run(), 2);
  EXPECT_NE(err_.find("a.json"), std::string::npos);
}

TEST_F(Otel, TheSharedCasesPass) {
  const char* set = std::getenv("TRACIA_SHARED");
  const fs::path shared =
      set != nullptr && *set != '\0' ? fs::path(set) : fs::path(TRACIA_SOURCE_DIR) / ".." / "shared";
  if (!fs::is_directory(shared / "otel")) GTEST_SKIP() << "no shared folder: set TRACIA_SHARED";
  EXPECT_EQ(run_otel(shared / "otel"), 0);
}

}  // namespace
}  // namespace tracia::conformance
