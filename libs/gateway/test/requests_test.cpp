// What OpenAI's clients send, read into the neutral model.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tracia/gateway/request.h"

namespace tracia::gateway {
namespace {

using nlohmann::json;

ChatInput chat(json more, bool expect_translatable = true) {
  json body{{"model", "m"}, {"messages", {{{"role", "user"}, {"content", "Hi"}}}}};
  body.update(more);
  auto read = read_chat(body.dump());
  EXPECT_TRUE(read) << read.error().message;
  if (!read) return {};
  EXPECT_EQ(!read->untranslatable, expect_translatable) << body;
  return std::move(*read);
}

ChatInput responses(json more, bool expect_translatable = true) {
  json body{{"model", "m"}, {"input", "Hi"}};
  body.update(more);
  auto read = read_responses(body.dump());
  EXPECT_TRUE(read) << read.error().message;
  if (!read) return {};
  EXPECT_EQ(!read->untranslatable, expect_translatable)
      << body << (read->untranslatable ? read->untranslatable->message : "");
  return std::move(*read);
}

TEST(ChatRequest, settings_are_read) {
  const ChatInput in = chat(json::parse(R"({"temperature":0.5,"top_p":1,"max_completion_tokens":9,"stop":"END",
      "parallel_tool_calls":false,"reasoning_effort":"low","tool_choice":{"type":"function","function":{"name":"f"}},
      "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}}],
      "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"},"strict":true}},
      "stream":true,"stream_options":{"include_usage":true},"user":"u","metadata":{"a":"b","n":1},"seed":7})"));
  EXPECT_EQ(in.chat.temperature, 0.5);
  EXPECT_EQ(in.chat.max_output_tokens, 9);
  EXPECT_EQ(in.chat.stop_sequences, (std::vector<std::string>{"END"}));
  EXPECT_EQ(in.chat.parallel_tool_calls, false);
  EXPECT_EQ(in.chat.reasoning->effort, "low");
  EXPECT_EQ(in.chat.tool_choice.tool, "f");
  EXPECT_EQ(in.chat.tools.at(0).parameters, R"({"type":"object"})");
  EXPECT_EQ(in.chat.tools[0].strict, true);
  EXPECT_EQ(in.chat.response_format.schema, R"({"type":"object"})");
  EXPECT_TRUE(in.stream && in.include_usage);
  EXPECT_EQ(in.user, "u");
  EXPECT_EQ(in.metadata, (decltype(in.metadata){{"a", "b"}}));
}

TEST(ChatRequest, null_is_the_same_as_nothing) {
  const ChatInput in = chat(json::parse(R"({"temperature":null,"tools":null,"stop":null,"stream":null,"user":null,
      "metadata":null,"response_format":null,"tool_choice":null,"functions":null,"audio":null})"));
  EXPECT_FALSE(in.chat.temperature);
  EXPECT_FALSE(in.stream);
}

TEST(ChatRequest, images_and_files_are_read) {
  const ChatInput in = chat({{"messages", json::parse(R"([{"role":"user","content":[{"type":"text","text":"a"},
      {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},
      {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,AAAA"}}]}])")}});
  ASSERT_EQ(in.chat.messages.at(0).parts.size(), 3u);
  EXPECT_EQ(in.chat.messages[0].parts[1].as<llm::ImagePart>()->mime_type, "image/png");
  EXPECT_EQ(in.chat.messages[0].parts[2].as<llm::DocumentPart>()->name, "a.pdf");
}

TEST(ChatRequest, tool_results_get_the_name_of_their_call_and_signatures_come_back) {
  const ChatInput in = chat({{"messages", json::parse(R"([{"role":"user","content":"x"},
      {"role":"assistant","content":null,"thinking_blocks":[{"type":"thinking","thinking":"hm","signature":"s1"}],
       "tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"},
       "extra_content":{"google":{"thought_signature":"s2"}}}]},
      {"role":"tool","tool_call_id":"c1","content":"ok"}])")}});
  const auto& turn = in.chat.messages.at(1).parts;
  ASSERT_EQ(turn.size(), 2u);
  EXPECT_EQ(turn[0].as<llm::ReasoningPart>()->signature, "s1");
  EXPECT_EQ(turn[0].as<llm::ReasoningPart>()->provider, llm::Provider::kAnthropic);
  EXPECT_EQ(turn[1].as<llm::ToolCallPart>()->signature, "s2");
  EXPECT_EQ(in.chat.messages.at(2).parts[0].as<llm::ToolResultPart>()->tool_name, "f");
}

TEST(ChatRequest, what_cannot_be_read_is_kept_as_it_came) {
  const ChatInput in =
      chat({{"messages", json::parse(R"([{"role":"user","content":[{"type":"new_kind","x":1}]}])")}}, false);
  EXPECT_EQ(json::parse(in.raw_input_json)["messages"][0]["content"][0]["x"], 1);
  EXPECT_EQ(in.untranslatable->provider.param, "messages");
}

TEST(ChatRequest, what_no_upstream_could_take_is_an_error) {
  for (const char* body :
       {"", "[]", "{", "{}", R"({"model":""})", R"({"model":1})", R"({"model":"m","stream":"yes"})"}) {
    EXPECT_FALSE(read_chat(body)) << body;
    EXPECT_FALSE(read_responses(body)) << body;
    EXPECT_FALSE(read_embeddings(body)) << body;
  }
  EXPECT_FALSE(read_chat(R"({"model":")" + std::string(kModelBytesMax + 1, 'm') + R"("})"));
}

TEST(ResponsesRequest, items_become_messages_in_turns) {
  const ChatInput in = responses({{"instructions", "Be kind"}, {"input", json::parse(R"([
      {"role":"user","content":[{"type":"input_text","text":"Weather?"},{"type":"input_image","image_url":"https://x/y.png"}]},
      {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],
       "encrypted_content":"tracia:anthropic:t:sig"},
      {"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"another's"},
      {"type":"message","role":"assistant","content":[{"type":"output_text","text":"Let me see"}]},
      {"type":"function_call","call_id":"c1","name":"f","arguments":"{\"a\":1}"},
      {"type":"function_call_output","call_id":"c1","output":"Sunny"},
      {"type":"function_call_output","call_id":"c1","output":[{"type":"input_text","text":"Warm"}]}])")}});
  const auto& messages = in.chat.messages;
  ASSERT_EQ(messages.size(), 5u);
  EXPECT_EQ(messages[0].role, llm::Role::kSystem);
  EXPECT_EQ(messages[1].parts.size(), 2u);
  ASSERT_EQ(messages[2].parts.size(), 3u);
  EXPECT_EQ(messages[2].parts[0].as<llm::ReasoningPart>()->signature, "sig");
  EXPECT_EQ(messages[2].parts[2].as<llm::ToolCallPart>()->arguments, R"({"a":1})");
  EXPECT_EQ(messages[3].parts[0].as<llm::ToolResultPart>()->tool_name, "f");
  EXPECT_EQ(messages[4].parts[0].as<llm::ToolResultPart>()->content[0].as<llm::TextPart>()->text, "Warm");
}

TEST(ResponsesRequest, settings_are_read_and_repeated) {
  const ChatInput in = responses(json::parse(R"({"max_output_tokens":9,"tools":[{"type":"function","name":"f",
      "parameters":{"type":"object"}}],"tool_choice":{"type":"function","name":"f"},"reasoning":{"effort":"high"},
      "text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"}}}})"));
  EXPECT_EQ(in.chat.max_output_tokens, 9);
  EXPECT_EQ(in.chat.tools.at(0).name, "f");
  EXPECT_EQ(in.chat.tool_choice.tool, "f");
  EXPECT_EQ(in.chat.reasoning->effort, "high");
  EXPECT_EQ(in.chat.response_format.name, "n");
  const json echo = json::parse("{" + in.echo + "}");
  EXPECT_EQ(echo["tools"][0]["name"], "f");
  EXPECT_EQ(echo["truncation"], "disabled");
}

TEST(ResponsesRequest, what_needs_openais_own_state_or_tools_is_named) {
  const std::vector<std::pair<json, std::string>> cases{
      {{{"previous_response_id", "r"}}, "previous_response_id"},
      {{{"conversation", "c"}}, "conversation"},
      {{{"tools", {{{"type", "web_search"}}}}}, "tools[0].type"},
      {{{"input", {{{"type", "item_reference"}, {"id", "x"}}}}}, "input[0].type"},
      {{{"input", {{{"role", "user"}, {"content", {{{"type", "input_video"}}}}}}}}, "input[0]"},
      {{{"input", 7}}, "input"},
      {{{"input", {{{"type", "function_call_output"}, {"output", "x"}}}}}, "input[0].call_id"}};
  for (const auto& [more, param] : cases) {
    const ChatInput in = responses(more, false);
    if (in.untranslatable) EXPECT_EQ(in.untranslatable->provider.param, param);
  }
  EXPECT_EQ(read_responses(R"({"model":"m","input":"x","background":true})").error().provider.param, "background");
}

TEST(EmbeddingsRequest, inputs_of_each_form_are_counted) {
  EXPECT_EQ(read_embeddings(R"({"model":"m","input":"a"})")->count, 1u);
  EXPECT_EQ(read_embeddings(R"({"model":"m","input":["a","b"]})")->count, 2u);
  const auto tokens = read_embeddings(R"({"model":"m","input":[1,2,3]})");
  EXPECT_EQ(tokens->count, 1u);
  EXPECT_TRUE(tokens->untranslatable);
  EXPECT_EQ(read_embeddings(R"({"model":"m","input":[[1,2],[3]]})")->count, 2u);
  EXPECT_TRUE(read_embeddings(R"({"model":"m","input":"a","encoding_format":"base64"})")->base64);
  for (const char* body :
       {R"({"model":"m"})", R"({"model":"m","input":[]})", R"({"model":"m","input":{}})",
        R"({"model":"m","input":["a",null]})", R"({"model":"m","input":"a","encoding_format":"hex"})",
        R"({"model":"m","input":"a","dimensions":0})"}) {
    EXPECT_FALSE(read_embeddings(body)) << body;
  }
}

}  // namespace
}  // namespace tracia::gateway
