#include <string>

#include "spans_server.h"
#include "tracia/base/compress.h"

namespace tracia::routes {
namespace {

const char* const kTrace = "0123456789abcdef0123456789abcdef";

// {"key":…, "value":{"stringValue":…}} and the like.
json attribute(const std::string& key, const json& value) {
  if (value.is_number_integer()) return {{"key", key}, {"value", {{"intValue", std::to_string(value.get<int64_t>())}}}};
  return {{"key", key}, {"value", {{"stringValue", value}}}};
}

json otel_span(const std::string& id, const json& attributes, const json& more = json::object()) {
  json span = {{"traceId", kTrace},
               {"spanId", id},
               {"name", "chat"},
               {"startTimeUnixNano", "1795000000000000000"},
               {"endTimeUnixNano", "1795000000250000000"},
               {"attributes", json::array()}};
  for (const auto& [key, value] : attributes.items()) span["attributes"].push_back(attribute(key, value));
  span.update(more);
  return span;
}
json grouped(const char* groups, const char* scopes, const char* items, const std::vector<json>& list) {
  json scope, group, request;
  scope[items] = list;
  group[scopes] = json::array({scope});
  request[groups] = json::array({group});
  return request;
}
json traces(const std::vector<json>& spans) { return grouped("resourceSpans", "scopeSpans", "spans", spans); }
json logs(const std::vector<json>& records) { return grouped("resourceLogs", "scopeLogs", "logRecords", records); }
json log_record(const std::string& span_id, const std::string& event, const json& text) {
  return {{"traceId", kTrace},
          {"spanId", span_id},
          {"timeUnixNano", "1795000000000000001"},
          {"eventName", event},
          {"body", {{"stringValue", text.dump()}}}};
}
const json kCall = {{"gen_ai.operation.name", "chat"},
                    {"gen_ai.provider.name", "openai"},
                    {"gen_ai.request.model", "gpt-4o"},
                    {"gen_ai.usage.input_tokens", 1000},
                    {"gen_ai.usage.output_tokens", 100}};

class Otlp : public SpansTest {
 protected:
  Otlp() { add_otlp(api.router, api.services); }
  ApiAnswer get_span(const std::string& id) { return get("/api/v1/spans/sp_" + id); }
};

TEST_F(Otlp, ASpanIsStoredPricedAndReadBack) {
  const ApiAnswer answer = post("/v1/traces", traces({otel_span("00000000000000aa", kCall)}));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.body, "{}");
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  const ApiAnswer span = get_span("00000000000000aa");
  ASSERT_EQ(span.status, 200);
  EXPECT_EQ(span.json["traceId"], std::string("tr_") + kTrace);
  EXPECT_EQ(span.json["spanKind"], "LLM");
  EXPECT_EQ(span.json["model"], "gpt-4o");
  EXPECT_EQ(span.json["latencyMs"], 250);
  EXPECT_EQ(span.json["cost"], 0.0035);
  EXPECT_EQ(span.json["attributes"]["gen_ai.operation.name"], "chat");
}

TEST_F(Otlp, TheKeyMayComeInAHeaderOfItsOwn) {
  const json body = traces({otel_span("00000000000000aa", kCall)});
  EXPECT_EQ(api.send("POST", "/v1/traces", body, {{"x-tracia-api-key", kTestKey}}).status, 200);
  EXPECT_EQ(api.send("POST", "/v1/traces", body, {{"x-tracia-api-key", "tr_wrong"}}).status, 401);
}

TEST_F(Otlp, ErrorsAreAGoogleRpcStatusInTheEncodingOfTheRequest) {
  const ApiAnswer unauthorized = api.send("POST", "/v1/traces", traces({}));
  EXPECT_EQ(unauthorized.status, 401);
  EXPECT_EQ(unauthorized.json["code"], 16);
  EXPECT_FALSE(unauthorized.json["message"].get<std::string>().empty());

  const ApiAnswer malformed =
      api.send("POST", "/v1/traces", std::string("{"),
               {{"Authorization", std::string("Bearer ") + kTestKey}, {"Content-Type", "application/json"}});
  EXPECT_EQ(malformed.status, 400);
  EXPECT_EQ(malformed.json["code"], 3);

  const ApiAnswer damaged =
      api.send("POST", "/v1/traces", std::string("\x0a\x7f"),
               {{"Authorization", std::string("Bearer ") + kTestKey}, {"Content-Type", "application/x-protobuf"}});
  EXPECT_EQ(damaged.status, 400);
  EXPECT_EQ(damaged.header("Content-Type"), "application/x-protobuf");
  EXPECT_EQ(damaged.body.substr(0, 2), std::string("\x08\x03"));

  const ApiAnswer type =
      api.send("POST", "/v1/traces", std::string("x"),
               {{"Authorization", std::string("Bearer ") + kTestKey}, {"Content-Type", "text/plain"}});
  EXPECT_EQ(type.status, 415);
  const ApiAnswer coding = api.send("POST", "/v1/traces", std::string("x"),
                                    {{"Authorization", std::string("Bearer ") + kTestKey},
                                     {"Content-Type", "application/json"},
                                     {"Content-Encoding", "br"}});
  EXPECT_EQ(coding.status, 415);
  EXPECT_EQ(coding.json["code"], 3) << coding.body;
}

TEST_F(Otlp, AFullStoreSaysWhenToComeBack) {
  spans.fail_with(Error{.code = ErrorCode::kUnavailable, .message = "The queue is full."});
  const ApiAnswer answer = post("/v1/traces", traces({otel_span("00000000000000aa", kCall)}));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.json["code"], 14);
  EXPECT_FALSE(answer.header("Retry-After").empty());
}

TEST_F(Otlp, GzipIsUndone) {
  wire::Headers headers = ApiServer::with_key();
  headers.add("Content-Encoding", "gzip");
  headers.add("Content-Type", "application/json");
  const std::string body = gzip(traces({otel_span("00000000000000aa", kCall)}).dump());
  EXPECT_EQ(api.send("POST", "/v1/traces", body, headers).status, 200);
  EXPECT_EQ(get_span("00000000000000aa").status, 200);
}

TEST_F(Otlp, SpansWithoutValidIdsAreRejectedAlone) {
  const ApiAnswer answer =
      post("/v1/traces", traces({otel_span("00000000000000aa", kCall), otel_span("0000000000000000", kCall)}));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json["partialSuccess"]["rejectedSpans"], "1");
  EXPECT_EQ(answer.json["partialSuccess"]["errorMessage"], "A span's spanId must be 8 bytes, not all zero");
  EXPECT_EQ(get_span("00000000000000aa").status, 200);
}

TEST_F(Otlp, OneCallWithTwoSpansCountsOnceInItsTrace) {
  post("/v1/traces", traces({otel_span("00000000000000aa", kCall)}));
  post("/v1/traces", traces({otel_span("00000000000000bb", kCall, {{"parentSpanId", "00000000000000aa"}})}));
  const ApiAnswer trace = get(std::string("/api/v1/traces/tr_") + kTrace);
  EXPECT_EQ(trace.json["spanCount"], 2);
  EXPECT_EQ(trace.json["usage"]["inputTokens"], 1000);
  EXPECT_EQ(trace.json["cost"], 0.0035);
  EXPECT_EQ(trace.json["costStatus"], "exact");
  const ApiAnswer inner = get_span("00000000000000bb");
  EXPECT_EQ(inner.json["inputTokens"], 1000);
  EXPECT_EQ(inner.json["costStatus"], "included");
  EXPECT_EQ(inner.json["attributes"]["tracia.counted_in"], "sp_00000000000000aa");
}

TEST_F(Otlp, LogRecordsAreJoinedToTheirSpanInWhateverOrderTheyCome) {
  const json said = {{"content", "Say hi"}};
  const json choice = {{"finish_reason", "stop"}, {"index", 0}, {"message", {{"content", "Hi"}}}};
  const std::string id = "00000000000000aa";
  ASSERT_EQ(post("/v1/logs", logs({log_record(id, "gen_ai.user.message", said)})).status, 200);
  ASSERT_EQ(post("/v1/traces", traces({otel_span(id, kCall)})).status, 200);
  const json more = logs({log_record(id, "gen_ai.choice", choice)});
  ASSERT_EQ(post("/v1/logs", more).status, 200);
  ASSERT_EQ(post("/v1/logs", more).status, 200);  // sent again: once is enough
  const ApiAnswer span = get_span(id);
  EXPECT_EQ(span.json["input"], json::parse(R"({"messages":[{"role":"user","content":"Say hi"}]})"));
  EXPECT_EQ(span.json["output"], "Hi");
  EXPECT_EQ(span.json["finishReason"], "stop");
  // They are no spans of the project.
  EXPECT_EQ(ids(get("/api/v1/spans")), (std::vector<std::string>{"sp_" + id}));
  EXPECT_EQ(get(std::string("/api/v1/traces/tr_") + kTrace).json["spanCount"], 1);
  EXPECT_NE(get("/api/v1/spans/export").body.find("Say hi"), std::string::npos);
  EXPECT_EQ(spans.all().size(), 3u);
  // They go with it.
  EXPECT_EQ(del("/api/v1/spans/sp_" + id).status, 200);
  EXPECT_TRUE(spans.all().empty());
}

TEST_F(Otlp, OtherLogRecordsAreRejectedWithTheReason) {
  json plain = log_record("00000000000000aa", "", "just a line");
  json homeless = log_record("", "gen_ai.user.message", "hi");
  const ApiAnswer answer = post("/v1/logs", logs({plain, homeless}));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json["partialSuccess"]["rejectedLogRecords"], "2");
  EXPECT_TRUE(spans.all().empty());
}

}  // namespace
}  // namespace tracia::routes
