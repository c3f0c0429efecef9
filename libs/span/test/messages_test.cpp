#include "tracia/span/messages.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tracia/base/bytes.h"
#include "tracia/span/limits.h"

namespace tracia::span {
namespace {

using nlohmann::json;

Result<std::vector<llm::Message>> read(const json& array) {
  tracia::json::Document document;
  const auto value = document.parse(array.dump());
  if (!value) return tracia::fail(value.error());
  return messages_from_json(*value);
}

std::string error_of(const json& array) {
  const auto messages = read(array);
  return messages ? "accepted" : messages.error().message;
}
std::string part_error(const json& part) { return error_of({{{"role", "user"}, {"content", json::array({part})}}}); }

// What our form says after reading `array` in whichever form.
json again(const json& array) {
  const auto messages = read(array);
  return messages ? json::parse(messages_json(*messages)) : json(messages.error().message);
}

TEST(Messages, PlainTextIsAString) {
  EXPECT_EQ(messages_json({llm::system("S"), llm::user("")}),
            R"([{"role":"system","content":"S"},{"role":"user","content":""}])");
  EXPECT_EQ(message_json({.role = llm::Role::kAssistant}), R"({"role":"assistant","content":[]})");
}

TEST(Messages, OurFormComesBackUnchanged) {
  const json array = json::parse(R"([
    {"role":"developer","name":"n","id":"msg_1","content":"x"},
    {"role":"user","content":[{"type":"text","text":"a","cacheControl":{"ttl":"1h"}},{"type":"text","text":"b"},
      {"type":"image","mimeType":"image/png","data":"iVBORw0K","detail":"low"},
      {"type":"image","url":"https://example.com/x.png"},
      {"type":"document","name":"p.pdf","mimeType":"application/pdf","url":"https://e.com/p.pdf","context":"c","citations":true},
      {"type":"document","fileId":"file_1","cacheControl":{}},
      {"type":"audio","mimeType":"audio/wav","data":"UklGRiQAAABXQVZF","transcript":"t"}]},
    {"role":"assistant","content":[{"type":"reasoning","text":"hm","signature":"s","provider":"anthropic"},
      {"type":"reasoning","text":"","signature":"zz","redacted":true,"id":"rs_1"},
      {"type":"text","text":"no","refusal":true},{"type":"text","text":"t","signature":"g","annotations":[{"u":1}]},
      {"type":"audio","id":"audio_1"},
      {"type":"tool_call","id":"c1","name":"f","itemId":"fc_1","signature":"q","arguments":{"a":[1,{"b":null}]}},
      {"type":"tool_call","id":"c2","name":"f","arguments":"{\"cut"},
      {"type":"tool_call","id":"c3","name":"g","kind":"custom","arguments":"free text"},
      {"type":"vendor","provider":"google","value":{"executableCode":{"code":"1"}}}]},
    {"role":"tool","toolCallId":"c1","toolName":"f","isError":true,"content":"bad"},
    {"role":"tool","toolCallId":"","toolName":"f","content":[{"type":"image","mimeType":"image/png","data":"iVBORw0K"}]},
    {"role":"user","content":[{"type":"tool_result","toolCallId":"c2","content":"ok"},{"type":"text","text":"and"}]}])");
  EXPECT_EQ(again(array), array);
}

TEST(Messages, OpenAisFormIsAcceptedAndAnsweredInOurs) {
  EXPECT_EQ(again(json::parse(R"([
    {"role":"user","content":[{"type":"text","text":"Weather?"},
      {"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0K","detail":"high"}},
      {"type":"image_url","image_url":{"url":"https://e.com/a.png"}},
      {"type":"input_text","text":"i"},
      {"type":"input_image","image_url":"https://e.com/b.png"},
      {"type":"input_audio","input_audio":{"data":"UklGRg==","format":"mp3"}},
      {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}},
      {"type":"file","file":{"file_id":"file_9"}}]},
    {"role":"assistant","content":null,"tool_calls":[
      {"id":"c1","type":"function","function":{"name":"w","arguments":"{\"city\":\"Tokyo\"}"}},
      {"id":"c2","type":"function","function":{"name":"w","arguments":""}},
      {"id":"c3","type":"custom","custom":{"name":"g","input":"x y"}}]},
    {"role":"tool","tool_call_id":"c1","tool_name":"w","content":"22"},
    {"role":"tool","tool_call_id":"c2","name":"w","content":[{"type":"text","text":"a"}]},
    {"role":"assistant","content":"hi","refusal":"no"},
    {"role":"assistant","function_call":{"name":"old","arguments":"{}"}},
    {"role":"function","name":"old","content":"1"}])")),
            json::parse(R"([
    {"role":"user","content":[{"type":"text","text":"Weather?"},
      {"type":"image","mimeType":"image/png","data":"iVBORw0K","detail":"high"},
      {"type":"image","url":"https://e.com/a.png"},
      {"type":"text","text":"i"},
      {"type":"image","url":"https://e.com/b.png"},
      {"type":"audio","mimeType":"audio/mpeg","data":"UklGRg=="},
      {"type":"document","name":"a.pdf","mimeType":"application/pdf","data":"JVBERi0="},
      {"type":"document","fileId":"file_9"}]},
    {"role":"assistant","content":[
      {"type":"tool_call","id":"c1","name":"w","arguments":{"city":"Tokyo"}},
      {"type":"tool_call","id":"c2","name":"w","arguments":{}},
      {"type":"tool_call","id":"c3","name":"g","kind":"custom","arguments":"x y"}]},
    {"role":"tool","toolCallId":"c1","toolName":"w","content":"22"},
    {"role":"tool","toolCallId":"c2","toolName":"w","content":"a"},
    {"role":"assistant","content":[{"type":"text","text":"hi"},{"type":"text","text":"no","refusal":true}]},
    {"role":"assistant","content":[{"type":"tool_call","id":"","name":"old","kind":"legacy_function","arguments":{}}]},
    {"role":"tool","toolCallId":"","toolName":"old","kind":"legacy_function","content":"1"}])"));
}

TEST(Messages, OurToolCallsBesideContentAreReadToo) {
  EXPECT_EQ(
      again(json::parse(
          R"([{"role":"assistant","content":"t","toolCalls":[{"id":"1","name":"f","arguments":{"a":1}}]}])")),
      json::parse(
          R"([{"role":"assistant","content":[{"type":"text","text":"t"},{"type":"tool_call","id":"1","name":"f","arguments":{"a":1}}]}])"));
}

TEST(Messages, SeveralResultsOfOneMessageBecomeOneMessageEach) {
  llm::Message message = llm::tool_result("a", "f", "1");
  message.parts.push_back(llm::tool_result("b", "g", "2").parts[0]);
  EXPECT_EQ(
      messages_json({message}),
      R"([{"role":"tool","toolCallId":"a","toolName":"f","content":"1"},{"role":"tool","toolCallId":"b","toolName":"g","content":"2"}])");
  const auto back = read(json::array({json::parse(message_json(message))}));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->at(0).parts.size(), 2u);
}

TEST(Messages, ErrorsNameThePlace) {
  const json good = {{"role", "user"}, {"content", "x"}};
  EXPECT_EQ(error_of(json::object()), "messages must be an array");
  EXPECT_EQ(error_of({good, 5}), "messages[1] must be an object");
  EXPECT_EQ(error_of({good, {{"content", "x"}}}), "Missing required field: messages[1].role");
  EXPECT_EQ(error_of({{{"role", "robot"}, {"content", "x"}}}),
            "messages[0].role must be system, developer, user, assistant or tool");
  EXPECT_EQ(error_of({{{"role", "user"}}}), "Missing required field: messages[0].content");
  EXPECT_EQ(error_of({{{"role", "user"}, {"content", 5}}}),
            "messages[0].content must be a string or an array of parts");
  EXPECT_EQ(error_of({good, good, {{"role", "tool"}, {"content", "x"}}}),
            "messages[2].toolCallId is required in a tool message");
  EXPECT_EQ(error_of({{{"role", "tool"}, {"toolCallId", ""}, {"content", "x"}}}),
            "messages[0].toolCallId must not be empty in a tool message");
  EXPECT_EQ(error_of({{{"role", "assistant"}, {"tool_calls", {{{"id", "1"}, {"function", json::object()}}}}}}),
            "Missing required field: messages[0].tool_calls[0].function.name");
  EXPECT_EQ(part_error({{"type", "hologram"}}),
            "messages[0].content[0].type 'hologram' is not a kind of content part known here");
  EXPECT_EQ(part_error({{"type", "text"}}), "Missing required field: messages[0].content[0].text");
  EXPECT_EQ(part_error("text"), "messages[0].content[0] must be an object");
  EXPECT_EQ(part_error({{"type", "image"}}),
            "messages[0].content[0].data or url or fileId is required: exactly one of them");
  EXPECT_EQ(part_error({{"type", "image"}, {"data", "A"}}), "messages[0].content[0].data must be base64");
  EXPECT_EQ(part_error({{"type", "image"}, {"data", "AAAA"}, {"url", "https://e.com"}}),
            "messages[0].content[0].data or url or fileId is required: exactly one of them");
  EXPECT_EQ(part_error({{"type", "image"}, {"data", "AAAA"}, {"mimeType", "a\r\nb"}}),
            "messages[0].content[0].mimeType must be a media type");
  EXPECT_EQ(part_error({{"type", "image_url"}, {"image_url", {{"url", "data:image/png,xx"}}}}),
            "messages[0].content[0].image_url must be a URL or base64 data: URL");
  EXPECT_EQ(part_error({{"type", "vendor"}, {"provider", "acme"}, {"value", 1}}),
            "messages[0].content[0].provider must be openai, anthropic, google, amazon_bedrock or voyage");
  EXPECT_EQ(part_error({{"type", "tool_result"},
                        {"toolCallId", "a"},
                        {"content", {{{"type", "tool_result"}, {"toolCallId", "b"}, {"content", ""}}}}}),
            "messages[0].content[0].content[0].type 'tool_result' is not a kind of content part known here");
}

TEST(Messages, BytesAreWrittenAsBase64WithTheirMediaType) {
  llm::Message message = llm::user("look");
  message.parts.push_back(llm::image_bytes("\x89PNG\r\n\x1a\n..."));
  EXPECT_EQ(json::parse(message_json(message))["content"][1],
            (json{{"type", "image"}, {"mimeType", "image/png"}, {"data", base64_encode("\x89PNG\r\n\x1a\n...")}}));
}

TEST(MessagesInput, LargeMediaAreLeftOutOfSpansAndSayHowMuch) {
  llm::Message message{.role = llm::Role::kUser};
  const std::string big(limits::kMediaBytesMax + 1, 'A');
  message.parts.push_back(llm::image_bytes(big, "image/png"));
  message.parts.push_back(llm::image_base64(big, "image/jpeg"));
  message.parts.push_back(llm::image_url("data:image/gif;base64," + big));
  message.parts.push_back(llm::image_url("https://example.com/small.png"));
  message.parts.push_back(llm::image_bytes("small", "image/png"));
  const json parts = json::parse(messages_input_json({message}))["messages"][0]["content"];
  EXPECT_EQ(parts[0], (json{{"type", "image"}, {"mimeType", "image/png"}, {"omittedBytes", big.size()}}));
  EXPECT_EQ(parts[1]["omittedBytes"], big.size() / 4 * 3);
  EXPECT_TRUE(parts[2].contains("omittedBytes"));
  EXPECT_EQ(parts[3]["url"], "https://example.com/small.png");
  EXPECT_EQ(parts[4]["data"], base64_encode("small"));
  EXPECT_NE(error_of({{{"role", "user"}, {"content", parts}}}).find("left out of the span"), std::string::npos);
  EXPECT_GT(messages_json({message}).size(), 3 * big.size());
}

TEST(MessagesInput, MediaAreBoundedTogetherToo) {
  llm::Message message{.role = llm::Role::kUser};
  for (int i = 0; i < 20; ++i) message.parts.push_back(llm::image_base64(std::string(512 * 1024, 'A'), "image/png"));
  EXPECT_LT(messages_input_json({message}).size(), limits::kMediaTotalBytesMax + 8192);
}

TEST(MessagesInput, EmbeddingsAreAListOfTexts) { EXPECT_EQ(text_input_json({"a", "\""}), R"({"text":["a","\""]})"); }

TEST(Tools, AreWrittenWithTheirSchemas) {
  EXPECT_EQ(
      tools_json({{.name = "f", .description = "d", .parameters = R"({"type":"object"})", .strict = true},
                  {.name = "web_search", .kind = llm::Tool::Kind::kVendor, .vendor_json = R"({"type":"web"})"}}),
      R"([{"name":"f","description":"d","parameters":{"type":"object"},"strict":true},{"name":"web_search","type":"vendor","value":{"type":"web"}}])");
}

TEST(ToolCalls, ArgumentsThatAreNoObjectBecomeAString) {
  EXPECT_EQ(
      tool_calls_json({{.id = "1", .name = "f", .arguments = "{\"a\":\n1}"},
                       {.id = "2", .name = "f", .arguments = "{\"a\":"},
                       {.id = "3", .name = "f", .arguments = "[1]"},
                       {.id = "4", .name = "f"}}),
      R"([{"id":"1","name":"f","arguments":{"a": 1}},{"id":"2","name":"f","arguments":"{\"a\":"},{"id":"3","name":"f","arguments":"[1]"},{"id":"4","name":"f","arguments":{}}])");
}

}  // namespace
}  // namespace tracia::span
