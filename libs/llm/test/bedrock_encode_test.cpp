// What goes out to Amazon Bedrock for conversations that no recording shows.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tracia/llm/bedrock.h"
#include "tracia/llm/codec.h"

namespace tracia::llm {
namespace {

using Json = nlohmann::json;
const Endpoint kEndpoint{.provider = Provider::kAmazonBedrock, .base_url = "https://host"};

Json body_of(const ChatRequest& request) {
  const auto encoded = bedrock_codec().encode(request, kEndpoint, false);
  EXPECT_TRUE(encoded) << (encoded ? "" : encoded.error().message);
  return encoded ? Json::parse(encoded->body) : Json();
}

std::string error_of(const ChatRequest& request) {
  const auto encoded = bedrock_codec().encode(request, kEndpoint, false);
  if (encoded) return "none: " + encoded->body;
  EXPECT_EQ(encoded.error().kind, ErrorKind::kInvalidRequest);
  return encoded.error().message;
}

Message with(Role role, std::vector<Part> parts) { return {.role = role, .parts = std::move(parts)}; }
Part call(std::string id, std::string name, std::string arguments) {
  return {ToolCallPart{.id = std::move(id), .name = std::move(name), .arguments = std::move(arguments)}};
}

const std::string kClaude = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

TEST(BedrockEncode, PutsTheModelPercentEncodedIntoThePath) {
  const auto url = [](const std::string& model, bool stream) {
    return bedrock_codec().encode({.model = model, .messages = {user("hi")}}, kEndpoint, stream)->url;
  };
  EXPECT_EQ(url("anthropic.claude-3-haiku-20240307-v1:0", false),
            "https://host/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse");
  EXPECT_EQ(url("arn:aws:bedrock:us-east-1:1:inference-profile/us.x.y", true),
            "https://host/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.x.y/converse-stream");
  EXPECT_EQ(url("../../admin?x", false), "https://host/model/..%2F..%2Fadmin%3Fx/converse");
  EXPECT_EQ(error_of({.messages = {user("hi")}}), "model is required and cannot be empty");
  const auto stream = bedrock_codec().encode({.model = "m", .messages = {user("hi")}}, kEndpoint, true);
  EXPECT_EQ(stream->headers.get_or("accept", ""), "application/vnd.amazon.eventstream");
  EXPECT_EQ(stream->headers.get_or("content-type", ""), "application/json");
  EXPECT_FALSE(stream->headers.get("authorization"));
}

TEST(BedrockEncode, LiftsSystemMessagesAndJoinsTurns) {
  const Json body = body_of(
      {.model = "m",
       .messages = {system("a"), user("1"), developer("b"), user("2"), assistant(""), assistant("3"), user("4")}});
  EXPECT_EQ(body["system"], Json::parse(R"([{"text":"a"},{"text":"b"}])"));
  EXPECT_EQ(body["messages"],
            Json::parse(R"([{"role":"user","content":[{"text":"1"},{"text":"2"}]},)"
                        R"({"role":"assistant","content":[{"text":"3"}]},{"role":"user","content":[{"text":"4"}]}])"));
  EXPECT_FALSE(body.contains("inferenceConfig"));
  EXPECT_FALSE(body.contains("toolConfig"));
}

TEST(BedrockEncode, PutsResultsOfParallelCallsIntoOneTurn) {
  Message failed = tool_result("b", "two", "no");
  failed.parts[0].as<ToolResultPart>()->is_error = true;
  ChatRequest request{
      .model = kClaude,
      .messages = {user("q"), with(Role::kAssistant, {call("a", "one", ""), call("b", "two", R"({"x":1})")}),
                   tool_result("a", "one", "yes"), failed, user("go on")}};
  const Json turn = body_of(request)["messages"][2];
  EXPECT_EQ(
      turn,
      Json::parse(R"({"role":"user","content":[{"toolResult":{"toolUseId":"a","content":[{"text":"yes"}]}},)"
                  R"({"toolResult":{"toolUseId":"b","content":[{"text":"no"}],"status":"error"}},{"text":"go on"}]})"));
  EXPECT_EQ(body_of(request)["messages"][1]["content"][0]["toolUse"]["input"], Json::object());
  request.model = "mistral.mistral-large-2402-v1:0";  // knows no status
  EXPECT_FALSE(body_of(request)["messages"][2]["content"][1]["toolResult"].contains("status"));
}

TEST(BedrockEncode, NamesCallsThatAnotherVendorLeftUnnamed) {
  const Json body =
      body_of({.model = kClaude,
               .messages = {user("q"), with(Role::kAssistant, {call("", "one", "{}"), call("", "two", "{}")}),
                            tool_result("", "two", "2"), tool_result("", "one", "1")}});
  EXPECT_EQ(body["messages"][1]["content"][1]["toolUse"]["toolUseId"],
            body["messages"][2]["content"][0]["toolResult"]["toolUseId"]);
  EXPECT_EQ(body["messages"][1]["content"][0]["toolUse"]["toolUseId"],
            body["messages"][2]["content"][1]["toolResult"]["toolUseId"]);
  EXPECT_EQ(error_of({.model = "m", .messages = {tool_result("", "x", "1")}}), "Tool messages must have tool_call_id");
  EXPECT_EQ(error_of({.model = "m", .messages = {with(Role::kTool, {text_part("x")})}}),
            "Tool messages must have tool_call_id");
}

TEST(BedrockEncode, SendsTools) {
  ChatRequest request{.model = kClaude, .messages = {user("q")}};
  request.tools = {{.name = "a",
                    .description = "d",
                    .parameters = R"({"type":"object"})",
                    .strict = true,
                    .cache = CacheControl{"1h"}},
                   {.name = "b"}};
  request.tool_choice = {ToolChoice::Mode::kTool, "a"};
  EXPECT_EQ(
      body_of(request)["toolConfig"],
      Json::parse(
          R"({"tools":[{"toolSpec":{"name":"a","description":"d","inputSchema":{"json":{"type":"object"}},"strict":true}},)"
          R"({"cachePoint":{"type":"default","ttl":"1h"}},{"toolSpec":{"name":"b","inputSchema":{"json":{"type":"object","properties":{}}}}}],)"
          R"("toolChoice":{"tool":{"name":"a"}}})"));
  request.tool_choice = {ToolChoice::Mode::kRequired};
  EXPECT_EQ(body_of(request)["toolConfig"]["toolChoice"], Json::parse(R"({"any":{}})"));
  request.tool_choice = {ToolChoice::Mode::kAuto};
  request.parallel_tool_calls = false;
  EXPECT_EQ(body_of(request)["toolConfig"]["toolChoice"], Json::parse(R"({"auto":{}})"));
  EXPECT_EQ(body_of(request)["additionalModelRequestFields"]["tool_choice"],
            Json::parse(R"({"type":"auto","disable_parallel_tool_use":true})"));
  request.tools[1].parameters = "{nope";
  EXPECT_TRUE(error_of(request).starts_with("tools[1].parameters is not valid JSON")) << error_of(request);
  request.tools[1] = {.name = "c", .kind = Tool::Kind::kCustom};
  EXPECT_TRUE(error_of(request).starts_with("tools[1].kind"));
}

TEST(BedrockEncode, ToolChoiceNoneLeavesToolsOutUnlessTheConversationHasSome) {
  ChatRequest request{
      .model = kClaude, .messages = {user("q")}, .tools = {{.name = "a"}}, .tool_choice = {ToolChoice::Mode::kNone}};
  EXPECT_FALSE(body_of(request).contains("toolConfig"));
  request.messages = {user("q"), with(Role::kAssistant, {call("1", "a", "{}")}), tool_result("1", "a", "r")};
  EXPECT_EQ(body_of(request)["toolConfig"]["tools"].size(), 1u);
  EXPECT_FALSE(body_of(request)["toolConfig"].contains("toolChoice"));
  request.tools.clear();
  EXPECT_EQ(body_of(request)["toolConfig"]["tools"][0]["toolSpec"]["name"], "a");
}

TEST(BedrockEncode, SendsMedia) {
  const std::string png = "\x89PNG\r\n\x1a\n1234";
  Part document{DocumentPart{.source = {MediaSource::Kind::kBytes, "%PDF-1"},
                             .mime_type = "",
                             .name = "a/b: report.pdf",
                             .cache = CacheControl{}}};
  Part again{DocumentPart{.source = {MediaSource::Kind::kBytes, "%PDF-1"}, .mime_type = "", .name = "a/b: report.pdf"}};
  Part cited{
      DocumentPart{.source = {MediaSource::Kind::kBytes, "words"}, .mime_type = "text/plain", .citations = true}};
  const Json content = body_of({.model = "m",
                                .messages = {with(Role::kUser, {image_bytes(png), image_url("s3://bucket/a.jpg"),
                                                                image_url("data:image/webp;base64,AAAA"), document,
                                                                again, cited})}})["messages"][0]["content"];
  EXPECT_EQ(content[0]["image"]["format"], "png");
  EXPECT_EQ(content[1],
            Json::parse(R"({"image":{"format":"jpeg","source":{"s3Location":{"uri":"s3://bucket/a.jpg"}}}})"));
  EXPECT_EQ(content[2], Json::parse(R"({"image":{"format":"webp","source":{"bytes":"AAAA"}}})"));
  EXPECT_EQ(content[3],
            Json::parse(R"({"document":{"format":"pdf","name":"a-b- report-pdf","source":{"bytes":"JVBERi0x"}}})"));
  EXPECT_EQ(content[4], Json::parse(R"({"cachePoint":{"type":"default"}})"));
  EXPECT_EQ(content[5]["document"]["name"], "a-b- report-pdf (2)");
  EXPECT_EQ(
      content[6],
      Json::parse(
          R"({"document":{"format":"txt","name":"document","source":{"text":"words"},"citations":{"enabled":true}}})"));
}

TEST(BedrockEncode, RefusesMediaThatTheVendorCannotTake) {
  EXPECT_EQ(error_of({.model = "m", .messages = {with(Role::kUser, {image_url("https://x/a.png")})}}),
            "messages[0].content[0]: Amazon Bedrock takes bytes or an s3:// URI, no other URLs or file ids");
  EXPECT_NE(
      error_of({.model = "m", .messages = {with(Role::kUser, {image_bytes("x", "image/tiff")})}}).find("image/tiff"),
      std::string::npos);
  Part file{DocumentPart{.source = {MediaSource::Kind::kFileId, "f"}, .mime_type = "application/pdf"}};
  EXPECT_NE(error_of({.model = "m", .messages = {with(Role::kUser, {file})}}).find("file ids"), std::string::npos);
  EXPECT_NE(error_of({.model = "m", .messages = {with(Role::kSystem, {image_bytes("x", "image/png")}), user("q")}})
                .find("text only"),
            std::string::npos);
}

TEST(BedrockEncode, SendsItsOwnReasoningBackAndDropsOthers) {
  const auto reasoning = [](std::string text, std::string signature, Provider provider, bool redacted = false) {
    return Part{ReasoningPart{
        .text = std::move(text), .signature = std::move(signature), .redacted = redacted, .provider = provider}};
  };
  const Json content = body_of(
      {.model = kClaude,
       .messages = {user("q"), with(Role::kAssistant, {reasoning("t", "s", Provider::kAmazonBedrock),
                                                       reasoning("", "AAE=", Provider::kAmazonBedrock, true),
                                                       reasoning("x", "s", Provider::kAnthropic),
                                                       reasoning("unsigned", "", Provider::kAmazonBedrock),
                                                       {OpaquePart{Provider::kAmazonBedrock, R"({"guardContent":{}})"}},
                                                       {OpaquePart{Provider::kGoogle, R"({"x":1})"}},
                                                       text_part("a")})}})["messages"][1]["content"];
  EXPECT_EQ(
      content,
      Json::parse(
          R"([{"reasoningContent":{"reasoningText":{"text":"t","signature":"s"}}},{"reasoningContent":{"redactedContent":"AAE="}},)"
          R"({"guardContent":{}},{"text":"a"}])"));
  const Json gone = body_of(
      {.model = kClaude,
       .messages = {user("q"), with(Role::kAssistant, {reasoning("x", "s", Provider::kAnthropic)}), user("r")}});
  EXPECT_EQ(gone["messages"].size(), 1u);
}

TEST(BedrockEncode, AsksForReasoningAsEachFamilyWantsIt) {
  const auto fields = [](std::string model, ReasoningOptions options, std::optional<int64_t> max = {}) {
    return body_of({.model = std::move(model), .messages = {user("q")}, .max_output_tokens = max, .reasoning = options})
        .value("additionalModelRequestFields", Json());
  };
  EXPECT_EQ(fields(kClaude, {.budget_tokens = 4000}),
            Json::parse(R"({"thinking":{"type":"enabled","budget_tokens":4000}})"));
  EXPECT_EQ(fields(kClaude, {.effort = "high"}),
            Json::parse(R"({"thinking":{"type":"enabled","budget_tokens":16384}})"));
  EXPECT_EQ(fields(kClaude, {.effort = "high"}, 8000),
            Json::parse(R"({"thinking":{"type":"enabled","budget_tokens":4000}})"));
  EXPECT_EQ(fields("global.anthropic.claude-opus-4-6-v1", {.effort = "high"}),
            Json::parse(R"({"thinking":{"type":"adaptive"},"output_config":{"effort":"high"}})"));
  EXPECT_EQ(fields(kClaude, {.effort = "none"}), Json::parse(R"({"thinking":{"type":"disabled"}})"));
  EXPECT_EQ(fields("us.amazon.nova-2-lite-v1:0", {.effort = "low"}),
            Json::parse(R"({"reasoningConfig":{"type":"enabled","maxReasoningEffort":"low"}})"));
  EXPECT_EQ(fields("openai.gpt-oss-120b-1:0", {.effort = "low"}), Json::parse(R"({"reasoning_effort":"low"})"));
  EXPECT_EQ(fields("amazon.nova-lite-v1:0", {.effort = "low"}), Json());
}

TEST(BedrockEncode, AsksForStructuredOutput) {
  ChatRequest request{.model = kClaude, .messages = {user("q")}};
  request.response_format = {
      .type = ResponseFormat::Type::kJsonSchema,
      .schema =
          R"({"type":"object","properties":{"enum":{"type":"object"},"additionalProperties":{"type":"string"}},"enum":[{"type":"object"}]})",
      .description = "d"};
  const Json format = body_of(request)["outputConfig"]["textFormat"];
  EXPECT_EQ(format["type"], "json_schema");
  EXPECT_EQ(format["structure"]["jsonSchema"]["name"], "response");
  EXPECT_EQ(format["structure"]["jsonSchema"]["description"], "d");
  EXPECT_EQ(
      Json::parse(format["structure"]["jsonSchema"]["schema"].get<std::string>()),
      Json::parse(
          R"({"type":"object","properties":{"enum":{"type":"object","additionalProperties":false},"additionalProperties":{"type":"string"}},)"
          R"("enum":[{"type":"object"}],"additionalProperties":false})"));
  request.response_format.strict = false;
  EXPECT_EQ(body_of(request)["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"],
            request.response_format.schema);
  request.response_format.schema = "[]";
  EXPECT_TRUE(error_of(request).starts_with("response_format.schema"));
  request.response_format = {.type = ResponseFormat::Type::kJson};
  EXPECT_EQ(body_of(request)["system"].size(), 1u);
}

TEST(BedrockEncode, LaysExtraBodyOverEverything) {
  const Json body = body_of(
      {.model = "m",
       .messages = {user("q")},
       .temperature = 0.1,
       .max_output_tokens = 5,
       .stop_sequences = {"x"},
       .extra_body =
           R"({"guardrailConfig":{"guardrailIdentifier":"g"},"inferenceConfig":{"temperature":null,"topK":3}})"});
  EXPECT_EQ(body["guardrailConfig"]["guardrailIdentifier"], "g");
  EXPECT_EQ(body["inferenceConfig"], Json::parse(R"({"maxTokens":5,"stopSequences":["x"],"topK":3})"));
  EXPECT_TRUE(error_of({.model = "m", .messages = {user("q")}, .extra_body = "[1]"}).starts_with("extra_body"));
  EXPECT_NE(
      bedrock_codec().encode({.model = "m", .temperature = 0.1}, kEndpoint, false)->body.find("\"temperature\":0.1}"),
      std::string::npos);
}

TEST(BedrockEncode, SurvivesHostileText) {
  const std::string bad("\xff\xfe\0\"\\\n", 6);
  const Json body =
      body_of({.model = bad,
               .messages = {user(bad), with(Role::kAssistant, {call(bad, bad, "{}")}), tool_result(bad, bad, bad)},
               .tools = {{.name = bad, .description = bad}}});
  EXPECT_EQ(body["messages"].size(), 3u);
}

TEST(BedrockModelFamily, FindsTheFoundationModelBehindAnId) {
  EXPECT_EQ(bedrock_model_family("anthropic.claude-v2"), "anthropic.claude-v2");
  EXPECT_EQ(bedrock_model_family("us-gov.anthropic.claude-x"), "anthropic.claude-x");
  for (const std::string prefix : {"us", "eu", "apac", "jp", "au", "ca", "sa", "global"})
    EXPECT_EQ(bedrock_model_family(prefix + ".amazon.nova"), "amazon.nova");
  EXPECT_EQ(bedrock_model_family("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"),
            "amazon.nova-lite-v1:0");
  EXPECT_EQ(bedrock_model_family("arn:aws-us-gov:bedrock:us-gov-west-1:1:inference-profile/us-gov.amazon.nova"),
            "amazon.nova");
  EXPECT_EQ(bedrock_model_family("arn:aws:bedrock:us-east-1:1:application-inference-profile/abc"), "");
  for (const char* none : {"", "us.", "gpt-4o", "arn:", "arn:x/", "us.claude"})
    EXPECT_EQ(bedrock_model_family(none), "") << none;
}

}  // namespace
}  // namespace tracia::llm
