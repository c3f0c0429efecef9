#include "tracia/wire/sigv4.h"

#include <gtest/gtest.h>

namespace tracia::wire {
namespace {

constexpr SigV4Credentials kExample{.access_key_id = "AKIDEXAMPLE",
                                    .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
constexpr Timestamp kExampleTime{1'440'938'160'000'000};  // 2015-08-30T12:36:00Z
constexpr std::string_view kExampleToken =
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwt"
    "hAx7mSEI/qkPpKPi/"
    "kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAki"
    "Y9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

std::string signature(HttpRequest request, std::string_view region = "us-east-1", std::string_view service = "service",
                      const SigV4Credentials& credentials = kExample) {
  const Status status = sign_sigv4(request, credentials, region, service, kExampleTime);
  EXPECT_TRUE(status) << (status ? "" : status.error().message);
  const std::string header(request.headers.get_or("authorization", ""));
  return header.substr(header.rfind("Signature=") + 10);
}

struct SuiteCase {
  const char* name;
  HttpRequest request;
  const char* signature;
};

// Requests and signatures of AWS's published aws-sig-v4-test-suite; its raw "ሴ" is percent-encoded here, as URLs must
// be.
TEST(SigV4, AgreesWithThePublishedTestSuite) {
  const std::string unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const std::string root = "https://example.amazonaws.com/";
  const std::vector<SuiteCase> cases = {
      {"get-vanilla", {"GET", root}, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-vanilla-query-order-key-case",
       {"GET", root + "?Param2=value2&Param1=value1"},
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
      {"get-vanilla-query-order-value",
       {"GET", root + "?Param1=value2&Param1=Value1"},
       "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"},
      {"get-vanilla-query-unreserved",
       {"GET", root + "?" + unreserved + "=" + unreserved},
       "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
      {"get-vanilla-utf8-query",
       {"GET", root + "?%E1%88%B4=bar"},
       "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
      {"get-unreserved",
       {"GET", root + unreserved},
       "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
      {"normalize-path/get-relative",
       {"GET", root + "example/.."},
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"normalize-path/get-relative-relative",
       {"GET", root + "example1/example2/../.."},
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"normalize-path/get-slash",
       {"GET", root + "/"},
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"normalize-path/get-slash-dot-slash",
       {"GET", root + "./"},
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"normalize-path/get-slashes",
       {"GET", root + "/example//"},
       "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
      {"get-header-key-duplicate",
       {"GET", root, {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}}},
       "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
      {"get-header-value-trim",
       {"GET", root, {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}}},
       "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
      {"post-vanilla", {"POST", root}, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"post-header-value-case",
       {"POST", root, {{"My-Header1", "VALUE1"}}},
       "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
      {"post-vanilla-query",
       {"POST", root + "?Param1=value1"},
       "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
      {"post-x-www-form-urlencoded",
       {"POST", root, {{"Content-Type", "application/x-www-form-urlencoded"}}, "Param1=value1"},
       "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
      {"post-x-www-form-urlencoded-parameters",
       {"POST", root, {{"Content-Type", "application/x-www-form-urlencoded; charset=utf8"}}, "Param1=value1"},
       "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
  };
  for (const SuiteCase& c : cases) EXPECT_EQ(signature(c.request), c.signature) << c.name;
}

TEST(SigV4, SignsTheSessionTokenAsTheSuiteDoes) {
  SigV4Credentials credentials = kExample;
  credentials.session_token = kExampleToken;
  EXPECT_EQ(signature({"POST", "https://example.amazonaws.com/"}, "us-east-1", "service", credentials),
            "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead");
}

// Expectations made once with botocore 1.44.5 (SigV4Auth at the time above).
TEST(SigV4, EncodesAModelPathTwiceAsBotocoreDoes) {
  const std::string body = R"({"messages":[{"role":"user","content":[{"text":"hi"}]}]})";
  const HttpRequest converse{
      "POST",
      "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse",
      {{"content-type", "application/json"}, {"accept", "application/json"}},
      body};
  EXPECT_EQ(signature(converse, "us-east-1", "bedrock"),
            "92e579cd1cb1a7775ad3a61de40c1dab8dbd685a4b4f11e768e372acba286962");
  const auto parts = sigv4_canonical_request(converse, "bedrock");
  ASSERT_TRUE(parts);
  EXPECT_NE(parts->canonical_request.find("\n/model/anthropic.claude-3-haiku-20240307-v1%253A0/converse\n"),
            std::string::npos);
  EXPECT_EQ(parts->signed_headers, "accept;content-type;host");

  SigV4Credentials credentials = kExample;
  credentials.session_token = "SESSION/TOKEN+EXAMPLE==";
  const HttpRequest profile{"POST",
                            "https://bedrock-runtime.eu-central-1.amazonaws.com/model/"
                            "arn%3Aaws%3Abedrock%3Aeu-central-1%3A000000000000%3Ainference-profile%2F"
                            "eu.amazon.nova-lite-v1%3A0/converse-stream",
                            {{"content-type", "application/json"}, {"accept", "application/vnd.amazon.eventstream"}},
                            body};
  EXPECT_EQ(signature(profile, "eu-central-1", "bedrock", credentials),
            "d5aab9bbb4715263ec67e3395a3e4cc30f71a7e23f79ec64ad2962d445e77f82");
}

TEST(SigV4, SignsAgainAfterAnEarlierSignature) {
  HttpRequest request{"GET", "https://example.amazonaws.com/"};
  SigV4Credentials old = kExample;
  old.session_token = "old";
  ASSERT_TRUE(sign_sigv4(request, old, "us-east-1", "service", Timestamp{1}));
  EXPECT_EQ(signature(request), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST(SigV4, LeavesOutHeadersThatTransportsChange) {
  HttpRequest request{"GET", "https://example.amazonaws.com/"};
  request.headers = {
      {"User-Agent", "x"}, {"Accept-Encoding", "gzip"}, {"Content-Length", "0"}, {"Connection", "close"}};
  EXPECT_EQ(signature(request), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST(SigV4, LeavesTheDefaultPortOutOfTheHost) {
  EXPECT_EQ(signature({"GET", "https://example.amazonaws.com:443/"}),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  const auto parts = sigv4_canonical_request({"GET", "http://127.0.0.1:8080/x"}, "service");
  ASSERT_TRUE(parts);
  EXPECT_NE(parts->canonical_request.find("host:127.0.0.1:8080\n"), std::string::npos);
}

TEST(SigV4, SignsAnS3PathAsItIs) {
  HttpRequest request{"GET", "https://bucket.s3.amazonaws.com/a%3Ab//c"};
  ASSERT_TRUE(sign_sigv4(request, kExample, "us-east-1", "s3", kExampleTime));
  EXPECT_EQ(request.headers.get_or("x-amz-content-sha256", ""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_NE(sigv4_canonical_request(request, "s3")->canonical_request.find("\n/a%3Ab//c\n"), std::string::npos);
}

TEST(SigV4, RefusesCredentialsThatAHeaderCannotCarryWithoutEchoingThem) {
  for (const SigV4Credentials& bad : {SigV4Credentials{"AKID\r\nx: y", "secret"}, SigV4Credentials{"", "secret"},
                                      SigV4Credentials{"AKID", ""}, SigV4Credentials{"AKID", "secret", "a\nb"}}) {
    HttpRequest request{"GET", "https://example.amazonaws.com/"};
    const Status status = sign_sigv4(request, bad, "us-east-1", "service", kExampleTime);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, ErrorKind::kInvalidRequest);
    EXPECT_EQ(status.error().message.find("AKID"), std::string::npos);
  }
  HttpRequest no_url{"GET", "ftp://x/"};
  EXPECT_FALSE(sign_sigv4(no_url, kExample, "us-east-1", "service", kExampleTime));
}

}  // namespace
}  // namespace tracia::wire
