#include <thread>

#include "client_fixture.h"

namespace tracia {
namespace {

using RunLocal = ClientTest;

TEST_F(RunLocal, AnswersAndLeavesASpan) {
  provider_.on("POST", kChatPath, chat_answer("Hi there"));
  auto input = hello();
  input.temperature = 0.5;
  input.tags = {"greeting"};
  input.user_id = "user_1";
  const auto result = client().run_local(input);
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_EQ(result->text, "Hi there");
  EXPECT_EQ(result->usage.input_tokens, 9);
  EXPECT_EQ(result->usage.total_tokens, 12);
  EXPECT_FALSE(result->cost);
  EXPECT_EQ(result->provider, "openai");
  EXPECT_EQ(result->model, "gpt-4o");
  EXPECT_EQ(result->provider_model, "gpt-4o-2024-08-06");
  EXPECT_EQ(result->finish_reason, FinishReason::kStop);
  EXPECT_EQ(result->message.role, Role::kAssistant);
  EXPECT_EQ(result->request_id, "req_1");
  const auto sent = provider_.requests().at(0);
  EXPECT_EQ(sent.header("authorization"), "Bearer sk-test-0123456789abcdefghij");
  EXPECT_EQ(Json::parse(sent.body).at("model"), "gpt-4o");

  const Json span = only_span();
  EXPECT_EQ(span.at("spanId"), result->span_id);
  EXPECT_EQ(span.at("traceId"), result->trace_id);
  EXPECT_EQ(span.at("status"), "SUCCESS");
  EXPECT_EQ(span.at("output"), "Hi there");
  EXPECT_EQ(span.at("inputTokens"), 9);
  EXPECT_EQ(span.at("tags"), Json::array({"greeting"}));
  EXPECT_EQ(span.at("userId"), "user_1");
  EXPECT_EQ(span.at("input").at("messages").at(0).at("content"), "Hello!");
  EXPECT_EQ(span.at("temperature"), 0.5);
  EXPECT_TRUE(span.contains("startTime"));
}

TEST_F(RunLocal, FillsInVariablesAndKeepsThemOnTheSpan) {
  provider_.on("POST", kChatPath, chat_answer("ok"));
  auto input = hello();
  input.messages = {user("Hello {{ name }}, {{unknown}}")};
  input.variables = {{"name", "Ada"}};
  ASSERT_TRUE(client().run_local(input));
  EXPECT_EQ(Json::parse(provider_.requests().at(0).body).at("messages").at(0).at("content"), "Hello Ada, {{unknown}}");
  EXPECT_EQ(only_span().at("variables"), Json({{"name", "Ada"}}));
}

TEST_F(RunLocal, SendsCustomOptionsOfTheProviderInUseOnly) {
  provider_.on("POST", kChatPath, chat_answer("ok"));
  auto input = hello();
  input.custom_options = R"({"openai":{"seed":7},"anthropic":{"top_k":3}})";
  ASSERT_TRUE(client().run_local(input));
  const Json body = Json::parse(provider_.requests().at(0).body);
  EXPECT_EQ(body.at("seed"), 7);
  EXPECT_FALSE(body.contains("top_k"));
}

TEST_F(RunLocal, ParsesStructuredOutput) {
  provider_.on("POST", kChatPath, chat_answer(R"({"city":"Paris"})"));
  auto input = hello();
  input.response_format = {.type = ResponseFormat::Type::kJsonSchema, .schema = R"({"type":"object"})"};
  const auto result = client().run_local(input);
  ASSERT_TRUE(result);
  EXPECT_EQ(Json::parse(result->structured_output).at("city"), "Paris");
  EXPECT_EQ(only_span().at("structuredOutput").at("city"), "Paris");
}

TEST_F(RunLocal, SendsNoSpanWhenToldSo) {
  provider_.on("POST", kChatPath, chat_answer("ok"));
  auto input = hello();
  input.send_trace = false;
  const auto result = client().run_local(input);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->span_id.starts_with("sp_"));
  EXPECT_TRUE(spans().empty());
}

TEST_F(RunLocal, SendsNothingToAServerWithoutAnApiKey) {
  provider_.on("POST", kChatPath, chat_answer("ok"));
  auto without = options();
  without.api_key = "";
  Client quiet(without);
  ASSERT_TRUE(quiet.run_local(hello()));
  EXPECT_TRUE(quiet.flush());
  EXPECT_EQ(server_.connection_count(), 0u);
}

struct BadInput {
  std::string name;
  std::function<void(RunLocalInput&)> spoil;
  ErrorCode code;
  std::string message;
};

TEST_F(RunLocal, RefusesBadInputBeforeAnythingIsSent) {
  const std::vector<BadInput> cases{
      {"blank model", [](auto& i) { i.model = "  "; }, ErrorCode::kInvalidRequest,
       "model is required and cannot be empty"},
      {"no messages", [](auto& i) { i.messages.clear(); }, ErrorCode::kInvalidRequest,
       "messages is required and cannot be empty"},
      {"span id", [](auto& i) { i.span_id = "nope"; }, ErrorCode::kInvalidRequest,
       "Invalid span_id format: nope. Expected sp_XXXXXXXXXXXXXXXX or tr_XXXXXXXXXXXXXXXX"},
      {"tool message", [](auto& i) { i.messages.push_back(tool_result("", "t", "x")); }, ErrorCode::kInvalidRequest,
       "Tool messages must have tool_call_id"},
      {"unknown model", [](auto& i) { i.model = "no-such-thing"; }, ErrorCode::kUnsupportedModel,
       "Cannot determine provider for model 'no-such-thing'. Please specify the provider explicitly."},
      {"embedding provider", [](auto& i) { i.model = "voyage-3"; }, ErrorCode::kUnsupportedModel,
       "Voyage is an embedding-only provider"},
      {"unknown provider", [](auto& i) { i.provider = "acme"; }, ErrorCode::kInvalidRequest, "Unknown provider 'acme'"},
      {"tool schema", [](auto& i) { i.tools = {{.name = "t", .parameters = "{oops"}}; }, ErrorCode::kInvalidRequest,
       "tools[0].parameters is not valid JSON"},
      {"tool choice", [](auto& i) { i.tool_choice = {ToolChoice::Mode::kTool, "x"}; }, ErrorCode::kInvalidRequest,
       "tool_choice names the tool 'x'"},
      {"output schema",
       [](auto& i) { i.response_format = {.type = ResponseFormat::Type::kJsonSchema, .schema = "[]"}; },
       ErrorCode::kInvalidRequest, "response_format.schema must be a JSON object"},
      {"timeout", [](auto& i) { i.timeout_ms = -1; }, ErrorCode::kInvalidRequest, "timeout_ms must be between"},
      {"retries", [](auto& i) { i.max_retries = 99; }, ErrorCode::kInvalidRequest,
       "max_retries must be between 0 and 10"},
      {"custom options", [](auto& i) { i.custom_options = R"({"acme":{}})"; }, ErrorCode::kInvalidRequest,
       "custom_options has the key 'acme'"},
      {"temperature", [](auto& i) { i.temperature = 3; }, ErrorCode::kInvalidRequest,
       "temperature must be between 0 and 2"},
      {"trace id", [](auto& i) { i.trace_id = "a\nb"; }, ErrorCode::kInvalidRequest,
       "trace_id must be 1 to 128 printable"},
      // As many and as long as a span keeps: none is lost in silence.
      {"tags", [](auto& i) { i.tags.assign(51, "x"); }, ErrorCode::kInvalidRequest, "tags must have at most 50"},
      {"tag", [](auto& i) { i.tags = {std::string(201, 'x')}; }, ErrorCode::kInvalidRequest,
       "each of tags must be at most 200 characters"},
      {"user id", [](auto& i) { i.user_id = std::string(257, 'x'); }, ErrorCode::kInvalidRequest,
       "user_id must be at most 256 characters"},
      {"40 MB body", [](auto& i) { i.messages = {user(std::string(40u << 20, 'x'))}; }, ErrorCode::kPayloadTooLarge,
       "The request is "},
  };
  for (const auto& bad : cases) {
    auto input = hello();
    bad.spoil(input);
    const auto result = client().run_local(input);
    ASSERT_FALSE(result) << bad.name;
    EXPECT_EQ(error_code_name(result.error().code), error_code_name(bad.code)) << bad.name;
    EXPECT_TRUE(result.error().message.starts_with(bad.message)) << bad.name << ": " << result.error().message;
    auto stream = client().run_local_stream(input);
    if (stream) {
      EXPECT_FALSE(stream->result()) << bad.name;
    }
  }
  EXPECT_EQ(provider_.request_count(), 0u);
  EXPECT_TRUE(spans().empty());
}

TEST_F(RunLocal, SaysWhichVariableToSetWhenTheKeyIsMissing) {
  env_.erase("OPENAI_API_KEY");
  const auto result = client().run_local(hello());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kMissingProviderApiKey);
  EXPECT_EQ(result.error().message,
            "No API key found for provider 'openai'. Set the OPENAI_API_KEY environment variable or pass "
            "provider_api_key parameter.");
}

TEST_F(RunLocal, TracesAFailedCallAsAnErrorWithTheProvidersWords) {
  provider_.on("POST", kChatPath,
               vendor_error(400, "bad key sk-live-0123456789abcdefghijkl", {{"x-request-id", "req_9"}}));
  const auto result = client().run_local(hello());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kProviderError);
  EXPECT_EQ(result.error().status, 400);
  EXPECT_EQ(result.error().message, "bad key [REDACTED]");
  EXPECT_EQ(result.error().provider.request_id, "req_9");
  const Json span = only_span();
  EXPECT_EQ(span.at("status"), "ERROR");
  EXPECT_EQ(span.at("error"), "bad key [REDACTED]");
  EXPECT_EQ(span.at("attempts").at(0).at("status"), 400);
}

TEST_F(RunLocal, RetriesAfterTheTimeTheProviderAskedFor) {
  provider_.on_sequence("POST", kChatPath,
                        {vendor_error(429, "slow down", {{"retry-after-ms", "30"}}),
                         vendor_error(503, "busy", {{"retry-after-ms", "1"}}), chat_answer("third time")});
  auto input = hello();
  input.max_retries = 2;
  const auto result = client().run_local(input);
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_EQ(result->text, "third time");
  EXPECT_EQ(result->attempts, 3);
  EXPECT_GE(result->latency_ms, 30);
  const Json span = only_span();
  EXPECT_EQ(span.at("attempts").size(), 3u);
  EXPECT_EQ(span.at("attempts").at(0).at("errorKind"), "rate_limit");
  EXPECT_EQ(span.at("status"), "SUCCESS");
}

TEST_F(RunLocal, NeverRetriesWhatNoRetryMends) {
  for (const int status : {400, 401, 403, 404, 422}) {
    provider_.on("POST", kChatPath, vendor_error(status, "no"));
    auto input = hello();
    input.max_retries = 5;
    const size_t before = provider_.request_count();
    EXPECT_FALSE(client().run_local(input));
    EXPECT_EQ(provider_.request_count(), before + 1) << status;
  }
}

TEST_F(RunLocal, FallsBackToAnotherProvidersModel) {
  provider_.on("POST", kChatPath, vendor_error(500, "down"));
  provider_.on(
      "POST", "/v1/messages",
      FakeResponse{
          .body =
              R"({"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"text","text":"Bonjour"}],"stop_reason":"end_turn","usage":{"input_tokens":5,"output_tokens":2}})"});
  auto input = hello();
  input.fallbacks = {{.model = "claude-sonnet-4-5"}};
  const auto result = client().run_local(input);
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_EQ(result->text, "Bonjour");
  EXPECT_EQ(result->provider, "anthropic");
  EXPECT_EQ(result->model, "claude-sonnet-4-5");
  EXPECT_EQ(result->attempts, 2);
  const Json span = only_span();
  EXPECT_EQ(span.at("provider"), "anthropic");
  EXPECT_EQ(span.at("attempts").at(0).at("provider"), "openai");
}

TEST_F(RunLocal, TimesOutWithTheCallersFigure) {
  provider_.on("POST", kChatPath, FakeResponse{.stall = true});
  auto input = hello();
  input.timeout_ms = 80;
  const auto result = client().run_local(input);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kTimeout);
  EXPECT_NE(result.error().message.find("timed out"), std::string::npos) << result.error().message;
  EXPECT_EQ(only_span().at("status"), "ERROR");
  EXPECT_TRUE(provider_.wait_for_disconnects(1));
}

TEST_F(RunLocal, CancelsFromAnotherThreadAndClosesTheConnection) {
  provider_.on("POST", kChatPath, FakeResponse{.stall = true});
  auto input = hello();
  std::thread canceller([&] {
    EXPECT_TRUE(provider_.wait_for_requests(1));
    input.cancel.cancel();
  });
  const auto result = client().run_local(input);
  canceller.join();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kAborted);
  EXPECT_TRUE(provider_.wait_for_disconnects(1));
}

TEST_F(RunLocal, SaysThatAHostCannotBeReached) {
  env_["OPENAI_BASE_URL"] = "http://127.0.0.1:1/v1";
  const auto result = client().run_local(hello());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kNetworkError);
  EXPECT_NE(result.error().message.find("127.0.0.1:1"), std::string::npos) << result.error().message;
}

TEST_F(RunLocal, ReportsAnAnswerThatIsNotJson) {
  provider_.on("POST", kChatPath,
               FakeResponse{.body = "<html>gateway</html>", .headers = {{"Content-Type", "text/html"}}});
  const auto result = client().run_local(hello());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kProviderError);
  EXPECT_EQ(error_kind_name(result.error().kind), "malformed_response");
}

TEST_F(RunLocal, IsNeitherDelayedNorBrokenByADeadOrStalledTraciaServer) {
  provider_.on("POST", kChatPath, chat_answer("ok"));
  server_.on("POST", "/api/v1/spans/batch", FakeResponse{.stall = true});
  auto with = options();
  with.exit_flush = Millis{50};
  std::vector<std::string> lost;
  with.on_span_error = [&](const Error&, const std::string& span_id) { lost.push_back(span_id); };
  std::string span_id;
  {
    Client stalled(with);
    const auto result = stalled.run_local(hello());
    ASSERT_TRUE(result);
    span_id = result->span_id;
    EXPECT_FALSE(stalled.flush(Millis{50}));
  }
  EXPECT_EQ(lost, std::vector<std::string>{span_id});
}

TEST_F(RunLocal, RunsAsAFutureAndAsACallback) {
  provider_.on("POST", kChatPath, chat_answer("async"));
  auto future = client().run_local_async(hello());
  std::promise<std::string> called;
  client().run_local_async(hello(),
                           [&](Result<RunLocalResult> result) { called.set_value(result ? result->text : "error"); });
  const auto result = future.get();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->text, "async");
  EXPECT_EQ(called.get_future().get(), "async");
  EXPECT_EQ(spans().size(), 2u);
}

TEST_F(RunLocal, GivesErrorsOfTheInputThroughTheFutureToo) {
  const auto result = client().run_local_async(RunLocalInput{.model = ""}).get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidRequest);
}

TEST_F(RunLocal, CancelsAStartedCallByItsHandleAlsoWhileItWaitsForARetry) {
  provider_.on("POST", kChatPath, vendor_error(503, "busy", {{"retry-after", "30"}}));
  auto input = hello();
  input.max_retries = 3;
  std::promise<Result<RunLocalResult>> promise;
  auto handle =
      client().run_local_async(input, [&](Result<RunLocalResult> result) { promise.set_value(std::move(result)); });
  ASSERT_TRUE(provider_.wait_for_requests(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  handle.cancel();
  const auto result = promise.get_future().get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kAborted);
}

TEST_F(RunLocal, EndsCallsUnderWayWhenTheClientIsDestroyed) {
  provider_.on("POST", kChatPath, FakeResponse{.stall = true});
  std::vector<std::future<Result<RunLocalResult>>> futures;
  {
    Client doomed(options());
    for (int i = 0; i < 8; ++i) futures.push_back(doomed.run_local_async(hello()));
    ASSERT_TRUE(provider_.wait_for_requests(8));
  }
  for (auto& future : futures) {
    const auto result = future.get();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kAborted);
  }
}

TEST_F(RunLocal, ServesManyThreadsAtOnce) {
  provider_.on("POST", kChatPath, [](const FakeRequest& request) {
    return chat_answer(Json::parse(request.body).at("messages").at(0).at("content").get<std::string>());
  });
  (void)client();  // made here: the fixture makes it on first use, without a lock
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        auto input = hello();
        const std::string text = "echo " + std::to_string(t * 100 + i);
        input.messages = {user(text)};
        const auto result = client().run_local(input);
        if (result && result->text == text) ++right;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 160);
  EXPECT_EQ(spans().size(), 160u);
}

}  // namespace
}  // namespace tracia
