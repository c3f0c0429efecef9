#include "tracia/base/redact.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "tracia/base/ids.h"

namespace tracia {
namespace {

// Keys are put together here, so that no scanner takes a test for a leak.
std::string key(const std::string& prefix, size_t length) {
  std::string out = prefix;
  for (size_t i = 0; i < length; ++i) out.push_back("aB3dE6gH9"[i % 9]);
  return out;
}

TEST(Redact, HidesEveryVendorsKeys) {
  for (const std::string& secret :
       {key("sk-", 48), key("sk-proj-", 60), key("sk-ant-api03-", 90), key("AIza", 35), key("pa-", 43), key("AKIA", 16),
        key("ASIA", 16), key("ABSK", 40), key("bedrock-api-key-", 40), key("gsk_", 40), new_api_key()}) {
    EXPECT_EQ(redact_secrets(secret), "[REDACTED]");
    EXPECT_EQ(redact_secrets("before " + secret + ", after"), "before [REDACTED], after");
    EXPECT_EQ(redact_secrets("\"" + secret + "\""), "\"[REDACTED]\"");
    EXPECT_EQ(redact_secrets("https://host/v1?x=" + secret + "&y=1"), "https://host/v1?x=[REDACTED]&y=1");
  }
}

TEST(Redact, HidesWhatFollowsALabel) {
  EXPECT_EQ(redact_secrets("x-api-key: abcd1234"), "x-api-key: [REDACTED]");
  EXPECT_EQ(redact_secrets("{\"api_key\": \"abcd1234\", \"n\": 1}"), "{\"api_key\": \"[REDACTED]\", \"n\": 1}");
  EXPECT_EQ(redact_secrets(R"({\"api_key\":\"abcd1234\"})"), R"({\"api_key\":\"[REDACTED]\"})");
  EXPECT_EQ(redact_secrets("AWS_SECRET_ACCESS_KEY=wJalr/XUtn+FEMI="), "AWS_SECRET_ACCESS_KEY=[REDACTED]");
  EXPECT_EQ(redact_secrets("MY_VENDOR_API_KEY=0123abcd next"), "MY_VENDOR_API_KEY=[REDACTED] next");
  EXPECT_EQ(redact_secrets("X-Amz-Security-Token: FwoGZXIv//8="), "X-Amz-Security-Token: [REDACTED]");
  EXPECT_EQ(redact_secrets("GET /v1beta/models?key=0123abcdef&alt=sse"), "GET /v1beta/models?key=[REDACTED]&alt=sse");
}

TEST(Redact, HidesCredentialsOfAuthorizationHeaders) {
  EXPECT_EQ(redact_secrets("Authorization: Bearer abc.def"), "Authorization: Bearer [REDACTED]");
  EXPECT_EQ(redact_secrets("proxy-authorization: Basic dXNlcjpwdw=="), "proxy-authorization: Basic [REDACTED]");
  EXPECT_EQ(redact_secrets("authorization: Token s3cr3ts3cr3t end"), "authorization: [REDACTED] end");
  EXPECT_EQ(redact_secrets("sent Bearer eyJhbGciOi.J9.x1"), "sent Bearer [REDACTED]");
}

TEST(Redact, LeavesProseIdsAndMaskedKeysAlone) {
  for (const std::string& text : std::initializer_list<std::string>{
           "Incorrect API key provided: sk-1234****abcd. You can find your API key at the dashboard.",
           "basic usage of bearer tokens explained", "a risk-assessment-and-management plan",
           "invalid key: temperature", "the key=value form", new_span_id(), new_trace_id(),
           "trace tr_0123456789abcdef0123456789abcdef", "api_key", "api_key: ", "sk-", ""}) {
    EXPECT_EQ(redact_secrets(text), text);
  }
}

TEST(Redact, TakesLinearTimeForHostileText) {
  for (const char* piece : {"api_key=", "Bearer ", "sk-", "api_key:::::", "authorization: ", "key=", "\\\"'= "}) {
    std::string text;
    while (text.size() < 2'000'000) text += piece;
    EXPECT_LE(redact_secrets(text).size(), 2 * text.size());
  }
}

// A prefix and a run of key characters anywhere in any text.
RC_GTEST_PROP(Redact, AKeyBetweenOtherCharactersIsAlwaysHidden, (const std::string& before, const std::string& after)) {
  const std::string secret = *rc::gen::elementOf(
      std::vector<std::string>{key("sk-", 40), key("AIza", 35), key("pa-", 40), key("AKIA", 16), key("tr_", 43)});
  RC_ASSERT(redact_secrets(before + " " + secret + " " + after).find(secret) == std::string::npos);
}

RC_GTEST_PROP(Redact, TextWithoutSecretsIsLeftAsItIs, ()) {
  const std::string text = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("abc xyz,.{}[]\n")));
  RC_ASSERT(redact_secrets(text) == text);
}

}  // namespace
}  // namespace tracia
