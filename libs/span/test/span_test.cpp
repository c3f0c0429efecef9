#include "tracia/span/span.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace tracia::span {
namespace {

using nlohmann::json;

Result<Span> read(const std::string& text) {
  tracia::json::Document document;
  const auto value = document.parse(text);
  if (!value) return tracia::fail(value.error());
  return from_json(*value);
}

json minimal() {
  return {{"spanId", "sp_1b7e05d9c3a8f462"},        {"model", "gpt-4o-mini"}, {"provider", "openai"},
          {"input", {{"messages", json::array()}}}, {"status", "SUCCESS"},    {"latencyMs", 403}};
}

std::string message_of(const json& body) {
  const auto span = read(body.dump());
  return span ? "accepted" : span.error().message;
}

// The error when `field` of a good span is `value`.
std::string with(const char* field, json value) {
  json body = minimal();
  body[field] = std::move(value);
  return message_of(body);
}
std::string without(const char* field) {
  json body = minimal();
  body.erase(field);
  return message_of(body);
}

Span full() {
  Span span;
  span.span_id = "sp_8a21f6c04be9d375";
  span.trace_id = "tr_f04b7d92c8e1a653";
  span.parent_span_id = "sp_92c3e8d1507fa64b";
  span.kind = Kind::kAgent;
  span.name = "answer \"question\"";
  span.model = "gpt-4o";
  span.provider = "openai";
  span.status = SpanStatus::kError;
  span.error = "boom\n";
  span.start_time = Timestamp{1'795'169'730'123'456};
  span.latency_ms = 742;
  span.time_to_first_token_ms = 288;
  span.input_json = messages_input_json({llm::user("hi")});
  span.variables_json = R"({"name":"Alice"})";
  span.output = "";
  span.structured_output_json = R"({"a":[1,2.5,null]})";
  span.tools_json = R"([{"name":"t"}])";
  span.tool_calls_json = R"([{"id":"1","name":"t","arguments":{}}])";
  span.finish_reason = "max_tokens";
  span.provider_finish_reason = "length";
  span.usage = {.input_tokens = 1312,
                .output_tokens = 11,
                .total_tokens = 1323,
                .cached_input_tokens = 1024,
                .cache_write_tokens = 1,
                .cache_write_1h_tokens = 2,
                .reasoning_tokens = 0,
                .input_audio_tokens = 3,
                .output_audio_tokens = 4};
  span.usage_raw_json = R"({"prompt_tokens":1312})";
  span.cost_status = "estimated";
  span.temperature = 0.3;
  span.top_p = 1.0;
  span.max_output_tokens = 300;
  span.tags = {"a", "b"};
  span.user_id = "u";
  span.session_id = "s";
  span.prompt_slug = "support-answer";
  span.prompt_version = 4;
  span.label = "production";
  span.experiment_id = "exp_1";
  span.variant = "B";
  span.attempts = {{.provider = "openai",
                    .model = "gpt-4o",
                    .status = 429,
                    .error_code = "PROVIDER_ERROR",
                    .error_kind = "rate_limit",
                    .message = "slow down",
                    .request_id = "req_1",
                    .latency_ms = 7},
                   {.provider = "google", .model = "g", .status = 200, .start_offset_ms = 10, .latency_ms = 5}};
  span.attributes_json = R"({"app.version":"2.4.1"})";
  return span;
}

TEST(SpanJson, KeepsEveryFieldThroughWritingAndReading) {
  const Span in = full();
  const std::string text = to_json(in);
  const auto out = read(text);
  ASSERT_TRUE(out) << out.error().message;
  EXPECT_EQ(to_json(*out), text);
  EXPECT_EQ(out->attempts.size(), 2u);
  EXPECT_EQ(out->attempts[0].status, 429);
  EXPECT_EQ(out->attempts[0].error_kind, "rate_limit");
  EXPECT_EQ(out->attempts[1].error_code, "");
  EXPECT_EQ(out->output, "");
  EXPECT_EQ(out->start_time, in.start_time);
  EXPECT_EQ(out->kind, Kind::kAgent);
  const json parsed = json::parse(text);
  EXPECT_EQ(parsed.size(), 44u);  // every member of the contract, once
  EXPECT_EQ(parsed["startTime"], "2026-11-20T10:15:30.123456Z");
  EXPECT_EQ(parsed["attempts"][0]["status"], 429);
}

TEST(SpanJson, LeavesOutWhatIsAbsent) {
  Span span;
  span.span_id = "sp_1b7e05d9c3a8f462";
  EXPECT_EQ(to_json(span),
            R"({"spanId":"sp_1b7e05d9c3a8f462","spanKind":"LLM","input":{},"status":"SUCCESS","latencyMs":0})");
}

TEST(SpanJson, IsOneLineAndLeavesOutMembersOfTheWrongShape) {
  Span span;
  span.usage_raw_json = "{\n\"a\": \"x\\n\"\r\n}";
  span.tools_json = "{}";
  span.attributes_json = "[1]";
  span.variables_json = "text";
  span.input_json = "[]";
  const std::string text = to_json(span);
  EXPECT_EQ(text.find_first_of("\r\n"), std::string::npos);
  const json parsed = json::parse(text);
  EXPECT_EQ(parsed["usageRaw"]["a"], "x\n");
  EXPECT_FALSE(parsed.contains("tools"));
  EXPECT_FALSE(parsed.contains("attributes"));
  EXPECT_FALSE(parsed.contains("variables"));
  EXPECT_EQ(parsed["input"], json::object());
}

TEST(SpanJson, MendsTextThatIsNotUtf8) {
  Span span;
  span.output = "a\xff";
  span.temperature = std::numeric_limits<double>::quiet_NaN();
  const json parsed = json::parse(to_json(span));
  EXPECT_EQ(parsed["output"], "a\uFFFD");
  EXPECT_FALSE(parsed.contains("temperature"));
}

TEST(SpanReader, AcceptsWhatTheHostedClientsSend) {
  json body = minimal();
  body["spanId"] = "TR_1B7E05D9C3A8F462";
  body["provider"] = "OpenAI";
  body["variables"] = nullptr;
  body["finishReason"] = "length";
  body["latencyMs"] = 403.0;
  body["spanKind"] = "EMBEDDING";
  body["unknown"] = {{"deep", true}};
  const auto span = read(body.dump());
  ASSERT_TRUE(span) << span.error().message;
  EXPECT_EQ(span->span_id, "tr_1b7e05d9c3a8f462");
  EXPECT_EQ(span->provider, "openai");
  EXPECT_EQ(span->finish_reason, "max_tokens");
  EXPECT_EQ(span->latency_ms, 403);
  EXPECT_EQ(span->kind, Kind::kEmbedding);
  EXPECT_EQ(span->variables_json, "");
  EXPECT_FALSE(span->output);
}

TEST(SpanReader, NamesTheMissingField) {
  EXPECT_EQ(message_of({{"model", "gpt-4o"}}), "Missing required field: spanId");
  EXPECT_EQ(without("input"), "Missing required field: input");
  EXPECT_EQ(without("status"), "Missing required field: status");
  EXPECT_EQ(without("latencyMs"), "Missing required field: latencyMs");
  EXPECT_EQ(without("model"), "Missing required field: model");
  EXPECT_EQ(without("provider"), "Missing required field: provider");
  json tool = minimal();
  tool["spanKind"] = "TOOL";
  tool.erase("model");
  tool.erase("provider");
  EXPECT_EQ(message_of(tool), "accepted");
  EXPECT_EQ(message_of(json::array()), "A span must be a JSON object");
}

TEST(SpanReader, SaysWhatIsWrongWithAField) {
  EXPECT_EQ(with("spanId", "sp_xyz"), "spanId must be sp_ and 16 hexadecimal digits");
  EXPECT_EQ(with("parentSpanId", 5), "parentSpanId must be a string");
  EXPECT_EQ(with("traceId", "a\nb"), "traceId must be 1 to 128 printable ASCII characters");
  EXPECT_EQ(with("traceId", ""), "traceId must be 1 to 128 printable ASCII characters");
  EXPECT_EQ(with("status", "OK"), "status must be SUCCESS or ERROR");
  EXPECT_EQ(with("status", 1), "status must be SUCCESS or ERROR");
  EXPECT_EQ(with("latencyMs", -1), "latencyMs must be an integer of at least 0");
  EXPECT_EQ(with("latencyMs", 1.5), "latencyMs must be an integer of at least 0");
  EXPECT_EQ(with("latencyMs", "5"), "latencyMs must be an integer of at least 0");
  EXPECT_EQ(with("latencyMs", 9e15), "latencyMs must be at most 315360000000");
  EXPECT_EQ(with("inputTokens", -5), "inputTokens must be an integer of at least 0");
  EXPECT_EQ(with("temperature", 2.5), "temperature must be a number from 0 to 2");
  EXPECT_EQ(with("topP", "1"), "topP must be a number from 0 to 1");
  EXPECT_EQ(with("maxOutputTokens", 0), "maxOutputTokens must be an integer of at least 1");
  EXPECT_EQ(with("startTime", "yesterday"), "startTime must be an RFC 3339 time");
  EXPECT_EQ(with("startTime", "1812-01-01T00:00:00Z"), "startTime must be an RFC 3339 time");
  EXPECT_EQ(with("spanKind", "llm"), "spanKind must be LLM, EMBEDDING, ROOT, TOOL, RETRIEVAL, CHAIN, AGENT or OTHER");
  EXPECT_EQ(with("finishReason", "done"), "finishReason must be stop, tool_calls or max_tokens");
  EXPECT_EQ(with("costStatus", "free"), "costStatus must be exact, estimated or unknown");
  EXPECT_EQ(with("input", "text"), "input must be an object");
  EXPECT_EQ(with("output", {{"a", 1}}), "output must be a string");
  EXPECT_EQ(with("attributes", json::array()), "attributes must be an object");
  EXPECT_EQ(with("tools", json::array({1})), "tools must be objects that each have a name");
  EXPECT_EQ(with("toolCalls", 1), "toolCalls must be an array");
  EXPECT_EQ(with("promptSlug", "Not A Slug"), "promptSlug must be lower-case letters, digits, '-' and '_'");
  EXPECT_EQ(with("userId", ""), "userId must not be empty");
  EXPECT_EQ(with("tags", json::array({""})), "tags must have 1 to 200 characters each");
  EXPECT_EQ(with("tags", json::array({1})), "tags must be an array of strings");
  EXPECT_EQ(with("tags", std::vector<std::string>(51, "t")), "tags must be at most 50");
  EXPECT_EQ(with("attempts", json::array({1})), "attempts[0] must be an object");
  EXPECT_EQ(with("attempts", json::array({{{"provider", "p"}}})), "Missing required field: attempts[0].model");
}

TEST(SpanReader, CountsCharactersAndNotBytes) {
  std::string name;
  for (int i = 0; i < 256; ++i) name.append("é");
  EXPECT_EQ(with("name", name), "accepted");
  EXPECT_EQ(with("name", name + "é"), "name must have at most 256 characters");
}

TEST(SpanReader, BoundsTheNumberOfMembers) {
  json body = minimal();
  for (int i = 0; i < 2000; ++i) body["x" + std::to_string(i)] = i;
  EXPECT_EQ(message_of(body), "A span must have at most 1024 members");
}

TEST(SpanFit, MakesAnySpanAcceptable) {
  Span span = full();
  span.kind = Kind::kTool;
  span.name = std::string(300, 'n');
  for (int i = 0; i < 200; ++i) span.name.append("é");
  span.trace_id = "bad\n";
  span.parent_span_id = "nobody";
  span.model.assign(1000, 'm');
  span.latency_ms = -5;
  span.time_to_first_token_ms = -5;
  span.temperature = 7;
  span.top_p = -1;
  span.max_output_tokens = 0;
  span.prompt_version = 0;
  span.prompt_slug = "Not A Slug";
  span.label = "-";
  span.finish_reason = "content_filter";
  span.usage.input_tokens = -1;
  span.tags.assign(100, std::string(300, 't'));
  span.tags[0] = "";
  span.attempts.assign(99, {.provider = std::string(99, 'p'),
                            .model = "m",
                            .message = std::string(9999, 'x'),
                            .start_offset_ms = -1,
                            .latency_ms = -1});
  span.start_time = Timestamp{-1};
  fit(span);
  const auto out = read(to_json(span));
  ASSERT_TRUE(out) << out.error().message;
  EXPECT_EQ(out->tags.size(), 50u);
  EXPECT_EQ(out->usage.output_tokens, 11);
}

TEST(SpanFit, LeavesAGoodSpanAlone) {
  Span span = full();
  const std::string before = to_json(span);
  fit(span);
  EXPECT_EQ(to_json(span), before);
}

// The contract's own examples, where this tree has them.
TEST(SpanReader, AcceptsTheExamplesOfTheContract) {
  const std::filesystem::path folder = std::filesystem::path(TRACIA_SOURCE_DIR) / "api" / "examples";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no api/examples";
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("span_create", 0) != 0 || name.find(".request.json") == std::string::npos) continue;
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const auto span = read(text.str());
    EXPECT_TRUE(span) << name << ": " << (span ? "" : span.error().message);
    if (!span) continue;
    // What was sent with a value is what is written again.
    const json sent = json::parse(text.str()), kept = json::parse(to_json(*span));
    for (const auto& [key, value] : sent.items()) {
      if (!value.is_null()) EXPECT_EQ(kept[key], value) << name << " " << key;
    }
    ++count;
  }
  EXPECT_GE(count, 5u);
}

}  // namespace
}  // namespace tracia::span
