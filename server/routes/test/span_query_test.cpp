#include "span_query.h"

#include <gtest/gtest.h>

#include "tracia/base/bytes.h"

namespace tracia::routes {
namespace {

std::string known_prompt(std::string_view slug) { return slug == "welcome" ? "prm_1" : ""; }

store::SpanFilter read(std::string_view query, FilterSet set = FilterSet::kSpans) {
  auto filter = read_filter(query, set, known_prompt);
  EXPECT_TRUE(filter) << query << ": " << (filter ? "" : filter.error().message);
  return filter ? std::move(*filter) : store::SpanFilter{};
}

std::string error_of(std::string_view query, FilterSet set = FilterSet::kSpans) {
  const auto filter = read_filter(query, set, known_prompt);
  if (filter) return "accepted";
  EXPECT_EQ(filter.error().code, ErrorCode::kInvalidRequest);
  return filter.error().message;
}

Timestamp time(const char* text) { return *parse_rfc3339(text); }

TEST(SpanFilter, IsEmptyWithoutParameters) {
  for (const char* query : {"", "&&", "unknown=1", "userId=", "limit=7&cursor=x"}) {
    const store::SpanFilter filter = read(query);
    EXPECT_FALSE(filter.user_id || filter.start_from || filter.status) << query;
    EXPECT_FALSE(filter.needs_payloads()) << query;
  }
}

TEST(SpanFilter, ReadsEveryParameterOfTheContract) {
  const store::SpanFilter filter = read(
      "status=ERROR&startDate=2026-11-20T00:00:00Z&endDate=2026-11-21&userId=u+1&sessionId=s%2F1&tags=a,b%20c"
      "&traceId=tr_1&parentSpanId=SP_00000000000000AB&promptVersion=3&label=production&experimentId=e&variant=v"
      "&model=GPT-4o&provider=OpenAI&spanKind=TOOL&name=n&finishReason=max_tokens&costStatus=estimated&minCost=0.001"
      "&maxCost=1e-2&minLatencyMs=1&maxLatencyMs=2&minTotalTokens=3&maxTotalTokens=4&variables[name]=Alice"
      "&variables%5Bcity%5D=&contains=n%C3%B6t");
  EXPECT_EQ(filter.status, span::SpanStatus::kError);
  EXPECT_EQ(filter.start_from, time("2026-11-20T00:00:00Z"));
  EXPECT_EQ(filter.start_before, time("2026-11-21T00:00:00Z"));
  EXPECT_EQ(filter.user_id, "u 1");
  EXPECT_EQ(filter.session_id, "s/1");
  EXPECT_EQ(filter.tags, (std::vector<std::string>{"a", "b c"}));
  EXPECT_EQ(filter.trace_id, "tr_1");
  EXPECT_EQ(filter.parent_span_id, "sp_00000000000000ab");
  EXPECT_EQ(filter.prompt_version, 3);
  EXPECT_EQ(filter.label, "production");
  EXPECT_EQ(filter.experiment_id, "e");
  EXPECT_EQ(filter.variant, "v");
  EXPECT_EQ(filter.model, "GPT-4o");
  EXPECT_EQ(filter.provider, "OpenAI");
  EXPECT_EQ(filter.kind, span::Kind::kTool);
  EXPECT_EQ(filter.name, "n");
  EXPECT_EQ(filter.finish_reason, "max_tokens");
  EXPECT_EQ(filter.cost_status, llm::CostStatus::kEstimated);
  EXPECT_EQ(filter.min_cost->to_string(), "0.001");
  EXPECT_EQ(filter.max_cost->to_string(), "0.01");
  EXPECT_EQ(filter.min_latency_ms, 1);
  EXPECT_EQ(filter.max_latency_ms, 2);
  EXPECT_EQ(filter.min_total_tokens, 3);
  EXPECT_EQ(filter.max_total_tokens, 4);
  const std::vector<std::pair<std::string, std::string>> variables{{"name", "Alice"}, {"city", ""}};
  EXPECT_EQ(filter.variables, variables);
  EXPECT_EQ(filter.contains, "n\xC3\xB6t");
}

TEST(SpanFilter, FindsThePromptThatASlugNamesNow) {
  EXPECT_EQ(read("promptSlug=welcome").prompt_id, "prm_1");
  EXPECT_FALSE(read("promptSlug=welcome").prompt_slug);
  EXPECT_EQ(read("promptSlug=gone").prompt_slug, "gone");
  EXPECT_FALSE(read("promptSlug=gone").prompt_id);
}

TEST(SpanFilter, TakesTimesWithoutAnOffsetAsUtc) {
  EXPECT_EQ(read("startDate=2026-11-20T10:00:00").start_from, time("2026-11-20T10:00:00Z"));
  EXPECT_EQ(read("startDate=2026-11-20T10:00:00.5%2B02:00").start_from, time("2026-11-20T08:00:00.5Z"));
}

TEST(SpanFilter, SplitsASearchIntoWords) {
  EXPECT_EQ(read("q=refund*+Order-17").words, (std::vector<std::string>{"refund", "Order", "17"}));
  EXPECT_EQ(read("q=%E6%9D%B1%E4%BA%AC").words, (std::vector<std::string>{"\xE6\x9D\xB1\xE4\xBA\xAC"}));
  EXPECT_TRUE(read("q=refund").needs_payloads());
}

TEST(SpanFilter, TakesWhatClientLibrariesCallMaxTokens) {
  EXPECT_EQ(read("finishReason=length").finish_reason, "max_tokens");
}

TEST(SpanFilter, NamesTheParameterThatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"status=success", "status must be SUCCESS or ERROR"},
      {"costStatus=free", "costStatus must be exact, estimated, unknown or included"},
      {"spanKind=llm", "spanKind must be LLM, EMBEDDING, ROOT, TOOL, RETRIEVAL, CHAIN, AGENT or OTHER"},
      {"promptSlug=A%20b", "promptSlug must be lower-case letters, digits, '-' and '_'"},
      {"label=-x", "label must be lower-case letters, digits, '-' and '_'"},
      {"traceId=a%0Ab", "traceId must be 1 to 128 printable ASCII characters"},
      {"parentSpanId=sp_1", "parentSpanId must be sp_ and 16 hexadecimal digits"},
      {"promptVersion=0", "promptVersion must be a whole number of at least 1"},
      {"minLatencyMs=-1", "minLatencyMs must be a whole number of at least 0"},
      {"maxLatencyMs=1.5", "maxLatencyMs must be a whole number of at least 0"},
      {"maxTotalTokens=99999999999999999999", "maxTotalTokens must be a whole number of at least 0"},
      {"minCost=-0.1", "minCost must be a number of at least 0"},
      {"maxCost=nan", "maxCost must be a number of at least 0"},
      {"maxCost=1e300", "maxCost must be a number of at least 0"},
      {"contains=ab", "contains must have at least 3 characters"},
      {"q=%2A%2A", "q must hold at least one word"},
      {"tags=a,,b", "tags must have 1 to 200 characters each, with one comma between them"},
      {"variables[]=x", "variables must be given as variables[name]=value"},
      {"variables[a=x", "variables must be given as variables[name]=value"},
      {"userId=%FF", "The query string must be valid UTF-8"},
  };
  for (const auto& [query, message] : cases) EXPECT_EQ(error_of(query), message) << query;
  EXPECT_NE(error_of("startDate=yesterday").find("startDate must be"), std::string::npos);
  EXPECT_NE(error_of("endDate=2026-13-01").find("endDate must be"), std::string::npos);
}

TEST(SpanFilter, IsBounded) {
  const std::string long_text(300, 'x');
  EXPECT_EQ(error_of("userId=" + long_text), "userId must have at most 256 characters");
  EXPECT_EQ(error_of("q=" + long_text), "q must have at most 256 characters");
  std::string tags = "tags=t", variables, words = "q=w", many;
  for (int i = 0; i < 20; ++i) tags += ",t";
  for (int i = 0; i < 11; ++i) variables += "&variables[v" + std::to_string(i) + "]=1";
  for (int i = 0; i < 16; ++i) words += "+w";
  for (int i = 0; i < 201; ++i) many += "&a=1";
  EXPECT_EQ(error_of(tags), "tags must be at most 20");
  EXPECT_EQ(error_of(variables), "variables must be at most 10");
  EXPECT_EQ(error_of(words), "q must hold at most 16 words");
  EXPECT_EQ(error_of(many), "A query string must have at most 200 parameters");
  std::string multibyte = "userId=";
  for (int i = 0; i < 256; ++i) multibyte += "%C3%A9";
  EXPECT_EQ(read(multibyte).user_id->size(), 512u);
}

TEST(SpanFilter, KeepsToTheParametersOfEachList) {
  const std::string all = "startDate=2026-11-20&userId=u&sessionId=s&minCost=1&model=m";
  const store::SpanFilter tail = read(all, FilterSet::kTail);
  EXPECT_TRUE(tail.user_id && tail.model && !tail.start_from && !tail.min_cost);
  const store::SpanFilter traces = read(all, FilterSet::kTraces);
  EXPECT_TRUE(traces.start_from && traces.session_id && !traces.model && !traces.min_cost);
  const store::SpanFilter sessions = read(all, FilterSet::kSessions);
  EXPECT_TRUE(sessions.start_from && sessions.user_id && !sessions.session_id);
  const store::SpanFilter users = read(all, FilterSet::kUsers);
  EXPECT_TRUE(users.start_from && !users.user_id && !users.session_id);
}

TEST(PositionCursor, LeadsBackToItsPosition) {
  for (const store::Position& position :
       {store::Position{1'795'169'730'123'456, 1'795'169'731'000'001}, {0, 0}, {-5, 7}, {INT64_MIN, INT64_MAX}}) {
    const auto read = read_position_cursor(position_cursor("spans:", position), "spans:");
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, position);
  }
}

TEST(PositionCursor, RefusesWhatThisListDidNotMake) {
  const std::string good = position_cursor("spans:", {12, 34});
  const std::vector<std::string> hostile{"x",
                                         "%00",
                                         std::string(300, 'A'),
                                         good + "=",
                                         good.substr(1),
                                         good + " ",
                                         position_cursor("traces:", {12, 34}),
                                         base64url_encode("spans:012.34"),
                                         base64url_encode("spans:12"),
                                         base64url_encode("spans:12.34."),
                                         base64url_encode("spans:.34"),
                                         base64url_encode("spans:12.99999999999999999999"),
                                         base64url_encode("spans:")};
  for (const std::string& cursor : hostile) {
    const auto read = read_position_cursor(cursor, "spans:");
    ASSERT_FALSE(read) << cursor;
    EXPECT_EQ(read.error().message, "cursor is not one that this list made");
  }
}

}  // namespace
}  // namespace tracia::routes
