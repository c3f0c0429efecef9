// The dashboard's files: how they are sent, what guards them, and what is not theirs.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "../src/page_pack.h"
#include "api_server.h"
#include "tracia/base/compress.h"

namespace tracia::routes {
namespace {

const std::string kHtml = "<!doctype html><script nonce=TRACIA_NONCE></script><style nonce=TRACIA_NONCE></style>";
const std::string kScript(5000, 'x');

std::string pack_of(const std::string& index, const std::string& contents) {
  char length[16];
  std::snprintf(length, sizeof(length), "%08zx\n", index.size());
  return "TRPACK1\n" + std::string(length) + index + contents;
}

std::string small_pack() {
  const std::string packed = gzip(kScript, 9);
  const auto range = [](size_t at, size_t size) { return "[" + std::to_string(at) + "," + std::to_string(size) + "]"; };
  return pack_of(R"([{"path":"/index.html","type":"text/html; charset=utf-8","immutable":false,"plain":)" +
                     range(0, kHtml.size()) +
                     R"(},{"path":"/assets/a-1.js","type":"text/javascript","immutable":true,"gzip":)" +
                     range(kHtml.size(), packed.size()) + R"(,"br":)" + range(kHtml.size() + packed.size(), 3) + "}]",
                 kHtml + packed + "brx");
}

class PageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    file = std::filesystem::temp_directory_path() / ("tracia_page_" + std::to_string(getpid()));
    std::ofstream(file, std::ios::binary) << small_pack();
    config.dashboard = file;
    api.services.config = &config;
    ASSERT_TRUE(add_page(api.router, api.services));
    add_settings(api.router, api.services);
    api.start();
  }
  void TearDown() override { std::filesystem::remove(file); }
  std::filesystem::path file;
  config::Config config;
  ApiServer api;
};

TEST_F(PageTest, EachAnswerOfThePageHasANonceOfItsOwn) {
  std::string nonces[2];
  for (std::string& nonce : nonces) {
    const auto answer = api.send("GET", "/");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("content-type"), "text/html; charset=utf-8");
    EXPECT_EQ(answer.header("cache-control"), "no-store");
    const std::string policy = answer.header("content-security-policy");
    const std::string before = "style-src 'self' 'nonce-";
    const size_t begin = policy.find(before);
    ASSERT_NE(begin, std::string::npos);
    nonce = policy.substr(begin + before.size(), policy.find('\'', begin + before.size()) - begin - before.size());
    EXPECT_GE(nonce.size(), 22u);
    EXPECT_EQ(answer.body, "<!doctype html><script nonce=" + nonce + "></script><style nonce=" + nonce + "></style>");
  }
  EXPECT_NE(nonces[0], nonces[1]);
}

TEST_F(PageTest, LetsNothingElseIn) {
  const auto answer = api.send("GET", "/");
  const std::string policy = answer.header("content-security-policy");
  for (const char* part : {"default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "base-uri 'none'"}) {
    EXPECT_NE(policy.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_EQ(answer.header("referrer-policy"), "no-referrer");
  EXPECT_EQ(answer.header("x-frame-options"), "DENY");
}

TEST_F(PageTest, FilesComeInTheFormThatIsAskedFor) {
  const char* path = "/assets/a-1.js";
  const auto brotli = api.send("GET", path, "", {{"Accept-Encoding", "gzip, br"}});
  EXPECT_EQ(brotli.header("content-encoding"), "br");
  EXPECT_EQ(brotli.body, "brx");
  const auto packed = api.send("GET", path, "", {{"Accept-Encoding", "br;q=0, gzip;q=0.8"}});
  EXPECT_EQ(packed.header("content-encoding"), "gzip");
  EXPECT_EQ(gunzip(packed.body, 1 << 20).value_or(""), kScript);
  for (const char* refused : {"", "gzip;q=0", "gzip; q=0.000", "xgzip"}) {
    const auto plain = api.send("GET", path, "", {{"Accept-Encoding", refused}});
    EXPECT_EQ(plain.body, kScript) << refused;
    EXPECT_EQ(plain.header("vary"), "Accept-Encoding");
  }
}

TEST_F(PageTest, FilesAreKeptByBrowsersAndNotSentAgainWhileTheyAreTheSame) {
  const char* path = "/assets/a-1.js";
  const auto first = api.send("GET", path);
  EXPECT_EQ(first.header("cache-control"), "public, max-age=31536000, immutable");
  const std::string tag = first.header("etag");
  const std::string packed_tag = api.send("GET", path, "", {{"Accept-Encoding", "gzip"}}).header("etag");
  EXPECT_NE(tag, packed_tag);
  for (const std::string& same : {tag, "W/" + tag, "\"x\", " + tag, std::string("*")}) {
    const auto answer = api.send("GET", path, "", {{"If-None-Match", same}});
    EXPECT_EQ(answer.status, 304) << same;
    EXPECT_EQ(answer.body, "");
    EXPECT_EQ(answer.header("etag"), tag);
  }
  EXPECT_EQ(api.send("GET", path, "", {{"If-None-Match", packed_tag}}).status, 200);
}

TEST_F(PageTest, AnswersItsOwnPathsWithThePage) {
  for (const char* path :
       {"/spans", "/p/prj_0123456789abcdef/prompts/support-answer", "/apiary", "/p/prj_1/traces/a.b"}) {
    EXPECT_EQ(api.send("GET", path).header("content-type"), "text/html; charset=utf-8") << path;
  }
}

TEST_F(PageTest, EverythingElseIsNotFoundAsJson) {
  for (const char* path : {"/api/v1/nothing", "/api", "/v1/nothing", "/favicon.ico", "/assets/a-1.js.map", "/assets/b",
                           "/src/page.cpp", "/.env", "/prompts//a", "/spans//"}) {
    const auto answer = api.send("GET", path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.code(), "NOT_FOUND") << path;
  }
  EXPECT_EQ(api.send("POST", "/").status, 404);
}

TEST(PageEmbedded, TheExecutableHasOne) {
  ApiServer api;
  EXPECT_TRUE(add_page(api.router, api.services));
  api.start();
  EXPECT_EQ(api.send("GET", "/").status, 200);
}

TEST(PagePackTest, WhatIsNoPackIsAnError) {
  const std::string good = small_pack();
  EXPECT_TRUE(PagePack::read(good));
  for (const std::string& bad :
       {std::string(), std::string("TRPACK1\n"), std::string("TRPACK1\nzzzzzzzz\n[]"), good.substr(0, 30),
        good.substr(0, good.size() - 1), pack_of("[]", ""), pack_of("{", ""),
        pack_of(R"([{"path":"/index.html","type":"text/html","plain":[0,9]}])", "short"),
        pack_of(R"([{"path":"/index.html","type":"text/html","plain":[-1,2]}])", "short"),
        pack_of(R"([{"path":"/index.html","type":"text/html","plain":[9223372036854775807,2]}])", "short")}) {
    const auto pack = PagePack::read(bad);
    ASSERT_FALSE(pack) << bad;
    EXPECT_EQ(pack.error().code, ErrorCode::kInvalidRequest);
  }
}

}  // namespace
}  // namespace tracia::routes
