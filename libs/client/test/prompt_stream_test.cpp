// Prompts::run_stream(): the server's events as chunks and a result.
#include <future>

#include "client_fixture.h"

namespace tracia {
namespace {

constexpr const char* kRunPath = "/api/v1/prompts/p/run";

class PromptStreams : public ClientTest {
 protected:
  void answer(std::string body, std::optional<size_t> stall_after = std::nullopt) {
    FakeResponse response{.body = std::move(body), .headers = {{"Content-Type", "text/event-stream"}}};
    response.stall_after = stall_after;
    response.chunked = true;
    server_.on("POST", kRunPath, response);
  }
  PromptStream start(const RunOptions& options = {}) {
    auto stream = client().prompts().run_stream("p", {{"name", "Ada"}}, options);
    if (!stream) throw std::runtime_error(stream.error().to_string());
    return std::move(*stream);
  }
  static std::string read_all(PromptStream& stream) {
    std::string out;
    while (const auto chunk = stream.next()) out += chunk->text;
    return out;
  }
  static std::string delta(const std::string& text) {
    return "event: delta\ndata: " + Json{{"text", text}}.dump() + "\n\n";
  }
  static std::string done(const std::string& text) {
    const Json run{{"text", text},
                   {"spanId", "sp_0123456789abcdef"},
                   {"traceId", "tr_1"},
                   {"promptVersion", 3},
                   {"latencyMs", 5},
                   {"cost", 0.5},
                   {"costStatus", "exact"},
                   {"finishReason", "stop"},
                   {"usage", {{"inputTokens", 1}, {"outputTokens", 2}, {"totalTokens", 3}}}};
    return "event: done\ndata: " + run.dump() + "\n\n";
  }
};

TEST_F(PromptStreams, GiveChunksThenTheServersRecordOfTheRun) {
  auto stream = client().prompts().run_stream("welcome-email", {{"name", "Alice"}, {"product", "Tracia"}});
  ASSERT_TRUE(stream) << stream.error().to_string();
  const std::string text = read_all(*stream);
  EXPECT_TRUE(stream->ended());
  const auto result = stream->result();
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_EQ(result->text, text);
  EXPECT_EQ(result->span_id, "sp_e1b64d9f0a2c7358");
  EXPECT_EQ(result->prompt_version, 2);
  EXPECT_EQ(result->usage.total_tokens, 53);
  EXPECT_EQ(result->finish_reason, FinishReason::kStop);
  EXPECT_EQ(result->messages.size(), 3u);
  const Json body = Json::parse(server_.requests().back().body);
  EXPECT_EQ(body.at("stream"), true);
  EXPECT_EQ(body.at("variables").at("name"), "Alice");
  EXPECT_EQ(server_.requests().back().header("authorization"), "Bearer tr_0123456789abcdefghijklmnopqrstuvwxyz");
}

TEST_F(PromptStreams, GiveToolCallsWhole) {
  auto stream = client().prompts().run_stream("assistant", {{"question", "Weather in Tokyo?"}});
  ASSERT_TRUE(stream);
  const auto chunk = stream->next();
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->type, StreamChunk::Type::kToolCall);
  EXPECT_EQ(chunk->tool_name, "get_weather");
  EXPECT_EQ(chunk->tool_id, "toolu_01T5zvGmNq8Q3hXbWc7LkY2A");
  EXPECT_EQ(Json::parse(chunk->text), Json({{"location", "Tokyo"}}));
  EXPECT_FALSE(stream->next());
  const auto result = stream->result();
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->text);
  EXPECT_EQ(result->finish_reason, FinishReason::kToolCalls);
}

TEST_F(PromptStreams, TellReasoningFromTextAndSkipWhatTheyDoNotKnow) {
  answer(": hello\n\nevent: reasoning\ndata: {\"text\":\"hm\"}\n\nevent: later\ndata: {\"x\":1}\n\n" + delta("a") +
         done("a") + "event: delta\ndata: {\"text\":\"after the end\"}\n\n");
  auto stream = start();
  const auto first = stream.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->type, StreamChunk::Type::kReasoning);
  EXPECT_EQ(read_all(stream), "a");
  EXPECT_TRUE(stream.result());
}

TEST_F(PromptStreams, AnErrorEventIsTheResultsError) {
  answer(testing::read_example(kExamples, "prompts_run_stream_error.response.200.sse"));
  auto stream = start();
  EXPECT_EQ(read_all(stream), "Dear ");
  const auto result = stream.result();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kProviderError);
  EXPECT_EQ(result.error().message, "Anthropic error: Overloaded");
  EXPECT_EQ(result.error().provider.provider, "anthropic");
  EXPECT_EQ(result.error().provider.request_id, "req_011CVKq8bN4sXfT2mWzLhD7e");
  EXPECT_EQ(result.error().status, 529);
}

TEST_F(PromptStreams, RefusalsOfTheRequestComeWithTheResult) {
  auto stream = client().prompts().run_stream("no-such-prompt");
  ASSERT_TRUE(stream);
  EXPECT_FALSE(stream->next());
  const auto result = stream->result();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(result.error().status, 404);
  EXPECT_EQ(client().prompts().run_stream(" ").error().code, ErrorCode::kInvalidRequest);
}

TEST_F(PromptStreams, AStreamWithoutItsLastEventIsAnError) {
  answer(delta("a") + "event: done\ndata: {\"text\":");
  auto cut = start();
  EXPECT_EQ(read_all(cut), "a");
  EXPECT_EQ(cut.result().error().kind, ErrorKind::kStreamTruncated);
  FakeResponse broken{.body = delta("a") + done("a"), .headers = {{"Content-Type", "text/event-stream"}}};
  broken.close_after = delta("a").size();
  server_.on("POST", kRunPath, broken);
  auto lost = start();
  EXPECT_EQ(read_all(lost), "a");
  EXPECT_EQ(lost.result().error().code, ErrorCode::kNetworkError);
}

TEST_F(PromptStreams, WhatIsNoEventStreamOrNoJsonIsAnError) {
  server_.on("POST", kRunPath, FakeResponse{.body = "<html>", .headers = {{"Content-Type", "text/html"}}});
  EXPECT_EQ(start().result().error().kind, ErrorKind::kMalformedResponse);
  for (const std::string data : {"{", "", "[1", "\x01"}) {
    answer("event: delta\ndata: " + data + "\n\n");
    EXPECT_EQ(start().result().error().kind, ErrorKind::kMalformedResponse) << data;
  }
  answer("event: delta\ndata: 7\n\nevent: tool_call\ndata: null\n\n" + done("x"));
  EXPECT_TRUE(start().result());
}

TEST_F(PromptStreams, HoldNoMoreThanTheirBound) {
  std::string body;
  const std::string piece = delta(std::string(1u << 20, 'x'));
  for (int i = 0; i < 17; ++i) body += piece;
  answer(body + done("x"));
  auto stream = start();
  const auto result = stream.result();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::kTooLarge);
}

TEST_F(PromptStreams, AnAbortGivesWhatWasDeliveredAndClosesTheConnection) {
  answer(delta("one ") + delta("two ") + done("one two "), delta("one ").size() + delta("two ").size());
  auto stream = start({.version = 7, .trace_id = "tr_mine"});
  ASSERT_TRUE(stream.next());
  stream.abort();
  EXPECT_FALSE(stream.next());
  const auto result = stream.result();
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_EQ(result->text, "one ");
  EXPECT_EQ(result->trace_id, "tr_mine");
  EXPECT_EQ(result->prompt_version, 7);
  EXPECT_EQ(result->finish_reason, FinishReason::kUnknown);
  EXPECT_TRUE(server_.wait_for_disconnects(1));
}

TEST_F(PromptStreams, AnAbortBeforeTheEndWasSeenKeepsTheIds) {
  answer(delta("a") + delta("b") + done("ab"));
  auto stream = start();
  std::promise<void> finished;
  stream.on_finished([&] { finished.set_value(); });
  finished.get_future().wait();
  ASSERT_TRUE(stream.next());
  stream.abort();
  const auto result = stream.result();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->text, "a");
  EXPECT_EQ(result->span_id, "sp_0123456789abcdef");
}

TEST_F(PromptStreams, TheCallersTokenAndDestructionEndThem) {
  answer(delta("one "), delta("one ").size());
  const CancelToken token;
  auto cancelled = start({.cancel = token});
  ASSERT_TRUE(cancelled.next());
  token.cancel();
  EXPECT_FALSE(cancelled.next());
  EXPECT_TRUE(cancelled.result());
  {
    auto dropped = start();
    ASSERT_TRUE(dropped.next());
  }
  EXPECT_TRUE(server_.wait_for_disconnects(2));
}

TEST_F(PromptStreams, CanBePolledWithoutWaiting) {
  answer(delta("a") + delta("b") + done("ab"));
  auto stream = start();
  std::string text;
  while (!stream.ended()) {
    std::promise<void> ready;
    stream.on_ready([&] { ready.set_value(); });
    ready.get_future().wait();
    for (const StreamChunk& chunk : stream.take()) text += chunk.text;
  }
  EXPECT_EQ(text, "ab");
  EXPECT_TRUE(stream.result());
}

TEST_F(PromptStreams, EndWithTheirClientAndOutliveIt) {
  answer(delta("one "), delta("one ").size());
  auto stream = start();
  ASSERT_TRUE(stream.next());
  client_.reset();
  EXPECT_FALSE(stream.next());
  const auto result = stream.result();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->text, "one ");
}

}  // namespace
}  // namespace tracia
