// Reading Amazon Bedrock's answers, whole and streamed.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "stream_log.h"
#include "tracia/base/limits.h"
#include "tracia/llm/codec.h"
#include "tracia/wire/event_stream.h"

namespace tracia::llm::testing {
namespace {

using Json = nlohmann::json;
using wire::EventStreamHeader;
using wire::EventStreamType;

std::string frame(std::initializer_list<EventStreamHeader> headers, std::string_view payload) {
  std::string out;
  EXPECT_TRUE(wire::append_event_stream_message(out, {headers.begin(), headers.size()}, payload));
  return out;
}

std::string event(std::string_view type, std::string_view payload) {
  return frame({{":event-type", EventStreamType::kString, type},
                {":content-type", EventStreamType::kString, "application/json"},
                {":message-type", EventStreamType::kString, "event"}},
               payload);
}

std::string exception(std::string_view type, std::string_view payload) {
  return frame(
      {{":exception-type", EventStreamType::kString, type}, {":message-type", EventStreamType::kString, "exception"}},
      payload);
}

const wire::Headers kStreamHead{{"content-type", "application/vnd.amazon.eventstream"}, {"x-amzn-requestid", "r-1"}};

struct Reading {
  std::unique_ptr<StreamDecoder> decoder;
  Status status;
  std::vector<std::string> events;
  const ChatResult& result() const { return decoder->result(); }
};

Reading read(std::string_view bytes, size_t piece = std::string::npos, const wire::Headers& headers = kStreamHead) {
  Reading out{.decoder = bedrock_codec().stream_decoder({200, headers})};
  StreamLog log;
  while (!bytes.empty() && out.status) {
    const std::string copy(bytes.substr(0, piece));
    bytes.remove_prefix(copy.size());
    out.status = out.decoder->feed(copy, log.sink());
  }
  if (out.status) out.status = out.decoder->finish(log.sink());
  out.events = log.lines();
  return out;
}

Result<ChatResult> decode(std::string body, int status = 200, wire::Headers headers = {}) {
  return bedrock_codec().decode({status, std::move(headers), std::move(body)});
}

std::string answer(const std::string& content, const std::string& stop = "end_turn") {
  return R"({"output":{"message":{"role":"assistant","content":)" + content + R"(}},"stopReason":")" + stop +
         R"(","usage":{"inputTokens":10,"outputTokens":5,"totalTokens":15},"metrics":{"latencyMs":1}})";
}

// One answer with everything in it, in both forms.
const std::string kEverything = answer(
    R"([{"reasoningContent":{"reasoningText":{"text":"think","signature":"sig=="}}},)"
    R"({"reasoningContent":{"redactedContent":"AAEC"}},{"text":"Hello é"},)"
    R"({"citationsContent":{"content":[{"text":"cited"}],"citations":[{"title":"t","location":{"web":{"url":"u"}}}]}},)"
    R"({"toolUse":{"toolUseId":"t1","name":"look","input":{"a":1}}},{"toolUse":{"toolUseId":"t2","name":"none","input":{}}}])",
    "tool_use");

std::string everything_streamed() {
  return event("messageStart", R"({"role":"assistant","p":"abc"})") +
         event("contentBlockDelta", R"({"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"thi"}},"p":"a"})") +
         event("contentBlockDelta", R"({"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"nk"}}})") +
         event("contentBlockDelta", R"({"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"sig=="}}})") +
         event("contentBlockStop", R"({"contentBlockIndex":0})") +
         event("contentBlockDelta",
               R"({"contentBlockIndex":1,"delta":{"reasoningContent":{"redactedContent":"AA=="}}})") +
         event("contentBlockDelta",
               R"({"contentBlockIndex":1,"delta":{"reasoningContent":{"redactedContent":"AQI="}}})") +
         event("contentBlockStop", R"({"contentBlockIndex":1})") +
         event("contentBlockDelta", R"({"contentBlockIndex":2,"delta":{"text":"Hello "}})") +
         event("contentBlockDelta", R"({"contentBlockIndex":2,"delta":{"text":"é"}})") +
         event("contentBlockStop", R"({"contentBlockIndex":2})") +
         event("contentBlockDelta", R"({"contentBlockIndex":3,"delta":{"text":"cited"}})") +
         event("contentBlockDelta",
               R"({"contentBlockIndex":3,"delta":{"citation":{"title":"t","location":{"web":{"url":"u"}}}}})") +
         event("contentBlockStop", R"({"contentBlockIndex":3})") +
         event("contentBlockStart", R"({"contentBlockIndex":4,"start":{"toolUse":{"toolUseId":"t1","name":"look"}}})") +
         event("contentBlockDelta", R"({"contentBlockIndex":4,"delta":{"toolUse":{"input":"{\"a\""}}})") +
         event("contentBlockDelta", R"({"contentBlockIndex":4,"delta":{"toolUse":{"input":":1}"}}})") +
         event("contentBlockStop", R"({"contentBlockIndex":4})") +
         event("contentBlockStart", R"({"contentBlockIndex":5,"start":{"toolUse":{"toolUseId":"t2","name":"none"}}})") +
         event("contentBlockStop", R"({"contentBlockIndex":5})") +
         event("messageStop", R"({"stopReason":"tool_use"})") +
         event("metadata",
               R"({"usage":{"inputTokens":10,"outputTokens":5,"totalTokens":15},"metrics":{"latencyMs":1}})");
}

TEST(BedrockStream, EndsInTheSameResultAsTheWholeAnswer) {
  const auto whole = decode(kEverything, 200, kStreamHead);
  ASSERT_TRUE(whole);
  const Reading streamed = read(everything_streamed());
  ASSERT_TRUE(streamed.status);
  EXPECT_TRUE(streamed.decoder->done());
  EXPECT_EQ(result_text(streamed.result()), result_text(*whole));
  EXPECT_EQ(whole->text(), "Hello écited");
  EXPECT_EQ(whole->reasoning_text(), "think");
  EXPECT_EQ(whole->finish_reason, FinishReason::kToolCalls);
  EXPECT_EQ(whole->request_id, "r-1");
  EXPECT_EQ(streamed.events.front(), "reasoning think");
  EXPECT_EQ(streamed.events.back(), "usage 10 5");
}

TEST(BedrockStream, DoesNotDependOnThePieces) {
  const std::string bytes = everything_streamed();
  const Reading whole = read(bytes);
  for (const size_t piece : {1u, 2u, 5u, 16u, 100u, 1000u}) {
    const Reading pieces = read(bytes, piece);
    EXPECT_EQ(result_text(pieces.result()), result_text(whole.result())) << piece;
    EXPECT_EQ(pieces.events, whole.events) << piece;
    EXPECT_EQ(pieces.decoder->events(), whole.decoder->events());
    EXPECT_EQ(pieces.decoder->event_types(), whole.decoder->event_types());
  }
}

TEST(BedrockStream, CutAtAnyByteKeepsWhatCameAndSaysTruncated) {
  const std::string bytes = everything_streamed();
  const std::string metadata =
      event("metadata", R"({"usage":{"inputTokens":10,"outputTokens":5,"totalTokens":15},"metrics":{"latencyMs":1}})");
  for (size_t size = 0; size < bytes.size(); ++size) {
    const Reading cut = read(bytes.substr(0, size));
    if (size == bytes.size() - metadata.size()) {
      EXPECT_TRUE(cut.status) << "stopped, and only the usage is missing";
      continue;
    }
    ASSERT_FALSE(cut.status) << size;
    EXPECT_EQ(cut.status.error().kind, ErrorKind::kStreamTruncated);
    EXPECT_FALSE(cut.decoder->done());
  }
}

TEST(BedrockStream, KeepsThePartialAnswerAtAnException) {
  const std::string begin = event("contentBlockDelta", R"({"contentBlockIndex":0,"delta":{"text":"so far"}})");
  struct Case {
    const char* type;
    const char* payload;
    const char* message;
    ErrorKind kind;
  };
  for (const Case& c : {Case{"throttlingException", R"({"message":"slow down"})", "slow down", ErrorKind::kRateLimit},
                        Case{"internalServerException", R"({"Message":"oops"})", "oops", ErrorKind::kServer},
                        Case{"serviceUnavailableException", R"({"message":"later"})", "later", ErrorKind::kOverloaded},
                        Case{"validationException", R"({"message":"bad"})", "bad", ErrorKind::kInvalidRequest},
                        Case{"modelStreamErrorException", R"({"originalStatusCode":424,"originalMessage":"broke"})",
                             "broke", ErrorKind::kServer},
                        Case{"someNewException", "not json", "not json", ErrorKind::kOther},
                        Case{"someNewException", "", "HTTP 200", ErrorKind::kOther}}) {
    const Reading reading =
        read(begin + exception(c.type, c.payload) + event("messageStop", R"({"stopReason":"end_turn"})"));
    ASSERT_FALSE(reading.status) << c.type;
    EXPECT_EQ(reading.status.error().message, c.message);
    EXPECT_EQ(reading.status.error().provider.type, c.type);
    EXPECT_EQ(reading.status.error().kind, c.kind) << c.type;
    EXPECT_EQ(reading.status.error().status, 200);
    EXPECT_EQ(reading.status.error().provider.request_id, "r-1");
    EXPECT_EQ(reading.result().text(), "so far");
    EXPECT_EQ(reading.decoder->events(), 2u);
  }
}

TEST(BedrockStream, ReadsAnErrorMessageOfTheTransportBelow) {
  const Reading reading =
      read(frame({{":message-type", EventStreamType::kString, "error"},
                  {":error-code", EventStreamType::kString, "InternalServerError"},
                  {":error-message", EventStreamType::kString, "An internal server error occurred"}},
                 ""));
  ASSERT_FALSE(reading.status);
  EXPECT_EQ(reading.status.error().provider.type, "InternalServerError");
  EXPECT_EQ(reading.status.error().message, "An internal server error occurred");
}

TEST(BedrockStream, PassesOverWhatItDoesNotKnow) {
  const Reading reading =
      read(event("pingEvent", "{}") + event("contentBlockStart", R"({"contentBlockIndex":0,"start":{"video":{}}})") +
           event("contentBlockDelta", R"({"contentBlockIndex":0,"delta":{"video":{"x":1}}})") +
           event("contentBlockDelta", R"({"delta":{"text":"a"}})") + event("contentBlockDelta", R"([1,2])") +
           event("messageStop", R"({"stopReason":"a_new_reason"})") + event("metadata", R"({"usage":null})"));
  ASSERT_TRUE(reading.status);
  EXPECT_EQ(reading.result().text(), "a");
  EXPECT_EQ(reading.result().finish_reason, FinishReason::kUnknown);
  EXPECT_EQ(reading.result().provider_finish_reason, "a_new_reason");
  EXPECT_EQ(reading.decoder->event_types().front(), "pingEvent");
}

TEST(BedrockStream, IgnoresBytesAfterTheEnd) {
  const Reading reading =
      read(everything_streamed() + exception("throttlingException", "{}") + "garbage that is no frame");
  EXPECT_TRUE(reading.status);
  EXPECT_TRUE(reading.decoder->done());
}

TEST(BedrockStream, KeepsServerToolsAsTheVendorsJson) {
  const Reading reading = read(
      event(
          "contentBlockStart",
          R"({"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"s1","name":"nova_grounding","type":"server_tool_use"}}})") +
      event("contentBlockDelta", R"({"contentBlockIndex":0,"delta":{"toolUse":{"input":"{\"q\":1}"}}})") +
      event("contentBlockStop", R"({"contentBlockIndex":0})") +
      event("contentBlockStart",
            R"({"contentBlockIndex":1,"start":{"toolResult":{"toolUseId":"s1","type":"t","status":"success"}}})") +
      event("contentBlockDelta", R"({"contentBlockIndex":1,"delta":{"toolResult":[{"text":"found"}]}})") +
      event("contentBlockStop", R"({"contentBlockIndex":1})") + event("messageStop", R"({"stopReason":"end_turn"})") +
      event("metadata", R"({"usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}})"));
  ASSERT_TRUE(reading.status);
  EXPECT_TRUE(reading.result().tool_calls().empty());
  EXPECT_EQ(reading.result().finish_reason, FinishReason::kStop);
  ASSERT_EQ(reading.result().message.parts.size(), 2u);
  EXPECT_EQ(Json::parse(reading.result().message.parts[0].as<OpaquePart>()->json),
            Json::parse(
                R"({"toolUse":{"toolUseId":"s1","name":"nova_grounding","type":"server_tool_use","input":{"q":1}}})"));
  EXPECT_EQ(
      Json::parse(reading.result().message.parts[1].as<OpaquePart>()->json),
      Json::parse(R"({"toolResult":{"toolUseId":"s1","type":"t","status":"success","content":[{"text":"found"}]}})"));
}

TEST(BedrockStream, ReadsAPlainAnswerWhereAProxySentOne) {
  const wire::Headers head{{"Content-Type", "application/json; charset=utf-8"}};
  const Reading reading = read(kEverything, 7, head);
  ASSERT_TRUE(reading.status);
  EXPECT_EQ(reading.result().text(), "Hello écited");
  EXPECT_TRUE(reading.decoder->done());
  EXPECT_EQ(read(kEverything.substr(0, 40), 7, head).status.error().kind, ErrorKind::kStreamTruncated);
  EXPECT_EQ(read(R"({"message":"no"})", 7, head).status.error().message, "no");
}

TEST(BedrockStream, RefusesWhatIsNoEventStream) {
  const Reading reading = read("<html>Bad gateway</html>");
  ASSERT_FALSE(reading.status);
  EXPECT_EQ(reading.status.error().kind, ErrorKind::kMalformedResponse);
  EXPECT_EQ(reading.status.error().provider.provider, "amazon_bedrock");
  EXPECT_EQ(read(event("messageStop", "{not json")).status.error().kind, ErrorKind::kMalformedResponse);
}

TEST(BedrockStream, StopsAtItsBounds) {
  std::string big =
      event("contentBlockDelta", R"({"contentBlockIndex":0,"delta":{"text":")" + std::string(1 << 20, 'x') + R"("}})");
  auto decoder = bedrock_codec().stream_decoder({200, kStreamHead});
  const EventSink ignore = [](const StreamEvent&) {};
  Status status;
  for (int i = 0; i < 20 && status; ++i) status = decoder->feed(big, ignore);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kTooLarge);
  EXPECT_LE(decoder->result().text().size(), limits::kStreamBufferBytesMax);

  decoder = bedrock_codec().stream_decoder({200, kStreamHead});
  status = {};
  for (int i = 0; i < 70'000 && status; ++i) {
    status = decoder->feed(
        event("contentBlockStart", R"({"contentBlockIndex":)" + std::to_string(i) + R"(,"start":{"toolUse":{}}})"),
        ignore);
  }
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kTooLarge);
}

TEST(BedrockAnswer, NormalisesEveryStopReason) {
  const std::vector<std::pair<const char*, FinishReason>> reasons = {
      {"end_turn", FinishReason::kStop},
      {"stop_sequence", FinishReason::kStop},
      {"tool_use", FinishReason::kToolCalls},
      {"max_tokens", FinishReason::kLength},
      {"model_context_window_exceeded", FinishReason::kLength},
      {"guardrail_intervened", FinishReason::kContentFilter},
      {"content_filtered", FinishReason::kContentFilter},
      {"malformed_model_output", FinishReason::kError},
      {"malformed_tool_use", FinishReason::kError},
      {"something_else", FinishReason::kUnknown}};
  for (const auto& [word, want] : reasons) {
    const auto result = decode(answer(R"([{"text":"x"}])", word));
    ASSERT_TRUE(result);
    EXPECT_EQ(result->finish_reason, want) << word;
    EXPECT_EQ(result->provider_finish_reason, word);
  }
  EXPECT_EQ(decode(answer(R"([{"toolUse":{"toolUseId":"a","name":"b","input":{}}}])"))->finish_reason,
            FinishReason::kToolCalls);
}

TEST(BedrockAnswer, CountsCachedTokensAsInput) {
  const auto result = decode(
      R"({"output":{"message":{"content":[]}},"stopReason":"end_turn","usage":{"inputTokens":10,"outputTokens":4,"totalTokens":1064,)"
      R"("cacheReadInputTokens":1000,"cacheWriteInputTokens":50,"cacheDetails":[{"ttl":"1h","inputTokens":30},{"ttl":"5m","inputTokens":20}]}})");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->usage.input_tokens, 1060);
  EXPECT_EQ(result->usage.cached_input_tokens, 1000);
  EXPECT_EQ(result->usage.cache_write_tokens, 50);
  EXPECT_EQ(result->usage.cache_write_1h_tokens, 30);
  EXPECT_EQ(result->usage.total_tokens, 1064);
  EXPECT_EQ(result->raw_usage.input_tokens, 10);
  EXPECT_EQ(result->raw_usage.cached_tokens, 1000);
  EXPECT_NE(result->raw_usage.json.find("cacheDetails"), std::string::npos);
}

TEST(BedrockAnswer, KeepsUnknownBlocksForTheWayBack) {
  const auto result =
      decode(answer(R"([{"guardContent":{"text":{"text":"g"}}},{},7,{"reasoningContent":{}},{"text":"t"}])"));
  ASSERT_TRUE(result);
  ASSERT_EQ(result->message.parts.size(), 2u);
  EXPECT_EQ(result->message.parts[0].as<OpaquePart>()->json, R"({"guardContent":{"text":{"text":"g"}}})");
  EXPECT_EQ(result->text(), "t");
}

TEST(BedrockAnswer, IsMalformedWithoutAMessage) {
  for (const char* body :
       {"{}", "[]", "null", R"({"output":{}})", R"({"output":{"message":{"content":"x"}}})", "", "<html>"}) {
    const auto result = decode(body);
    ASSERT_FALSE(result) << body;
    EXPECT_EQ(result.error().kind, ErrorKind::kMalformedResponse) << body;
  }
  const auto unknown =
      decode(R"({"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"})");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().provider.type, "UnknownOperationException");
}

TEST(BedrockErrors, AreReadFromEveryPlaceTheVendorUses) {
  struct Case {
    int status;
    wire::Headers headers;
    const char* body;
    const char* type;
    const char* message;
    ErrorKind kind;
  };
  const std::vector<Case> cases = {
      {400,
       {{"x-amzn-errortype", "ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/"}},
       R"({"message":"m"})",
       "ValidationException",
       "m",
       ErrorKind::kInvalidRequest},
      {403,
       {{"X-Amzn-ErrorType", "UnrecognizedClientException"}},
       R"({"Message":"m"})",
       "UnrecognizedClientException",
       "m",
       ErrorKind::kPermission},
      {429,
       {},
       R"({"__type":"com.amazon#ThrottlingException","message":"m"})",
       "ThrottlingException",
       "m",
       ErrorKind::kRateLimit},
      {400,
       {},
       R"({"message":"Input is too long for requested model."})",
       "",
       "Input is too long for requested model.",
       ErrorKind::kContextLength},
      {503, {}, "upstream connect error", "", "upstream connect error", ErrorKind::kOverloaded},
      {502, {}, "<html>bad gateway</html>", "", "HTTP 502", ErrorKind::kServer},
      {404, {}, R"({"error":{"message":"m","type":"t"}})", "t", "m", ErrorKind::kNotFound},
  };
  for (const Case& c : cases) {
    const auto result = decode(c.body, c.status, c.headers);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().provider.type, c.type) << c.body;
    EXPECT_EQ(result.error().message, c.message) << c.body;
    EXPECT_EQ(result.error().kind, c.kind) << c.body;
    EXPECT_EQ(result.error().status, c.status);
  }
}

// Each value of an answer in turn becomes null, a number, a string, an array and an object: nothing may crash.
void each_value_replaced(Json& node, const std::function<void()>& use) {
  for (const Json& other :
       {Json(), Json(-1.5e300), Json("x"), Json::array({1, "a", nullptr}), Json{{"k", Json::array()}}}) {
    const Json kept = node;
    node = other;
    use();
    node = kept;
  }
  if (node.is_structured()) {
    for (auto& child : node) each_value_replaced(child, use);
  }
}

TEST(BedrockHostile, AnyValueOfAnyOtherTypeIsSurvived) {
  Json body = Json::parse(kEverything);
  body["usage"]["cacheDetails"] = Json::parse(R"([{"ttl":"1h","inputTokens":3}])");
  body["output"]["message"]["content"].push_back(
      Json::parse(R"({"image":{"format":"png","source":{"bytes":"AAAA"}}})"));
  body["output"]["message"]["content"].push_back(Json::parse(R"({"toolUse":{"type":"server_tool_use","input":{}}})"));
  each_value_replaced(body, [&] { (void)decode(body.dump()); });

  for (
      const char* text :
      {R"({"type":"contentBlockStart","payload":{"contentBlockIndex":1,"start":{"toolUse":{"toolUseId":"a","name":"b","type":"server_tool_use"}}}})",
       R"({"type":"contentBlockStart","payload":{"contentBlockIndex":1,"start":{"toolResult":{"toolUseId":"a"}}}})",
       R"({"type":"contentBlockDelta","payload":{"contentBlockIndex":1,"delta":{"toolUse":{"input":"{}"}}}})",
       R"({"type":"contentBlockDelta","payload":{"contentBlockIndex":1,"delta":{"toolResult":[{"text":"a"}]}}})",
       R"({"type":"contentBlockDelta","payload":{"contentBlockIndex":1,"delta":{"citation":{"title":"t"}}}})",
       R"({"type":"contentBlockDelta","payload":{"contentBlockIndex":1,"delta":{"reasoningContent":{"text":"a","signature":"b","redactedContent":"AA=="}}}})",
       R"({"type":"messageStop","payload":{"stopReason":"x","additionalModelResponseFields":{"stop_sequence":"s"}}})",
       R"({"type":"metadata","payload":{"usage":{"inputTokens":1},"trace":{"promptRouter":{"invokedModelId":"m"}}}})"}) {
    Json one = Json::parse(text);
    const std::string type = one["type"];
    each_value_replaced(one["payload"], [&] {
      (void)read(event("contentBlockStart", R"({"contentBlockIndex":1,"start":{"toolResult":{"toolUseId":"a"}}})") +
                 event(type, one["payload"].dump()) + event("contentBlockStop", R"({"contentBlockIndex":1})") +
                 event("messageStop", "{}"));
    });
  }
}

TEST(BedrockHostile, AnswersCutAtAnyByteAreErrorsAndNothingWorse) {
  for (size_t size = 0; size < kEverything.size(); ++size) EXPECT_FALSE(decode(kEverything.substr(0, size))) << size;
}

}  // namespace
}  // namespace tracia::llm::testing
