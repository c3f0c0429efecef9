// JSON Schema in Google's dialect.
#include <gtest/gtest.h>

#include "chunked.h"
#include "google/google.h"

namespace tracia::llm::testing {
namespace {

using Json = nlohmann::json;

std::string converted(const std::string& schema) {
  json::Document document;
  const auto out = google::to_google_schema(*document.parse(schema), "it");
  return out ? Json::parse(*out).dump() : out.error().message;
}

TEST(GoogleSchema, GoesOutInTheDialectThatTheModelTakes) {
  const auto keys = [](const char* model, const std::string& schema, bool is_vendor) {
    const Json body = Json::parse(
        google_codec()
            .encode({.model = model, .messages = {user("Q")}, .tools = {{.name = "f", .parameters = schema}}},
                    {Provider::kGoogle, "https://x", is_vendor}, false)
            ->body);
    Json function = body["tools"][0]["functionDeclarations"][0];
    function.erase("name");
    return function.dump();
  };
  EXPECT_EQ(keys("gemini-2.5-pro", R"({"type":"string"})", true), R"({"parametersJsonSchema":{"type":"string"}})");
  EXPECT_EQ(keys("gemini-2.0-flash", R"({"type":"string"})", true), R"({"parameters":{"type":"STRING"}})");
  EXPECT_EQ(keys("gemini-2.5-pro", R"({"type":"string"})", false), R"({"parameters":{"type":"STRING"}})");
  EXPECT_EQ(keys("gemini-2.5-pro", R"({"type":"OBJECT","x":1})", true), R"({"parameters":{"type":"OBJECT","x":1}})");
}

TEST(GoogleSchema, WritesReferencesOut) {
  EXPECT_EQ(
      converted(
          R"({"$defs":{"P":{"type":"object","properties":{"n":{"type":"string"}},"required":["n","gone"],"additionalProperties":false}},"type":"object","properties":{"p":{"$ref":"#/$defs/P","description":"who"}}})"),
      Json::parse(
          R"({"type":"OBJECT","properties":{"p":{"type":"OBJECT","description":"who","properties":{"n":{"type":"STRING"}},"required":["n"]}}})")
          .dump());
  EXPECT_EQ(converted(R"({"type":"object","properties":{"next":{"$ref":"#"}}})"),
            Json::parse(
                R"({"type":"OBJECT","properties":{"next":{"type":"OBJECT","properties":{"next":{"type":"OBJECT"}}}}})")
                .dump());
  EXPECT_EQ(converted(R"({"$ref":"https://elsewhere/x.json"})"), R"({"type":"OBJECT"})");
}

TEST(GoogleSchema, RewritesWhatTheDialectLacks) {
  EXPECT_EQ(converted(R"({"type":["string","null"],"$schema":"x","title":"T","format":"email"})"),
            R"({"nullable":true,"title":"T","type":"STRING"})");
  EXPECT_EQ(converted(R"({"type":["string","integer"]})"), R"({"anyOf":[{"type":"STRING"},{"type":"INTEGER"}]})");
  EXPECT_EQ(converted(R"({"anyOf":[{"type":"integer","exclusiveMinimum":0},{"type":"null"}],"default":null})"),
            R"({"minimum":1,"nullable":true,"type":"INTEGER"})");
  EXPECT_EQ(converted(R"({"oneOf":[{"const":"a"},{"type":"number","exclusiveMaximum":1.5}]})"),
            R"({"anyOf":[{"enum":["a"],"type":"STRING"},{"maximum":1.5,"type":"NUMBER"}]})");
  EXPECT_EQ(converted(R"({"type":"array","minItems":1})"),
            R"({"items":{"type":"STRING"},"minItems":1,"type":"ARRAY"})");
  EXPECT_EQ(
      converted(
          R"({"allOf":[{"type":"object","properties":{"a":{"type":"string"}}},{"properties":{"b":{"type":"boolean"}}}]})"),
      Json::parse(R"({"type":"OBJECT","properties":{"a":{"type":"STRING"},"b":{"type":"BOOLEAN"}}})").dump());
  EXPECT_EQ(converted(R"({"type":"integer","enum":[1,2]})"), R"({"type":"INTEGER"})");
}

TEST(GoogleSchema, BoundsWhatReferencesGrowTo) {
  std::string defs;
  for (int i = 0; i < 40; ++i) {
    const std::string next = "{\"$ref\":\"#/$defs/d" + std::to_string(i + 1) + "\"}";
    defs +=
        "\"d" + std::to_string(i) + "\":{\"type\":\"object\",\"properties\":{\"a\":" + next + ",\"b\":" + next + "}},";
  }
  EXPECT_EQ(converted("{\"$ref\":\"#/$defs/d0\",\"$defs\":{" + defs + "\"d40\":{}}}"),
            "it is too large once its references are written out");
  std::string chain;
  for (int i = 0; i < 5000; ++i)
    chain += "\"c" + std::to_string(i) + "\":{\"$ref\":\"#/$defs/c" + std::to_string(i + 1) + "\"},";
  EXPECT_EQ(converted("{\"$ref\":\"#/$defs/c0\",\"$defs\":{" + chain + "\"c5000\":{}}}"),
            "it is too large once its references are written out");
}

TEST(GoogleSchema, SurvivesAnyValueOfAnotherType) {
  const Json schema = Json::parse(
      R"({"$defs":{"P":{"allOf":[{"$ref":"#/$defs/P"},{"type":"object"}]}},"type":["object","null"],"properties":{"a":{"$ref":"#/$defs/P"},"b":{"anyOf":[{"type":"null"},{"const":1}],"default":2},
      "c":{"type":"integer","exclusiveMinimum":1,"enum":[1]},"d":{"type":"array","items":{"oneOf":[{"$ref":"#/properties/d"}]}}},"required":["a",1]})");
  replace_each_value(schema, [](const Json& changed) {
    if (!changed.is_object()) return;
    const std::string text = converted(changed.dump());
    EXPECT_FALSE(text.empty());
  });
}

}  // namespace
}  // namespace tracia::llm::testing
