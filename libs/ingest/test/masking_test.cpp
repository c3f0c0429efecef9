#include "tracia/ingest/masking.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tracia/span/limits.h"

namespace tracia::ingest {
namespace {

std::shared_ptr<const Masker> masker_of(std::vector<MaskingRule> rules) {
  auto masker = Masker::make(std::move(rules));
  EXPECT_TRUE(masker) << masker.error().message;
  return *masker;
}

std::string mask(MaskKind kind, std::string_view text) { return masker_of({{.name = "r", .kind = kind}})->text(text); }

std::string mask(std::string pattern, std::string_view text) {
  return masker_of({{.name = "r", .kind = MaskKind::kPattern, .pattern = std::move(pattern)}})->text(text);
}

Result<std::vector<MaskingRule>> read(std::string_view text) {
  json::Document document;
  return read_masking_rules(*document.parse(text), "rules");
}

TEST(Masking, FindsEmailAddressesAsPeopleWriteThem) {
  EXPECT_EQ(mask(MaskKind::kEmail, "Write to ada.l+x@mail.example.org."), "Write to [EMAIL].");
  EXPECT_EQ(mask(MaskKind::kEmail, "<a@b.io>,\"müller@köln.de\""), "<[EMAIL]>,\"[EMAIL]\"");
  EXPECT_EQ(mask(MaskKind::kEmail, "请联系user@x.com谢谢"), "请联系[EMAIL]谢谢");
  for (const char* none : {"@home", "a@b", "user@", "@x.com", "2@3.4", "x @ y.com", "a@.com"}) {
    EXPECT_EQ(mask(MaskKind::kEmail, none), none);
  }
}

TEST(Masking, FindsCardNumbersByTheirCheckDigitOnly) {
  EXPECT_EQ(mask(MaskKind::kCreditCard, "4111 1111 1111 1111"), "[CREDIT_CARD]");
  EXPECT_EQ(mask(MaskKind::kCreditCard, "card 4111-1111-1111-1111, exp 12/30"), "card [CREDIT_CARD], exp 12/30");
  EXPECT_EQ(mask(MaskKind::kCreditCard, "378282246310005 and 5555555555554444"), "[CREDIT_CARD] and [CREDIT_CARD]");
  EXPECT_EQ(mask(MaskKind::kCreditCard, "4111111111111111 123"), "[CREDIT_CARD] 123");  // the check value after it
  for (const char* none : {"4111111111111112", "1700000000000", "41111111111111110000000", "x4111111111111111"}) {
    EXPECT_EQ(mask(MaskKind::kCreditCard, none), none);
  }
}

TEST(Masking, FindsAccountNumbersByLengthAndCheckDigits) {
  EXPECT_EQ(mask(MaskKind::kIban, "DE89 3704 0044 0532 0130 00 at COBADEFF"), "[IBAN] at COBADEFF");
  EXPECT_EQ(mask(MaskKind::kIban, "to gb29nwbk60161331926819!"), "to [IBAN]!");
  for (const char* none : {"DE89370400440532013001", "ZZ89370400440532013000", "DE8937040044053201300", "DE12"}) {
    EXPECT_EQ(mask(MaskKind::kIban, none), none);
  }
}

TEST(Masking, FindsPhoneNumbersButNotDatesTimesAndIds) {
  for (const char* number : {"+49 30 1234567", "+1 (415) 555-2671", "(415) 555-2671", "415-555-2671", "0049 30 1234567",
                             "030/1234567", "0171 123 45 67", "020 7946 0958", "01 23 45 67 89", "+4915112345678"}) {
    EXPECT_EQ(mask(MaskKind::kPhone, number), "[PHONE]") << number;
    EXPECT_EQ(mask(MaskKind::kPhone, "call " + std::string(number) + "."), "call [PHONE].") << number;
  }
  for (const char* none : {"2024-01-02 10:11:12", "01-02-2024 10:30", "05.11.2024 12:00", "1700000000", "3.14159265",
                           "sp_0123456789abcdef", "1 + 2345", "192.168.100.12"}) {
    EXPECT_EQ(mask(MaskKind::kPhone, none), none);
  }
}

TEST(Masking, FindsAddressesOfMachines) {
  EXPECT_EQ(mask(MaskKind::kIpAddress, "from 192.168.0.1:80"), "from [IP_ADDRESS]:80");
  EXPECT_EQ(mask(MaskKind::kIpAddress, "at 2001:db8::8a2e:370:7334, ::1."), "at [IP_ADDRESS], [IP_ADDRESS].");
  EXPECT_EQ(mask(MaskKind::kIpAddress, "::ffff:10.0.0.1"), "[IP_ADDRESS]");
  for (const char* none : {"256.1.1.1", "12:34:56", "std::vector", "dead::beef", "1.2.3", "a:1"}) {
    EXPECT_EQ(mask(MaskKind::kIpAddress, none), none);
  }
}

TEST(Masking, FindsKeysOfKnownVendors) {
  EXPECT_EQ(mask(MaskKind::kApiKey, "use sk-proj-0123456789abcdefghij now"), "use [API_KEY] now");
  EXPECT_EQ(mask(MaskKind::kApiKey, "Authorization: Bearer abcdef0123456789"), "Authorization: Bearer [API_KEY]");
}

TEST(Masking, ReplacesWhatAPatternMatches) {
  EXPECT_EQ(mask("EMP-[0-9]{5}", "EMP-12345 and EMP-1"), "[MASKED] and EMP-1");
  const auto masker = masker_of({{"r", MaskKind::kPattern, "(?i)secret", "***"}});
  EXPECT_EQ(masker->text("Secret SECRETS"), "*** ***S");
  EXPECT_EQ(mask(R"(\bx*)", "a xx b"), "a [MASKED] b");  // empty matches hide nothing
}

TEST(Masking, OverlappingPlacesAreReplacedOnceByTheFirstRule) {
  const auto masker = masker_of({{"domain", MaskKind::kPattern, "example\\.org and", "D"}, {"mail", MaskKind::kEmail}});
  EXPECT_EQ(masker->text("a@example.org and b@example.org"), "D [EMAIL]");
}

TEST(Masking, ReplacementsAreNotLookedAtAgain) {
  const auto masker = masker_of({{"a", MaskKind::kPattern, "a", "bb"}, {"b", MaskKind::kPattern, "b", "aa"}});
  EXPECT_EQ(masker->text("ab"), "bbaa");
}

TEST(Masking, LongTextsAreSearchedWhole) {
  std::string text(20'000, 'x');
  for (const size_t at : {0ul, 4090ul, 8185ul, 12'288ul, 19'987ul}) text.replace(at, 13, " id:123456789");
  const std::string out = mask("id:[0-9]{9}", text);
  EXPECT_EQ(out.find("id:"), std::string::npos);
  size_t count = 0;
  for (size_t at = out.find("[MASKED]"); at != std::string::npos; at = out.find("[MASKED]", at + 1)) ++count;
  EXPECT_EQ(count, 5u);
}

TEST(Masking, APatternThatMatchesNearlyEverywhereHidesTheRest) {
  const std::string out = mask("a(?:.*b)?", std::string(100'000, 'a'));
  EXPECT_EQ(out.find('a'), std::string::npos);
  EXPECT_LT(out.size(), 120'000u);
}

TEST(Masking, JsonStaysJsonAndKeysStay) {
  const auto masker = masker_of({{"m", MaskKind::kEmail}, {"c", MaskKind::kCreditCard}});
  const auto out = nlohmann::json::parse(masker->json(
      R"({"mail":"a\u0040b.io","deep":[{"x":["say \"a@b.io\""]}],"a@b.io":1.50,"n":4111111111111111,"y":2024,"z":null})"));
  EXPECT_EQ(
      out,
      nlohmann::json::parse(
          R"({"mail":"[EMAIL]","deep":[{"x":["say \"[EMAIL]\""]}],"a@b.io":1.5,"n":"[CREDIT_CARD]","y":2024,"z":null})"));
}

TEST(Masking, AValueWithoutFindingsIsLeftByteForByte) {
  const auto masker = masker_of({{"m", MaskKind::kEmail}});
  EXPECT_EQ(masker->json(R"({"a": 1.50, "b":"x"})"), R"({"a": 1.50, "b":"x"})");
}

TEST(Masking, TextsThatAreJsonAreMaskedInside) {
  const auto masker = masker_of({{"m", MaskKind::kEmail}});
  const std::string inner = nlohmann::json{{"to", "\na@b.io"}, {"c@d.io", 1}}.dump();
  const auto out = nlohmann::json::parse(masker->json(nlohmann::json{{"args", inner}}.dump()));
  EXPECT_EQ(nlohmann::json::parse(out["args"].get<std::string>()),
            (nlohmann::json{{"to", "\n[EMAIL]"}, {"[EMAIL]", 1}}));
  EXPECT_EQ(masker->text("{not json: a@b.io"), "{not json: [EMAIL]");
}

TEST(Masking, EveryPayloadOfASpanIsMasked) {
  span::Span span;
  span.input_json =
      R"({"messages":[{"role":"user","content":"I am a@b.io"},{"role":"user","content":[{"type":"text","text":"a@b.io"}]}]})";
  span.variables_json = R"({"v":"a@b.io"})";
  span.output = "Hello a@b.io";
  span.error = "no a@b.io";
  span.structured_output_json = R"({"s":"a@b.io"})";
  span.tool_calls_json = R"([{"id":"call_1","name":"send","arguments":{"to":"a@b.io"}}])";
  span.attributes_json = R"({"k":["a@b.io"]})";
  span.attempts.push_back({.message = "bad a@b.io"});
  span.user_id = "a@b.io";
  masker_of({{"m", MaskKind::kEmail}})->apply(span);
  for (const std::string& part :
       {span.input_json, span.variables_json, *span.output, span.error, span.structured_output_json,
        span.tool_calls_json, span.attributes_json, span.attempts[0].message}) {
    EXPECT_EQ(part.find('@'), std::string::npos) << part;
    EXPECT_NE(part.find("[EMAIL]"), std::string::npos) << part;
  }
  EXPECT_EQ(span.user_id, "a@b.io");  // spans are found, and deleted, by it
}

TEST(Masking, TheNameTheTagsAndTheDefinitionsOfToolsAreMasked) {
  span::Span span;
  span.name = "Mail to a@b.io";
  span.tags = {"for a@b.io", "plain"};
  span.tools_json =
      R"([{"name":"send","description":"As a@b.io","parameters":{"type":"object","properties":{"a@b.io":{"enum":["a@b.io"]}}}}])";
  masker_of({{"m", MaskKind::kEmail}})->apply(span);
  EXPECT_EQ(span.name, "Mail to [EMAIL]");
  EXPECT_EQ(span.tags, (std::vector<std::string>{"for [EMAIL]", "plain"}));
  EXPECT_EQ(
      span.tools_json,
      R"([{"name":"send","description":"As [EMAIL]","parameters":{"type":"object","properties":{"a@b.io":{"enum":["[EMAIL]"]}}}}])");
}

TEST(Masking, ANameThatGrewIsCutToItsBound) {
  span::Span span;
  for (size_t i = 0; i < span::limits::kNameCharsMax / 16; ++i) span.name += "secret and more ";
  masker_of({{"m", MaskKind::kPattern, "secret", "something much longer"}})->apply(span);
  EXPECT_EQ(span.name.size(), span::limits::kNameCharsMax);
}

TEST(Masking, TheInputOfAnEmbeddingIsMasked) {
  span::Span span;
  span.input_json = R"({"text":["a@b.io","plain"]})";
  masker_of({{"m", MaskKind::kEmail}})->apply(span);
  EXPECT_EQ(span.input_json, R"({"text":["[EMAIL]","plain"]})");
}

TEST(Masking, TheWordsThatHoldAConversationTogetherStay) {
  const std::string picture = R"({"type":"image","mimeType":"image/png","data":")" + std::string(400, 'A') + "\"}";
  span::Span span;
  span.input_json = R"({"messages":[{"role":"user","content":[{"type":"text","text":"user"},)" + picture +
                    R"(]},{"role":"tool","toolCallId":"user","content":[{"type":"text","text":"AAA"}]}]})";
  masker_of({{"u", MaskKind::kPattern, "user|AAA|text|image", "X"}})->apply(span);
  const auto out = nlohmann::json::parse(span.input_json)["messages"];
  EXPECT_EQ(out[0]["role"], "user");
  EXPECT_EQ(out[0]["content"][0], (nlohmann::json{{"type", "text"}, {"text", "X"}}));
  EXPECT_EQ(out[0]["content"][1], nlohmann::json::parse(picture));
  EXPECT_EQ(out[1]["toolCallId"], "user");
  EXPECT_EQ(out[1]["content"][0]["text"], "X");
}

TEST(Masking, RulesAreReadAndWrittenTheSame) {
  const std::string text =
      R"([{"name":"a","kind":"email"},{"name":"b","kind":"pattern","pattern":"x+","replacement":""}])";
  const auto rules = read(text);
  ASSERT_TRUE(rules);
  json::Writer w;
  write_masking_rules(w, *rules);
  EXPECT_EQ(w.str(), text);
}

TEST(Masking, WhatIsWrongWithARuleIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({})", "rules: must be a list of rules"},
      {R"([1])", "rules[0]: must be an object"},
      {R"([{"kind":"email"}])", "rules[0].name: must be a string"},
      {R"([{"name":"","kind":"email"}])", "rules[0].name: must have 1 to 100"},
      {R"([{"name":"a","kind":"mail"}])", "rules[0].kind: must be one of email, credit_card"},
      {R"([{"name":"a","kind":"email","pattern":"x"}])", "rules[0].pattern: belongs to rules of kind pattern only"},
      {R"([{"name":"a","kind":"pattern"}])", "rules[0].pattern: must be a string"},
      {R"([{"name":"a","kind":"email","replacement":"\""}])", "rules[0].replacement: must have at most 64 bytes"},
  };
  for (const auto& [text, message] : cases) {
    const auto rules = read(text);
    ASSERT_FALSE(rules) << text;
    EXPECT_TRUE(rules.error().message.starts_with(message)) << rules.error().message;
  }
  std::string many = "[";
  for (size_t i = 0; i <= kMaskingRulesMax; ++i) many += R"({"name":"a","kind":"email"},)";
  many.back() = ']';
  EXPECT_EQ(read(many).error().message, "rules: at most 50 rules");
  for (const char* pattern : {"(", "a*", "", "(?=x)", "x{1000}{1000}"}) {
    const auto made = Masker::make({{"m", MaskKind::kEmail}, {"p", MaskKind::kPattern, pattern}});
    ASSERT_FALSE(made) << pattern;
    EXPECT_TRUE(made.error().message.starts_with("rules[1].pattern: ")) << made.error().message;
  }
}

}  // namespace
}  // namespace tracia::ingest
