// The page at /: its files, what guards them, and what is not its.
#include <gtest/gtest.h>

#include "api_server.h"
#include "tracia/base/compress.h"

namespace tracia::routes {
namespace {

class PageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    add_page(api.router, api.services);
    add_settings(api.router, api.services);
    api.start();
  }
  ApiServer api;
};

TEST_F(PageTest, ServesItsThreeFiles) {
  const std::pair<const char*, const char*> files[] = {{"/", "text/html; charset=utf-8"},
                                                       {"/page.css", "text/css; charset=utf-8"},
                                                       {"/page.js", "text/javascript; charset=utf-8"}};
  for (const auto& [path, type] : files) {
    const auto answer = api.send("GET", path);
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_EQ(answer.header("content-type"), type);
    EXPECT_FALSE(answer.body.empty());
    EXPECT_EQ(answer.header("vary"), "Accept-Encoding");
  }
}

TEST_F(PageTest, LetsNothingElseIn) {
  const auto answer = api.send("GET", "/");
  const std::string policy = answer.header("content-security-policy");
  for (const char* part : {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"}) {
    EXPECT_NE(policy.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_EQ(answer.header("referrer-policy"), "no-referrer");
  // What the policy would block: scripts and styles in the page, and other hosts.
  EXPECT_EQ(answer.body.find("style="), std::string::npos);
  EXPECT_EQ(answer.body.find("onclick"), std::string::npos);
  for (const char* path : {"/", "/page.css", "/page.js"}) {
    EXPECT_EQ(api.send("GET", path).body.find("//www"), std::string::npos);
    EXPECT_EQ(api.send("GET", path).body.find("innerHTML"), std::string::npos);
  }
}

TEST_F(PageTest, IsSmall) {
  size_t total = 0;
  for (const char* path : {"/", "/page.css", "/page.js"}) {
    total += std::stoul(api.send("HEAD", path, "", {{"Accept-Encoding", "gzip"}}).header("content-length"));
  }
  EXPECT_LT(total, 15'000u);
}

TEST_F(PageTest, ComesPackedWhenAskedFor) {
  const std::string plain = api.send("GET", "/page.js").body;
  const auto packed = api.send("GET", "/page.js", "", {{"Accept-Encoding", "br, gzip;q=0.8"}});
  EXPECT_EQ(packed.header("content-encoding"), "gzip");
  const auto unpacked = gunzip(packed.body, 1 << 20);
  ASSERT_TRUE(unpacked);
  EXPECT_EQ(*unpacked, plain);
  for (const char* refused : {"", "br", "gzip;q=0", "gzip; q=0.000", "xgzip"}) {
    EXPECT_EQ(api.send("GET", "/page.js", "", {{"Accept-Encoding", refused}}).body, plain) << refused;
  }
}

TEST_F(PageTest, IsNotSentAgainWhileItIsTheSame) {
  const std::string tag = api.send("GET", "/page.css").header("etag");
  const std::string packed_tag = api.send("GET", "/page.css", "", {{"Accept-Encoding", "gzip"}}).header("etag");
  EXPECT_NE(tag, packed_tag);
  for (const std::string& same : {tag, "W/" + tag, "\"x\", " + tag, std::string("*")}) {
    const auto answer = api.send("GET", "/page.css", "", {{"If-None-Match", same}});
    EXPECT_EQ(answer.status, 304) << same;
    EXPECT_EQ(answer.body, "");
    EXPECT_EQ(answer.header("etag"), tag);
  }
  EXPECT_EQ(api.send("GET", "/page.css", "", {{"If-None-Match", packed_tag}}).status, 200);
}

TEST_F(PageTest, AnswersItsOwnPathsWithThePage) {
  const std::string index = api.send("GET", "/").body;
  for (const char* path : {"/spans", "/prompts/support-answer", "/apiary"}) {
    EXPECT_EQ(api.send("GET", path).body, index) << path;
  }
}

TEST_F(PageTest, EverythingElseIsNotFoundAsJson) {
  for (const char* path : {"/api/v1/nothing", "/api", "/v1/nothing", "/favicon.ico", "/page.js.map", "/index.html",
                           "/src/page.cpp", "/.env", "/prompts//a", "/spans//"}) {
    const auto answer = api.send("GET", path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.code(), "NOT_FOUND") << path;
  }
  EXPECT_EQ(api.send("POST", "/").status, 404);
}

}  // namespace
}  // namespace tracia::routes
