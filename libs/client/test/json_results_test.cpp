// Results as a binding hands them on, and turns that are given back.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tracia/client/json.h"

namespace tracia {
namespace {

using Json = nlohmann::json;

RunLocalResult answer() {
  RunLocalResult result;
  result.text = "Hello";
  result.span_id = "sp_0123456789abcdef";
  result.trace_id = "tr_0123456789abcdef";
  result.latency_ms = 12;
  result.usage = {.input_tokens = 1, .output_tokens = 2, .total_tokens = 3, .cached_input_tokens = 1};
  result.provider = "openai";
  result.model = "gpt-4o";
  result.finish_reason = FinishReason::kLength;
  result.message = assistant("Hello");
  return result;
}

// The message of a result, sent back as it came.
Message given_back(const Message& message) {
  RunLocalResult result = answer();
  result.message = message;
  // Ordered: a vendor's own blocks keep their members' order.
  using Ordered = nlohmann::ordered_json;
  Ordered input{{"model", "m"}, {"messages", Ordered::array()}};
  input["messages"].push_back(Ordered::parse(to_json(result))["message"]);
  const auto read = read_run_local_input(input.dump());
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  return read ? read->messages.at(0) : Message{};
}

TEST(JsonResults, ARunLocalResultHasEveryMember) {
  const Json got = Json::parse(to_json(answer()));
  const Json expected{{"text", "Hello"},
                      {"spanId", "sp_0123456789abcdef"},
                      {"traceId", "tr_0123456789abcdef"},
                      {"latencyMs", 12},
                      {"usage",
                       {{"inputTokens", 1},
                        {"outputTokens", 2},
                        {"totalTokens", 3},
                        {"cachedInputTokens", 1},
                        {"cacheWriteTokens", nullptr},
                        {"reasoningTokens", nullptr}}},
                      {"cost", nullptr},
                      {"provider", "openai"},
                      {"model", "gpt-4o"},
                      {"toolCalls", Json::array()},
                      {"finishReason", "length"},
                      {"message", {{"role", "assistant"}, {"content", "Hello"}}},
                      {"structuredOutput", nullptr},
                      {"reasoningText", nullptr},
                      {"refusal", nullptr},
                      {"timeToFirstTokenMs", nullptr},
                      {"attempts", 1},
                      {"providerFinishReason", nullptr},
                      {"providerModel", nullptr},
                      {"requestId", nullptr},
                      {"aborted", false}};
  EXPECT_EQ(got, expected);
}

TEST(JsonResults, FinishReasonsHaveTheSameNamesInBothRuns) {
  RunResult run;
  RunLocalResult local = answer();
  for (const auto& [reason, name] : std::vector<std::pair<FinishReason, Json>>{{FinishReason::kStop, "stop"},
                                                                               {FinishReason::kLength, "length"},
                                                                               {FinishReason::kToolCalls, "tool_calls"},
                                                                               {FinishReason::kUnknown, nullptr}}) {
    run.finish_reason = local.finish_reason = reason;
    EXPECT_EQ(Json::parse(to_json(run))["finishReason"], name);
    EXPECT_EQ(Json::parse(to_json(local))["finishReason"], name);
  }
}

TEST(JsonResults, StructuredOutputIsParsedAndArgumentsAreObjects) {
  RunLocalResult result = answer();
  result.structured_output = "{\n \"a\": 1}";
  result.tool_calls = {{.id = "c1", .name = "f", .arguments = R"({"x":1})"},
                       {.id = "c2", .name = "f", .arguments = R"({"x":)"}};
  const Json got = Json::parse(to_json(result));
  EXPECT_EQ(got["structuredOutput"], Json({{"a", 1}}));
  EXPECT_EQ(got["toolCalls"][0]["arguments"], Json({{"x", 1}}));
  EXPECT_EQ(got["toolCalls"][1]["arguments"], R"({"x":)");  // cut off: what there is
}

TEST(JsonResults, AMessageOfEveryPartIsTheSameWhenGivenBack) {
  Message message{.role = Role::kAssistant};
  message.parts = {
      {llm::ReasoningPart{.text = "hm", .signature = "sig", .id = "rs_1", .provider = Provider::kAnthropic}},
      {llm::ReasoningPart{.signature = "hidden", .redacted = true, .provider = Provider::kAnthropic}},
      {llm::TextPart{.text = "Hi", .signature = "s", .item_id = "msg_1", .phase = "commentary"}},
      {llm::TextPart{.text = "no", .signature = "", .refusal = true}},
      {llm::TextPart{.text = "cited", .signature = "", .annotations = R"([{"url":"u"}])"}},
      {llm::ImagePart{
          .source = {llm::MediaSource::Kind::kBase64, "aGk="}, .mime_type = "image/png", .signature = "img"}},
      {ToolCallPart{.id = "c1", .name = "f", .arguments = R"({"a":1})", .item_id = "fc_1", .signature = "g"}},
      {ToolCallPart{.id = "c2", .name = "free", .arguments = "text", .kind = ToolCallPart::Kind::kCustom}},
      {llm::OpaquePart{.provider = Provider::kAnthropic, .json = R"({"type":"server_tool_use","id":"x"})"}}};
  const Message back = given_back(message);
  ASSERT_EQ(back.parts.size(), message.parts.size());
  EXPECT_EQ(back.parts[0].as<llm::ReasoningPart>()->signature, "sig");
  EXPECT_EQ(back.parts[0].as<llm::ReasoningPart>()->provider, Provider::kAnthropic);
  EXPECT_TRUE(back.parts[1].as<llm::ReasoningPart>()->redacted);
  EXPECT_EQ(back.parts[2].as<llm::TextPart>()->item_id, "msg_1");
  EXPECT_EQ(back.parts[2].as<llm::TextPart>()->phase, "commentary");
  EXPECT_EQ(back.parts[5].as<llm::ImagePart>()->signature, "img");
  EXPECT_EQ(back.parts[6].as<ToolCallPart>()->item_id, "fc_1");
  EXPECT_EQ(back.parts[7].as<ToolCallPart>()->arguments, "text");
  EXPECT_EQ(back.parts[8].as<llm::OpaquePart>()->json, R"({"type":"server_tool_use","id":"x"})");
  RunLocalResult first = answer(), second = answer();
  first.message = message;
  second.message = back;
  EXPECT_EQ(to_json(first), to_json(second));
}

TEST(JsonResults, AnEmptyAnswerCanBeGivenBack) {
  EXPECT_TRUE(given_back({.role = Role::kAssistant}).parts.empty());
  EXPECT_EQ(given_back(assistant("Hi")).text(), "Hi");
}

TEST(JsonResults, EmbeddingsAreTheShortestTextOfTheSameFloat) {
  RunEmbeddingResult result;
  result.embeddings = {{.values = {0.1F, -1.5F, 1e-7F, 16777216.0F, 0.0F}, .index = 0}, {.values = {}, .index = 1}};
  result.total_tokens = 5;
  const std::string text = to_json(result);
  EXPECT_NE(text.find("[0.1,"), std::string::npos) << text;
  const Json got = Json::parse(text);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(got["embeddings"][0]["values"][i].get<float>(), result.embeddings[0].values[i]);
  }
  EXPECT_EQ(got["embeddings"][1]["index"], 1);
  EXPECT_EQ(got["usage"], Json({{"totalTokens", 5}}));
}

TEST(JsonResults, ResponsesResultsHaveTheirItems) {
  RunResponsesResult result;
  static_cast<RunLocalResult&>(result) = answer();
  result.output_items = {R"({"type":"message","id":"msg_1"})"};
  const Json got = Json::parse(to_json(result));
  EXPECT_EQ(got["outputItems"][0]["id"], "msg_1");
  EXPECT_EQ(got["text"], "Hello");
}

TEST(JsonResults, AServersRunKeepsNullTextAndItsConversation) {
  RunResult run;
  run.span_id = "sp_1";
  run.cost = 0.25;
  run.cost_status = "exact";
  run.provider = "openai";
  run.model = "gpt-4o";
  run.messages = {user("Hi"), assistant("Hello")};
  const Json got = Json::parse(to_json(run));
  EXPECT_TRUE(got["text"].is_null());
  EXPECT_EQ(got["cost"], 0.25);
  EXPECT_EQ(got["messages"][1]["content"], "Hello");
  EXPECT_EQ(got["spanStored"], true);
  EXPECT_EQ(got["model"], "gpt-4o");
  EXPECT_TRUE(got["label"].is_null());
  EXPECT_EQ(got["aborted"], false);
}

TEST(JsonResults, ErrorsSayWhatTheyKnow) {
  EXPECT_EQ(Json::parse(to_json(Error::invalid("no"))), Json({{"code", "INVALID_REQUEST"}, {"message", "no"}}));
  Error error{.code = ErrorCode::kProviderError, .message = "slow down", .status = 429};
  error.retry_after = Millis{1500};
  error.provider.provider = "openai";
  error.provider.request_id = "req_1";
  error.span_id = "sp_1";
  EXPECT_EQ(Json::parse(to_json(error)),
            Json({{"code", "PROVIDER_ERROR"},
                  {"message", "slow down"},
                  {"statusCode", 429},
                  {"retryAfterMs", 1500},
                  {"provider", {{"name", "openai"}, {"status", 429}, {"requestId", "req_1"}}},
                  {"spanId", "sp_1"}}));
}

TEST(JsonResults, StatsAreCounts) {
  record::Stats stats;
  stats.recorded = 3;
  stats.dropped_queue_full = 1;
  const Json got = Json::parse(to_json(stats));
  EXPECT_EQ(got["recorded"], 3);
  EXPECT_EQ(got["droppedQueueFull"], 1);
}

}  // namespace
}  // namespace tracia
