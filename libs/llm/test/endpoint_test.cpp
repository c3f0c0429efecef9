#include "tracia/llm/endpoint.h"

#include <gtest/gtest.h>

#include <map>

namespace tracia::llm {
namespace {

EnvReader env(std::map<std::string, std::string> values) {
  return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(std::string(name));
    return found == values.end() || found->second.empty() ? std::nullopt : std::optional(found->second);
  };
}

TEST(Endpoint, DefaultsAreTheVendors) {
  EXPECT_EQ(default_base_url(Provider::kOpenAi, ""), "https://api.openai.com/v1");
  EXPECT_EQ(default_base_url(Provider::kAnthropic, ""), "https://api.anthropic.com");
  EXPECT_EQ(default_base_url(Provider::kGoogle, ""), "https://generativelanguage.googleapis.com");
  EXPECT_EQ(default_base_url(Provider::kVoyage, ""), "https://api.voyageai.com/v1");
  EXPECT_EQ(default_base_url(Provider::kAmazonBedrock, "eu-west-1"), "https://bedrock-runtime.eu-west-1.amazonaws.com");
  EXPECT_EQ(default_base_url(Provider::kAmazonBedrock, "cn-north-1"),
            "https://bedrock-runtime.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(default_base_url(Provider::kAmazonBedrock, "us-gov-west-1"),
            "https://bedrock-runtime.us-gov-west-1.amazonaws.com");
}

TEST(Endpoint, VendorsOwnVariablesMoveItAndItStaysTheVendors) {
  const Endpoint moved =
      endpoint_from_env(Provider::kOpenAi, env({{"OPENAI_BASE_URL", " http://127.0.0.1:9/v1// "}}), "");
  EXPECT_EQ(moved.base_url, "http://127.0.0.1:9/v1");
  EXPECT_TRUE(moved.is_vendor);
  EXPECT_EQ(endpoint_from_env(Provider::kAnthropic, env({{"ANTHROPIC_BASE_URL", "https://a"}}), "").base_url,
            "https://a");
  EXPECT_EQ(endpoint_from_env(Provider::kGoogle, env({{"GOOGLE_GEMINI_BASE_URL", "https://g"}}), "").base_url,
            "https://g");
  EXPECT_EQ(endpoint_from_env(Provider::kVoyage, env({{"VOYAGE_BASE_URL", "https://v/v1"}}), "").base_url,
            "https://v/v1");
  EXPECT_EQ(endpoint_from_env(Provider::kVoyage, env({{"VOYAGE_BASE_URL", "///"}}), "").base_url,
            "https://api.voyageai.com/v1");
  EXPECT_EQ(endpoint_from_env(Provider::kAmazonBedrock,
                              env({{"AWS_ENDPOINT_URL", "http://a"}, {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://b"}}),
                              "us-east-1")
                .base_url,
            "http://b");
  EXPECT_EQ(endpoint_from_env(Provider::kAmazonBedrock, env({{"AWS_ENDPOINT_URL", "http://a"}}), "us-east-1").base_url,
            "http://a");
  EXPECT_EQ(endpoint_from_env(Provider::kAmazonBedrock,
                              env({{"AWS_ENDPOINT_URL", "http://a"}, {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}}),
                              "us-east-1")
                .base_url,
            "https://bedrock-runtime.us-east-1.amazonaws.com");
}

TEST(Auth, KeysComeFromTheVendorsVariables) {
  const auto key = [](Provider provider, std::map<std::string, std::string> values) {
    const Auth auth = auth_from_env(provider, env(std::move(values)));
    const auto* found = std::get_if<ApiKey>(&auth);
    return found == nullptr ? std::string() : found->value;
  };
  EXPECT_EQ(key(Provider::kOpenAi, {{"OPENAI_API_KEY", " k\n"}}), "k");
  EXPECT_EQ(key(Provider::kGoogle, {{"GOOGLE_API_KEY", "a"}, {"GEMINI_API_KEY", "b"}}), "a");
  EXPECT_EQ(key(Provider::kGoogle, {{"GEMINI_API_KEY", "b"}}), "b");
  EXPECT_EQ(key(Provider::kAmazonBedrock, {{"AWS_BEARER_TOKEN_BEDROCK", "a"}, {"BEDROCK_API_KEY", "b"}}), "a");
  EXPECT_EQ(key(Provider::kAmazonBedrock, {{"BEDROCK_API_KEY", "b"}}), "b");
  EXPECT_EQ(key(Provider::kAmazonBedrock, {{"AWS_ACCESS_KEY_ID", "a"}}), "");
  EXPECT_EQ(key(Provider::kVoyage, {{"VOYAGE_API_KEY", "  "}}), "");
}

TEST(Auth, EveryVendorGetsItsHeader) {
  const auto header = [](Provider provider, std::string_view name) {
    wire::HttpRequest request{.url = "https://host/x"};
    EXPECT_TRUE(authorize(request, {.provider = provider}, ApiKey{"k"}, "us-east-1", {}));
    return std::string(request.headers.get_or(name, ""));
  };
  EXPECT_EQ(header(Provider::kOpenAi, "authorization"), "Bearer k");
  EXPECT_EQ(header(Provider::kVoyage, "authorization"), "Bearer k");
  EXPECT_EQ(header(Provider::kAmazonBedrock, "authorization"), "Bearer k");
  EXPECT_EQ(header(Provider::kAnthropic, "x-api-key"), "k");
  EXPECT_EQ(header(Provider::kGoogle, "x-goog-api-key"), "k");
}

TEST(Auth, AwsCredentialsSignForBedrock) {
  wire::HttpRequest request{.url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/m%3A0/converse"};
  ASSERT_TRUE(authorize(request, {.provider = Provider::kAmazonBedrock}, AwsCredentials{"AKID", "secret", "token"},
                        "us-east-1", Timestamp{1'440'938'160'000'000}));
  EXPECT_TRUE(request.headers.get_or("authorization", "")
                  .starts_with("AWS4-HMAC-SHA256 Credential=AKID/20150830/us-east-1/bedrock/aws4_request, "
                               "SignedHeaders=host;x-amz-date;x-amz-security-token, Signature="));
  EXPECT_EQ(request.headers.get_or("x-amz-security-token", ""), "token");
}

TEST(Auth, SaysWhichKeyIsMissingAndNeverEchoesABadOne) {
  wire::HttpRequest request{.url = "https://host/x"};
  const Status none = authorize(request, {.provider = Provider::kAnthropic}, std::monostate{}, "", {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kMissingProviderApiKey);
  EXPECT_NE(none.error().message.find("ANTHROPIC_API_KEY"), std::string::npos);
  const Status bad = authorize(request, {.provider = Provider::kOpenAi}, ApiKey{"secret\r\nx: y"}, "", {});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message.find("secret"), std::string::npos);
  EXPECT_TRUE(request.headers.empty());

  wire::HttpRequest local{.url = "http://127.0.0.1:11434/v1/x"};
  EXPECT_TRUE(authorize(local, {.provider = Provider::kOpenAi}, std::monostate{}, "", {}));
  EXPECT_TRUE(authorize(request, {.provider = Provider::kOpenAi, .is_vendor = false}, std::monostate{}, "", {}));
}

TEST(AwsRegion, ComesFromTheEnvironmentThenTheDefault) {
  EXPECT_EQ(aws_region(env({{"AWS_REGION", "a"}, {"AWS_DEFAULT_REGION", "b"}})), "a");
  EXPECT_EQ(aws_region(env({{"AWS_DEFAULT_REGION", "b"}})), "b");
  EXPECT_EQ(aws_region(env({})), "us-east-1");
}

}  // namespace
}  // namespace tracia::llm
