// The parts that need no socket: delays, text, schemas, vectors, frames.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "ask.h"
#include "embed.h"
#include "event_stream.h"
#include "schema.h"
#include "text.h"
#include "tracia/base/bytes.h"
#include "tracia/simulate/simulator.h"

namespace tracia::simulate {
namespace {

nlohmann::json fit(std::string_view schema, std::string text = "Weather in Paris and London", uint64_t seed = 1) {
  json::Document document;
  const auto root = document.parse(schema);
  EXPECT_TRUE(root.has_value()) << schema;
  const SchemaHints hints{.user_text = text, .nouns = proper_nouns(text), .numbers = numbers_in(text)};
  Rng rng(seed);
  const std::string out = fit_schema(*root, hints, rng);
  EXPECT_TRUE(nlohmann::json::accept(out)) << out;
  return nlohmann::json::parse(out, nullptr, false);
}

TEST(Delay, is_parsed_and_drawn) {
  EXPECT_EQ(Distribution::parse("0")->at(0.5), Millis(0));
  EXPECT_EQ(Distribution::parse("50ms")->at(0.1), Millis(50));
  EXPECT_EQ(Distribution::parse("uniform:10ms-80ms")->at(0.5), Millis(45));
  const auto lognormal = Distribution::parse("lognormal:p50=400ms,p99=3s");
  EXPECT_EQ(lognormal->at(0.5), Millis(400));
  EXPECT_NEAR(static_cast<double>(lognormal->at(0.99).count()), 3000, 2);
  for (const char* bad :
       {"", "50", "-1ms", "uniform:80ms-10ms", "lognormal:p50=0ms,p99=1s", "2h", "nanms", "gamma:1"}) {
    EXPECT_FALSE(Distribution::parse(bad).has_value()) << bad;
  }
}

TEST(StatusRates, are_parsed_and_bounded) {
  const auto rates = parse_status_rates("500=0.1,429=0.05");
  ASSERT_TRUE(rates.has_value());
  EXPECT_EQ(rates->at(1).status, 429);
  for (const char* bad : {"500", "200=0.1", "500=2", "500=0.6,503=0.6", "x=1"})
    EXPECT_FALSE(parse_status_rates(bad).has_value()) << bad;
  EXPECT_TRUE(parse_status_rates("")->empty());
}

TEST(Schema, required_members_types_and_bounds_hold) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const auto v = fit(R"({"type":"object","required":["n","i","tags","when","who","c"],"properties":{
        "n":{"type":"number","minimum":0.5,"exclusiveMaximum":2},"i":{"type":"integer","multipleOf":5,"minimum":7,"maximum":31},
        "tags":{"type":"array","minItems":2,"maxItems":3,"uniqueItems":true,"items":{"enum":["a","b","c"]}},
        "when":{"type":"string","format":"date-time"},"who":{"$ref":"#/$defs/who"},"c":{"const":{"k":[1]}}},
        "$defs":{"who":{"type":["string","null"],"minLength":12,"maxLength":14}}})",
                       "x", seed);
    EXPECT_GE(v["n"], 0.5);
    EXPECT_LT(v["n"], 2);
    EXPECT_EQ(v["i"].get<int>() % 5, 0);
    EXPECT_GE(v["i"], 7);
    EXPECT_LE(v["i"], 31);
    EXPECT_GE(v["tags"].size(), 2u);
    EXPECT_LE(v["tags"].size(), 3u);
    EXPECT_EQ(v["when"].get<std::string>().size(), 20u);
    EXPECT_GE(v["who"].get<std::string>().size(), 12u);
    EXPECT_LE(v["who"].get<std::string>().size(), 14u);
    EXPECT_EQ(v["c"], nlohmann::json::parse(R"({"k":[1]})"));
  }
}

TEST(Schema, the_users_words_fill_it) {
  const auto v = fit(R"({"type":"OBJECT","required":["city","unit","days"],"properties":{"city":{"type":"STRING"},
      "unit":{"type":"STRING","enum":["celsius","fahrenheit"]},"days":{"type":"INTEGER","minimum":1,"maximum":10}}})",
                     "The weather in Tokyo for 3 days in fahrenheit?");
  EXPECT_EQ(v["city"], "Tokyo");
  EXPECT_EQ(v["unit"], "fahrenheit");
  EXPECT_EQ(v["days"], 3);
}

TEST(Schema, hostile_ones_end) {
  fit(R"({"$ref":"#"})");
  fit(R"({"$ref":"#/nowhere"})");
  fit(R"({"anyOf":[{"$ref":"#"}]})");
  fit(R"({"type":"object","required":["l","r"],"properties":{"l":{"$ref":"#"},"r":{"$ref":"#"}}})");
  fit(R"({"type":"array","minItems":1000000000,"uniqueItems":true,"items":{"$ref":"#"}})");
  fit(R"({"type":"string","minLength":99999999999})");
  fit(R"({"type":"integer","minimum":1e300,"multipleOf":1e-300})");
  fit(R"({"type":"number","minimum":5,"maximum":1})");
  fit(R"({"enum":[],"type":[]})");
  fit(R"([1,2])");
  fit("true");
}

TEST(Text, topic_nouns_and_numbers) {
  EXPECT_EQ(topic_of("Tell me about the history of glass."), "me about the history of glass");
  EXPECT_EQ(topic_of(" ?! "), "your message");
  EXPECT_EQ(proper_nouns("What about New York, Paris and San Francisco?"),
            (std::vector<std::string>{"New York", "Paris", "San Francisco"}));
  EXPECT_EQ(numbers_in("from 3 to -4.5 km, not x7"), (std::vector<double>{3, -4.5}));
  EXPECT_TRUE(contains_word("Weather in BOTH towns", "both"));
  EXPECT_FALSE(contains_word("bothered", "both"));
}

TEST(Text, pieces_join_to_the_whole_and_keep_utf8) {
  const std::string text = "A  short\n\ntext with ümläuts 日本語のとても長い文章はここでおわります。 end ";
  for (int words = 1; words < 4; ++words) {
    std::string joined;
    for (const std::string_view piece : split_words(text, words)) {
      EXPECT_TRUE(is_valid_utf8(piece));
      joined += piece;
    }
    EXPECT_EQ(joined, text);
  }
  std::string joined;
  for (const std::string_view piece : split_bytes(text, 5)) joined += piece;
  EXPECT_EQ(joined, text);
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

TEST(Embedding, similar_texts_are_close_and_all_are_normalised) {
  const auto a = embed_text("the cat sat on the mat", 1024, 1), b = embed_text("a cat was sitting on a mat", 1024, 1);
  const auto c = embed_text("quarterly revenue forecast", 1024, 1);
  EXPECT_GT(cosine(a, b), 0.5);
  EXPECT_LT(cosine(a, c), 0.2);
  for (const char* text : {"", "!!!", "x", "日本"}) {
    for (const size_t dimensions : {1u, 8u, 3072u}) {
      const auto v = embed_text(text, dimensions, 0);
      EXPECT_EQ(v.size(), dimensions);
      EXPECT_NEAR(cosine(v, v), 1, 1e-4) << text;
    }
  }
}

TEST(EventStream, frames_have_the_documented_layout) {
  EXPECT_EQ(crc32("123456789"), 0xCBF43926u);
  const std::string frame = event_frame("messageStart", "{}");
  const auto u32 = [&](size_t at) {
    uint32_t n = 0;
    for (size_t i = 0; i < 4; ++i) n = (n << 8) | static_cast<unsigned char>(frame[at + i]);
    return n;
  };
  EXPECT_EQ(u32(0), frame.size());
  EXPECT_EQ(u32(8), crc32(std::string_view(frame).substr(0, 8)));
  EXPECT_EQ(u32(frame.size() - 4), crc32(std::string_view(frame).substr(0, frame.size() - 4)));
  EXPECT_EQ(frame.substr(12, 12), std::string("\x0b:event-type"));
}

}  // namespace
}  // namespace tracia::simulate
