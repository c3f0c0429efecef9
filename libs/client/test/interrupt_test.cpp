// ClientOptions::interrupted and Client::cancel_all(): how a call ends that nobody waits for any more.
#include <atomic>
#include <thread>

#include "client_fixture.h"

namespace tracia {
namespace {

FakeResponse silent() { return {.stall = true}; }

class Interruption : public ClientTest {
 protected:
  Interruption() {
    auto with = options();
    with.exit_flush = Millis{50};  // some tests leave spans that cannot be sent
    with.interrupted = [this, caller = std::this_thread::get_id()] {
      EXPECT_EQ(std::this_thread::get_id(), caller);
      ++asks_;
      return interrupt_ && provider_.request_count() + server_.request_count() >= requests_;
    };
    client_ = std::make_unique<Client>(std::move(with));
  }
  std::atomic<int> asks_{0};
  std::atomic<bool> interrupt_{true};
  std::atomic<size_t> requests_{1};  // interrupts once so many have arrived
};

TEST_F(Interruption, EndsACallThatWaitsForItsProvider) {
  provider_.on("POST", kChatPath, silent());
  const auto chat = client().run_local(hello());
  ASSERT_FALSE(chat);
  EXPECT_EQ(chat.error().code, ErrorCode::kAborted);
  EXPECT_TRUE(provider_.wait_for_disconnects(1));
  EXPECT_GE(asks_, 1);
  interrupt_ = false;
  EXPECT_EQ(only_span().at("status"), "ERROR");
}

TEST_F(Interruption, EndsTheWaitBetweenTwoTries) {
  provider_.on("POST", kChatPath, vendor_error(429, "slow down", {{"Retry-After", "60"}}));
  auto input = hello();
  input.max_retries = 2;
  const auto result = client().run_local(input);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kAborted);
  EXPECT_EQ(provider_.request_count(), 1u);
}

TEST_F(Interruption, EndsCallsOfTheApi) {
  server_.on("GET", "/api/v1/prompts", silent());
  EXPECT_EQ(client().prompts().list().error().code, ErrorCode::kAborted);
  requests_ = 2;
  EXPECT_EQ(client().request({.path = "/api/v1/prompts"}).error().code, ErrorCode::kAborted);
  EXPECT_TRUE(server_.wait_for_disconnects(2));
}

TEST_F(Interruption, AbortsAStreamThatIsWaitedFor) {
  FakeResponse endless = chat_stream({"one "});
  endless.stall_after = chat_chunk("one ").size();
  provider_.on("POST", kChatPath, endless);
  auto read = client().run_local_stream(hello());
  ASSERT_TRUE(read);
  std::string text;
  while (const auto chunk = read->next()) text += chunk->text;
  EXPECT_TRUE(read->result()->aborted);
  EXPECT_EQ(read->result()->text, text);
  requests_ = provider_.request_count() + server_.request_count() + 1;
  auto awaited = client().run_local_stream(hello());
  ASSERT_TRUE(awaited);
  EXPECT_TRUE(awaited->result()->aborted);
  EXPECT_TRUE(provider_.wait_for_disconnects(2));
}

TEST_F(Interruption, EndsAFlushAndAnEvaluationThatWaitsForItsSpan) {
  server_.on("POST", "/api/v1/spans/batch", silent());
  client().record({.span_id = "sp_0123456789abcdef", .name = "tool"});
  EXPECT_FALSE(client().flush(Millis{60'000}));
  const auto evaluation = client().spans().evaluate("sp_0123456789abcdef", {.value = 1});
  ASSERT_FALSE(evaluation);
  EXPECT_EQ(evaluation.error().code, ErrorCode::kAborted);
}

TEST_F(Interruption, ThatDoesNotComeChangesNothing) {
  interrupt_ = false;
  FakeResponse slow = chat_answer("ok");
  slow.delay = Millis{250};
  provider_.on("POST", kChatPath, slow);
  const auto result = client().run_local(hello());
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_GE(asks_, 1);
  EXPECT_TRUE(client().flush());
}

using CancelAll = ClientTest;

TEST_F(CancelAll, EndsBlockingCallsOfOtherThreadsStreamsAndCallsWithCallbacks) {
  provider_.on("POST", kChatPath, silent());
  server_.on("*", "/api/v1/prompts", silent());
  std::promise<Result<RunLocalResult>> chat;
  std::promise<Result<std::vector<Prompt>>> list;
  std::promise<Result<ApiResponse>> request;
  client();  // made by this thread
  std::thread blocking([&] { chat.set_value(client().run_local(hello())); });
  std::thread calling([&] { list.set_value(client().prompts().list()); });
  auto stream = client().run_local_stream(hello());
  auto future = client().run_local_async(hello());
  client().request_async({.path = "/api/v1/prompts"}, [&](auto result) { request.set_value(std::move(result)); });
  ASSERT_TRUE(stream);
  ASSERT_TRUE(provider_.wait_for_requests(3, std::chrono::seconds(30)));
  ASSERT_TRUE(server_.wait_for_requests(2, std::chrono::seconds(30)));
  client().cancel_all();
  EXPECT_EQ(chat.get_future().get().error().code, ErrorCode::kAborted);
  EXPECT_EQ(list.get_future().get().error().code, ErrorCode::kAborted);
  EXPECT_EQ(request.get_future().get().error().code, ErrorCode::kAborted);
  EXPECT_EQ(future.get().error().code, ErrorCode::kAborted);
  EXPECT_TRUE(stream->result()->aborted);
  blocking.join();
  calling.join();
  provider_.on("POST", kChatPath, chat_answer("still here"));
  EXPECT_EQ(client().run_local(hello())->text, "still here");
}

TEST_F(CancelAll, EndsAnEvaluationThatWaitsForItsSpan) {
  auto with = options();
  with.exit_flush = Millis{50};
  client_ = std::make_unique<Client>(std::move(with));
  server_.on("POST", "/api/v1/spans/batch", silent());
  client().record({.span_id = "sp_0123456789abcdef", .name = "tool"});
  std::promise<Result<EvaluateResult>> evaluation;
  std::thread waiting([&] { evaluation.set_value(client().spans().evaluate("sp_0123456789abcdef", {.value = 1})); });
  ASSERT_TRUE(server_.wait_for_requests(1, std::chrono::seconds(30)));
  auto future = evaluation.get_future();
  while (future.wait_for(Millis{10}) != std::future_status::ready) client().cancel_all();
  EXPECT_EQ(future.get().error().code, ErrorCode::kAborted);
  waiting.join();
}

TEST_F(CancelAll, TheDestructorEndsAndAwaitsRequestsWithCallbacks) {
  server_.on("GET", "/api/v1/prompts", silent());
  std::atomic<int> ended{0};
  client().request_async({.path = "/api/v1/prompts"}, [&](const Result<ApiResponse>& result) {
    EXPECT_EQ(result.error().code, ErrorCode::kAborted);
    ++ended;
  });
  client_.reset();
  EXPECT_EQ(ended, 1);
}

}  // namespace
}  // namespace tracia
