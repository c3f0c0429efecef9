#include "record.h"

#include <gtest/gtest.h>

#include "codec.h"
#include "random_spans.h"

namespace tracia::store_sqlite {
namespace {

using store::StoredSpan;
using testing::dump;
using testing::SpanSource;

std::vector<std::string_view> views(const Split& split) {
  std::vector<std::string_view> contents;
  for (const Content& content : split.contents) contents.push_back(content.data);
  return contents;
}

// What is left of a span that was stored and read again.
StoredSpan round_trip(const StoredSpan& span) {
  const std::string bytes = encode_row(span);
  Row row;
  EXPECT_TRUE(decode_row(bytes, row));
  StoredSpan again = summary_of(row);
  const Split parts = split(span.span);
  EXPECT_TRUE(join(parts.body, views(parts), again.span));
  return again;
}

span::Span with_input(std::string input) {
  span::Span span;
  span.input_json = std::move(input);
  return span;
}

TEST(PackedIds, ComeBackAsTheyWere) {
  for (const std::string id : {"", "sp_0123456789abcdef", "tr_0123456789abcdef", "tr_0123456789abcdef0123456789abcdef",
                               "tr_0123456789ABCDEF", "sp_0123456789abcdeg", "sp_", "x", "order 66 / blue"}) {
    EXPECT_EQ(unpack_id(pack_id(id)), id);
  }
  EXPECT_EQ(pack_id("sp_0123456789abcdef").size(), 9u);
  EXPECT_NE(pack_id("sp_0123456789abcdef"), pack_id("tr_0123456789abcdef"));
}

TEST(PackedIds, BadBytesGiveNoId) {
  EXPECT_EQ(unpack_id("\1short"), "");
  EXPECT_EQ(unpack_id("\x09whatever"), "");
}

TEST(Numbers, OfAnySizeComeBack) {
  for (const int64_t value : {int64_t{0}, int64_t{-1}, int64_t{1}, int64_t{127}, int64_t{128}, INT64_MAX, INT64_MIN}) {
    std::string bytes;
    ByteWriter(bytes).zigzag(value);
    ByteWriter(bytes).zigzag128(llm::Int128{value} * INT64_MAX);
    ByteReader in(bytes);
    EXPECT_EQ(in.zigzag(), value);
    EXPECT_TRUE(in.zigzag128() == llm::Int128{value} * INT64_MAX);
    EXPECT_TRUE(in.ok() && in.at_end());
  }
}

TEST(Numbers, EndlessVarintIsRefused) {
  ByteReader in(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11));
  EXPECT_EQ(in.varint(), 0u);
  EXPECT_FALSE(in.ok());
}

TEST(Record, RandomSpansComeBackWhole) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  SpanSource source(seed);
  for (int i = 0; i < 2000; ++i) {
    const StoredSpan span = source.next();
    ASSERT_EQ(dump(round_trip(span)), dump(span));
  }
}

TEST(Record, SummaryHasNoPayload) {
  SpanSource source(1);
  for (int i = 0; i < 50; ++i) {
    const StoredSpan span = source.next();
    const std::string bytes = encode_row(span);
    Row row;
    ASSERT_TRUE(decode_row(bytes, row));
    EXPECT_EQ(row.has_error, !span.span.error.empty());
    StoredSpan expected = testing::without_payload(span);
    StoredSpan got = summary_of(row);
    got.span.error = expected.span.error = "";
    EXPECT_EQ(dump(got), dump(expected));
  }
}

TEST(Record, CutRowsAndBodiesAreErrors) {
  SpanSource source(2);
  for (int i = 0; i < 30; ++i) {
    const StoredSpan span = source.next();
    const std::string bytes = encode_row(span);
    Row row;
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(decode_row(std::string_view(bytes).substr(0, size), row));
    }
    const Split parts = split(span.span);
    span::Span joined;
    for (size_t size = 0; size < parts.body.size(); ++size) {
      EXPECT_FALSE(join(std::string_view(parts.body).substr(0, size), views(parts), joined));
    }
  }
}

TEST(Record, FlippedBytesNeverCrash) {
  SpanSource source(3);
  for (int i = 0; i < 300; ++i) {
    const StoredSpan span = source.next();
    std::string bytes = encode_row(span);
    Split parts = split(span.span);
    for (int flips = 0; flips < 20; ++flips) {
      bytes[source.below(bytes.size())] = static_cast<char>(source.below(256));
      parts.body[source.below(parts.body.size())] = static_cast<char>(source.below(256));
      Row row;
      if (decode_row(bytes, row)) (void)summary_of(row);
      span::Span joined;
      (void)join(parts.body, views(parts), joined);
      (void)error_of(parts.body, {});
      (void)decode_detail(parts.body);
    }
  }
}

TEST(Split, MessagesAreContentsOfTheirOwn) {
  const std::string first = R"({"role":"system","content":")" + std::string(80, 's') + R"("})";
  const std::string second = R"({"role":"user","content":")" + std::string(80, 'u') + R"("})";
  const Split one = split(with_input(R"({"messages":[)" + first + "]}"));
  const Split two = split(with_input(R"({"messages":[)" + first + "," + second + "]}"));
  ASSERT_EQ(one.contents.size(), 1u);
  ASSERT_EQ(two.contents.size(), 2u);
  EXPECT_EQ(one.contents[0].data, first);
  EXPECT_EQ(one.contents[0].hash, two.contents[0].hash);
  EXPECT_EQ(two.contents[1].data, second);
  EXPECT_LT(two.body.size(), 12u);
}

TEST(Split, ShortMessagesStayInTheBody) {
  const Split parts = split(with_input(R"({"messages":[{"role":"user","content":"Hi"}]})"));
  EXPECT_TRUE(parts.contents.empty());
}

TEST(Split, AnyInputComesBackByteForByte) {
  const std::string longer(100, 'x');
  for (const std::string& input : std::vector<std::string>{
           R"({"messages":[]})", R"({"messages":[ ]})", R"({"messages":[,,]})", R"({"messages":[})", R"({"messages":[)",
           R"({"messages":["\\"]})", R"({"messages":["\"]})", R"({"messages":["a]",["b,"],{"c":"}"}]})",
           R"({"messages":[1}]})", R"({"messages":["\\\\\\\"]"]})", R"({ "messages" : [1] })", R"({"text":["a","b"]})",
           R"({"messages":[")" + longer + R"("],"text":[")" + longer + R"("]})", "{}", "no JSON at all",
           R"({"messages":["\u0000","]"]}tail)"}) {
    const Split parts = split(with_input(input));
    span::Span joined;
    ASSERT_TRUE(join(parts.body, views(parts), joined)) << input;
    EXPECT_EQ(joined.input_json, input);
  }
}

TEST(Split, AnEmptyOutputIsNotNone) {
  span::Span span;
  span.output = "";
  StoredSpan stored;
  stored.span = span;
  stored.span.start_time = Timestamp{5};
  EXPECT_EQ(round_trip(stored).span.output, std::optional<std::string>(""));
}

TEST(Join, MissingOrSpareContentsAreErrors) {
  const Split parts = split(with_input(R"({"messages":[")" + std::string(100, 'x') + R"("]})"));
  span::Span joined;
  EXPECT_FALSE(join(parts.body, {}, joined));
  const std::string_view two[] = {"a", "b"};
  EXPECT_FALSE(join(parts.body, two, joined));
}

TEST(Join, ErrorAloneNeedsAtMostOneContent) {
  span::Span span = with_input(R"({"messages":[")" + std::string(100, 'x') + R"("]})");
  span.error = "short";
  Split parts = split(span);
  EXPECT_FALSE(error_needs_content(parts.body));
  EXPECT_EQ(error_of(parts.body, {}).value(), "short");
  span.error = std::string(1000, 'e');
  parts = split(span);
  EXPECT_TRUE(error_needs_content(parts.body));
  const std::string_view first[] = {parts.contents[0].data};
  EXPECT_EQ(error_of(parts.body, first).value(), span.error);
}

TEST(Detail, NumbersComeBackInOrder) {
  const std::vector<uint64_t> numbers{7, 8, 3, 3, 1u << 30};
  const std::string bytes = encode_detail(numbers, "body");
  const auto detail = decode_detail(bytes);
  ASSERT_TRUE(detail);
  EXPECT_EQ(detail->content_numbers, numbers);
  EXPECT_EQ(detail->body, "body");
}

TEST(PayloadFilter, WordsBeginWordsOfInputOutputErrorOrName) {
  span::Span span =
      with_input(R"({"messages":[{"role":"user","content":[{"type":"text","text":"A Caf\u00e9 refund"}]}]})");
  span.output = "Done, money-back";
  span.error = "Quota exceeded";
  span.name = "Answer mail";
  const auto matches = [&](std::vector<std::string> words, std::string contains) {
    store::SpanFilter filter;
    filter.words = std::move(words);
    filter.contains = std::move(contains);
    return PayloadMatcher(filter).matches(span);
  };
  EXPECT_TRUE(matches({"REF"}, ""));
  EXPECT_TRUE(matches({"refund", "back"}, ""));
  EXPECT_FALSE(matches({"fund"}, ""));
  EXPECT_FALSE(matches({"user"}, "")) << "roles are no text";
  EXPECT_TRUE(matches({}, "CAF\xc3\xa9 re"));
  EXPECT_FALSE(matches({}, "caf re"));
  EXPECT_TRUE(matches({"money"}, "done"));
  EXPECT_TRUE(matches({"quota", "mail", "refund"}, ""));
  EXPECT_TRUE(matches({}, "A EXC"));
  EXPECT_FALSE(matches({}, "answer mail")) << "a name is found by its words only";
}

TEST(PayloadFilter, TextsOfEmbeddingsCount) {
  store::SpanFilter filter;
  filter.words = {"two"};
  EXPECT_TRUE(PayloadMatcher(filter).matches(with_input(R"({"text":["one","two"]})")));
}

TEST(PayloadFilter, VariablesAreComparedAsText) {
  span::Span span;
  span.variables_json = R"({"city":"Oslo","n":3,"deep":{"a":1}})";
  const auto matches = [&](std::string name, std::string value) {
    store::SpanFilter filter;
    filter.variables = {{std::move(name), std::move(value)}};
    return PayloadMatcher(filter).matches(span);
  };
  EXPECT_TRUE(matches("city", "Oslo"));
  EXPECT_FALSE(matches("city", "oslo"));
  EXPECT_TRUE(matches("n", "3"));
  EXPECT_TRUE(matches("deep", R"({"a":1})"));
  EXPECT_FALSE(matches("none", ""));
}

}  // namespace
}  // namespace tracia::store_sqlite
