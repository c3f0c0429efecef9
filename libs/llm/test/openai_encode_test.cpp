// How requests are written: one small request for each rule.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tracia/llm/codec.h"

namespace tracia::llm {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;

const Endpoint kVendor{.base_url = "https://api.openai.com/v1"};
const Endpoint kCompatible{.base_url = "http://localhost:8000/v1/", .is_vendor = false};

Json encoded(const ChatCodec& codec, const ChatRequest& request, const Endpoint& endpoint = kVendor,
             bool stream = false) {
  const auto out = codec.encode(request, endpoint, stream);
  EXPECT_TRUE(out) << (out ? "" : out.error().message);
  return out ? Json::parse(out->body) : Json();
}
Json chat(const ChatRequest& request, const Endpoint& endpoint = kVendor) {
  return encoded(openai_chat_codec(), request, endpoint);
}
Json responses(const ChatRequest& request) { return encoded(openai_responses_codec(), request); }

std::string refused(const ChatCodec& codec, const ChatRequest& request, const Endpoint& endpoint = kVendor) {
  const auto out = codec.encode(request, endpoint, false);
  EXPECT_FALSE(out);
  if (out) return "";
  EXPECT_EQ(out.error().code, ErrorCode::kInvalidRequest);
  return out.error().message;
}

TEST(OpenAiChatEncode, WritesPathHeadersAndMinimalBody) {
  const auto request =
      openai_chat_codec().encode({.model = "gpt-4o", .messages = {user("Hello!")}, .temperature = 0.1}, kVendor, false);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, "POST");
  EXPECT_EQ(request->url, "https://api.openai.com/v1/chat/completions");
  EXPECT_EQ(request->headers.get_or("content-type", ""), "application/json");
  EXPECT_FALSE(request->headers.get("authorization"));
  EXPECT_EQ(request->body, R"({"model":"gpt-4o","messages":[{"role":"user","content":"Hello!"}],"temperature":0.1})");
}

TEST(OpenAiChatEncode, KeepsTheQueryOfAnAzureBaseUrl) {
  const Endpoint azure{.base_url = "https://x.openai.azure.com/openai/deployments/d?api-version=2024-10-21",
                       .is_vendor = false};
  const auto request = openai_chat_codec().encode({.model = "d", .messages = {user("Hi")}}, azure, false);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->url, "https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21");
}

TEST(OpenAiChatEncode, AsksStreamsForUsage) {
  const auto request = openai_chat_codec().encode({.model = "gpt-4o", .messages = {user("Hi")}}, kVendor, true);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->headers.get_or("accept", ""), "text/event-stream");
  const Json body = Json::parse(request->body);
  EXPECT_EQ(body.at("stream"), true);
  EXPECT_EQ(body.at("stream_options"), Json({{"include_usage", true}}));
}

TEST(OpenAiChatEncode, SpeaksToEachModelFamilyInItsWords) {
  struct Case {
    std::string model;
    bool is_vendor;
    std::string limit, system, developer;
  };
  for (const Case& c : {Case{"gpt-4o", true, "max_tokens", "system", "developer"},
                        Case{"gpt-4.1-mini", true, "max_tokens", "system", "developer"},
                        Case{"gpt-3.5-turbo", true, "max_tokens", "system", "system"},
                        Case{"gpt-4", true, "max_tokens", "system", "system"},
                        Case{"o1", true, "max_completion_tokens", "developer", "developer"},
                        Case{"o4-mini", true, "max_completion_tokens", "developer", "developer"},
                        Case{"gpt-5.2", true, "max_completion_tokens", "developer", "developer"},
                        Case{"gpt-9", true, "max_completion_tokens", "developer", "developer"},
                        Case{"o1-mini", true, "max_completion_tokens", "user", "user"},
                        Case{"ft:gpt-4o-mini-2024-07-18:o::1", true, "max_tokens", "system", "developer"},
                        Case{"gpt-5", false, "max_tokens", "system", "system"},
                        Case{"llama", false, "max_tokens", "system", "system"}}) {
    const Json body =
        chat({.model = c.model, .messages = {system("a"), developer("b"), user("c")}, .max_output_tokens = 7},
             c.is_vendor ? kVendor : kCompatible);
    EXPECT_EQ(body.value(c.limit, 0), 7) << c.model;
    EXPECT_EQ(body.at("messages")[0].at("role"), c.system) << c.model;
    EXPECT_EQ(body.at("messages")[1].at("role"), c.developer) << c.model;
  }
}

TEST(OpenAiChatEncode, WritesToolTurns) {
  Message turn{.role = Role::kAssistant};
  turn.parts.push_back({ReasoningPart{.text = "hm", .provider = Provider::kAnthropic}});
  turn.parts.push_back({ToolCallPart{.id = "c1", .name = "f", .arguments = ""}});
  turn.parts.push_back(
      {ToolCallPart{.id = "c2", .name = "g", .arguments = "4 + 4", .kind = ToolCallPart::Kind::kCustom}});
  const Json messages = chat({.model = "gpt-4o", .messages = {turn, tool_result("c1", "f", "42")}}).at("messages");
  EXPECT_EQ(messages[0], Json::parse(R"({"role":"assistant","content":null,"tool_calls":[
    {"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}},
    {"id":"c2","type":"custom","custom":{"name":"g","input":"4 + 4"}}]})"));
  EXPECT_EQ(messages[1], Json::parse(R"({"role":"tool","tool_call_id":"c1","content":"42"})"));
}

TEST(OpenAiChatEncode, PutsToolResultsBeforeTheTextOfTheSameMessage) {
  Message message = user("and now?");
  message.parts.push_back(tool_result("c1", "f", "42").parts[0]);
  const Json messages = chat({.model = "gpt-4o", .messages = {message}}).at("messages");
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].at("role"), "tool");
}

TEST(OpenAiChatEncode, SendsReasoningBackOnlyWhereItIsWanted) {
  Message turn{.role = Role::kAssistant};
  turn.parts.push_back({ReasoningPart{.text = "hm", .id = "reasoning_content", .provider = Provider::kOpenAi}});
  turn.parts.push_back({ToolCallPart{.id = "c1", .name = "f", .arguments = "{}"}});
  EXPECT_EQ(chat({.model = "deepseek", .messages = {turn}}, kCompatible).at("messages")[0].at("reasoning_content"),
            "hm");
  EXPECT_FALSE(chat({.model = "gpt-5", .messages = {turn}}).at("messages")[0].contains("reasoning_content"));
  EXPECT_EQ(responses({.model = "gpt-5", .messages = {turn}}).at("input").size(), 1u);
}

TEST(OpenAiChatEncode, WritesMediaParts) {
  Message message{.role = Role::kUser};
  message.parts.push_back(image_bytes("\x89PNG\r\n\x1a\n"));
  message.parts.push_back({ImagePart{.source = {MediaSource::Kind::kUrl, "https://e/x.jpg"}, .detail = "low"}});
  message.parts.push_back({DocumentPart{.source = {MediaSource::Kind::kBytes, "%PDF-1.4"}}});
  message.parts.push_back({DocumentPart{.source = {MediaSource::Kind::kFileId, "file-1"}}});
  message.parts.push_back({DocumentPart{.source = {MediaSource::Kind::kBytes, "plain words"}}});
  message.parts.push_back({AudioPart{.source = {MediaSource::Kind::kBase64, "UklGRg=="}, .mime_type = "audio/wav"}});
  const Json content = chat({.model = "gpt-4o", .messages = {message}}).at("messages")[0].at("content");
  EXPECT_EQ(content[0].at("image_url").at("url"), "data:image/png;base64,iVBORw0KGgo=");
  EXPECT_EQ(content[1].at("image_url"), Json::parse(R"({"url":"https://e/x.jpg","detail":"low"})"));
  EXPECT_EQ(content[2].at("file"),
            Json::parse(R"({"filename":"document.pdf","file_data":"data:application/pdf;base64,JVBERi0xLjQ="})"));
  EXPECT_EQ(content[3].at("file"), Json::parse(R"({"file_id":"file-1"})"));
  EXPECT_EQ(content[4], Json::parse(R"({"type":"text","text":"plain words"})"));
  EXPECT_EQ(content[5].at("input_audio"), Json::parse(R"({"data":"UklGRg==","format":"wav"})"));
}

TEST(OpenAiChatEncode, WritesToolsChoiceAndFormat) {
  ChatRequest request{.model = "gpt-4o", .messages = {user("x")}};
  request.tools = {{.name = "f", .description = "d", .parameters = R"({"type":"object"})", .strict = true},
                   {.name = "g",
                    .kind = Tool::Kind::kCustom,
                    .vendor_json = R"({"type":"grammar","syntax":"lark","definition":"x"})"},
                   {.kind = Tool::Kind::kVendor, .vendor_json = R"({"type":"other"})"}};
  request.tool_choice = {ToolChoice::Mode::kTool, "g"};
  request.parallel_tool_calls = false;
  request.response_format = {
      .type = ResponseFormat::Type::kJsonSchema, .schema = R"({"type":"object"})", .strict = true};
  request.stop_sequences = {"END"};
  request.reasoning = ReasoningOptions{.effort = "low"};
  const Json body = chat(request);
  EXPECT_EQ(body.at("tools"), Json::parse(R"([
    {"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}},
    {"type":"custom","custom":{"name":"g","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"x"}}}},
    {"type":"other"}])"));
  EXPECT_EQ(body.at("tool_choice"), Json::parse(R"({"type":"custom","custom":{"name":"g"}})"));
  EXPECT_EQ(
      body.at("response_format"),
      Json::parse(
          R"({"type":"json_schema","json_schema":{"name":"response","schema":{"type":"object"},"strict":true}})"));
  EXPECT_EQ(body.at("stop"), Json::parse(R"(["END"])"));
  EXPECT_EQ(body.at("reasoning_effort"), "low");
  EXPECT_EQ(body.at("parallel_tool_calls"), false);
}

TEST(OpenAiChatEncode, LaysExtraBodyOverTheBody) {
  const Json body = chat({.model = "gpt-4o",
                          .messages = {user("x")},
                          .temperature = 1,
                          .extra_body = R"({"seed":1,"temperature":null,"metadata":{"a":"b"}})"});
  EXPECT_EQ(body.at("seed"), 1);
  EXPECT_FALSE(body.contains("temperature"));
  EXPECT_THAT(refused(openai_chat_codec(), {.model = "m", .extra_body = "[1]"}), HasSubstr("extra_body"));
}

TEST(OpenAiChatEncode, RefusesWhatWouldBeGarbageAndNamesIt) {
  ChatRequest request{.model = "gpt-4o", .messages = {user("x")}};
  request.tools = {{.name = "a"}, {.name = "f", .parameters = "{oops"}};
  EXPECT_THAT(refused(openai_chat_codec(), request), HasSubstr("tools[1].parameters is not valid JSON"));
  EXPECT_THAT(refused(openai_chat_codec(), {.messages = {Message{.role = Role::kTool, .parts = {text_part("x")}}}}),
              HasSubstr("Tool messages must have tool_call_id"));
  EXPECT_THAT(refused(openai_chat_codec(), {.messages = {tool_result("", "f", "x")}}),
              HasSubstr("Tool messages must have tool_call_id"));
  Message image_result = tool_result("c", "f", "x");
  image_result.parts[0].as<ToolResultPart>()->content.push_back(image_url("https://e/x"));
  EXPECT_THAT(refused(openai_chat_codec(), {.messages = {image_result}}), HasSubstr("only text in tool results"));
  const Message ogg{.role = Role::kUser,
                    .parts = {{AudioPart{.source = {MediaSource::Kind::kBytes, "x"}, .mime_type = "audio/ogg"}}}};
  EXPECT_THAT(refused(openai_chat_codec(), {.messages = {user("a"), ogg}}),
              HasSubstr("messages[1]: OpenAI takes wav and mp3"));
  EXPECT_THAT(refused(openai_responses_codec(), {.messages = {user("a")}, .stop_sequences = {"x"}}),
              HasSubstr("stop_sequences"));
}

TEST(OpenAiResponsesEncode, WritesTheConversationAsItems) {
  Message turn{.role = Role::kAssistant};
  turn.parts.push_back({ReasoningPart{.text = "one", .signature = "enc", .id = "rs_1", .provider = Provider::kOpenAi}});
  turn.parts.push_back({ReasoningPart{.text = "two", .id = "rs_1", .provider = Provider::kOpenAi}});
  turn.parts.push_back({ReasoningPart{.text = "foreign", .signature = "s", .provider = Provider::kAnthropic}});
  turn.parts.push_back({TextPart{.text = "hello", .item_id = "msg_1", .phase = "commentary"}});
  turn.parts.push_back({OpaquePart{Provider::kOpenAi, R"({"type":"web_search_call","id":"ws_1"})"}});
  turn.parts.push_back({OpaquePart{Provider::kGoogle, R"({"executableCode":{}})"}});
  turn.parts.push_back({ToolCallPart{.id = "call_1", .name = "f", .arguments = "", .item_id = "fc_1"}});
  turn.parts.push_back(
      {ToolCallPart{.id = "call_2", .name = "g", .arguments = "raw", .kind = ToolCallPart::Kind::kCustom}});
  Message results = tool_result("call_1", "f", "ok");
  results.parts.push_back({ToolResultPart{.tool_call_id = "call_2",
                                          .content = {text_part("a"), image_url("https://e/i")},
                                          .kind = ToolCallPart::Kind::kCustom}});
  const Json input =
      responses({.model = "gpt-5", .messages = {system("s"), user("u"), turn, results, assistant("bye")}}).at("input");
  EXPECT_EQ(input, Json::parse(R"([
    {"role":"system","content":"s"},
    {"role":"user","content":"u"},
    {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"one"},{"type":"summary_text","text":"two"}],"encrypted_content":"enc"},
    {"type":"message","id":"msg_1","status":"completed","role":"assistant","phase":"commentary","content":[{"type":"output_text","text":"hello","annotations":[]}]},
    {"type":"web_search_call","id":"ws_1"},
    {"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{}"},
    {"type":"custom_tool_call","call_id":"call_2","name":"g","input":"raw"},
    {"type":"function_call_output","call_id":"call_1","output":"ok"},
    {"type":"custom_tool_call_output","call_id":"call_2","output":[{"type":"input_text","text":"a"},{"type":"input_image","image_url":"https://e/i"}]},
    {"role":"assistant","content":"bye"}])"));
}

TEST(OpenAiResponsesEncode, WritesToolsFlatAndNotStrictUnlessAsked) {
  ChatRequest request{.model = "gpt-5", .messages = {user("x")}};
  request.tools = {{.name = "f", .parameters = R"({"type":"object"})"},
                   {.name = "g",
                    .kind = Tool::Kind::kCustom,
                    .vendor_json = R"({"type":"grammar","grammar":{"syntax":"lark","definition":"x"}})"},
                   {.kind = Tool::Kind::kVendor, .vendor_json = R"({"type":"web_search"})"}};
  request.tool_choice = {ToolChoice::Mode::kTool, "f"};
  request.response_format = {.type = ResponseFormat::Type::kJsonSchema, .schema = R"({"type":"object"})", .name = "n"};
  request.reasoning = ReasoningOptions{.effort = "high", .include_text = true};
  request.max_output_tokens = 5;
  const Json body = responses(request);
  EXPECT_EQ(body.at("tools"), Json::parse(R"([
    {"type":"function","name":"f","parameters":{"type":"object"},"strict":false},
    {"type":"custom","name":"g","format":{"type":"grammar","syntax":"lark","definition":"x"}},
    {"type":"web_search"}])"));
  EXPECT_EQ(body.at("tool_choice"), Json::parse(R"({"type":"function","name":"f"})"));
  EXPECT_EQ(body.at("text").at("format"),
            Json::parse(R"({"type":"json_schema","name":"n","schema":{"type":"object"}})"));
  EXPECT_EQ(body.at("reasoning"), Json::parse(R"({"effort":"high","summary":"auto"})"));
  EXPECT_EQ(body.at("max_output_tokens"), 5);
}

TEST(OpenAiEncode, TextThatIsNotUtf8StillGivesValidJson) {
  const std::string bad = "a\xFF\xC0z";
  EXPECT_NO_THROW(chat({.model = bad, .messages = {user(bad)}}));
  EXPECT_NO_THROW(responses({.model = bad, .messages = {user(bad), assistant(bad)}}));
}

}  // namespace
}  // namespace tracia::llm
