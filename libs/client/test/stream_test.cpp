#include <thread>

#include "client_fixture.h"

namespace tracia {
namespace {

using Stream = ClientTest;

std::string read_all(LocalStream& stream) {
  std::string text;
  for (const StreamChunk& chunk : stream) text += chunk.text;
  return text;
}

// Sends `texts`, then nothing, and keeps the connection open.
FakeResponse endless(const std::vector<std::string>& texts) {
  FakeResponse response = chat_stream(texts);
  size_t size = 0;
  for (const auto& text : texts) size += chat_chunk(text).size();
  response.stall_after = size;
  return response;
}

TEST_F(Stream, GivesChunksThenTheSameResultAsAPlainCall) {
  provider_.on("POST", kChatPath, chat_stream({"Hel", "lo"}));
  auto stream = client().run_local_stream(hello());
  ASSERT_TRUE(stream) << stream.error().to_string();
  EXPECT_TRUE(stream->span_id().starts_with("sp_"));
  EXPECT_TRUE(stream->trace_id().starts_with("tr_"));
  EXPECT_EQ(read_all(*stream), "Hello");
  const auto result = stream->result();
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_EQ(result->text, "Hello");
  EXPECT_EQ(result->usage.total_tokens, 12);
  EXPECT_EQ(result->finish_reason, FinishReason::kStop);
  EXPECT_FALSE(result->aborted);
  EXPECT_TRUE(result->time_to_first_token_ms);
  const Json body = Json::parse(provider_.requests().at(0).body);
  EXPECT_EQ(body.at("stream_options").at("include_usage"), true);
  const Json span = only_span();
  EXPECT_EQ(span.at("spanId"), stream->span_id());
  EXPECT_EQ(span.at("output"), "Hello");
  EXPECT_EQ(span.at("totalTokens"), 12);
}

TEST_F(Stream, ResolvesItsResultWithoutIteration) {
  provider_.on("POST", kChatPath, chat_stream({"a", "b", "c"}));
  auto stream = client().run_local_stream(hello());
  ASSERT_TRUE(stream);
  const auto result = stream->result();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->text, "abc");
}

TEST_F(Stream, AbortAfterSomeChunksGivesTheDeliveredText) {
  provider_.on("POST", kChatPath, endless({"one ", "two ", "three "}));
  auto stream = client().run_local_stream(hello());
  ASSERT_TRUE(stream);
  std::string seen;
  for (const StreamChunk& chunk : *stream) {
    seen += chunk.text;
    if (seen == "one two ") {
      stream->abort();
      break;
    }
  }
  const auto result = stream->result();
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->aborted);
  EXPECT_EQ(result->text, "one two ");
  EXPECT_EQ(result->finish_reason, FinishReason::kUnknown);
  EXPECT_TRUE(provider_.wait_for_disconnects(1));
  const Json span = only_span();
  EXPECT_EQ(span.at("status"), "SUCCESS");
  EXPECT_EQ(span.at("output"), "one two ");
  EXPECT_EQ(span.at("attributes").at("tracia.aborted"), true);
}

TEST_F(Stream, AbortBeforeTheEndWasSeenCountsEvenWhenTheProviderHasFinished) {
  provider_.on("POST", kChatPath, chat_stream({"a", "b"}));
  auto stream = client().run_local_stream(hello());
  ASSERT_TRUE(stream);
  ASSERT_TRUE(stream->next());
  ASSERT_TRUE(server_.wait_for_requests(1));  // its span was sent: the provider is done
  stream->abort();
  const auto result = stream->result();
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->aborted);
  EXPECT_EQ(result->text, "a");
}

TEST_F(Stream, AbortAfterTheEndChangesNothing) {
  provider_.on("POST", kChatPath, chat_stream({"a", "b"}));
  auto stream = client().run_local_stream(hello());
  ASSERT_TRUE(stream);
  EXPECT_EQ(read_all(*stream), "ab");
  stream->abort();
  const auto result = stream->result();
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->aborted);
  EXPECT_EQ(result->text, "ab");
}

TEST_F(Stream, AbortFromAnotherThreadWakesTheReader) {
  provider_.on("POST", kChatPath, endless({"one "}));
  auto stream = client().run_local_stream(hello());
  ASSERT_TRUE(stream);
  ASSERT_TRUE(stream->next());
  std::thread other([&] { stream->abort(); });
  EXPECT_FALSE(stream->next());
  other.join();
  EXPECT_TRUE(stream->result()->aborted);
}

TEST_F(Stream, DestructionInMidStreamClosesTheConnectionAndSendsTheSpan) {
  provider_.on("POST", kChatPath, endless({"one ", "two "}));
  {
    auto stream = client().run_local_stream(hello());
    ASSERT_TRUE(stream);
    ASSERT_TRUE(stream->next());
  }
  EXPECT_TRUE(provider_.wait_for_disconnects(1));
  ASSERT_TRUE(server_.wait_for_requests(1));
  EXPECT_EQ(only_span().at("output"), "one ");
}

TEST_F(Stream, OutlivesItsClient) {
  provider_.on("POST", kChatPath, endless({"one "}));
  std::optional<LocalStream> stream;
  {
    Client doomed(options());
    auto started = doomed.run_local_stream(hello());
    ASSERT_TRUE(started);
    stream.emplace(std::move(*started));
    ASSERT_TRUE(stream->next());
  }
  const auto result = stream->result();
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->aborted);
}

TEST_F(Stream, CutShortIsAnErrorThatKeepsThePartialText) {
  FakeResponse response = chat_stream({"Once ", "upon "});
  response.chunked = true;
  response.close_after = chat_chunk("Once ").size() + chat_chunk("upon ").size();
  provider_.on("POST", kChatPath, response);
  auto input = hello();
  input.max_retries = 2;
  auto stream = client().run_local_stream(input);
  ASSERT_TRUE(stream);
  EXPECT_EQ(read_all(*stream), "Once upon ");
  const auto result = stream->result();
  ASSERT_FALSE(result);
  EXPECT_EQ(stream->partial().text, "Once upon ");
  EXPECT_EQ(provider_.request_count(), 1u) << "never retried after the first streamed byte";
  const Json span = only_span();
  EXPECT_EQ(span.at("status"), "ERROR");
  EXPECT_EQ(span.at("output"), "Once upon ");
}

TEST_F(Stream, AnErrorEventInMidStreamIsTheProvidersError) {
  provider_.on("POST", kChatPath,
               FakeResponse{.body = chat_chunk("Once ") +
                                    "data: {\"error\":{\"message\":\"boom\",\"type\":\"server_error\"}}\n\n",
                            .headers = {{"Content-Type", "text/event-stream"}}});
  auto stream = client().run_local_stream(hello());
  ASSERT_TRUE(stream);
  EXPECT_EQ(read_all(*stream), "Once ");
  const auto result = stream->result();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kProviderError);
  EXPECT_EQ(result.error().message, "boom");
}

TEST_F(Stream, RetriesAFailureBeforeTheFirstByte) {
  provider_.on_sequence("POST", kChatPath, {vendor_error(503, "busy", {{"retry-after-ms", "1"}}), chat_stream({"ok"})});
  auto input = hello();
  input.max_retries = 1;
  auto stream = client().run_local_stream(input);
  ASSERT_TRUE(stream);
  EXPECT_EQ(read_all(*stream), "ok");
  EXPECT_EQ(stream->result()->attempts, 2);
}

TEST_F(Stream, GivesHttpErrorsThroughTheResult) {
  provider_.on("POST", kChatPath, vendor_error(401, "no key"));
  auto stream = client().run_local_stream(hello());
  ASSERT_TRUE(stream);
  EXPECT_FALSE(stream->next());
  const auto result = stream->result();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().status, 401);
}

TEST_F(Stream, RunsManyAtOnce) {
  provider_.on("POST", kChatPath, chat_stream({"x", "y", "z"}));
  std::vector<LocalStream> streams;
  for (int i = 0; i < 50; ++i) {
    auto stream = client().run_local_stream(hello());
    ASSERT_TRUE(stream);
    streams.push_back(std::move(*stream));
  }
  for (size_t i = 0; i < streams.size(); ++i) {
    if (i % 3 == 0)
      streams[i].abort();
    else
      EXPECT_EQ(read_all(streams[i]), "xyz");
  }
  streams.clear();
  ASSERT_TRUE(client().flush());
}

}  // namespace
}  // namespace tracia
