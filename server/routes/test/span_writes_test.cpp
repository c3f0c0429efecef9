#include "spans_server.h"
#include "tracia/base/compress.h"

namespace tracia::routes {
namespace {

using SpanWrites = SpansTest;

TEST_F(SpanWrites, StoresASpanOnceAndAnswersTheSameAgain) {
  const json body = example("span_create.request.json");
  const ApiAnswer first = post("/api/v1/spans", body);
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(names(first.json), names(example("span_create.response.201.json")));
  EXPECT_EQ(first.json["spanId"], body["spanId"]);
  EXPECT_EQ(first.json["traceId"], body["traceId"]);
  EXPECT_EQ(first.json["cost"], 0.00211);
  const ApiAnswer again = post("/api/v1/spans", body);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.json, first.json);
  EXPECT_EQ(spans.all().size(), 1u);
}

TEST_F(SpanWrites, DerivesATraceAndAnswersNullForAnUnknownCost) {
  const ApiAnswer answer = post("/api/v1/spans", span(7, {{"model", "unheard-of"}}));
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.json["traceId"], "tr_0000000000000007");
  EXPECT_TRUE(answer.json["cost"].is_null());
}

TEST_F(SpanWrites, LinksASpanToThePromptThatItsSlugNames) {
  put_prompt("prm_1", "welcome");
  store(span(1, {{"promptSlug", "welcome"}}));
  store(span(2, {{"promptSlug", "unknown"}}));
  EXPECT_EQ(spans.all()[0].prompt_id, "prm_1");
  EXPECT_EQ(spans.all()[1].prompt_id, "");
}

TEST_F(SpanWrites, RefusesABadSpanAndNamesTheField) {
  const ApiAnswer answer = post("/api/v1/spans", span(1, {{"status", "OK"}}));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.code(), "INVALID_REQUEST");
  EXPECT_EQ(answer.message(), "status must be SUCCESS or ERROR");
  EXPECT_EQ(api.send("POST", "/api/v1/spans", std::string("{"), ApiServer::with_key()).status, 400);
  EXPECT_TRUE(spans.all().empty());
}

TEST_F(SpanWrites, WantAKey) {
  for (const char* path : {"/api/v1/spans", "/api/v1/spans/batch"}) {
    const ApiAnswer answer = api.send("POST", path, span(1));
    EXPECT_EQ(answer.status, 401) << path;
    EXPECT_EQ(answer.code(), "UNAUTHORIZED");
  }
  EXPECT_EQ(api.send("DELETE", "/api/v1/spans/" + span_id(1)).status, 401);
}

TEST_F(SpanWrites, DecodeLargeBodiesToo) {
  const std::string output(600'000, 'x');
  EXPECT_EQ(post("/api/v1/spans", span(1, {{"output", output}})).status, 201);
  EXPECT_EQ(post("/api/v1/spans", span(2, {{"output", output}, {"latencyMs", "soon"}})).status, 400);
  const ApiAnswer batch = post("/api/v1/spans/batch", json::array({span(3, {{"output", output}})}));
  EXPECT_EQ(batch.json["accepted"], 1);
}

TEST_F(SpanWrites, SayWhenToComeBackWhenTheStoreRefuses) {
  spans.fail_with(Error{.code = ErrorCode::kUnavailable, .message = "The disk is full"});
  for (const ApiAnswer& answer :
       {post("/api/v1/spans", span(1)), post("/api/v1/spans/batch", json::array({span(1)}))}) {
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.code(), "UNAVAILABLE");
    EXPECT_EQ(answer.header("Retry-After"), "1");
  }
}

TEST_F(SpanWrites, AnswerOnlyWhenTheStoreHasAcknowledged) {
  spans.hold(true);
  http::RawClient client(api.server->port());
  const std::string body = span(1).dump();
  ASSERT_TRUE(client.send("POST /api/v1/spans HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + std::string(kTestKey) +
                          "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (spans.all().empty() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  // Another request is answered meanwhile: the connection's thread does not wait.
  EXPECT_EQ(get("/api/v1/spans").status, 200);
  spans.release();
  EXPECT_EQ(client.read_answer().substr(0, 12), "HTTP/1.1 201");
}

TEST_F(SpanWrites, JudgeEachItemOfABatchByItself) {
  const ApiAnswer answer = post("/api/v1/spans/batch", example("spans_batch_partly_invalid.request.json"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json, example("spans_batch_partly_invalid.response.200.json"));
}

TEST_F(SpanWrites, CountDuplicatesOfABatch) {
  store(span(1));
  const ApiAnswer answer = post("/api/v1/spans/batch", json::array({span(1), span(2), span(2), span(3)}));
  EXPECT_EQ(answer.json["accepted"], 2);
  EXPECT_EQ(answer.json["duplicates"], 2);
  EXPECT_EQ(answer.json["rejected"], json::array());
}

TEST_F(SpanWrites, TakeLinesOfJsonAlsoCompressed) {
  const std::string lines = example_text("spans_batch.request.ndjson");
  wire::Headers headers = ApiServer::with_key();
  headers.add("Content-Type", "application/x-ndjson; charset=utf-8");
  const ApiAnswer plain = api.send("POST", "/api/v1/spans/batch", lines, headers);
  EXPECT_EQ(plain.status, 200) << plain.body;
  EXPECT_EQ(plain.json["rejected"], json::array());
  headers.add("Content-Encoding", "gzip");
  const ApiAnswer packed = api.send("POST", "/api/v1/spans/batch", gzip(lines), headers);
  EXPECT_EQ(packed.json["accepted"], 0);
  EXPECT_EQ(packed.json["duplicates"], plain.json["accepted"]);
}

TEST_F(SpanWrites, AnswerABatchOfWhichNothingIsGood) {
  const ApiAnswer answer = post("/api/v1/spans/batch", json::array({json::object(), 7}));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json["rejected"].size(), 2u);
  EXPECT_EQ(post("/api/v1/spans/batch", json::array()).json["accepted"], 0);
}

TEST_F(SpanWrites, RefuseABatchThatIsTooLongOrNone) {
  json many = json::array();
  for (int i = 0; i < 1200; ++i) many.push_back(json::object());
  const ApiAnswer answer = post("/api/v1/spans/batch", many);
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.json, example("error.payload_too_large.413.json"));
  EXPECT_EQ(post("/api/v1/spans/batch", json::object()).status, 400);
}

TEST_F(SpanWrites, DeleteASpanWithItsEvaluations) {
  store(span(1));
  store(span(2));
  const std::string evaluations = "/api/v1/spans/" + span_id(1) + "/evaluations";
  ASSERT_EQ(post(evaluations, example("evaluations_create.request.json")).status, 201);
  const ApiAnswer answer = del("/api/v1/spans/" + span_id(1));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json, example("span_delete.response.200.json"));
  EXPECT_EQ(get("/api/v1/spans/" + span_id(1)).status, 404);
  EXPECT_EQ(get("/api/v1/spans/" + span_id(2)).status, 200);
  EXPECT_TRUE(api.control.evaluations(project, span_id(1), "tr_0000000000000001", "", 10)->empty());
  EXPECT_EQ(del("/api/v1/spans/" + span_id(1)).status, 404);
}

TEST_F(SpanWrites, DeleteInTheTraceGivenOnly) {
  store(span(1, {{"traceId", "tr_a"}}));
  store(span(1, {{"traceId", "tr_b"}}));
  EXPECT_EQ(del("/api/v1/spans/" + span_id(1) + "?traceId=tr_c").status, 404);
  EXPECT_EQ(del("/api/v1/spans/" + span_id(1) + "?traceId=tr_a").status, 200);
  EXPECT_EQ(get("/api/v1/spans/" + span_id(1)).json["traceId"], "tr_b");
}

TEST_F(SpanWrites, DeleteNothingForAnIdThatIsNone) {
  const ApiAnswer answer = del("/api/v1/spans/sp_0000000000000000");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.json, example("error.not_found_span.404.json"));
  EXPECT_EQ(del("/api/v1/spans/nonsense").message(), "Span not found: nonsense");
}

}  // namespace
}  // namespace tracia::routes
