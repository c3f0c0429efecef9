// How answers are read: one small answer for each rule, whole and streamed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stream_recorder.h"

namespace tracia::llm {
namespace {

using testing::describe;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::run_stream;
using testing::run_whole;
using testing::StreamRun;

std::string events(std::initializer_list<std::string_view> data) {
  std::string out;
  for (const std::string_view one : data) out.append("data: ").append(one).append("\n\n");
  return out;
}

std::string named_events(std::initializer_list<std::string_view> data) {
  std::string out;
  for (const std::string_view one : data) {
    const size_t begin = one.find(R"("type":")") + 8;
    out.append("event: ")
        .append(one.substr(begin, one.find('"', begin) - begin))
        .append("\ndata: ")
        .append(one)
        .append("\n\n");
  }
  return out;
}

ChatResult decoded(const ChatCodec& codec, std::string body) {
  auto result = codec.decode({200, {{"x-request-id", "req_1"}}, std::move(body)});
  EXPECT_TRUE(result) << (result ? "" : result.error().message);
  return result ? *result : ChatResult{};
}

StreamRun chat_stream(std::initializer_list<std::string_view> data) {
  return run_whole(openai_chat_codec(), events(data));
}

TEST(OpenAiChatDecode, StreamedAndPlainAnswersAreEqual) {
  const ChatResult plain =
      decoded(openai_chat_codec(), R"({"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant",
    "content":"Hi there","reasoning_content":"because","refusal":null,"annotations":[{"type":"url_citation"}],
    "audio":{"id":"au","data":"AAECAwQFBg==","transcript":"hey"},
    "tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"b","type":"custom","custom":{"name":"g","input":"raw"}},
    {"id":"c","type":"function","function":{"name":"h","arguments":""}}]},"finish_reason":"tool_calls"}],
    "usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}})");
  // Parts out of order, calls mixed, audio in pieces with padding of their own.
  const StreamRun streamed = chat_stream(
      {R"({"choices":[],"prompt_filter_results":[]})",
       R"({"id":"c","model":"m","choices":[{"index":0,"delta":{"role":"assistant","tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}]})",
       R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":2,"id":"c","type":"function","function":{"name":"h"}}],"audio":{"id":"au","data":"AA==","transcript":"he"}}}]})",
       R"({"choices":[{"index":1,"delta":{"content":"other choice"}},{"index":0,"delta":{"content":"Hi "}}]})",
       R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"b","type":"custom","custom":{"name":"g","input":"ra"}}]}}]})",
       R"({"choices":[{"index":0,"delta":{"content":"there","reasoning_content":"because","audio":{"data":"AQIDBAUG","transcript":"y"}}}]})",
       R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":1}"}},{"index":1,"custom":{"input":"w"}}],"annotations":[{"type":"url_citation"}]}}]})",
       R"({"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}],"usage":null})",
       R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}})", "[DONE]"});
  ASSERT_FALSE(streamed.error);
  EXPECT_TRUE(streamed.done);
  EXPECT_EQ(describe(plain), describe(streamed.result));
  EXPECT_EQ(streamed.log.text, "Hi there");
  EXPECT_EQ(streamed.log.reasoning, "because");
  EXPECT_EQ(streamed.log.calls.size(), 3u);
  EXPECT_EQ(streamed.log.order.back(), '!');  // the end is told last, after the usage
  EXPECT_EQ(plain.request_id, "req_1");
  EXPECT_EQ(plain.message.parts[0].as<ReasoningPart>()->provider, Provider::kOpenAi);
}

TEST(OpenAiChatDecode, NormalisesFinishReasonsAndKeepsTheWord) {
  const auto reason = [](std::string word, std::string message = R"({"content":"x"})") {
    return decoded(openai_chat_codec(),
                   R"({"choices":[{"message":)" + message + R"(,"finish_reason":")" + word + "\"}]}");
  };
  EXPECT_EQ(reason("stop").finish_reason, FinishReason::kStop);
  EXPECT_EQ(reason("length").finish_reason, FinishReason::kLength);
  EXPECT_EQ(reason("content_filter").finish_reason, FinishReason::kContentFilter);
  EXPECT_EQ(reason("function_call").finish_reason, FinishReason::kToolCalls);
  EXPECT_EQ(reason("novel").finish_reason, FinishReason::kUnknown);
  EXPECT_EQ(reason("novel").provider_finish_reason, "novel");
  // A forced tool choice ends with "stop".
  EXPECT_EQ(reason("stop", R"({"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]})").finish_reason,
            FinishReason::kToolCalls);
}

TEST(OpenAiChatDecode, ReadsUsageWhereverServersPutIt) {
  const auto run = chat_stream(
      {R"({"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}})",
       R"({"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":1,"audio_tokens":1},"completion_tokens_details":{"reasoning_tokens":1}}})",
       "[DONE]"});
  EXPECT_EQ(run.result.usage.output_tokens, 2);
  EXPECT_EQ(run.result.usage.total_tokens, 3);  // not stated: the sum
  EXPECT_FALSE(run.result.raw_usage.total_tokens);
  EXPECT_EQ(run.result.usage.cached_input_tokens, 1);
  EXPECT_EQ(run.result.usage.input_audio_tokens, 1);
  EXPECT_EQ(run.result.usage.reasoning_tokens, 1);
  EXPECT_THAT(run.result.raw_usage.json, HasSubstr("\"completion_tokens\":2"));
  const auto groq =
      chat_stream({R"({"choices":[{"delta":{},"finish_reason":"stop"}],"x_groq":{"usage":{"prompt_tokens":5}}})"});
  EXPECT_EQ(groq.result.usage.input_tokens, 5);
  // xAI counts reasoning beside completion_tokens.
  const auto xai = chat_stream(
      {R"({"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":22,"completion_tokens_details":{"reasoning_tokens":7}}})"});
  EXPECT_EQ(xai.result.usage.output_tokens, 12);
  EXPECT_EQ(xai.result.raw_usage.output_tokens, 5);
}

TEST(OpenAiChatDecode, FollowsToolCallsOfServersThatGiveNoIndex) {
  const auto run = chat_stream(
      {R"({"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"q\""}}]}}]})",
       R"({"choices":[{"delta":{"tool_calls":[{"function":{"arguments":":1}"}}]}}]})",
       R"({"choices":[{"delta":{"tool_calls":[{"id":"b","function":{"name":"g","arguments":{"o":true}}}]}}]})",
       R"({"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":" "}}]},"finish_reason":"tool_calls"}]})"});
  ASSERT_FALSE(run.error);
  const auto calls = run.result.tool_calls();
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].arguments, "{\"q\":1} ");
  EXPECT_EQ(calls[1].arguments, "{\"o\":true}");
}

TEST(OpenAiChatDecode, TellsCallsApartThatShareAnIndex) {
  const auto run = chat_stream(
      {R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}}]})",
       R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"b","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]})"});
  EXPECT_EQ(run.result.tool_calls().size(), 2u);
  // A new id without a name is noise.
  const auto noise = chat_stream(
      {R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}}]})",
       R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"x","function":{"arguments":"}"}}]},"finish_reason":"tool_calls"}]})"});
  ASSERT_EQ(noise.result.tool_calls().size(), 1u);
  EXPECT_EQ(noise.result.tool_calls()[0].arguments, "{}");
}

TEST(OpenAiChatDecode, EndsWithoutDoneMarkOnlyAfterAFinishReason) {
  const auto complete = chat_stream({R"({"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]})"});
  EXPECT_FALSE(complete.error);
  EXPECT_TRUE(complete.done);
  const auto cut = chat_stream({R"({"choices":[{"delta":{"content":"a"}}]})"});
  ASSERT_TRUE(cut.error);
  EXPECT_EQ(cut.error->kind, ErrorKind::kStreamTruncated);
  EXPECT_EQ(cut.result.text(), "a");
  EXPECT_EQ(run_whole(openai_chat_codec(), "").error->kind, ErrorKind::kStreamTruncated);
}

TEST(OpenAiChatDecode, KeepsWhatCameBeforeAnErrorInTheStream) {
  const auto run = chat_stream({R"({"choices":[{"delta":{"content":"so far"}}]})",
                                R"({"error":{"message":"slow down","type":"tokens","code":"rate_limit_exceeded"}})",
                                R"({"choices":[{"delta":{"content":" ignored"}}]})"});
  ASSERT_TRUE(run.error);
  EXPECT_EQ(run.error->status, 200);
  EXPECT_EQ(run.error->kind, ErrorKind::kRateLimit);
  EXPECT_EQ(run.result.text(), "so far");
  const auto numeric = chat_stream(
      {R"({"error":{"message":"upstream","code":502},"choices":[{"delta":{"content":""},"finish_reason":"error"}]})"});
  EXPECT_EQ(numeric.error->status, 502);
  EXPECT_EQ(numeric.error->kind, ErrorKind::kServer);
  EXPECT_EQ(numeric.result.finish_reason, FinishReason::kError);
}

TEST(OpenAiChatDecode, ReadsAWholeAnswerInPlaceOfAStream) {
  const std::string body =
      R"({"id":"c","choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}})";
  const StreamRun run = run_stream(openai_chat_codec(), body, [](size_t) { return size_t{3}; },
                                   {200, {{"content-type", "application/json"}}});
  ASSERT_FALSE(run.error);
  EXPECT_EQ(run.log.text, "Hi");
  EXPECT_EQ(run.log.finishes, 1u);
  EXPECT_EQ(describe(run.result), describe(*openai_chat_codec().decode({200, {}, body})));
  EXPECT_EQ(run_whole(openai_chat_codec(), R"({"error":{"message":"no"}})").error->message, "no");
  // And the other way round: a stream where none was asked for.
  EXPECT_EQ(decoded(openai_chat_codec(),
                    events({R"({"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]})", "[DONE]"}))
                .text(),
            "Hi");
}

TEST(OpenAiChatDecode, SkipsWhatItDoesNotKnow) {
  const auto run = run_whole(openai_chat_codec(),
                             ": comment\n\nevent: ping\ndata: pong\n\ndata:\n\ndata: {\"object\":\"news\"}\n\n"
                             "data: "
                             "{\"choices\":[null,7,{\"delta\":{\"content\":\"a\",\"mood\":\"good\"},\"finish_reason\":"
                             "\"stop\"}]}\n\ndata: [DONE]\n\n");
  EXPECT_FALSE(run.error);
  EXPECT_EQ(run.result.text(), "a");
}

TEST(OpenAiChatDecode, NamesWhatIsNotAnAnswer) {
  for (const std::string_view body : {"", "nonsense", "[]", "{}", R"({"choices":[]})", R"({"choices":null})"}) {
    const auto result = openai_chat_codec().decode({200, {}, std::string(body)});
    ASSERT_FALSE(result) << body;
    EXPECT_EQ(result.error().kind, ErrorKind::kMalformedResponse) << body;
  }
  const auto broken = chat_stream({R"({"choices":[{"delta":{"content":"a"}}]})", R"({"choices":[{"delta)"});
  EXPECT_EQ(broken.error->kind, ErrorKind::kMalformedResponse);
  EXPECT_EQ(broken.result.text(), "a");
}

// ---- Responses

constexpr std::string_view kOutput =
    R"([{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"one"},{"type":"summary_text","text":"two"}],"encrypted_content":"enc"},)"
    R"({"type":"web_search_call","id":"ws_1","status":"completed"},)"
    R"({"type":"message","id":"msg_1","role":"assistant","phase":"commentary","content":[{"type":"output_text","text":"Hello","annotations":[{"a":1}]}]},)"
    R"({"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{\"x\":1}"},)"
    R"({"type":"custom_tool_call","id":"ct_1","call_id":"call_2","name":"g","input":"raw"}])";

std::string response_json(std::string_view status, std::string_view output, std::string_view more = "") {
  return std::string(R"({"id":"resp_1","model":"m","status":")")
             .append(status)
             .append(R"(","output":)")
             .append(output)
             .append(more) +
         R"(,"usage":{"input_tokens":5,"input_tokens_details":{"cached_tokens":2,"cache_write_tokens":1},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":3},"total_tokens":12}})";
}

TEST(OpenAiResponsesDecode, ReadsItemsInOrder) {
  const ChatResult result = decoded(openai_responses_codec(), response_json("completed", kOutput));
  EXPECT_EQ(describe(result.message.parts),
            "reasoning{one|rs_1|enc}reasoning{two|rs_1|}opaque{{\"type\":\"web_search_call\",\"id\":\"ws_1\","
            "\"status\":\"completed\"}}"
            "text{Hello|msg_1|commentary|[{\"a\":1}]}call{call_1|f|{\"x\":1}|fc_1|0}call{call_2|g|raw|ct_1|1}");
  EXPECT_EQ(result.message.id, "msg_1");
  EXPECT_EQ(result.output_items, kOutput);
  EXPECT_EQ(result.finish_reason, FinishReason::kToolCalls);
  EXPECT_EQ(result.provider_finish_reason, "completed");
  EXPECT_EQ(result.reasoning_text(), "onetwo");
  EXPECT_EQ(result.usage.cached_input_tokens, 2);
  EXPECT_EQ(result.usage.cache_write_tokens, 1);
  EXPECT_EQ(result.raw_usage.cache_creation_tokens, 1);
}

TEST(OpenAiResponsesDecode, WhatWasReadCanBeSentBack) {
  const ChatResult result = decoded(openai_responses_codec(), response_json("completed", kOutput));
  const auto request = openai_responses_codec().encode({.model = "m", .messages = {result.message}},
                                                       {.base_url = "https://h/v1"}, false);
  ASSERT_TRUE(request);
  EXPECT_EQ(
      request->body,
      R"({"model":"m","input":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"one"},{"type":"summary_text","text":"two"}],"encrypted_content":"enc"},)"
      R"({"type":"web_search_call","id":"ws_1","status":"completed"},)"
      R"({"type":"message","id":"msg_1","status":"completed","role":"assistant","phase":"commentary","content":[{"type":"output_text","text":"Hello","annotations":[{"a":1}]}]},)"
      R"({"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{\"x\":1}"},)"
      R"({"type":"custom_tool_call","id":"ct_1","call_id":"call_2","name":"g","input":"raw"}]})");
}

std::string responses_stream(std::string_view final_output, bool with_deltas = true) {
  std::string out = named_events(
      {R"({"type":"response.created","response":{"id":"resp_1","model":"m","status":"in_progress","output":[]}})"});
  if (with_deltas) {
    out += named_events(
        {R"({"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"early"}})",
         R"({"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"one"})",
         R"({"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":1,"delta":"tw"})",
         R"({"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"one"},{"type":"summary_text","text":"two"}],"encrypted_content":"enc"}})",
         R"({"type":"response.web_search_call.searching","output_index":1})",
         R"({"type":"response.output_item.done","output_index":1,"item":{"type":"web_search_call","id":"ws_1","status":"completed"}})",
         R"({"type":"response.output_item.added","output_index":2,"item":{"type":"message","id":"msg_1","role":"assistant","phase":"commentary","content":[]}})",
         R"({"type":"response.output_text.delta","output_index":2,"content_index":0,"delta":"Hel"})",
         R"({"type":"response.output_text.delta","output_index":2,"content_index":0,"delta":"lo"})",
         R"({"type":"response.output_item.done","output_index":2,"item":{"type":"message","id":"msg_1","role":"assistant","phase":"commentary","content":[{"type":"output_text","text":"Hello","annotations":[{"a":1}]}]}})",
         R"({"type":"response.output_item.added","output_index":3,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":""}})",
         R"({"type":"response.function_call_arguments.delta","output_index":3,"delta":"{\"x\":1}"})",
         R"({"type":"response.output_item.done","output_index":3,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{\"x\":1}"}})",
         R"({"type":"response.output_item.added","output_index":4,"item":{"type":"custom_tool_call","id":"ct_1","call_id":"call_2","name":"g","input":""}})",
         R"({"type":"response.custom_tool_call_input.delta","output_index":4,"delta":"raw"})",
         R"({"type":"response.output_item.done","output_index":4,"item":{"type":"custom_tool_call","id":"ct_1","call_id":"call_2","name":"g","input":"raw"}})"});
  }
  const std::string last =
      R"({"type":"response.completed","response":)" + response_json("completed", final_output) + "}";
  return out + named_events({last});
}

TEST(OpenAiResponsesDecode, StreamedAndPlainAnswersAreEqual) {
  const std::string plain = describe(decoded(openai_responses_codec(), response_json("completed", kOutput)));
  const StreamRun normal = run_whole(openai_responses_codec(), responses_stream(kOutput));
  const StreamRun no_final_items = run_whole(openai_responses_codec(), responses_stream("[]"));  // some proxies
  const StreamRun no_deltas = run_whole(openai_responses_codec(), responses_stream(kOutput, false));
  for (const StreamRun* run : {&normal, &no_final_items, &no_deltas}) {
    ASSERT_FALSE(run->error);
    EXPECT_EQ(describe(run->result), plain);
    EXPECT_EQ(run->log.text, "Hello");
    EXPECT_EQ(run->log.reasoning, "onetwo");
    ASSERT_EQ(run->log.calls.size(), 2u);
    EXPECT_EQ(run->log.calls.at(0), (testing::EventLog::Call{"call_1", "f", "{\"x\":1}"}));
    EXPECT_EQ(run->log.calls.at(1).arguments, "raw");
    EXPECT_EQ(run->log.finishes, 1u);
  }
}

TEST(OpenAiResponsesDecode, TellsWhyItStopped) {
  const auto read = [](std::string_view reason) {
    return decoded(openai_responses_codec(),
                   response_json("incomplete", "[]",
                                 std::string(R"(,"incomplete_details":{"reason":")").append(reason).append("\"}")));
  };
  EXPECT_EQ(read("max_output_tokens").finish_reason, FinishReason::kLength);
  EXPECT_EQ(read("max_output_tokens").incomplete_reason, "max_output_tokens");
  EXPECT_EQ(read("max_output_tokens").provider_finish_reason, "incomplete");
  EXPECT_EQ(read("content_filter").finish_reason, FinishReason::kContentFilter);
  const ChatResult queued = decoded(openai_responses_codec(), response_json("queued", "[]"));
  EXPECT_EQ(queued.provider_finish_reason, "queued");
  EXPECT_EQ(queued.finish_reason, FinishReason::kUnknown);
  const auto failed = openai_responses_codec().decode(
      {200, {}, R"({"status":"failed","error":{"code":"server_error","message":"oops"},"output":[]})"});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "oops");
  EXPECT_EQ(failed.error().status, 200);
  EXPECT_EQ(failed.error().kind, ErrorKind::kServer);
}

TEST(OpenAiResponsesDecode, AnErrorEventEndsTheStream) {
  const std::string_view failed =
      R"({"type":"response.failed","response":{"id":"r","status":"failed","error":{"code":"c","message":"second"},"output":[]}})";
  const std::string_view nested =
      R"({"type":"error","error":{"type":"insufficient_quota","code":"insufficient_quota","message":"first","param":null}})";
  const std::string_view flat = R"({"type":"error","code":"server_error","message":"flat","param":null})";
  const auto both = run_whole(openai_responses_codec(), named_events({nested, failed}));
  EXPECT_EQ(both.error->message, "first");
  EXPECT_EQ(both.error->provider.type, "insufficient_quota");
  EXPECT_EQ(both.result.provider_finish_reason, "failed");
  EXPECT_EQ(both.result.finish_reason, FinishReason::kError);
  EXPECT_EQ(run_whole(openai_responses_codec(), named_events({failed})).error->message, "second");
  const auto alone = run_whole(openai_responses_codec(), named_events({flat}));
  EXPECT_EQ(alone.error->message, "flat");
  EXPECT_EQ(alone.error->provider.type, "");
  EXPECT_EQ(alone.error->provider.code, "server_error");
}

TEST(OpenAiResponsesDecode, ReadsRefusalsAndRawReasoning) {
  const auto run = run_whole(
      openai_responses_codec(),
      named_events(
          {R"({"type":"response.reasoning_text.delta","output_index":0,"content_index":0,"delta":"hm"})",
           R"({"type":"response.refusal.delta","output_index":1,"content_index":0,"delta":"No"})",
           R"({"type":"response.completed","response":{"status":"completed","output":[{"type":"reasoning","id":"rs_1","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]},{"type":"message","content":[{"type":"refusal","refusal":"No."}]}]}})"}));
  ASSERT_FALSE(run.error);
  EXPECT_EQ(run.result.refusal, "No.");
  EXPECT_EQ(run.log.refusal, "No.");
  EXPECT_EQ(run.result.text(), "");
  EXPECT_EQ(run.result.reasoning_text(), "hm");
  EXPECT_EQ(run.log.reasoning, "hm");
}

TEST(OpenAiResponsesDecode, KeepsFinishedItemsOfACutStream) {
  const std::string stream = responses_stream(kOutput);
  const StreamRun run =
      run_whole(openai_responses_codec(), std::string_view(stream).substr(0, stream.find("event: response.completed")));
  ASSERT_TRUE(run.error);
  EXPECT_EQ(run.error->kind, ErrorKind::kStreamTruncated);
  EXPECT_EQ(run.result.output_items, kOutput);
  EXPECT_EQ(run.result.text(), "Hello");
  EXPECT_EQ(run.result.provider_finish_reason, "");
}

TEST(OpenAiDecode, StreamsThatOpenPartsForEverHitTheBound) {
  const auto decoder = openai_responses_codec().stream_decoder({200, {}});
  Status status;
  for (int i = 0; i < 200000 && status; ++i) {
    const std::string event = R"(data: {"type":"response.output_item.added","output_index":)" + std::to_string(i) +
                              R"(,"item":{"type":"function_call"}})" + "\n\n";
    status = decoder->feed(event, [](const StreamEvent&) {});
  }
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kTooLarge);
}

}  // namespace
}  // namespace tracia::llm
