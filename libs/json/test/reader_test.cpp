#include "tracia/json/reader.h"

#include <gtest/gtest.h>

#include <string>

#include "tracia/base/bytes.h"
#include "tracia/base/limits.h"

namespace tracia::json {
namespace {

TEST(JsonReader, GettersAreTotal) {
  Document document;
  const auto root = document.parse(R"({"s":"text","n":12,"d":1.5,"b":true,"z":null,"a":[1,"x"],"o":{"k":"v"}})");
  ASSERT_TRUE(root);
  const Value v = *root;
  EXPECT_EQ(v["s"].string_or(""), "text");
  EXPECT_EQ(v["n"].integer(), 12);
  EXPECT_EQ(v["n"].number(), 12.0);
  EXPECT_EQ(v["d"].number(), 1.5);
  EXPECT_FALSE(v["d"].integer());
  EXPECT_EQ(v["b"].boolean(), true);
  EXPECT_TRUE(v["z"].is_null());
  EXPECT_TRUE(v["z"]);
  EXPECT_FALSE(v["missing"]);
  EXPECT_TRUE(v["missing"].is_missing_or_null());
  EXPECT_EQ(v["a"].at(1).string_or(""), "x");
  EXPECT_FALSE(v["a"].at(2));
  EXPECT_FALSE(v["a"]["key"]);
  EXPECT_FALSE(v["o"].at(0));
  EXPECT_FALSE(v["s"]["deep"]["deeper"].at(3));
  EXPECT_EQ(v["o"]["k"].text(), "v");
  EXPECT_FALSE(v["n"].string());
  EXPECT_EQ(v["a"].size(), 2u);
  EXPECT_EQ(v.size(), 7u);
  EXPECT_EQ(v["s"].size(), 0u);
  EXPECT_EQ(Value().type(), Type::kMissing);
  EXPECT_EQ(Value().to_json(), "");
}

TEST(JsonReader, IteratesInOrderAndNotOverOtherTypes) {
  Document document;
  const auto root = document.parse(R"({"b":1,"a":[true,null]})");
  ASSERT_TRUE(root);
  std::string keys;
  for (const Member member : root->members()) keys.append(member.key);
  EXPECT_EQ(keys, "ba");
  size_t count = 0;
  for (const Value item : (*root)["a"].items()) count += item ? 1 : 0;
  EXPECT_EQ(count, 2u);
  for (const Value item : root->items()) ADD_FAILURE() << item.to_json();
  for (const Member member : (*root)["a"].members()) ADD_FAILURE() << member.key;
  EXPECT_TRUE(Value().items().empty());
}

TEST(JsonReader, IntegersMayComeAsDecimals) {
  Document document;
  const auto root =
      document.parse("[12.0,1e3,-0.0,9007199254740993,1e300,9223372036854775807,18446744073709551615,0.5]");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->at(0).integer(), 12);
  EXPECT_EQ(root->at(1).integer(), 1000);
  EXPECT_EQ(root->at(2).integer(), 0);
  EXPECT_EQ(root->at(3).integer(), 9007199254740993);
  EXPECT_FALSE(root->at(4).integer());
  EXPECT_EQ(root->at(5).integer(), INT64_MAX);
  EXPECT_FALSE(root->at(6).integer());
  EXPECT_FALSE(root->at(7).integer());
}

TEST(JsonReader, RefusesWhatIsNotJsonAndEchoesNothing) {
  Document document;
  for (const std::string_view text :
       {"", " ", "{", "[1,]", "{\"secret\":}", "nul", "01", "\"open", "[1] 2", "{'a':1}", "\xFF"}) {
    const auto root = document.parse(text);
    ASSERT_FALSE(root) << text;
    EXPECT_EQ(root.error().kind, ErrorKind::kInvalidRequest);
    EXPECT_EQ(root.error().message.find("secret"), std::string::npos);
  }
}

TEST(JsonReader, BoundsTheDepth) {
  Document document;
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(document.parse(nested(limits::kJsonDepthMax - 1)));
  EXPECT_FALSE(document.parse(nested(limits::kJsonDepthMax + 1)));
  EXPECT_FALSE(document.parse_lenient(nested(100000)));
}

TEST(JsonReader, ADocumentMayBeReusedForAnySizes) {
  Document document;
  for (const size_t size : {10, 100000, 5, 2000, 3000, 70000, 1}) {
    const std::string text = "[\"" + std::string(size, 'x') + "\"]";
    const auto root = document.parse(text);
    ASSERT_TRUE(root);
    EXPECT_EQ(root->at(0).string_or("").size(), size);
  }
  EXPECT_FALSE(document.parse("{"));
  EXPECT_TRUE(document.parse("{}"));
}

TEST(JsonReader, LenientParsingMendsWhatEndpointsGetWrong) {
  Document document;
  const auto text = [&](std::string_view json) {
    const auto root = document.parse_lenient(json);
    return root ? root->at(0).text() : "refused: " + root.error().message;
  };
  EXPECT_EQ(text("[\"a\xFF"
                 "b\"]"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(text(R"(["a\ud83d"])"), "a\xEF\xBF\xBD");
  EXPECT_EQ(text(R"(["\ude00z"])"), "\xEF\xBF\xBDz");
  EXPECT_EQ(text(R"(["\ud83d\ud83d\ude00"])"), "\xEF\xBF\xBD\xF0\x9F\x98\x80");
  EXPECT_EQ(text(R"(["\ud83dA"])"),
            "\xEF\xBF\xBD"
            "A");
  EXPECT_EQ(text("\xEF\xBB\xBF[\"bom\"]"), "bom");
  const auto number = [&](std::string_view json) {
    const auto root = document.parse_lenient(json);
    return root ? root->at(0).number().value_or(-7) : -8;
  };
  EXPECT_EQ(number("[123456789012345678901234567890]"), 123456789012345678901234567890.0);
  EXPECT_EQ(number("[1e999]"), 1.7976931348623157e308);
  EXPECT_EQ(number("[-1e999]"), -1.7976931348623157e308);
  EXPECT_EQ(number("[1e-999, 1e999]"), 0);
  EXPECT_EQ(number("[0." + std::string(400, '0') + "1, 1e999]"), 0);
  EXPECT_EQ(number("[1" + std::string(400, '0') + "]"), 1.7976931348623157e308);
  EXPECT_FALSE(document.parse_lenient("[1,]"));
  EXPECT_FALSE(document.parse_lenient("[01]"));
}

TEST(JsonReader, WritesValuesBackCompact) {
  Document document;
  const auto root =
      document.parse(R"( { "a" : [ 1 , 2.5, 12.0, true, null ] , "t" : "q\"\u00e9\n" , "u" : 18446744073709551615 } )");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->to_json(), "{\"a\":[1,2.5,12.0,true,null],\"t\":\"q\\\"\xC3\xA9\\n\",\"u\":18446744073709551615}");
}

TEST(JsonMerge, LaysThePatchOver) {
  EXPECT_EQ(
      merge(R"({"a":1,"b":{"x":1,"y":2},"c":3})", R"({"b":{"y":null,"z":[1]},"c":null,"d":{"e":null,"f":1}})").value(),
      R"({"a":1,"b":{"x":1,"z":[1]},"d":{"f":1}})");
  EXPECT_EQ(merge(R"({"a":1})", R"({"a":{"b":null,"c":2}})").value(), R"({"a":{"c":2}})");
  EXPECT_EQ(merge("{}", "{}").value(), "{}");
  EXPECT_FALSE(merge("[]", "{}"));
  EXPECT_FALSE(merge("{}", "1"));
  EXPECT_FALSE(merge("{}", "{"));
}

TEST(JsonCanonical, SortsMembersAtEveryLevel) {
  EXPECT_EQ(canonical(R"({ "b":1, "a":{"d":[{"z":1,"y":2}],"c":2}})").value(),
            R"({"a":{"c":2,"d":[{"y":2,"z":1}]},"b":1})");
  EXPECT_FALSE(canonical("nope"));
}

TEST(JsonCheck, NamesWhatIsWrong) {
  EXPECT_TRUE(check_object("{}", "x"));
  EXPECT_EQ(check_object("[]", "tools[0].parameters").error().message, "tools[0].parameters must be a JSON object");
  EXPECT_EQ(check_object("{", "tools[0].parameters").error().message.find("tools[0].parameters is not valid JSON"), 0u);
  EXPECT_TRUE(is_valid("\"x\""));
  EXPECT_FALSE(is_valid("x"));
}

}  // namespace
}  // namespace tracia::json
