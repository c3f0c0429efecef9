#include "rules.h"

#include <gtest/gtest.h>

namespace tracia::tidy {
namespace {

std::string first(const std::string& path, const std::string& text) {
  const auto findings = check_file(path, text);
  return findings.empty() ? "" : findings.front().message;
}

TEST(Tidy, AcceptsAnArrowThatPointsDown) {
  EXPECT_EQ(first("libs/llm/src/a.cpp", "#include \"tracia/json/reader.h\"\n"), "");
}

TEST(Tidy, RefusesAnArrowThatPointsBack) {
  EXPECT_EQ(first("libs/json/src/a.cpp", "#include \"tracia/llm/model.h\"\n"), "json must not use llm");
  EXPECT_EQ(first("libs/client/src/a.cpp", "#include \"tracia/http/server.h\"\n"), "client must not use http");
  EXPECT_EQ(first("python/native/a.cpp", "#include \"tracia/http/server.h\"\n"), "native must not use http");
  EXPECT_EQ(first("libs/client/src/a.cpp", "#include <nanobind/nanobind.h>\n"),
            "includes <nanobind/nanobind.h>: only python/native knows Python");
}

TEST(Tidy, KeepsCurlInTransport) {
  EXPECT_NE(first("libs/client/src/a.cpp", "#include <curl/curl.h>\n"), "");
  EXPECT_EQ(first("libs/transport/src/a.cpp", "#include <curl/curl.h>\n"), "");
}

TEST(Tidy, KeepsThreadsAndFilesOutOfPureLibraries) {
  EXPECT_NE(first("libs/llm/src/a.cpp", "#include <thread>\n"), "");
  EXPECT_EQ(first("libs/llm/test/a_test.cpp", "#include <thread>\n"), "");
  EXPECT_EQ(first("libs/record/src/a.cpp", "#include <thread>\n"), "");
}

TEST(Tidy, RefusesStdRegexAndNlohmannInProducts) {
  EXPECT_NE(first("apps/tracia/a.cpp", "#include <regex>\n"), "");
  EXPECT_NE(first("libs/span/src/a.cpp", "#include <nlohmann/json.hpp>\n"), "");
  EXPECT_EQ(first("libs/span/test/a_test.cpp", "#include <nlohmann/json.hpp>\n"), "");
}

TEST(Tidy, LimitsLinesColumnsAndUnfinishedWork) {
  std::string longer;
  for (int i = 0; i < 501; ++i) longer += "int a;\n";
  EXPECT_NE(first("libs/llm/src/a.cpp", longer), "");
  EXPECT_NE(first("libs/llm/src/a.cpp", std::string(121, 'x') + "\n"), "");
  EXPECT_NE(first("libs/llm/src/a.cpp", std::string("// TO") + "DO later\n"), "");
  EXPECT_EQ(first("libs/llm/src/a.cpp", "mkstemp(\"XXXXXX\");\n"), "");
  EXPECT_NE(first("libs/llm/src/a.cpp", "int a; \n"), "");
  EXPECT_NE(first("libs/llm/src/a.cpp", "int a;"), "");
}

TEST(Tidy, WantsAHeaderToSayWhatItIsFor) {
  EXPECT_NE(first("libs/llm/include/tracia/llm/a.h", "#pragma once\n"), "");
  EXPECT_EQ(first("libs/llm/include/tracia/llm/a.h", "// For x.\n#pragma once\n"), "");
}

}  // namespace
}  // namespace tracia::tidy
