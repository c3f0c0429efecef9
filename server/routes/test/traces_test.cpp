#include "spans_server.h"
#include "trace_tree.h"

namespace tracia::routes {
namespace {

using Traces = SpansTest;

json without_stamps(json trace) {
  for (const char* name : {"id", "createdAt"}) trace.erase(name);
  for (const char* name : {"spans", "children"}) {
    if (!trace.contains(name)) continue;
    for (json& span : trace[name]) span = without_stamps(span);
  }
  return trace;
}

TEST_F(Traces, AnswerATreeAsTheContractShowsIt) {
  for (const char* name : {"span_create_embedding", "span_create_tool", "span_create_tool_calls"}) {
    store(example(std::string(name) + ".request.json"));
  }
  const json wanted = example("trace_get.response.200.json");
  const ApiAnswer answer = get("/api/v1/traces/tr_a3c5e7f90b1d2846");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(without_stamps(answer.json), without_stamps(wanted));
  EXPECT_EQ(get("/api/v1/traces?limit=1").json["traces"][0], [&] {
    json summary = answer.json;
    summary.erase("spans");
    summary.erase("truncated");
    return summary;
  }());
}

TEST_F(Traces, ShowErrorsAndSpansWhoseParentIsNotStored) {
  store(span(1, {{"traceId", "t"}, {"parentSpanId", span_id(99)}, {"status", "ERROR"}, {"error", "boom"}}));
  store(span(2, {{"traceId", "t"}, {"parentSpanId", span_id(1)}}));
  const json trace = get("/api/v1/traces/t").json;
  ASSERT_EQ(trace["spans"].size(), 1u);
  EXPECT_EQ(trace["spans"][0]["error"], "boom");
  EXPECT_EQ(trace["spans"][0]["parentSpanId"], span_id(99));
  EXPECT_EQ(trace["spans"][0]["children"][0]["spanId"], span_id(2));
  EXPECT_EQ(trace["errorCount"], 1);
  EXPECT_EQ(trace["truncated"], false);
}

TEST_F(Traces, EndAtTenThousandSpans) {
  // A chain: nothing nests deeper than kTreeDepthMax, which any JSON reader takes.
  std::vector<store::StoredSpan> chain(kTraceSpansMax + 1);
  for (size_t i = 0; i < chain.size(); ++i) {
    chain[i].span.span_id = span_id(static_cast<int>(i + 1));
    chain[i].span.parent_span_id = span_id(static_cast<int>(i));
    chain[i].span.start_time = Timestamp{static_cast<int64_t>(i)};
  }
  tracia::json::Document document;
  const std::string answer = trace_json(chain, api.cache);
  const auto trace = document.parse(answer);
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ((*trace)["truncated"].boolean(), true);
  EXPECT_EQ((*trace)["spanCount"].integer(), 10'000);
  EXPECT_EQ((*trace)["spans"].size(), 1u);
  chain.pop_back();
  const std::string whole = trace_json(chain, api.cache);
  EXPECT_NE(whole.find("\"truncated\":false"), std::string::npos);
}

TEST_F(Traces, AreNotFoundWhenThereAreNone) {
  const ApiAnswer answer = get("/api/v1/traces/tr_none");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.message(), "Trace not found: tr_none");
  EXPECT_EQ(get("/api/v1/traces/%C3%A9").status, 404);
  EXPECT_EQ(api.send("GET", "/api/v1/traces/tr_none").status, 401);
}

TEST_F(Traces, AreNamedByTheirRootsPromptWhenTheRootHasNoName) {
  put_prompt("prm_1", "old-name");
  store(span(1, {{"promptSlug", "old-name"}}));
  put_prompt("prm_1", "new-name");
  EXPECT_EQ(get("/api/v1/traces").json["traces"][0]["name"], "new-name");
}

TEST_F(Traces, AreFilteredAndPaged) {
  for (int i = 1; i <= 3; ++i) store(span(i, {{"userId", "u" + std::to_string(i % 2)}}));
  const ApiAnswer first = get("/api/v1/traces?limit=1&userId=u1");
  ASSERT_EQ(first.json["traces"].size(), 1u);
  EXPECT_EQ(names(first.json), names(example("traces_list.response.200.json")));
  EXPECT_EQ(first.json["traces"][0]["traceId"], "tr_0000000000000003");
  const ApiAnswer second =
      get("/api/v1/traces?limit=1&userId=u1&cursor=" + first.json["nextCursor"].get<std::string>());
  EXPECT_EQ(second.json["traces"][0]["traceId"], "tr_0000000000000001");
  EXPECT_EQ(second.json["hasMore"], false);
  EXPECT_EQ(get("/api/v1/traces?status=bad").status, 400);
}

TEST_F(Traces, GroupIntoSessionsAndUsers) {
  store(span(1, {{"userId", "ann"}, {"sessionId", "s1"}, {"startTime", "2026-11-20T10:00:00Z"}}));
  store(span(2, {{"userId", "bob"}, {"sessionId", "s1"}, {"startTime", "2026-11-20T11:00:00Z"}}));
  store(span(3, {{"userId", "bob"}, {"sessionId", "s2"}, {"startTime", "2026-11-20T12:00:00Z"}, {"status", "ERROR"}}));
  store(span(4));
  const json sessions = get("/api/v1/sessions").json;
  EXPECT_EQ(names(sessions), names(example("sessions_list.response.200.json")));
  ASSERT_EQ(sessions["sessions"].size(), 2u);
  const json& older = sessions["sessions"][1];
  EXPECT_EQ(names(older), names(example("sessions_list.response.200.json")["sessions"][0]));
  EXPECT_EQ(older["sessionId"], "s1");
  EXPECT_EQ(older["userId"], "bob");
  EXPECT_EQ(older["traceCount"], 2);
  EXPECT_EQ(older["firstSpanAt"], "2026-11-20T10:00:00.000Z");
  EXPECT_EQ(older["lastSpanAt"], "2026-11-20T11:00:00.000Z");
  EXPECT_EQ(older["cost"], 0.0000111);
  const json users = get("/api/v1/users").json;
  EXPECT_EQ(names(users["users"][0]), names(example("users_list.response.200.json")["users"][0]));
  EXPECT_EQ(users["users"][0]["userId"], "bob");
  EXPECT_EQ(users["users"][0]["sessionCount"], 2);
  EXPECT_EQ(users["users"][0]["errorCount"], 1);
  EXPECT_EQ(get("/api/v1/sessions?userId=ann").json["sessions"].size(), 1u);
  EXPECT_EQ(get("/api/v1/users?endDate=2026-11-20T10:30:00Z").json["users"].size(), 1u);
  const ApiAnswer page = get("/api/v1/users?limit=1");
  EXPECT_EQ(page.json["hasMore"], true);
  const ApiAnswer next = get("/api/v1/users?limit=1&cursor=" + page.json["nextCursor"].get<std::string>());
  EXPECT_EQ(next.json["users"][0]["userId"], "ann");
  EXPECT_EQ(get("/api/v1/sessions?cursor=" + page.json["nextCursor"].get<std::string>()).status, 400);
}

}  // namespace
}  // namespace tracia::routes
