#include "spans_server.h"

namespace tracia::routes {
namespace {

using SpanReads = SpansTest;

// The examples of answers name ids and stamps of another server; all else must be as they say.
json without_stamps(json span) {
  for (const char* name : {"id", "createdAt", "evaluations"}) span.erase(name);
  return span;
}

TEST_F(SpanReads, AnswerASpanAsTheContractShowsIt) {
  put_prompt("prm_1", "support-answer");
  store(example("span_create.request.json"));
  store(example("span_create_error.request.json"));
  for (const char* name : {"span_get.response.200.json", "span_get_error.response.200.json"}) {
    const json wanted = example(name);
    const ApiAnswer answer = get("/api/v1/spans/" + wanted["spanId"].get<std::string>());
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(names(answer.json), names(wanted)) << name;
    EXPECT_EQ(without_stamps(answer.json), without_stamps(wanted)) << name;
  }
}

TEST_F(SpanReads, AnswerTheTimeOfReceiptInMilliseconds) {
  store(span(1));
  const json answer = get("/api/v1/spans/" + span_id(1)).json;
  EXPECT_EQ(answer["createdAt"], format_rfc3339_millis(spans.all()[0].received));
  EXPECT_EQ(answer["startTime"], format_rfc3339_micros(spans.all()[0].start()));
  EXPECT_EQ(answer["id"], spans.all()[0].id());
}

TEST_F(SpanReads, FindASpanInEitherLetterCaseAndInTheTraceGiven) {
  store(span(1, {{"spanId", "sp_00000000000000ab"}, {"traceId", "tr_a"}, {"output", "a"}}));
  store(span(1, {{"spanId", "sp_00000000000000ab"}, {"traceId", "tr_b"}, {"output", "b"}}));
  EXPECT_EQ(get("/api/v1/spans/SP_00000000000000AB").json["output"], "b");
  EXPECT_EQ(get("/api/v1/spans/sp_00000000000000ab?traceId=tr_a").json["output"], "a");
  EXPECT_EQ(get("/api/v1/spans/sp_00000000000000ab?traceId=tr_c").status, 404);
  EXPECT_EQ(get("/api/v1/spans/sp_00000000000000ab?traceId=%07").message(),
            "traceId must be 1 to 128 printable ASCII characters");
}

TEST_F(SpanReads, AnswerTheEvaluationsOfASpanNewestFirst) {
  store(span(1));
  for (int i = 0; i < 3; ++i) {
    api.clock.advance(Millis(10));
    ASSERT_EQ(post("/api/v1/spans/" + span_id(1) + "/evaluations", {{"evaluatorKey", "quality"}, {"value", i}}).status,
              201);
  }
  const json evaluations = get("/api/v1/spans/" + span_id(1)).json["evaluations"];
  ASSERT_EQ(evaluations.size(), 3u);
  EXPECT_EQ(evaluations[0]["value"], 2);
  EXPECT_EQ(evaluations[2]["value"], 0);
}

TEST_F(SpanReads, ListSpansAsTheContractShowsThem) {
  put_prompt("prm_1", "support-answer");
  for (const char* name : {"span_create", "span_create_error", "span_create_embedding"}) {
    store(example(std::string(name) + ".request.json"));
  }
  const ApiAnswer answer = get("/api/v1/spans?limit=10");
  const json wanted = example("spans_list.response.200.json");
  EXPECT_EQ(names(answer.json), names(wanted));
  ASSERT_EQ(answer.json["spans"].size(), wanted["spans"].size());
  for (size_t i = 0; i < wanted["spans"].size(); ++i) {
    EXPECT_EQ(without_stamps(answer.json["spans"][i]), without_stamps(wanted["spans"][i]));
  }
  EXPECT_EQ(answer.json["hasMore"], false);
  EXPECT_TRUE(answer.json["nextCursor"].is_null() && answer.json["cursor"].is_null());
  EXPECT_TRUE(answer.json["scannedTo"].is_null());
}

TEST_F(SpanReads, WalkThroughPagesWithoutGapOrRepeat) {
  for (int i = 1; i <= 7; ++i) store(span(i, {{"startTime", "2026-11-20T10:00:00Z"}}));
  std::vector<std::string> seen;
  std::string cursor;
  for (int page = 0; page < 4; ++page) {
    const ApiAnswer answer = get("/api/v1/spans?limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor));
    for (const std::string& id : ids(answer)) seen.push_back(id);
    EXPECT_EQ(answer.json["hasMore"], page < 3);
    EXPECT_EQ(answer.json["cursor"], answer.json["nextCursor"]);
    if (page < 3) cursor = answer.json["nextCursor"];
  }
  std::vector<std::string> wanted;
  for (int i = 7; i >= 1; --i) wanted.push_back(span_id(i));
  EXPECT_EQ(seen, wanted);
}

TEST_F(SpanReads, CallAPromptWhatItIsCalledNow) {
  put_prompt("prm_1", "old-name");
  store(span(1, {{"promptSlug", "old-name"}}));
  store(span(2, {{"promptSlug", "never-stored"}}));
  put_prompt("prm_1", "new-name");
  const json spans_now = get("/api/v1/spans").json["spans"];
  EXPECT_EQ(spans_now[1]["promptSlug"], "new-name");
  EXPECT_EQ(spans_now[0]["promptSlug"], "never-stored");
  EXPECT_EQ(ids(get("/api/v1/spans?promptSlug=new-name")), std::vector<std::string>{span_id(1)});
  EXPECT_EQ(ids(get("/api/v1/spans?promptSlug=never-stored")), std::vector<std::string>{span_id(2)});
  EXPECT_TRUE(ids(get("/api/v1/spans?promptSlug=old-name")).empty());
}

TEST_F(SpanReads, FilterByEveryParameter) {
  store(span(1, {{"status", "ERROR"},
                 {"error", "boom"},
                 {"startTime", "2026-11-20T10:00:00Z"},
                 {"userId", "u 1"},
                 {"sessionId", "s1"},
                 {"tags", {"a", "b"}},
                 {"traceId", "tr_x"},
                 {"parentSpanId", span_id(9)},
                 {"promptVersion", 3},
                 {"label", "production"},
                 {"experimentId", "e1"},
                 {"variant", "v1"},
                 {"name", "step"},
                 {"finishReason", "stop"},
                 {"latencyMs", 5000},
                 {"totalTokens", 900},
                 {"variables", {{"name", "Alice"}, {"n", 7}}},
                 {"output", "A refund for Müller is due"}}));
  store(span(2, {{"provider", "anthropic"}, {"model", "unheard-of"}, {"tags", {"a"}}, {"latencyMs", 10}}));
  const std::vector<std::string> one{span_id(1)}, two{span_id(2)};
  for (const char* query : {"status=ERROR",
                            "endDate=2026-11-20T10:00:01",
                            "userId=u+1",
                            "sessionId=s1",
                            "tags=b,a",
                            "traceId=tr_x",
                            "parentSpanId=SP_0000000000000009",
                            "promptVersion=3",
                            "label=production",
                            "experimentId=e1",
                            "variant=v1",
                            "name=step",
                            "finishReason=stop",
                            "costStatus=exact",
                            "minCost=0",
                            "maxCost=1",
                            "minLatencyMs=5000",
                            "minTotalTokens=900",
                            "variables[name]=Alice&variables[n]=7",
                            "q=REFUND+m%C3%BCll*",
                            "contains=fund%20for",
                            "provider=OpenAI",
                            "model=GPT-4o-mini"}) {
    EXPECT_EQ(ids(get("/api/v1/spans?" + std::string(query))), one) << query;
  }
  for (const char* query : {"status=SUCCESS", "startDate=2026-11-20T10:00:00.000001Z", "costStatus=unknown",
                            "maxLatencyMs=4999", "maxTotalTokens=899", "model=unheard-of"}) {
    EXPECT_EQ(ids(get("/api/v1/spans?" + std::string(query))), two) << query;
  }
  EXPECT_EQ(ids(get("/api/v1/spans?tags=a")).size(), 2u);
  EXPECT_TRUE(ids(get("/api/v1/spans?spanKind=TOOL")).empty());
}

TEST_F(SpanReads, SayHowFarASearchLookedBack) {
  EXPECT_TRUE(get("/api/v1/spans?contains=abc").json["scannedTo"].is_string());
  EXPECT_TRUE(get("/api/v1/spans?q=abc").json["scannedTo"].is_string());
  EXPECT_TRUE(get("/api/v1/spans?userId=abc").json["scannedTo"].is_null());
}

TEST_F(SpanReads, RefuseWhatIsMalformed) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"limit=0", "limit must be a whole number from 1 to 100"},
      {"limit=101", "limit must be a whole number from 1 to 100"},
      {"limit=ten", "limit must be a whole number from 1 to 100"},
      {"cursor=AAAA", "cursor is not one that this list made"},
      {"cursor=" + std::string(5000, 'A'), "cursor is not one that this list made"},
      {"status=ok", "status must be SUCCESS or ERROR"},
      {"minCost=cheap", "minCost must be a number of at least 0"},
  };
  for (const auto& [query, message] : cases) {
    const ApiAnswer answer = get("/api/v1/spans?" + query);
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_EQ(answer.code(), "INVALID_REQUEST") << query;
    EXPECT_EQ(answer.message(), message) << query;
  }
}

TEST_F(SpanReads, RefuseACursorOfAnotherList) {
  for (int i = 1; i <= 2; ++i) store(span(i));
  const std::string cursor = get("/api/v1/traces?limit=1").json["nextCursor"];
  EXPECT_EQ(get("/api/v1/traces?limit=1&cursor=" + cursor).status, 200);
  EXPECT_EQ(get("/api/v1/spans?cursor=" + cursor).status, 400);
}

TEST_F(SpanReads, WantAKey) {
  for (const char* path : {"", "/export", "/tail", "/sp_0000000000000001", "/sp_0000000000000001/evaluations"}) {
    EXPECT_EQ(api.send("GET", "/api/v1/spans" + std::string(path)).status, 401) << path;
  }
}

TEST_F(SpanReads, DoNotShowOtherProjects) {
  store::NewSpan other;
  other.project_id = "prj_other";
  other.span = *span::from_json([] {
    static tracia::json::Document document;
    return *document.parse(span(1).dump());
  }());
  spans.append({other}, [](const auto&) {});
  EXPECT_TRUE(ids(get("/api/v1/spans")).empty());
  EXPECT_EQ(get("/api/v1/spans/" + span_id(1)).status, 404);
  EXPECT_EQ(get("/api/v1/traces/tr_0000000000000001").status, 404);
  EXPECT_EQ(get("/api/v1/spans/export").body, "");
}

}  // namespace
}  // namespace tracia::routes
