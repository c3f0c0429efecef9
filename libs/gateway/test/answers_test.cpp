// Answers in OpenAI's form, whole and streamed.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tracia/gateway/answer.h"

namespace tracia::gateway {
namespace {

using nlohmann::json;

const AnswerHead kHead{.id = "00ff", .model = "m", .created = 1'795'000'000, .echo = ""};

std::vector<json> events_of(const std::string& text) {
  std::vector<json> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("data: {")) out.push_back(json::parse(line.substr(6)));
  }
  return out;
}

llm::ChatResult tool_result() {
  llm::ChatResult result{.id = "", .model = "m-1"};
  result.message.parts = {{llm::ReasoningPart{.text = "hm", .signature = "sig", .provider = llm::Provider::kAnthropic}},
                          llm::text_part("Let me see"),
                          {llm::ToolCallPart{.id = "c1", .name = "f", .arguments = R"({"a":1})", .signature = "g"}},
                          {llm::ToolCallPart{.id = "c2", .name = "g", .arguments = "{}"}}};
  result.finish_reason = llm::FinishReason::kToolCalls;
  result.usage = {.input_tokens = 10, .output_tokens = 5, .cached_input_tokens = 4, .reasoning_tokens = 2};
  return result;
}

void stream(AnswerWriter& writer, std::string& out) {
  writer.event(llm::ReasoningDelta{"h"}, out);
  writer.event(llm::ReasoningDelta{"m"}, out);
  writer.event(llm::TextDelta{"Let me "}, out);
  writer.event(llm::TextDelta{"see"}, out);
  writer.event(llm::ToolCallDelta{.index = 0, .id = "c1", .name = "f", .arguments = ""}, out);
  writer.event(llm::ToolCallDelta{.index = 0, .id = "", .name = "", .arguments = R"({"a")"}, out);
  writer.event(llm::ToolCallDelta{.index = 0, .id = "", .name = "", .arguments = ":1}"}, out);
  writer.event(llm::ToolCallDelta{.index = 1, .id = "c2", .name = "g", .arguments = "{}"}, out);
  writer.end(tool_result(), out);
}

TEST(ChatCompletion, a_whole_answer_has_every_part) {
  const json answer = json::parse(make_writer({}, kHead)->whole(tool_result()));
  EXPECT_EQ(answer["id"], "chatcmpl-00ff");
  const json& message = answer["choices"][0]["message"];
  EXPECT_EQ(message["content"], "Let me see");
  EXPECT_EQ(message["reasoning_content"], "hm");
  EXPECT_EQ(message["thinking_blocks"][0]["signature"], "sig");
  EXPECT_EQ(message["tool_calls"][0]["function"]["arguments"], R"({"a":1})");
  EXPECT_EQ(message["tool_calls"][0]["extra_content"]["google"]["thought_signature"], "g");
  EXPECT_FALSE(message["tool_calls"][1].contains("extra_content"));
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "tool_calls");
  EXPECT_EQ(answer["usage"]["total_tokens"], 15);
  EXPECT_EQ(answer["usage"]["prompt_tokens_details"]["cached_tokens"], 4);
  EXPECT_EQ(answer["usage"]["completion_tokens_details"]["reasoning_tokens"], 2);
}

TEST(ChatCompletion, calls_without_an_id_get_one_each) {
  llm::ChatResult result;
  result.message.parts = {{llm::ToolCallPart{.id = "", .name = "f", .arguments = "{}"}},
                          {llm::ToolCallPart{.id = "", .name = "f", .arguments = "{}"}}};
  const json calls = json::parse(make_writer({}, kHead)->whole(result))["choices"][0]["message"]["tool_calls"];
  EXPECT_EQ(calls[0]["id"], "call_00ff_0");
  EXPECT_EQ(calls[1]["id"], "call_00ff_1");
  std::string out;
  make_writer({}, kHead)->event(llm::ToolCallDelta{.index = 1, .id = "", .name = "f", .arguments = "{}"}, out);
  EXPECT_EQ(events_of(out).back()["choices"][0]["delta"]["tool_calls"][0]["id"], "call_00ff_1");
  const json response = json::parse(make_writer({.dialect = Dialect::kResponses}, kHead)->whole(result));
  EXPECT_EQ(response["output"][1]["call_id"], "call_00ff_1");
}

TEST(ChatCompletion, content_is_null_only_beside_calls_and_refusals) {
  llm::ChatResult empty;
  EXPECT_EQ(json::parse(make_writer({}, kHead)->whole(empty))["choices"][0]["message"]["content"], "");
  llm::ChatResult refused;
  refused.refusal = "no";
  const json message = json::parse(make_writer({}, kHead)->whole(refused))["choices"][0]["message"];
  EXPECT_TRUE(message["content"].is_null());
  EXPECT_EQ(message["refusal"], "no");
}

TEST(ChatCompletion, citations_of_all_texts_are_one_list) {
  llm::ChatResult result;
  result.message.parts = {{llm::TextPart{.text = "a", .signature = "", .annotations = R"([{"n":1}])"}},
                          {llm::TextPart{.text = "b", .signature = "", .annotations = R"([{"n":2}])"}}};
  const json message = json::parse(make_writer({}, kHead)->whole(result))["choices"][0]["message"];
  EXPECT_EQ(message["annotations"], json::parse(R"([{"n":1},{"n":2}])"));
}

TEST(ChatChunks, deltas_add_up_to_the_answer) {
  const auto writer = make_writer({.include_usage = true}, kHead);
  std::string out;
  stream(*writer, out);
  EXPECT_TRUE(out.ends_with("data: [DONE]\n\n"));
  std::string text, reasoning, arguments;
  const auto events = events_of(out);
  EXPECT_EQ(events.front()["choices"][0]["delta"]["role"], "assistant");
  for (const json& event : events) {
    EXPECT_EQ(event["id"], "chatcmpl-00ff");
    if (event["choices"].empty()) continue;
    const json& delta = event["choices"][0]["delta"];
    text += delta.value("content", "");
    reasoning += delta.value("reasoning_content", "");
    for (const json& call : delta.value("tool_calls", json::array())) {
      if (call["index"] == 0 && call.contains("function")) arguments += call["function"].value("arguments", "");
    }
  }
  EXPECT_EQ(text, "Let me see");
  EXPECT_EQ(reasoning, "hm");
  EXPECT_EQ(arguments, R"({"a":1})");
  EXPECT_EQ(events.back()["usage"]["total_tokens"], 15);
  EXPECT_EQ(events[events.size() - 2]["choices"][0]["finish_reason"], "tool_calls");
  EXPECT_EQ(events[events.size() - 3]["choices"][0]["delta"]["thinking_blocks"][0]["signature"], "sig");
}

TEST(ChatChunks, usage_is_not_shown_to_who_did_not_ask) {
  const auto writer = make_writer({}, kHead);
  std::string out;
  stream(*writer, out);
  for (const json& event : events_of(out)) {
    EXPECT_FALSE(event["choices"].empty());
    EXPECT_FALSE(event.contains("usage"));
  }
}

TEST(Responses, a_whole_answer_and_a_stream_end_in_the_same_response) {
  const ChatInput input{.dialect = Dialect::kResponses};
  AnswerHead head = kHead;
  head.echo = R"("tools":[])";
  const json whole = json::parse(make_writer(input, head)->whole(tool_result()));
  const auto writer = make_writer(input, head);
  std::string out;
  stream(*writer, out);
  const auto events = events_of(out);
  EXPECT_EQ(events.back()["type"], "response.completed");
  EXPECT_EQ(events.back()["response"], whole);
  EXPECT_EQ(whole["tools"], json::array());
  ASSERT_EQ(whole["output"].size(), 4u);
  EXPECT_EQ(whole["output"][0]["encrypted_content"], "tracia:anthropic:t:sig");
  EXPECT_EQ(whole["output"][1]["content"][0]["text"], "Let me see");
  EXPECT_EQ(whole["output"][2]["arguments"], R"({"a":1})");
  EXPECT_EQ(whole["usage"]["total_tokens"], 15);
  for (size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i]["sequence_number"], i);
}

TEST(Responses, every_item_that_begins_ends_in_its_place) {
  const auto writer = make_writer({.dialect = Dialect::kResponses}, kHead);
  std::string out;
  stream(*writer, out);
  std::map<int, std::string> open;
  for (const json& event : events_of(out)) {
    if (event["type"] == "response.output_item.added") open[event["output_index"]] = event["item"]["id"];
    if (event.contains("item_id")) EXPECT_EQ(json(open[event["output_index"]]), event["item_id"]);
    if (event["type"] == "response.output_item.done") {
      EXPECT_EQ(json(open[event["output_index"]]), event["item"]["id"]);
      open.erase(event["output_index"]);
    }
  }
  EXPECT_TRUE(open.empty());
}

TEST(Responses, an_answer_that_was_cut_is_incomplete) {
  llm::ChatResult result;
  result.message.parts = {llm::text_part("abc")};
  result.finish_reason = llm::FinishReason::kLength;
  const json whole = json::parse(make_writer({.dialect = Dialect::kResponses}, kHead)->whole(result));
  EXPECT_EQ(whole["status"], "incomplete");
  EXPECT_EQ(whole["incomplete_details"]["reason"], "max_output_tokens");
}

TEST(Errors, have_openais_statuses_and_members) {
  const Error vendor{.code = ErrorCode::kProviderError,
                     .kind = ErrorKind::kRateLimit,
                     .message = "slow down",
                     .status = 429,
                     .provider = {.provider = "openai", .type = "requests", .code = "rate_limit_exceeded"}};
  EXPECT_EQ(status_of(vendor), 429);
  const json error = json::parse(error_json(vendor))["error"];
  EXPECT_EQ(error["type"], "requests");
  EXPECT_TRUE(error["param"].is_null());
  EXPECT_EQ(status_of({.code = ErrorCode::kTimeout, .kind = ErrorKind::kTimeout}), 504);
  EXPECT_EQ(status_of({.code = ErrorCode::kProviderError, .kind = ErrorKind::kConnect}), 502);
  EXPECT_EQ(status_of({.code = ErrorCode::kProviderError, .kind = ErrorKind::kOverloaded, .status = 200}), 503);
  EXPECT_EQ(status_of({.code = ErrorCode::kUnknown}), 500);
  EXPECT_TRUE(error_event(Dialect::kResponses, vendor).starts_with("event: error\n"));
}

TEST(Embeddings, base64_is_little_endian_floats) {
  const llm::EmbeddingResult result{.vectors = {{1.0f, -2.5f}}, .model = "x"};
  EXPECT_EQ(json::parse(embeddings_json(result, "m", true))["data"][0]["embedding"], "AACAPwAAIMA=");
  EXPECT_EQ(json::parse(embeddings_json(result, "m", false))["data"][0]["embedding"], json({1.0, -2.5}));
}

}  // namespace
}  // namespace tracia::gateway
