// Anthropic's protocol, rule by rule. No recordings needed.
#include <gtest/gtest.h>

#include "anthropic/anthropic.h"
#include "chunked.h"

namespace tracia::llm::testing {
namespace {

using Json = nlohmann::json;

const Endpoint kEndpoint{Provider::kAnthropic, "https://api.anthropic.com"};

wire::HttpRequest encode(const ChatRequest& request, bool stream = false) {
  auto out = anthropic_codec().encode(request, kEndpoint, stream);
  EXPECT_TRUE(out) << (out ? "" : out.error().message);
  return out ? std::move(*out) : wire::HttpRequest{};
}
Json body_of(const ChatRequest& request, bool stream = false) { return Json::parse(encode(request, stream).body); }
std::string refusal_of(const ChatRequest& request) {
  const auto out = anthropic_codec().encode(request, kEndpoint, false);
  if (out) return "encoded";
  EXPECT_EQ(out.error().code, ErrorCode::kInvalidRequest);
  return out.error().message;
}

std::string sse(std::initializer_list<const char*> data) {
  std::string out;
  for (const std::string text : data) {
    out += "event: " + Json::parse(text).value("type", "x") + "\ndata: " + text + "\n\n";
  }
  return out;
}
StreamReading read(std::string_view body) {
  return read_whole(anthropic_codec(), {200, {{"content-type", "text/event-stream"}}}, body);
}
ChatResult result_of(const std::string& body, int status = 200) {
  auto out = anthropic_codec().decode({status, {{"request-id", "req_1"}}, body});
  EXPECT_TRUE(out) << (out ? "" : out.error().message);
  return out ? std::move(*out) : ChatResult{};
}
Error error_of(const std::string& body, int status = 200) {
  const auto out = anthropic_codec().decode({status, {}, body});
  EXPECT_FALSE(out);
  return out ? Error{} : out.error();
}

// ---- Requests

TEST(AnthropicEncode, AddressesTheMessagesEndpointWithTheVersionHeader) {
  const auto request = encode({.model = "claude-sonnet-4-5", .messages = {user("Hi")}}, true);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://api.anthropic.com/v1/messages");
  EXPECT_EQ(request.headers.get_or("anthropic-version", ""), "2023-06-01");
  EXPECT_EQ(request.headers.get_or("accept", ""), "text/event-stream");
  EXPECT_FALSE(request.headers.get("anthropic-beta"));
  EXPECT_FALSE(request.headers.get("x-api-key"));
  EXPECT_EQ(
      Json::parse(request.body),
      Json::parse(
          R"({"model":"claude-sonnet-4-5","max_tokens":64000,"messages":[{"role":"user","content":"Hi"}],"stream":true})"));
}

TEST(AnthropicEncode, LiftsSystemMessagesOutWhereverTheyStand) {
  const Json body = body_of({.model = "m", .messages = {system("A"), user("Hi"), developer("B"), user("there")}});
  EXPECT_EQ(body["system"], Json::parse(R"([{"type":"text","text":"A"},{"type":"text","text":"B"}])"));
  EXPECT_EQ(body["messages"],
            Json::parse(R"([{"role":"user","content":[{"type":"text","text":"Hi"},{"type":"text","text":"there"}]}])"));
  EXPECT_EQ(body_of({.model = "m", .messages = {system("A"), user("Hi")}})["system"], "A");
}

TEST(AnthropicEncode, MergesOneSidesMessagesAndPutsToolResultsFirst) {
  Message calls = assistant("Let me look.");
  calls.parts.push_back({ToolCallPart{.id = "a", .name = "f", .arguments = ""}});
  calls.parts.push_back({ToolCallPart{.id = "b|x", .name = "g", .arguments = R"({"n":1})"}});
  const Json messages = body_of({.model = "m",
                                 .messages = {user("Q"), calls, user("By the way"), tool_result("a", "f", "1"),
                                              tool_result("b|x", "g", "2")}})["messages"];
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[1]["content"][1], Json::parse(R"({"type":"tool_use","id":"a","name":"f","input":{}})"));
  EXPECT_EQ(messages[1]["content"][2]["id"], "b_x");
  EXPECT_EQ(
      messages[2],
      Json::parse(
          R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"1"},{"type":"tool_result","tool_use_id":"b_x","content":"2"},{"type":"text","text":"By the way"}]})"));
}

TEST(AnthropicEncode, NumbersCallsThatHaveNoId) {
  Message calls{.role = Role::kAssistant};
  calls.parts.push_back({ToolCallPart{.name = "f", .arguments = "{}"}});
  calls.parts.push_back({ToolCallPart{.name = "g", .arguments = "{}"}});
  const Json messages = body_of(
      {.model = "m", .messages = {user("Q"), calls, tool_result("", "g", "2"), tool_result("", "f", "1")}})["messages"];
  EXPECT_EQ(messages[1]["content"][0]["id"], "call_1");
  EXPECT_EQ(messages[2]["content"][0]["tool_use_id"], "call_2");
  EXPECT_EQ(messages[2]["content"][1]["tool_use_id"], "call_1");
}

TEST(AnthropicEncode, NamesWhatIsWrong) {
  EXPECT_EQ(refusal_of({.model = "m", .messages = {tool_result("", "f", "1")}}),
            "Tool messages must have tool_call_id");
  EXPECT_EQ(refusal_of({.model = "m", .messages = {{.role = Role::kTool, .parts = {text_part("1")}}}}),
            "Tool messages must have tool_call_id");
  EXPECT_EQ(refusal_of({.model = "m", .tools = {{.name = "f"}, {.name = "g", .parameters = "{nope"}}}).substr(0, 37),
            "tools[1].parameters is not valid JSON");
  EXPECT_EQ(refusal_of({.model = "m", .tools = {{.name = "f", .parameters = "[]"}}}),
            "tools[0].parameters must be a JSON object");
  Message cut{.role = Role::kAssistant, .parts = {{ToolCallPart{.id = "a", .name = "f", .arguments = R"({"n":)"}}}};
  EXPECT_NE(refusal_of({.model = "m", .messages = {user("Q"), cut}}).find("messages[1].parts[0].arguments"),
            std::string::npos);
  EXPECT_EQ(refusal_of({.model = "m", .messages = {{.role = Role::kUser, .parts = {{AudioPart{}}}}}}),
            "messages[0].parts[0]: Anthropic takes no audio");
  EXPECT_EQ(refusal_of({.model = "m", .messages = {user("Q")}, .extra_body = "[1]"}),
            "extra_body must be a JSON object");
}

TEST(AnthropicEncode, SendsImagesAndDocumentsInEveryForm) {
  Message message{.role = Role::kUser};
  message.parts = {
      image_bytes("\x89PNG\r\n\x1a\n..."),
      image_url("https://x/y.png"),
      image_url("data:image/gif;base64,R0lG"),
      {ImagePart{.source = {MediaSource::Kind::kFileId, "file_1"}, .cache = CacheControl{"1h"}}},
      {DocumentPart{
          .source = {MediaSource::Kind::kBytes, "%PDF-1"}, .name = "a.pdf", .context = "c", .citations = true}},
      {DocumentPart{.source = {MediaSource::Kind::kBase64, "aGk="}, .mime_type = "text/markdown"}},
      {DocumentPart{.source = {MediaSource::Kind::kUrl, "https://x/y.pdf"}}}};
  const auto request = encode({.model = "m", .messages = {message}});
  EXPECT_EQ(request.headers.get_or("anthropic-beta", ""), "files-api-2025-04-14");
  const Json content = Json::parse(request.body)["messages"][0]["content"];
  EXPECT_EQ(content[0]["source"]["media_type"], "image/png");
  EXPECT_EQ(content[1]["source"], Json::parse(R"({"type":"url","url":"https://x/y.png"})"));
  EXPECT_EQ(content[2]["source"], Json::parse(R"({"type":"base64","media_type":"image/gif","data":"R0lG"})"));
  EXPECT_EQ(
      content[3],
      Json::parse(
          R"({"type":"image","source":{"type":"file","file_id":"file_1"},"cache_control":{"type":"ephemeral","ttl":"1h"}})"));
  EXPECT_EQ(
      content[4],
      Json::parse(
          R"({"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0x"},"title":"a.pdf","context":"c","citations":{"enabled":true}})"));
  EXPECT_EQ(content[5]["source"], Json::parse(R"({"type":"text","media_type":"text/plain","data":"hi"})"));
  EXPECT_EQ(content[6]["source"]["type"], "url");
  message.parts = {{DocumentPart{.source = {MediaSource::Kind::kBytes, "x"}, .mime_type = "application/zip"}}};
  EXPECT_EQ(refusal_of({.model = "m", .messages = {message}}),
            "messages[0].parts[0]: Anthropic takes PDF and text documents, not application/zip");
}

TEST(AnthropicEncode, SendsBackItsOwnThinkingAndBlocksAndDropsForeignOnes) {
  Message turn{.role = Role::kAssistant};
  turn.parts = {
      {ReasoningPart{.text = "t", .signature = "s", .provider = Provider::kAnthropic}},
      {ReasoningPart{.signature = "d", .redacted = true, .provider = Provider::kAnthropic}},
      {ReasoningPart{.text = "g", .signature = "x", .provider = Provider::kGoogle}},
      {ReasoningPart{.text = "unsigned", .provider = Provider::kAnthropic}},
      {OpaquePart{Provider::kAnthropic, R"({"type":"server_tool_use"})"}},
      {OpaquePart{Provider::kGoogle, R"({"executableCode":{}})"}},
      {TextPart{.text = "", .signature = "google"}},
      {TextPart{
          .text = "T",
          .annotations = R"([{"type":"char_location","cited_text":"c","file_id":null},{"type":"url_citation"}])"}}};
  const Json content = body_of({.model = "m", .messages = {user("Q"), turn, user("R")}})["messages"][1]["content"];
  EXPECT_EQ(
      content,
      Json::parse(
          R"([{"type":"thinking","thinking":"t","signature":"s"},{"type":"redacted_thinking","data":"d"},{"type":"server_tool_use"},
      {"type":"text","text":"T","citations":[{"type":"char_location","cited_text":"c"}]}])"));
}

TEST(AnthropicEncode, TrimsTheEndOfAPrefill) {
  EXPECT_EQ(body_of({.model = "m", .messages = {user("Q"), assistant("The answer is \n")}})["messages"][1]["content"],
            "The answer is");
  EXPECT_EQ(body_of({.model = "m", .messages = {user("Q"), assistant("  ")}})["messages"].size(), 1u);
}

TEST(AnthropicEncode, SaysToolChoiceInItsWords) {
  ChatRequest request{.model = "m",
                      .messages = {user("Q")},
                      .tools = {{.name = "f", .strict = true, .cache = CacheControl{}},
                                {.kind = Tool::Kind::kVendor,
                                 .vendor_json = R"({"type":"web_search_20250305","name":"web_search"})",
                                 .cache = CacheControl{"1h"}}}};
  Json body = body_of(request);
  EXPECT_FALSE(body.contains("tool_choice"));
  EXPECT_EQ(
      body["tools"],
      Json::parse(
          R"([{"name":"f","input_schema":{"type":"object","properties":{}},"strict":true,"cache_control":{"type":"ephemeral"}},
      {"type":"web_search_20250305","name":"web_search","cache_control":{"type":"ephemeral","ttl":"1h"}}])"));
  request.parallel_tool_calls = false;
  EXPECT_EQ(body_of(request)["tool_choice"], Json::parse(R"({"type":"auto","disable_parallel_tool_use":true})"));
  request.tool_choice = {ToolChoice::Mode::kTool, "f"};
  EXPECT_EQ(body_of(request)["tool_choice"],
            Json::parse(R"({"type":"tool","name":"f","disable_parallel_tool_use":true})"));
  request.tool_choice = {ToolChoice::Mode::kNone};
  EXPECT_EQ(body_of(request)["tool_choice"], Json::parse(R"({"type":"none"})"));
  request.parallel_tool_calls = true;
  request.tool_choice = {ToolChoice::Mode::kRequired};
  EXPECT_EQ(body_of(request)["tool_choice"], Json::parse(R"({"type":"any"})"));
}

TEST(AnthropicEncode, TurnsReasoningOptionsIntoWhatTheModelTakes) {
  const auto reasoning = [](const char* model, ReasoningOptions options, std::optional<int64_t> max = {}) {
    const Json body =
        body_of({.model = model, .messages = {user("Q")}, .max_output_tokens = max, .reasoning = options});
    return body.value("thinking", Json()).dump() + body.value("output_config", Json()).dump() +
           body["max_tokens"].dump();
  };
  EXPECT_EQ(reasoning("claude-opus-4-7", {.effort = "high", .include_text = true}),
            R"({"display":"summarized","type":"adaptive"}{"effort":"high"}128000)");
  EXPECT_EQ(reasoning("claude-opus-4-6", {.effort = "minimal"}), R"({"type":"adaptive"}{"effort":"low"}128000)");
  EXPECT_EQ(reasoning("claude-opus-4-5", {.effort = "low"}), R"(null{"effort":"low"}64000)");
  EXPECT_EQ(reasoning("claude-sonnet-4-5-20250929", {.effort = "low"}),
            R"({"budget_tokens":2048,"type":"enabled"}null64000)");
  EXPECT_EQ(reasoning("claude-sonnet-4-5", {.budget_tokens = 10}),
            R"({"budget_tokens":1024,"type":"enabled"}null64000)");
  EXPECT_EQ(reasoning("claude-sonnet-4-5", {.effort = "high"}, 4000),
            R"({"budget_tokens":2000,"type":"enabled"}null4000)");
  EXPECT_EQ(reasoning("claude-sonnet-4-5", {.budget_tokens = 70000}),
            R"({"budget_tokens":70000,"type":"enabled"}null134000)");
  EXPECT_EQ(reasoning("claude-sonnet-4-6", {.effort = "none"}), R"({"type":"disabled"}null64000)");
}

TEST(AnthropicEncode, ClosesOutputSchemasAndKeepsRefusedBoundsAsWords) {
  const Json body = body_of(
      {.model = "m",
       .messages = {user("Q")},
       .response_format = {
           .type = ResponseFormat::Type::kJsonSchema,
           .schema =
               R"({"type":"object","properties":{"age":{"type":"integer","minimum":0,"maximum":150,"description":"Years"},"who":{"oneOf":[{"$ref":"#/$defs/P"},{"type":"null"}]}},"$defs":{"P":{"type":"object","properties":{},"additionalProperties":true}}})"}});
  EXPECT_EQ(
      body["output_config"]["format"],
      Json::parse(
          R"({"type":"json_schema","schema":{"type":"object","properties":{"age":{"type":"integer","description":"Years\n\n{minimum: 0, maximum: 150}"},"who":{"anyOf":[{"$ref":"#/$defs/P"},{"type":"null"}]}},
      "$defs":{"P":{"type":"object","properties":{},"additionalProperties":false}},"additionalProperties":false}})"));
  EXPECT_EQ(refusal_of({.model = "m", .response_format = {.type = ResponseFormat::Type::kJsonSchema}}).substr(0, 22),
            "response_format.schema");
}

TEST(AnthropicEncode, AsksForJsonInWordsBecauseThereIsNoSuchMode) {
  const Json body = body_of(
      {.model = "m", .messages = {system("S"), user("Q")}, .response_format = {.type = ResponseFormat::Type::kJson}});
  ASSERT_EQ(body["system"].size(), 2u);
  EXPECT_NE(body["system"][1]["text"].get<std::string>().find("JSON"), std::string::npos);
}

TEST(AnthropicEncode, MergesExtraBodyAndMovesBetasToTheHeader) {
  const auto request =
      encode({.model = "m",
              .messages = {user("Q")},
              .temperature = 0.1,
              .stop_sequences = {"x"},
              .extra_body = R"({"top_k":5,"anthropic_beta":["a-1","b-2"],"metadata":{"user_id":"u"}})"});
  EXPECT_EQ(request.headers.get_or("anthropic-beta", ""), "a-1,b-2");
  EXPECT_NE(request.body.find(R"("temperature":0.1,"stop_sequences":["x"],"top_k":5,"metadata":{"user_id":"u"})"),
            std::string::npos)
      << request.body;
  EXPECT_EQ(encode({.model = "m", .extra_body = R"({"anthropic_beta":"c-3"})"}).headers.get_or("anthropic-beta", ""),
            "c-3");
  EXPECT_EQ(refusal_of({.model = "m", .extra_body = R"({"anthropic_beta":"c\r\nx: y"})"}),
            "extra_body.anthropic_beta is not a valid header value");
}

TEST(AnthropicEncode, KnowsHowMuchAModelMayWrite) {
  const auto most = [](std::string_view model) { return anthropic::default_max_tokens(model); };
  EXPECT_EQ(most("claude-3-haiku-20240307"), 4096);
  EXPECT_EQ(most("claude-3-opus-latest"), 4096);
  EXPECT_EQ(most("claude-2.1"), 4096);
  EXPECT_EQ(most("claude-3-5-sonnet-20241022"), 8192);
  EXPECT_EQ(most("claude-3-7-sonnet-latest"), 64000);
  EXPECT_EQ(most("claude-opus-4-20250514"), 32000);
  EXPECT_EQ(most("claude-opus-4-1-20250805"), 32000);
  EXPECT_EQ(most("claude-opus-4-5"), 64000);
  EXPECT_EQ(most("claude-sonnet-4@20250514"), 64000);
  EXPECT_EQ(most("claude-haiku-4-5-20251001"), 64000);
  EXPECT_EQ(most("claude-something-new"), 32000);
}

// ---- Plain answers

TEST(AnthropicDecode, ReadsEveryBlockKind) {
  const ChatResult r = result_of(R"({"id":"msg_1","type":"message","model":"claude-x","content":[
      {"type":"thinking","thinking":"hm","signature":"sig"},{"type":"redacted_thinking","data":"blob"},
      {"type":"text","text":"Hello","citations":[{"type":"page_location","cited_text":"c"}]},
      {"type":"server_tool_use","id":"srv","name":"web_search","input":{"q":1}},{"type":"from_the_future","x":[1]},
      {"type":"tool_use","id":"t1","name":"f","input":{"a":1}},{"type":"tool_use","id":"t2","name":"g","input":{}}],
      "stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":10,"cache_creation_input_tokens":5,"cache_read_input_tokens":100,
      "cache_creation":{"ephemeral_5m_input_tokens":2,"ephemeral_1h_input_tokens":3},"output_tokens":7,"output_tokens_details":{"thinking_tokens":4}}})");
  EXPECT_EQ(r.id, "msg_1");
  EXPECT_EQ(r.request_id, "req_1");
  EXPECT_EQ(r.text(), "Hello");
  EXPECT_EQ(r.reasoning_text(), "hm");
  EXPECT_EQ(r.finish_reason, FinishReason::kToolCalls);
  EXPECT_EQ(r.provider_finish_reason, "tool_use");
  ASSERT_EQ(r.message.parts.size(), 7u);
  EXPECT_TRUE(r.message.parts[1].as<ReasoningPart>()->redacted);
  EXPECT_EQ(r.message.parts[1].as<ReasoningPart>()->signature, "blob");
  EXPECT_EQ(r.message.parts[2].as<TextPart>()->annotations, R"([{"type":"page_location","cited_text":"c"}])");
  EXPECT_EQ(r.message.parts[4].as<OpaquePart>()->json, R"({"type":"from_the_future","x":[1]})");
  ASSERT_EQ(r.tool_calls().size(), 2u);
  EXPECT_EQ(r.tool_calls()[0].arguments, R"({"a":1})");
  EXPECT_EQ(r.tool_calls()[1].arguments, "{}");
  EXPECT_EQ(r.usage.input_tokens, 115);
  EXPECT_EQ(r.usage.output_tokens, 7);
  EXPECT_EQ(r.usage.total_tokens, 122);
  EXPECT_EQ(r.usage.cached_input_tokens, 100);
  EXPECT_EQ(r.usage.cache_write_tokens, 5);
  EXPECT_EQ(r.usage.cache_write_1h_tokens, 3);
  EXPECT_EQ(r.usage.reasoning_tokens, 4);
  EXPECT_EQ(r.raw_usage.input_tokens, 10);
  EXPECT_FALSE(r.raw_usage.total_tokens);
  // The whole turn can be sent back as it came.
  const Json back = body_of({.model = "claude-x",
                             .messages = {user("Q"), r.message, tool_result("t1", "f", "x"),
                                          tool_result("t2", "g", "y")}})["messages"][1]["content"];
  EXPECT_EQ(back.size(), 7u);
  EXPECT_EQ(back[3]["input"], Json::parse(R"({"q":1})"));
}

TEST(AnthropicDecode, MapsStopReasonsAndKeepsTheWord) {
  const auto reason = [](const std::string& word) {
    return result_of(R"({"content":[],"stop_reason":")" + word + "\"}").finish_reason;
  };
  EXPECT_EQ(reason("end_turn"), FinishReason::kStop);
  EXPECT_EQ(reason("stop_sequence"), FinishReason::kStop);
  EXPECT_EQ(reason("pause_turn"), FinishReason::kStop);
  EXPECT_EQ(reason("max_tokens"), FinishReason::kLength);
  EXPECT_EQ(reason("model_context_window_exceeded"), FinishReason::kLength);
  EXPECT_EQ(reason("refusal"), FinishReason::kContentFilter);
  EXPECT_EQ(reason("something_new"), FinishReason::kUnknown);
  EXPECT_EQ(result_of(R"({"content":[],"stop_reason":"refusal","stop_details":{"explanation":"no"}})").refusal, "no");
}

TEST(AnthropicDecode, ReadsErrorsInEveryEnvelope) {
  const Error limit = error_of(
      R"({"type":"error","error":{"type":"rate_limit_error","message":"Slow down"},"request_id":"req_9"})", 429);
  EXPECT_EQ(limit.kind, ErrorKind::kRateLimit);
  EXPECT_EQ(limit.message, "Slow down");
  EXPECT_EQ(limit.provider.type, "rate_limit_error");
  EXPECT_EQ(limit.provider.request_id, "req_9");
  EXPECT_EQ(error_of(R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})").kind,
            ErrorKind::kOverloaded);
  EXPECT_EQ(error_of(R"({"error":"bad gateway"})", 502).message, "bad gateway");
  EXPECT_EQ(error_of("upstream connect error", 503).message, "upstream connect error");
  EXPECT_EQ(error_of("<html>no</html>", 502).message, "HTTP 502");
  EXPECT_EQ(error_of("not json").kind, ErrorKind::kMalformedResponse);
  EXPECT_EQ(error_of("{}").kind, ErrorKind::kMalformedResponse);
  EXPECT_EQ(error_of("[]").kind, ErrorKind::kMalformedResponse);
}

// ---- Streams

const char* const kStart =
    R"({"type":"message_start","message":{"id":"msg_1","type":"message","model":"claude-x","content":[],"stop_reason":null,"usage":{"input_tokens":10,"cache_read_input_tokens":3,"output_tokens":1}}})";
const char* const kDone =
    R"({"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":9,"input_tokens":null}})";
const char* const kStop = R"({"type":"message_stop"})";

std::string full_stream() {
  return sse(
      {kStart,
       R"({"type":"ping"})",
       R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}})",
       R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}})",
       R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"sig"}})",
       R"({"type":"content_block_stop","index":0})",
       R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}})",
       R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hé"}})",
       R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"llo"}})",
       R"({"type":"content_block_delta","index":1,"delta":{"type":"citations_delta","citation":{"type":"char_location","n":1}}})",
       R"({"type":"content_block_delta","index":1,"delta":{"type":"citations_delta","citation":{"type":"char_location","n":2}}})",
       R"({"type":"content_block_stop","index":1})",
       R"({"type":"content_block_start","index":2,"content_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}})",
       R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"q\":"}})",
       R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"null}"}})",
       R"({"type":"content_block_stop","index":2})",
       R"({"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"t1","name":"f","input":{}}})",
       R"({"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":""}})",
       R"({"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{\"a\": 1}"}})",
       R"({"type":"content_block_stop","index":3})",
       R"({"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"t2","name":"g","input":{}}})",
       R"({"type":"content_block_stop","index":4})",
       R"({"type":"an_event_to_come","x":1})",
       kDone,
       kStop});
}

TEST(AnthropicStream, EndsInTheSameResultAsThePlainAnswer) {
  const StreamReading streamed = read(full_stream());
  EXPECT_EQ(streamed.error, "");
  EXPECT_TRUE(streamed.done);
  const ChatResult plain = result_of(
      R"({"id":"msg_1","type":"message","model":"claude-x","content":[{"type":"thinking","thinking":"hm","signature":"sig"},
      {"type":"text","text":"Héllo","citations":[{"type":"char_location","n":1},{"type":"char_location","n":2}]},{"type":"server_tool_use","id":"s","name":"web_search","input":{"q":null}},
      {"type":"tool_use","id":"t1","name":"f","input":{"a":1}},{"type":"tool_use","id":"t2","name":"g","input":{}}],"stop_reason":"tool_use","stop_sequence":null,
      "usage":{"input_tokens":10,"cache_read_input_tokens":3,"output_tokens":9}})");
  EXPECT_EQ(streamed.result, describe(plain));
  EXPECT_EQ(chunking_difference(anthropic_codec(), {200, {}}, full_stream(), 7), "");
}

TEST(AnthropicStream, ReadsAPlainAnswerSentInstead) {
  const StreamReading r = read(R"( {"content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn"})");
  EXPECT_EQ(r.error, "");
  EXPECT_EQ(r.events, "text \"Hi\"\nfinish stop end_turn\n");
  EXPECT_TRUE(r.done);
  EXPECT_EQ(read(R"({"content":[{"type":"te)").error.substr(0, 16), "stream_truncated");
  EXPECT_EQ(read(R"({"type":"error","error":{"type":"overloaded_error","message":"m"}})").error, "overloaded: m");
}

TEST(AnthropicStream, TakesASecondMessageStartForTheSameMessage) {
  EXPECT_EQ(read(sse({kStart, kStart, kDone, kStop})).result, read(sse({kStart, kDone, kStop})).result);
}

TEST(AnthropicStream, TakesToolInputThatCameWholeAtTheStart) {
  const StreamReading r = read(sse(
      {kStart,
       R"({"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{"a":1}}})",
       R"({"type":"content_block_stop","index":0})", kDone, kStop}));
  EXPECT_EQ(r.result["parts"][0]["arguments"], Json::parse(R"({"a":1})"));
}

TEST(AnthropicStream, KeepsThePartialAnswerAtAnErrorInMidStream) {
  const StreamReading r =
      read(sse({kStart, R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
                R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Half"}})",
                R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})", kStop}));
  EXPECT_EQ(r.error, "overloaded: Overloaded");
  EXPECT_FALSE(r.done);
  EXPECT_EQ(r.result["parts"][0]["text"], "Half");
}

TEST(AnthropicStream, CallsACutStreamTruncatedAtEveryByte) {
  const std::string whole = full_stream();
  const size_t end = whole.find(kStop) + std::string(kStop).size();  // from here on nothing is missing but line ends
  for (size_t size = 0; size < end; ++size) {
    const StreamReading r = read(std::string_view(whole).substr(0, size));
    ASSERT_EQ(r.error.substr(0, 16), "stream_truncated") << size;
  }
  EXPECT_EQ(read(std::string_view(whole).substr(0, end)).error, "");
}

TEST(AnthropicStream, IgnoresBytesAfterTheEnd) {
  const StreamReading r = read(full_stream() + "data: {\"type\":\"error\",\"error\":{}}\n\n");
  EXPECT_EQ(r.error, "");
  EXPECT_EQ(r.result, read(full_stream()).result);
}

TEST(AnthropicStream, SaysWhatIsWrongWithAnEventThatIsNotJson) {
  EXPECT_EQ(read("data: hello\n\n").error.substr(0, 18), "malformed_response");
  EXPECT_EQ(read("data: [DONE]\n\n").error.substr(0, 16), "stream_truncated");
}

TEST(AnthropicStream, BoundsTheNumberOfParts) {
  std::string body = sse({kStart});
  for (int i = 0; i < 70'000; ++i)
    body += "data: {\"type\":\"content_block_start\",\"index\":" + std::to_string(i) +
            ",\"content_block\":{\"type\":\"tool_use\"}}\n\n";
  EXPECT_EQ(read(body).error.substr(0, 9), "too_large");
}

// ---- Hostile input

TEST(AnthropicHostile, SurvivesAnyValueOfAnotherType) {
  const Json plain = Json::parse(
      R"({"id":"m","type":"message","model":"x","content":[{"type":"text","text":"a","citations":[{"type":"char_location"}]},{"type":"tool_use","id":"t","name":"f","input":{"a":1}},{"type":"other","input":{}}],
      "stop_reason":"end_turn","usage":{"input_tokens":1,"cache_creation":{"ephemeral_1h_input_tokens":1},"output_tokens":2}})");
  replace_each_value(plain, [](const Json& changed) {
    (void)anthropic_codec().decode({200, {}, changed.dump()});
    (void)anthropic_codec().decode({500, {}, changed.dump()});
    (void)read(changed.dump());
  });
  std::vector<std::string> events;
  const std::string whole = full_stream();
  for (size_t at = whole.find("data: "); at != std::string::npos; at = whole.find("data: ", at + 1)) {
    events.push_back(whole.substr(at + 6, whole.find('\n', at) - at - 6));
  }
  for (size_t i = 0; i < events.size(); ++i) {
    replace_each_value(Json::parse(events[i]), [&](const Json& changed) {
      std::string body;
      for (size_t k = 0; k < events.size(); ++k) body += "data: " + (k == i ? changed.dump() : events[k]) + "\n\n";
      (void)read(body);
    });
  }
}

TEST(AnthropicHostile, SurvivesAnAnswerCutAtEveryByte) {
  const std::string plain =
      R"({"content":[{"type":"text","text":"a\u00e9"}],"stop_reason":"end_turn","usage":{"input_tokens":1}})";
  for (size_t size = 0; size < plain.size(); ++size)
    EXPECT_FALSE(anthropic_codec().decode({200, {}, plain.substr(0, size)}));
}

}  // namespace
}  // namespace tracia::llm::testing
