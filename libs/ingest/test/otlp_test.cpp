#include "tracia/ingest/otlp.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace tracia::ingest::otlp {
namespace {

using nlohmann::json;

constexpr Timestamp kNow{1'795'000'000'000'000};
const std::string kProject = "prj";

json value_of(const json& value) {
  if (value.is_string()) return {{"stringValue", value}};
  if (value.is_boolean()) return {{"boolValue", value}};
  if (value.is_number_integer()) return {{"intValue", std::to_string(value.get<int64_t>())}};
  if (value.is_number()) return {{"doubleValue", value}};
  json list = json::array();
  for (const json& one : value) list.push_back(value_of(one));
  return {{"arrayValue", {{"values", list}}}};
}

json record(const json& attributes, const json& more = json::object()) {
  json span = {{"traceId", "0123456789ABCDEF0123456789abcdef"},
               {"spanId", "00000000000000aa"},
               {"name", "call"},
               {"startTimeUnixNano", "1795000000000000000"},
               {"endTimeUnixNano", 1795000001500000000},
               {"attributes", json::array()}};
  for (const auto& [key, value] : attributes.items()) {
    span["attributes"].push_back({{"key", key}, {"value", value_of(value)}});
  }
  span.update(more);
  return span;
}

json request(const json& spans, const std::string& scope = "test") {
  json scope_group = {{"scope", {{"name", scope}}}};
  scope_group["spans"] = spans;
  json group;
  group["scopeSpans"] = json::array({scope_group});
  json out;
  out["resourceSpans"] = json::array({group});
  return out;
}

DecodedRequest read(const std::string& body, Encoding encoding = Encoding::kJson) {
  auto decoded = read_traces(body, encoding, kProject, {}, kNow);
  EXPECT_TRUE(decoded) << (decoded ? "" : decoded.error().message);
  return decoded ? std::move(*decoded) : DecodedRequest{};
}
store::NewSpan map(const json& attributes, const json& more = json::object(), const std::string& scope = "test") {
  auto decoded = read(request(json::array({record(attributes, more)}), scope).dump());
  EXPECT_EQ(decoded.spans.size(), 1u);
  return decoded.spans.empty() ? store::NewSpan{} : std::move(decoded.spans[0]);
}

TEST(OtlpJson, IdsTimesAndStatusAreRead) {
  const auto span =
      map({}, {{"parentSpanId", "00000000000000bb"}, {"status", {{"code", "STATUS_CODE_ERROR"}, {"message", "broke"}}}})
          .span;
  EXPECT_EQ(span.trace_id, "tr_0123456789abcdef0123456789abcdef");
  EXPECT_EQ(span.span_id, "sp_00000000000000aa");
  EXPECT_EQ(span.parent_span_id, "sp_00000000000000bb");
  EXPECT_EQ(span.start_time, (Timestamp{1'795'000'000'000'000}));
  EXPECT_EQ(span.latency_ms, 1500);
  EXPECT_EQ(span.status, span::SpanStatus::kError);
  EXPECT_EQ(span.error, "broke");
  EXPECT_EQ(span.kind, span::Kind::kOther);
}

TEST(OtlpJson, NamesOfTheProtoFilesAndBase64IdsAreTakenToo) {
  const auto decoded = read(R"({"resource_spans":[{"scope_spans":[{"spans":[{"trace_id":"ASNFZ4mrze8BI0VniavN7w==",
    "span_id":"AAAAAAAAAKo=","start_time_unix_nano":1795000000000000000,"end_time_unix_nano":"1795000000001000000",
    "kind":"SPAN_KIND_CLIENT","attributes":[{"key":"a","value":{"int_value":"7"}}]}]}]}]})");
  ASSERT_EQ(decoded.spans.size(), 1u);
  EXPECT_EQ(decoded.spans[0].span.trace_id, "tr_0123456789abcdef0123456789abcdef");
  EXPECT_EQ(decoded.spans[0].span.span_id, "sp_00000000000000aa");
  EXPECT_EQ(json::parse(decoded.spans[0].span.attributes_json), (json{{"a", 7}, {"otel.kind", "CLIENT"}}));
}

// A field that nobody knows once sent the reader of values into itself without end.
TEST(OtlpJson, FieldsOfAValueThatNobodyKnowsAreSkipped) {
  const json list = {{"arrayValue", {{"values", json::array({{{"intValue", "1"}}})}}}, {"Unknown", 1}};
  const json tree = {{"A", "x"}, {"kvlistValue", {{"values", json::array({{{"key", "a"}, {"value", list}}})}}}};
  const json nothing = {{"A", "x"}};
  const json text = {{"A", "x"}, {"stringValue", "y"}};
  const json attributes = {
      {{"key", "tree"}, {"value", tree}}, {{"key", "nothing"}, {"value", nothing}}, {{"key", "text"}, {"value", text}}};
  const json kept = json::parse(map({}, {{"attributes", attributes}}).span.attributes_json);
  EXPECT_EQ(kept["tree"], (json{{"a", json::array({1})}}));
  EXPECT_EQ(kept["text"], "y");
  EXPECT_TRUE(kept.value("nothing", json()).is_null());
}

TEST(OtlpJson, WhatIsNoRequestIsAnError) {
  for (const char* body : {"", "{", "[]", "3", R"({"resourceSpans":{}})"}) {
    const auto decoded = read_traces(body, Encoding::kJson, kProject, {}, kNow);
    ASSERT_FALSE(decoded) << body;
    EXPECT_EQ(decoded.error().code, ErrorCode::kInvalidRequest);
  }
  EXPECT_TRUE(read("{}").spans.empty());
}

TEST(OtlpJson, SpansWithoutValidIdsAreRejectedAlone) {
  json spans =
      json::array({record({}), record({}, {{"spanId", "0000000000000000"}}), record({}, {{"traceId", "12"}}), 3});
  const auto decoded = read(request(spans).dump());
  EXPECT_EQ(decoded.spans.size(), 1u);
  EXPECT_EQ(decoded.rejected, 3u);
  EXPECT_EQ(decoded.reason, "A span's spanId must be 8 bytes, not all zero");
}

TEST(OtlpJson, BoundsLeaveOutAndCount) {
  json attributes = json::object();
  for (int i = 0; i < 4100; ++i) attributes["k" + std::to_string(i)] = i;
  const json kept = json::parse(map(attributes).span.attributes_json);
  EXPECT_EQ(kept.size(), 4096u + 2u);
  EXPECT_EQ(kept["otel.dropped"], 4);
}

TEST(OtlpProtobuf, DamagedBytesAreAnErrorAndNeverMore) {
  for (const std::string& body : {std::string("\x0a\x7f"), std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
                                  std::string("\x0b"), std::string("\x0a\x02\x12\x05"), std::string(1, '\0')}) {
    EXPECT_FALSE(read_traces(body, Encoding::kProtobuf, kProject, {}, kNow));
  }
  EXPECT_TRUE(read("", Encoding::kProtobuf).spans.empty());
}

TEST(OtlpAnswers, AreThoseOfTheProtocol) {
  EXPECT_EQ(response_body(Encoding::kJson, Signal::kTraces, 0, ""), "{}");
  EXPECT_EQ(response_body(Encoding::kProtobuf, Signal::kTraces, 0, ""), "");
  EXPECT_EQ(response_body(Encoding::kJson, Signal::kLogs, 2, "why"),
            R"({"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"why"}})");
  EXPECT_EQ(response_body(Encoding::kProtobuf, Signal::kTraces, 2, "why"), std::string("\x0a\x07\x08\x02\x12\x03why"));
  EXPECT_EQ(status_body(Encoding::kJson, 503, "later"), R"({"code":14,"message":"later"})");
  EXPECT_EQ(status_body(Encoding::kProtobuf, 400, "bad"), std::string("\x08\x03\x12\x03"
                                                                      "bad"));
}

TEST(OtlpMapping, CacheCountsThatWereLeftOutOfTheInputAreAddedOnce) {
  const json counts = {{"gen_ai.operation.name", "chat"},
                       {"gen_ai.system", "anthropic"},
                       {"gen_ai.request.model", "claude-sonnet-4-5"},
                       {"gen_ai.usage.input_tokens", 2000},
                       {"gen_ai.usage.output_tokens", 10},
                       {"gen_ai.usage.total_tokens", 2010},
                       {"gen_ai.usage.cache_read.input_tokens", 500}};
  const auto added = map(counts, json::object(), "@traceloop/instrumentation-anthropic").span;
  EXPECT_EQ(added.usage.input_tokens, 2500);
  EXPECT_EQ(added.usage.total_tokens, 2510);
  EXPECT_EQ(json::parse(added.usage_raw_json)["gen_ai.usage.input_tokens"], 2000);
  EXPECT_EQ(map(counts).span.usage.input_tokens, 2000);
  json larger = counts;
  larger["gen_ai.usage.input_tokens"] = 4;
  EXPECT_EQ(map(larger).span.usage.input_tokens, 504);
}

TEST(OtlpMapping, ImagesBecomeParts) {
  const auto span = map({{"openinference.span.kind", "LLM"},
                         {"llm.input_messages.0.message.role", "user"},
                         {"llm.input_messages.0.message.contents.0.message_content.type", "text"},
                         {"llm.input_messages.0.message.contents.0.message_content.text", "What is it?"},
                         {"llm.input_messages.0.message.contents.1.message_content.type", "image"},
                         {"llm.input_messages.0.message.contents.1.message_content.image.image.url",
                          "data:image/png;base64,iVBORw0KGgo="}})
                        .span;
  EXPECT_EQ(json::parse(span.input_json)["messages"][0]["content"],
            json::parse(R"([{"type":"text","text":"What is it?"},
                            {"type":"image","mimeType":"image/png","data":"iVBORw0KGgo="}])"));
}

TEST(OtlpMapping, NumberedAttributesKeepTheirOrderBeyondTen) {
  json attributes = {{"llm.request.type", "chat"}};
  for (int i = 0; i < 12; ++i) {
    attributes["gen_ai.prompt." + std::to_string(i) + ".role"] = "user";
    attributes["gen_ai.prompt." + std::to_string(i) + ".content"] = std::to_string(i);
  }
  const json messages = json::parse(map(attributes).span.input_json)["messages"];
  ASSERT_EQ(messages.size(), 12u);
  for (int i = 0; i < 12; ++i) EXPECT_EQ(messages[i]["content"], std::to_string(i));
}

TEST(OtlpMapping, ConversationsOfEveryProviderAreRead) {
  const char* const inputs[] = {
      R"({"messages":[{"role":"user","content":"Hi"}]})",
      R"([{"role":"user","content":[{"type":"text","text":"Hi"}]}])",
      R"({"contents":[{"role":"user","parts":[{"text":"Hi"}]}]})",
      R"({"input":"Hi","model":"gpt-4o"})",
      R"({"input":[{"role":"user","content":[{"type":"input_text","text":"Hi"}]}]})",
      R"([[{"lc":1,"type":"constructor","id":["langchain_core","messages","HumanMessage"],"kwargs":{"content":"Hi"}}]])",
      R"([{"type":"human","data":{"content":"Hi"}}])",
      R"({"prompt":"Hi"})",
      "Hi"};
  for (const char* input : inputs) {
    const auto span = map({{"langfuse.observation.type", "generation"}, {"langfuse.observation.input", input}}).span;
    const json messages = json::parse(span.input_json)["messages"];
    ASSERT_EQ(messages.size(), 1u) << input;
    EXPECT_EQ(messages[0], (json{{"role", "user"}, {"content", messages[0]["content"]}})) << input;
    EXPECT_EQ(messages[0]["content"], "Hi") << input;
  }
  const char* const answers[] = {
      R"({"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"Yo"}}]})",
      R"({"role":"assistant","content":[{"type":"text","text":"Yo"}],"stop_reason":"end_turn"})",
      R"({"candidates":[{"content":{"role":"model","parts":[{"text":"Yo"}]},"finishReason":"STOP"}]})",
      R"({"output":[{"type":"reasoning","summary":[]},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Yo"}]}]})",
      R"({"output":{"message":{"role":"assistant","content":[{"text":"Yo"}]}},"stopReason":"end_turn"})",
      R"({"generations":[[{"text":"Yo","message":{"kwargs":{"content":"Yo"}}}]]})",
      "Yo"};
  for (const char* answer : answers) {
    const auto span = map({{"langfuse.observation.type", "generation"}, {"langfuse.observation.output", answer}}).span;
    EXPECT_EQ(span.output.value_or(""), "Yo") << answer;
  }
}

TEST(OtlpMapping, ToolCallsOfEveryProviderAreRead) {
  const char* const answers[] = {
      R"({"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]})",
      R"([{"type":"tool_use","id":"c1","name":"f","input":{"a":1}}])",
      R"([{"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{\"a\":1}"}])",
      R"({"output":{"message":{"role":"assistant","content":[{"toolUse":{"toolUseId":"c1","name":"f","input":{"a":1}}}]}}})"};
  for (const char* answer : answers) {
    const auto span = map({{"langfuse.observation.type", "generation"}, {"langfuse.observation.output", answer}}).span;
    EXPECT_EQ(json::parse(span.tool_calls_json), json::parse(R"([{"id":"c1","name":"f","arguments":{"a":1}}])"))
        << answer;
  }
}

TEST(OtlpMapping, ProvidersGetOurNames) {
  for (const auto& [raw, ours] : {std::pair{"openai.chat", "openai"},
                                  {"OpenAI", "openai"},
                                  {"aws.bedrock", "amazon_bedrock"},
                                  {"AWS", "amazon_bedrock"},
                                  {"gcp.vertex_ai", "google"},
                                  {"google.generative-ai", "google"},
                                  {"az.ai.openai", "azure"},
                                  {"mistral_ai", "mistral_ai"},
                                  {"langchain", ""}}) {
    EXPECT_EQ(map({{"gen_ai.operation.name", "chat"}, {"gen_ai.system", raw}}).span.provider, ours) << raw;
  }
}

TEST(OtlpMapping, TheFirstTokensTimeComesInSecondsMillisecondsOrAsAnEvent) {
  EXPECT_EQ(map({{"gen_ai.response.time_to_first_chunk", 0.25}}).span.time_to_first_token_ms, 250);
  EXPECT_EQ(map({{"ai.response.msToFirstChunk", 250.2}}).span.time_to_first_token_ms, 250);
  json event = {{"name", "First Token Stream Event"}, {"timeUnixNano", "1795000000250000000"}};
  json more;
  more["events"] = json::array({event});
  EXPECT_EQ(map({}, more).span.time_to_first_token_ms, 250);
}

TEST(OtlpMapping, TagsComeAsListsTextsAndWords) {
  const auto span =
      map({{"langfuse.trace.tags", {"a", "b"}}, {"latitude.tags", R"(["b","c"])"}, {"langsmith.span.tags", "d, e"}})
          .span;
  EXPECT_EQ(span.tags, (std::vector<std::string>{"a", "b", "d", "e", "c"}));
}

TEST(OtlpMapping, ExceptionsExplainErrors) {
  json event = {{"name", "exception"}};
  event["attributes"] = json::array({{{"key", "exception.message"}, {"value", {{"stringValue", "no route"}}}}});
  json more = {{"status", {{"code", 2}}}};
  more["events"] = json::array({event});
  EXPECT_EQ(map({}, more).span.error, "no route");
}

TEST(OtlpLogs, TheSameEventHasTheSameIdAndADifferentOneAnother) {
  const auto body = [](const char* text) {
    return std::string(R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"0123456789abcdef0123456789abcdef",
      "spanId":"00000000000000aa","timeUnixNano":"1","eventName":"gen_ai.user.message","body":{"stringValue":")") +
           text + R"("}}]}]}]})";
  };
  const auto first = read_logs(body("a"), Encoding::kJson, kProject);
  ASSERT_TRUE(first && first->spans.size() == 1);
  EXPECT_EQ(first->spans[0].project_id, "prj/otel-events");
  EXPECT_EQ(first->spans[0].span.parent_span_id, "sp_00000000000000aa");
  EXPECT_EQ(read_logs(body("a"), Encoding::kJson, kProject)->spans[0].span.span_id, first->spans[0].span.span_id);
  EXPECT_NE(read_logs(body("b"), Encoding::kJson, kProject)->spans[0].span.span_id, first->spans[0].span.span_id);
}

}  // namespace
}  // namespace tracia::ingest::otlp
