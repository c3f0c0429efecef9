#include "exchanges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace tracia::conformance {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Exchanges : public ::testing::Test {
 protected:
  Exchanges() : dir_(fs::path(::testing::TempDir()) / ("exchanges-" + std::to_string(::getpid()))) {
    fs::create_directories(dir_ / "below" / "deeper");
  }
  ~Exchanges() override { fs::remove_all(dir_); }

  void write(const std::string& name, const std::string& text) { std::ofstream(dir_ / name, std::ios::binary) << text; }

  int run() {
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = run_exchanges(dir_, 1);
    out_ = ::testing::internal::GetCapturedStdout();
    err_ = ::testing::internal::GetCapturedStderr();
    return code;
  }

  // A case of OpenAI's chat endpoint; `response` lacks its braces.
  static std::string one(const std::string& expected, const std::string& response = answer("Hi")) {
    return "{\"id\":\"x\",\"provider\":\"openai\",\"operation\":\"chat\",\"endpoint_operation\":\"chat\",\r\n"
           "\"model\":null,\"request\":{\"unknown\":true,\"body\":null},\r\n\"response\":{" +
           response + "},\r\n\"expected\":" + expected + "}\r\n";
  }
  static std::string answer(const std::string& text) {
    return R"("status":200,"headers":{"content-type":"application/json"},"body_text":"{\"choices\":[{\"message\":{\"content\":\")" +
           text + R"(\"},\"finish_reason\":\"stop\"}]}")";
  }
  static std::string refused(int status, const std::string& body) {
    return "\"status\":" + std::to_string(status) + ",\"headers\":{},\"body_text\":\"" + body + "\"";
  }

  fs::path dir_;
  std::string out_, err_;
};

TEST_F(Exchanges, ReadsNestedFoldersAndPassesOverWhatIsNoCase) {
  write("index.json", R"([{"id":"x","path":"below/a.json"}])");
  write("SOURCES.md", "# not JSON");
  write("below/a.json", one(R"({"text":"Hi","finish_reason_raw":"stop","input_tokens":null,"tool_calls":[]})"));
  write("below/deeper/b.json", "\xEF\xBB\xBF" + one(R"({"text":"Hi"})"));
  EXPECT_EQ(run(), 0) << out_ << err_;
  EXPECT_EQ(out_, "seed 1\n2 passed, 0 failed\n");
}

TEST_F(Exchanges, PrintsEveryFieldThatDiffersOnOneLineAndFails) {
  write("a.json", one(R"({"text":"A\nB","total_tokens":3,"finish_reason_raw":"stop"})"));
  EXPECT_EQ(run(), 1);
  EXPECT_EQ(out_,
            "seed 1\nFAIL x text expected \"A\\nB\" got \"Hi\"\n"
            "FAIL x total_tokens expected 3 got null\n0 passed, 1 failed\n");
}

TEST_F(Exchanges, FailsAFieldThatItCannotCompare) {
  write("a.json", one(R"({"text":"Hi","mood":"good"})"));
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(out_, HasSubstr("FAIL x mood expected \"good\" got"));
}

TEST_F(Exchanges, ShowsTextThatIsNotUtf8) {
  write("a.json", one(R"({"text":"Hi"})", R"("status":200,"headers":{},"body_base64":")"
                                          // {"choices":[{"message":{"content":"\xFF"}}]}
                                          R"(eyJjaG9pY2VzIjpbeyJtZXNzYWdlIjp7ImNvbnRlbnQiOiL/In19XX0=")"));
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(out_, HasSubstr("FAIL x text expected \"Hi\" got"));
}

TEST_F(Exchanges, ComparesTheVendorsMessageOnlyWhereThereIsOne) {
  write("html.json",
        one(R"({"error":{"status":502,"message":null,"type":null}})", refused(502, "<title>Bad Gateway</title>")));
  const std::string words(6000, 'w');
  const std::string error = R"("type":"t","code":null,"param":null)";
  write("long.json", one("{\"error\":{\"status\":400,\"message\":\"" + words + "\"," + error + "}}",
                         refused(400, R"({\"error\":{\"message\":\")" + words + R"(\",\"type\":\"t\"}})")));
  EXPECT_EQ(run(), 0) << out_;
}

TEST_F(Exchanges, NamesTheFileThatIsNoCase) {
  const std::string fine = one(R"({"text":"Hi"})");
  const auto without = [&fine](std::string part, std::string by) {
    std::string text = fine;
    return text.replace(text.find(part), part.size(), by);
  };
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  for (const std::string& bad : {
           std::string("{\"expected\": "),
           one("[]"),
           one("{\"error\":\"text\"}"),
           one("{\"embeddings\":{}}"),
           one("{\"embeddings\":{\"count\":-1,\"dims\":2}}"),
           one("{\"embeddings\":{\"count\":1,\"dims\":2,\"first_values\":[\"a\"]}}"),
           one("{\"other_event_types\":7}"),
           one("{\"text\":" + deep + "}"),
           one("{}", "\"status\":\"200\",\"body_text\":\"\""),
           one("{}", "\"status\":100,\"body_text\":\"\""),
           one("{}", "\"status\":200,\"headers\":3,\"body_text\":\"\""),
           one("{}", "\"status\":200,\"headers\":{}"),
           one("{}", "\"status\":200,\"headers\":{},\"body_base64\":\"%\""),
           without("\"openai\"", "\"nobody\""),
           without("\"openai\"", "1"),
           without("\"id\"", "\"name\""),
       }) {
    write("below/bad.json", bad);
    EXPECT_EQ(run(), 2) << bad.substr(0, 300);
    EXPECT_THAT(err_, HasSubstr("bad.json: "));
  }
}

TEST_F(Exchanges, SaysWhenThereIsNothingToRead) {
  EXPECT_EQ(run(), 2);
  EXPECT_THAT(err_, HasSubstr("no recorded exchanges under"));
  fs::remove_all(dir_);
  EXPECT_EQ(run(), 2);
  EXPECT_THAT(err_, HasSubstr("cannot read"));
}

}  // namespace
}  // namespace tracia::conformance
