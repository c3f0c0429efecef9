// The Gemini API, rule by rule. No recordings needed.
#include <gtest/gtest.h>

#include "chunked.h"
#include "google/google.h"

namespace tracia::llm::testing {
namespace {

using Json = nlohmann::json;

const Endpoint kEndpoint{Provider::kGoogle, "https://generativelanguage.googleapis.com"};

wire::HttpRequest encode(const ChatRequest& request, bool stream = false, const Endpoint& endpoint = kEndpoint) {
  auto out = google_codec().encode(request, endpoint, stream);
  EXPECT_TRUE(out) << (out ? "" : out.error().message);
  return out ? std::move(*out) : wire::HttpRequest{};
}
Json body_of(const ChatRequest& request) { return Json::parse(encode(request).body); }
std::string refusal_of(const ChatRequest& request) {
  const auto out = google_codec().encode(request, kEndpoint, false);
  if (out) return "encoded";
  EXPECT_EQ(out.error().code, ErrorCode::kInvalidRequest);
  return out.error().message;
}

std::string sse(std::initializer_list<std::string> data) {
  std::string out;
  for (const std::string& text : data) out += "data: " + text + "\r\n\r\n";
  return out;
}
StreamReading read(std::string_view body) {
  return read_whole(google_codec(), {200, {{"content-type", "text/event-stream"}}}, body);
}
ChatResult result_of(const std::string& body) {
  auto out = google_codec().decode({200, {}, body});
  EXPECT_TRUE(out) << (out ? "" : out.error().message);
  return out ? std::move(*out) : ChatResult{};
}
Error error_of(const std::string& body, int status = 200, wire::Headers headers = {}) {
  const auto out = google_codec().decode({status, std::move(headers), body});
  EXPECT_FALSE(out);
  return out ? Error{} : out.error();
}
std::string chunk(const std::string& parts, const std::string& rest = "") {
  return R"({"candidates":[{"content":{"role":"model","parts":[)" + parts + "]}" + rest + "}]}";
}

// ---- Requests

TEST(GoogleEncode, AddressesTheModel) {
  const auto url = [](const char* model, bool stream) {
    return encode({.model = model, .messages = {user("Hi")}}, stream).url;
  };
  const std::string base = kEndpoint.base_url + "/v1beta/";
  EXPECT_EQ(url("gemini-2.5-flash", false), base + "models/gemini-2.5-flash:generateContent");
  EXPECT_EQ(url("models/gemini-2.5-flash", true), base + "models/gemini-2.5-flash:streamGenerateContent?alt=sse");
  EXPECT_EQ(url("tunedModels/mine-1", false), base + "tunedModels/mine-1:generateContent");
  EXPECT_EQ(url("../x?y", false), base + "models/..%2Fx%3Fy:generateContent");
}

TEST(GoogleEncode, WritesTurnsAndSystemInstruction) {
  EXPECT_EQ(
      body_of({.model = "m", .messages = {system("A"), developer("B"), user("Hi"), assistant("Yes"), user("")}}),
      Json::parse(
          R"({"systemInstruction":{"parts":[{"text":"A"},{"text":"B"}]},"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"text":"Yes"}]}]})"));
}

TEST(GoogleEncode, PutsParallelResultsInOneContentAndFindsNamesById) {
  Message calls{.role = Role::kAssistant};
  calls.parts.push_back({ToolCallPart{.id = "1", .name = "f", .arguments = R"({"n":1})", .signature = "sig"}});
  calls.parts.push_back({ToolCallPart{.id = "2", .name = "g", .arguments = ""}});
  const Json contents = body_of({.model = "gemini-2.5-pro",
                                 .messages = {user("Q"), calls, tool_result("1", "", "sunny"),
                                              tool_result("2", "", R"({"t":1})"), user("Go on")}})["contents"];
  ASSERT_EQ(contents.size(), 4u);
  EXPECT_EQ(
      contents[1]["parts"],
      Json::parse(
          R"([{"functionCall":{"id":"1","name":"f","args":{"n":1}},"thoughtSignature":"sig"},{"functionCall":{"id":"2","name":"g","args":{}}}])"));
  EXPECT_EQ(
      contents[2],
      Json::parse(
          R"({"role":"user","parts":[{"functionResponse":{"id":"1","name":"f","response":{"result":"sunny"}}},{"functionResponse":{"id":"2","name":"g","response":{"t":1}}}]})"));
}

TEST(GoogleEncode, WrapsResultsThatAreNotObjects) {
  const auto response = [](const std::string& text, bool is_error = false) {
    Message result = tool_result("", "f", text);
    result.parts[0].as<ToolResultPart>()->is_error = is_error;
    return body_of({.model = "m", .messages = {result}})["contents"][0]["parts"][0]["functionResponse"]["response"]
        .dump();
  };
  EXPECT_EQ(response("[1,2]"), R"({"result":[1,2]})");
  EXPECT_EQ(response(" 30000 "), R"({"result":30000})");
  EXPECT_EQ(response("plain"), R"({"result":"plain"})");
  EXPECT_EQ(response(""), R"({"result":""})");
  EXPECT_EQ(response("broken", true), R"({"error":"broken"})");
}

TEST(GoogleEncode, NamesWhatIsWrong) {
  EXPECT_NE(refusal_of({.model = "m", .messages = {tool_result("x", "", "1")}})
                .find("messages[0].parts[0]: Google needs the tool's name"),
            std::string::npos);
  EXPECT_EQ(refusal_of({.model = "m", .tools = {{.name = "f", .parameters = "3"}}}),
            "tools[0].parameters must be a JSON object");
  EXPECT_EQ(refusal_of({.model = "m", .tools = {{.name = "f"}, {.name = "g", .parameters = "{"}}}).substr(0, 37),
            "tools[1].parameters is not valid JSON");
  EXPECT_EQ(refusal_of({.model = "m", .messages = {{.role = Role::kTool, .parts = {text_part("1")}}}}),
            "Tool messages must have tool_call_id");
}

TEST(GoogleEncode, MarksCallsOfOtherModelsForGemini3) {
  Message calls{.role = Role::kAssistant};
  calls.parts = {{ToolCallPart{.id = "1", .name = "f", .arguments = "{}"}},
                 {ToolCallPart{.id = "2", .name = "f", .arguments = "{}"}}};
  Json parts = body_of({.model = "gemini-3-pro-preview", .messages = {user("Q"), calls}})["contents"][1]["parts"];
  EXPECT_EQ(parts[0]["thoughtSignature"], "skip_thought_signature_validator");
  EXPECT_FALSE(parts[1].contains("thoughtSignature"));
  calls.parts[0].as<ToolCallPart>()->signature = "real";
  parts = body_of({.model = "gemini-3-pro-preview", .messages = {user("Q"), calls}})["contents"][1]["parts"];
  EXPECT_EQ(parts[0]["thoughtSignature"], "real");
  EXPECT_FALSE(parts[1].contains("thoughtSignature"));
}

TEST(GoogleEncode, SendsMediaInEveryForm) {
  Message message{.role = Role::kUser};
  message.parts = {image_bytes("\xFF\xD8\xFFxx"),
                   image_url("https://x/y.png"),
                   image_url("data:image/gif;base64,R0lG"),
                   {AudioPart{.source = {MediaSource::Kind::kBase64, "AAAA"}, .mime_type = "audio/mpeg"}},
                   {DocumentPart{.source = {MediaSource::Kind::kFileId, "files/abc"}, .mime_type = "application/pdf"}}};
  EXPECT_EQ(
      body_of({.model = "m", .messages = {message}})["contents"][0]["parts"],
      Json::parse(
          R"([{"inlineData":{"mimeType":"image/jpeg","data":"/9j/eHg="}},{"fileData":{"fileUri":"https://x/y.png"}},{"inlineData":{"mimeType":"image/gif","data":"R0lG"}},
              {"inlineData":{"mimeType":"audio/mpeg","data":"AAAA"}},{"fileData":{"fileUri":"https://generativelanguage.googleapis.com/v1beta/files/abc","mimeType":"application/pdf"}}])"));
}

TEST(GoogleEncode, PutsResultMediaInsideForGemini3AndBesideForOlder) {
  Message result = tool_result("", "f", "ok");
  result.parts[0].as<ToolResultPart>()->content.push_back(image_base64("R0lG", "image/gif"));
  const Json media = Json::parse(R"({"inlineData":{"mimeType":"image/gif","data":"R0lG"}})");
  EXPECT_EQ(body_of({.model = "gemini-3-flash",
                     .messages = {result}})["contents"][0]["parts"][0]["functionResponse"]["parts"][0],
            media);
  EXPECT_EQ(body_of({.model = "gemini-2.5-flash", .messages = {result}})["contents"][0]["parts"][1], media);
}

TEST(GoogleEncode, WritesToolsChoiceAndConfig) {
  ChatRequest request{.model = "gemini-2.5-flash", .messages = {user("Q")}};
  request.tools = {{.name = "f", .description = "d", .parameters = R"({"type":"object"})"},
                   {.kind = Tool::Kind::kVendor, .vendor_json = R"({"googleSearch":{}})"},
                   {.name = "g"}};
  request.tool_choice = {ToolChoice::Mode::kTool, "f"};
  request.temperature = 0.2;
  request.top_p = 0.9;
  request.max_output_tokens = 5;
  request.stop_sequences = {"x"};
  request.response_format = {.type = ResponseFormat::Type::kJsonSchema,
                             .schema = R"({"type":"object","properties":{}})"};
  request.reasoning = ReasoningOptions{.effort = "low", .include_text = true};
  request.extra_body = R"({"safetySettings":[],"generationConfig":{"seed":1}})";
  EXPECT_EQ(body_of(request), Json::parse(R"({"contents":[{"role":"user","parts":[{"text":"Q"}]}],
      "tools":[{"functionDeclarations":[{"name":"f","description":"d","parametersJsonSchema":{"type":"object"}},{"name":"g"}]},{"googleSearch":{}}],
      "toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}},
      "generationConfig":{"temperature":0.2,"topP":0.9,"maxOutputTokens":5,"stopSequences":["x"],"responseMimeType":"application/json","responseJsonSchema":{"type":"object","properties":{}},
        "thinkingConfig":{"thinkingBudget":1024,"includeThoughts":true},"seed":1},"safetySettings":[]})"));
}

TEST(GoogleEncode, ChoosesLevelOrBudgetForThinking) {
  const auto thinking = [](const char* model, ReasoningOptions options) {
    return body_of({.model = model, .messages = {user("Q")}, .reasoning = options})
        .value("/generationConfig/thinkingConfig"_json_pointer, Json())
        .dump();
  };
  EXPECT_EQ(thinking("gemini-3-pro", {.effort = "high"}), R"({"thinkingLevel":"high"})");
  EXPECT_EQ(thinking("gemini-3-pro", {.effort = "high", .budget_tokens = 9}), R"({"thinkingBudget":9})");
  EXPECT_EQ(thinking("gemini-2.5-flash", {.effort = "none"}), R"({"thinkingBudget":0})");
  EXPECT_EQ(thinking("gemini-2.5-flash", {.effort = "whatever"}), R"({"thinkingBudget":-1})");
  EXPECT_EQ(thinking("gemini-2.5-flash", {}), "null");
}

// ---- Plain answers

TEST(GoogleDecode, ReadsEveryPartKind) {
  const ChatResult r = result_of(
      R"({"candidates":[{"content":{"role":"model","parts":[{"text":"Think","thought":true},{"text":"Hel"},{"text":"lo","thoughtSignature":"s1"},{"executableCode":{"language":"PYTHON","code":"1"},"thoughtSignature":"s2"},
      {"functionCall":{"id":"c1","name":"f","args":{"a":1}},"thoughtSignature":"s3"},{"functionCall":{"name":"g"}},{"inlineData":{"mimeType":"image/png","data":"AAAA"},"thoughtSignature":"s4"},{"newKind":{"x":1}},{},7]},
      "finishReason":"STOP","index":0,"groundingMetadata":{"webSearchQueries":["q"]}}],
      "usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":3,"thoughtsTokenCount":4,"toolUsePromptTokenCount":2,"cachedContentTokenCount":5,"totalTokenCount":19,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":6}]},
      "modelVersion":"gemini-x","responseId":"r1"})");
  EXPECT_EQ(r.id, "r1");
  EXPECT_EQ(r.model, "gemini-x");
  EXPECT_EQ(r.text(), "Hello");
  EXPECT_EQ(r.reasoning_text(), "Think");
  EXPECT_EQ(r.finish_reason, FinishReason::kToolCalls);
  EXPECT_EQ(r.provider_finish_reason, "STOP");
  ASSERT_EQ(r.message.parts.size(), 7u);
  EXPECT_EQ(r.message.parts[1].as<TextPart>()->signature, "s1");
  EXPECT_EQ(r.message.parts[1].as<TextPart>()->annotations, R"([{"groundingMetadata":{"webSearchQueries":["q"]}}])");
  EXPECT_NE(r.message.parts[2].as<OpaquePart>()->json.find("s2"), std::string::npos);
  EXPECT_EQ(r.tool_calls()[0].signature, "s3");
  EXPECT_EQ(r.tool_calls()[1].arguments, "{}");
  EXPECT_EQ(r.message.parts[5].as<ImagePart>()->signature, "s4");
  EXPECT_EQ(r.usage.input_tokens, 12);
  EXPECT_EQ(r.usage.output_tokens, 7);
  EXPECT_EQ(r.usage.total_tokens, 19);
  EXPECT_EQ(r.usage.cached_input_tokens, 5);
  EXPECT_EQ(r.usage.reasoning_tokens, 4);
  EXPECT_EQ(r.usage.input_audio_tokens, 6);
  EXPECT_EQ(r.raw_usage.output_tokens, 3);
  // The turn goes back with every signature where it was.
  const Json back = body_of({.model = "gemini-3-pro", .messages = {user("Q"), r.message}})["contents"][1]["parts"];
  ASSERT_EQ(back.size(), 7u);
  EXPECT_EQ(back[0], Json::parse(R"({"text":"Think","thought":true})"));
  EXPECT_EQ(back[1], Json::parse(R"({"text":"Hello","thoughtSignature":"s1"})"));
  EXPECT_EQ(back[5]["thoughtSignature"], "s4");
  EXPECT_EQ(back[6], Json::parse(R"({"newKind":{"x":1}})"));
}

TEST(GoogleDecode, MapsFinishReasonsAndKeepsTheWord) {
  const auto reason = [](const std::string& word) {
    return result_of(chunk(R"({"text":"x"})", R"(,"finishReason":")" + word + "\"")).finish_reason;
  };
  EXPECT_EQ(reason("STOP"), FinishReason::kStop);
  EXPECT_EQ(reason("MAX_TOKENS"), FinishReason::kLength);
  EXPECT_EQ(reason("RECITATION"), FinishReason::kContentFilter);
  EXPECT_EQ(reason("MALFORMED_FUNCTION_CALL"), FinishReason::kError);
  EXPECT_EQ(reason("FAKE_ENUM"), FinishReason::kUnknown);
}

TEST(GoogleDecode, TakesABlockedPromptAsAnEmptyAnswer) {
  const ChatResult r = result_of(
      R"({"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4}})");
  EXPECT_EQ(r.text(), "");
  EXPECT_EQ(r.block_reason, "SAFETY");
  EXPECT_EQ(r.finish_reason, FinishReason::kContentFilter);
  EXPECT_EQ(r.provider_finish_reason, "");
  EXPECT_EQ(r.usage.output_tokens, 0);
  EXPECT_EQ(error_of(R"({"promptFeedback":{}})").kind, ErrorKind::kMalformedResponse);
  EXPECT_EQ(error_of("{}").kind, ErrorKind::kMalformedResponse);
}

TEST(GoogleDecode, TakesAnAnswerWithoutCandidatesAsEmptyAndKeepsItsUsage) {
  const ChatResult r = result_of(
      R"({"candidates":[],"promptFeedback":{"blockReasonMessage":"Message"},
          "usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":22,"totalTokenCount":29}})");
  EXPECT_EQ(r.text(), "");
  EXPECT_EQ(r.finish_reason, FinishReason::kUnknown);
  EXPECT_EQ(r.provider_finish_reason, "");
  EXPECT_EQ(r.usage.input_tokens, 7);
  EXPECT_EQ(r.usage.output_tokens, 22);
  EXPECT_EQ(result_of(R"({"candidates":[],"modelVersion":"m"})").model, "m");
  EXPECT_EQ(result_of(R"({"usageMetadata":{"promptTokenCount":7,"totalTokenCount":7}})").usage.input_tokens, 7);
}

TEST(GoogleDecode, AnswersWithTheFirstCandidate) {
  EXPECT_EQ(
      result_of(
          R"({"candidates":[{"index":1,"content":{"parts":[{"text":"B"}]}},{"content":{"parts":[{"text":"A"}]}}]})")
          .text(),
      "A");
}

TEST(GoogleDecode, ReadsErrorsInEveryEnvelope) {
  const std::string error =
      R"({"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"37.5s"}]}})";
  for (const std::string& body : {error, "[" + error + "]"}) {
    const Error e = error_of(body, 429);
    EXPECT_EQ(e.kind, ErrorKind::kRateLimit);
    EXPECT_EQ(e.provider.type, "RESOURCE_EXHAUSTED");
    EXPECT_EQ(e.provider.code, "429");
    EXPECT_EQ(e.retry_after, Millis(37500));
  }
  EXPECT_EQ(error_of(error, 429, {{"retry-after", "2"}}).retry_after, Millis(2000));
  EXPECT_EQ(error_of(error).status, 429);  // inside a 200
  EXPECT_EQ(
      error_of(
          R"({"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}})",
          400)
          .kind,
      ErrorKind::kAuthentication);
  for (const char* delay : {"1e300s", "-1s", "s", "xs", "nans", "7"}) {
    EXPECT_FALSE(error_of(R"({"error":{"details":[{"@type":"google.rpc.RetryInfo","retryDelay":")" +
                              std::string(delay) + "\"}]}}",
                          500)
                     .retry_after)
        << delay;
  }
  EXPECT_EQ(error_of("upstream timed out", 504).message, "upstream timed out");
}

// ---- Streams

const std::string kThought = chunk(R"({"text":"Think","thought":true})");
const std::string kHel =
    R"({"candidates":[{"content":{"parts":[{"text":"Hel\"]"}]},"index":0}],"usageMetadata":{"promptTokenCount":5,"totalTokenCount":5},"responseId":"r1"})";
const std::string kLo = chunk(R"({"text":"lo"})");
const std::string kSigned = chunk(R"({"text":"","thoughtSignature":"s1"})");
const std::string kCall = chunk(R"({"functionCall":{"name":"f","args":{"a":1}}})");
const std::string kEnd =
    R"({"candidates":[{"content":{"parts":[{"text":""}]},"finishReason":"STOP","finishMessage":"done"}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":2,"totalTokenCount":7},"modelVersion":"gemini-x"})";

TEST(GoogleStream, EndsInTheSameResultAsThePlainAnswerInBothForms) {
  const std::string events = sse({kThought, kHel, kLo, kSigned, kEnd, kCall});
  const std::string array =
      "[" + kThought + "\n,\r\n" + kHel + "," + kLo + "," + kSigned + "," + kEnd + "," + kCall + "\n]\n";
  const ChatResult plain = result_of(
      R"({"candidates":[{"content":{"role":"model","parts":[{"text":"Think","thought":true},{"text":"Hel\"]lo","thoughtSignature":"s1"},{"functionCall":{"name":"f","args":{"a":1}}}]},"finishReason":"STOP","finishMessage":"done","index":0}],
      "usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":2,"totalTokenCount":7},"modelVersion":"gemini-x","responseId":"r1"})");
  for (const std::string& body : {events, array}) {
    const StreamReading streamed = read(body);
    EXPECT_EQ(streamed.error, "");
    EXPECT_TRUE(streamed.done);
    EXPECT_EQ(streamed.count, 6u);
    EXPECT_EQ(streamed.result, describe(plain));
    EXPECT_TRUE(streamed.events.ends_with("finish tool_calls STOP\n")) << streamed.events;
    EXPECT_EQ(chunking_difference(google_codec(), {200, {}}, body, 7), "");
  }
}

TEST(GoogleStream, KeepsSignedTextApartFromWhatFollows) {
  const StreamReading r = read(sse({chunk(R"({"text":"A","thoughtSignature":"s1"})"), kLo,
                                    chunk(R"({"functionCall":{"name":"f","args":{}}})"), kSigned, kEnd}));
  EXPECT_EQ(r.result["parts"].size(), 4u);
  EXPECT_EQ(r.result["parts"][1], Json::parse(R"({"text":"lo","signature":"","annotations":"","refusal":false})"));
  EXPECT_EQ(r.result["parts"][3]["signature"], "s1");
}

TEST(GoogleStream, IsTruncatedWithoutAFinishReason) {
  EXPECT_EQ(read(sse({kHel, kLo})).error.substr(0, 16), "stream_truncated");
  EXPECT_EQ(read("").error.substr(0, 16), "stream_truncated");
  EXPECT_EQ(read("[" + kHel + "," + kEnd).error.substr(0, 16), "stream_truncated");
  EXPECT_EQ(read("[]").error.substr(0, 16), "stream_truncated");
  EXPECT_EQ(read(sse({kHel}) + "data: " + kEnd).error, "");  // whole but for the blank line
  EXPECT_EQ(read(sse({kHel}) + "data: " + kEnd.substr(0, 50)).error.substr(0, 16), "stream_truncated");
  EXPECT_EQ(read(sse({R"({"promptFeedback":{"blockReason":"OTHER"}})"})).error, "");
}

TEST(GoogleStream, KeepsThePartialAnswerAtAnErrorInMidStream) {
  const std::string error = R"({"error":{"code":503,"message":"Overloaded","status":"UNAVAILABLE"}})";
  for (const std::string& body : {sse({kHel, error, kEnd}), "[" + kHel + "," + error + "]"}) {
    const StreamReading r = read(body);
    EXPECT_EQ(r.error, "overloaded: Overloaded");
    EXPECT_FALSE(r.done);
    EXPECT_EQ(r.result["parts"][0]["text"], "Hel\"]");
    EXPECT_EQ(chunking_difference(google_codec(), {200, {}}, body, 7), "");
  }
  EXPECT_EQ(read(error).error, "overloaded: Overloaded");
}

TEST(GoogleStream, ReadsAPlainAnswerSentInstead) {
  const StreamReading r = read(kEnd);
  EXPECT_EQ(r.error, "");
  EXPECT_TRUE(r.done);
  EXPECT_EQ(read("data: nonsense\n\n").error.substr(0, 18), "malformed_response");
  EXPECT_EQ(read("[1]").error.substr(0, 18), "malformed_response");
}

TEST(GoogleStream, BoundsTheNumberOfParts) {
  std::string body;
  for (int i = 0; i < 70; ++i) {
    std::string parts = "{\"x\":1}";
    for (int k = 1; k < 1000; ++k) parts += ",{\"x\":1}";
    body += sse({chunk(parts)});
  }
  EXPECT_EQ(read(body).error.substr(0, 9), "too_large");
}

// ---- Embeddings

TEST(GoogleEmbedding, AlwaysSendsABatch) {
  const auto request = google_embedding_codec().encode({.model = "gemini-embedding-001",
                                                        .inputs = {"a", "b"},
                                                        .dimensions = 8,
                                                        .input_type = "RETRIEVAL_QUERY",
                                                        .extra_body = R"({"title":"t"})"},
                                                       kEndpoint);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->url, kEndpoint.base_url + "/v1beta/models/gemini-embedding-001:batchEmbedContents");
  const std::string one =
      R"({"model":"models/gemini-embedding-001","content":{"parts":[{"text":"%"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":8,"title":"t"})";
  std::string a = one, b = one;
  a.replace(a.find('%'), 1, "a");
  b.replace(b.find('%'), 1, "b");
  EXPECT_EQ(Json::parse(request->body), Json::parse("{\"requests\":[" + a + "," + b + "]}"));
  EXPECT_EQ(google_embedding_codec().max_inputs("x"), 100u);
}

TEST(GoogleEmbedding, ReadsBothShapesAndCounts) {
  const auto decode = [](const std::string& body, size_t expected) {
    return google_embedding_codec().decode({200, {}, body}, expected);
  };
  const auto many = decode(
      R"({"embeddings":[{"values":[1,2.5]},{"values":[3,4]}],"usageMetadata":{"promptTokenCount":7,"totalTokenCount":7}})",
      2);
  ASSERT_TRUE(many);
  EXPECT_EQ(many->vectors, (std::vector<std::vector<float>>{{1, 2.5}, {3, 4}}));
  EXPECT_EQ(many->usage.input_tokens, 7);
  const auto one = decode(R"({"embedding":{"values":[1]}})", 1);
  ASSERT_TRUE(one);
  EXPECT_TRUE(one->usage.empty());
  for (const char* body :
       {"{}", R"({"embeddings":[{"values":[1]}]})", R"({"embeddings":[{"values":[1]},{"values":["x"]}]})",
        R"({"embeddings":[{"values":[1]},{"values":[1e300]}]})", R"({"embeddings":[{"values":[1]},{}]})", "[]", "x"}) {
    const auto bad = decode(body, 2);
    ASSERT_FALSE(bad) << body;
    EXPECT_EQ(bad.error().kind, ErrorKind::kMalformedResponse) << body;
  }
}

// ---- Hostile input

TEST(GoogleHostile, SurvivesAnyValueOfAnotherType) {
  const Json plain = Json::parse(
      R"({"candidates":[{"content":{"role":"model","parts":[{"text":"a","thought":true,"thoughtSignature":"s"},{"functionCall":{"id":"1","name":"f","args":{"a":1}}},{"inlineData":{"mimeType":"image/png","data":"AA"}},{"executableCode":{}}]},
      "finishReason":"STOP","index":0,"citationMetadata":{"a":1}}],"promptFeedback":{"blockReason":"X"},"usageMetadata":{"promptTokenCount":1,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":1}]},"modelVersion":"m","responseId":"r"})");
  replace_each_value(plain, [](const Json& changed) {
    const std::string text = changed.dump();
    (void)google_codec().decode({200, {}, text});
    (void)google_codec().decode({429, {}, text});
    (void)read(text);
    (void)read(sse({text, text}));
    (void)google_embedding_codec().decode({200, {}, text}, 1);
  });
  replace_each_value(
      Json::parse(
          R"([{"error":{"code":429,"message":"m","status":"S","details":[{"@type":"x/google.rpc.RetryInfo","retryDelay":"3s"},{"@type":"google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}])"),
      [](const Json& changed) {
        (void)google_codec().decode({429, {}, changed.dump()});
        (void)google_codec().decode({200, {}, changed.dump()});
      });
  replace_each_value(
      Json::parse(
          R"({"embeddings":[{"values":[1,2],"statistics":{"tokenCount":1}}],"usageMetadata":{"promptTokenCount":1}})"),
      [](const Json& changed) { (void)google_embedding_codec().decode({200, {}, changed.dump()}, 1); });
}

TEST(GoogleHostile, SurvivesAStreamCutAtEveryByte) {
  for (const std::string& body : {sse({kThought, kHel, kEnd}), "[" + kThought + "," + kHel + "," + kEnd + "]"}) {
    for (size_t size = 0; size < body.size(); ++size) {
      const StreamReading r = read(std::string_view(body).substr(0, size));
      if (r.result["word"] == "") EXPECT_NE(r.error, "") << size;
    }
  }
}

}  // namespace
}  // namespace tracia::llm::testing
