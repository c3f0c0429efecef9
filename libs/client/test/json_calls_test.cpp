// Calls and streams by name, as a binding makes them.
#include <chrono>
#include <future>
#include <thread>

#include "client_fixture.h"
#include "tracia/client/json.h"

namespace tracia {
namespace {

constexpr auto kPatience = std::chrono::seconds(30);

class JsonCalls : public ClientTest {
 protected:
  static std::string hello_json() {
    return R"({"model":"gpt-4o","messages":[{"role":"user","content":"Hello!"}],"max_retries":0})";
  }
  Result<Json> call(std::string_view operation, const Json& input) {
    const auto answer = call_json(client(), operation, input.dump());
    if (!answer) return fail(answer.error());
    return Json::parse(*answer);
  }
  Result<std::string> call_async(std::string_view operation, std::string_view input) {
    std::promise<Result<std::string>> promise;
    auto future = promise.get_future();
    call_json_async(client(), operation, input, [&](Result<std::string> result) { promise.set_value(result); });
    EXPECT_EQ(future.wait_for(kPatience), std::future_status::ready);
    return future.get();
  }
  std::string error_of(std::string_view operation, const Json& input) {
    const auto answer = call_json(client(), operation, input.dump());
    const auto later = call_async(operation, input.dump());
    if (answer || later) return "accepted";
    EXPECT_EQ(answer.error().code, later.error().code);
    EXPECT_EQ(answer.error().message, later.error().message);
    return answer.error().message;
  }
};

TEST_F(JsonCalls, RunLocalAnswersAsTheStructDoes) {
  provider_.on("POST", kChatPath, chat_answer("Hi there"));
  for (const auto& answer : {call_json(client(), "run_local", hello_json()), call_async("run_local", hello_json())}) {
    ASSERT_TRUE(answer) << answer.error().message;
    const Json got = Json::parse(*answer);
    EXPECT_EQ(got["text"], "Hi there");
    EXPECT_EQ(got["finishReason"], "stop");
    EXPECT_EQ(got["usage"]["totalTokens"], 12);
    EXPECT_EQ(got["requestId"], "req_1");
  }
}

TEST_F(JsonCalls, ErrorsOfTheInputAreTheSameLaterAsAtOnce) {
  EXPECT_EQ(error_of("run_local", {{"model", ""}, {"messages", {{{"role", "user"}, {"content", "x"}}}}}),
            "model is required and cannot be empty");
  EXPECT_EQ(error_of("run_local", {{"model", "gpt-4o"}, {"messages", Json::array()}}),
            "messages is required and cannot be empty");
  EXPECT_EQ(error_of("run_local", {{"model", "gpt-4o"}}), "messages is required and cannot be empty");
  EXPECT_EQ(error_of("run_local",
                     {{"model", "gpt-4o"}, {"messages", {{{"role", "user"}, {"content", "x"}}}}, {"span_id", "nope"}}),
            "Invalid span_id format: nope. Expected sp_XXXXXXXXXXXXXXXX or tr_XXXXXXXXXXXXXXXX");
  EXPECT_EQ(error_of("run_embedding", {{"model", "text-embedding-3-small"}}), "input is required and cannot be empty");
  EXPECT_EQ(error_of("run_embedding", {{"model", "text-embedding-3-small"}, {"input", "  "}}),
            "input text cannot be empty");
  EXPECT_EQ(error_of("run_embedding", {{"model", "text-embedding-3-small"}, {"input", {"a", ""}}}),
            "input array cannot contain empty strings");
  EXPECT_EQ(error_of("run_locale", Json::object()),
            "unknown operation 'run_locale': it must be run_local, run_responses, run_embedding, request, fetch_prompt "
            "or compile_prompt");
  EXPECT_EQ(error_of("request", {{"method", "GET\r\nX: y"}, {"path", "/"}}),
            "method must be GET, POST, PUT, PATCH or DELETE");
  EXPECT_EQ(provider_.request_count(), 0u);
}

TEST_F(JsonCalls, ACancelledCallIsAborted) {
  provider_.on("POST", kChatPath, FakeResponse{.stall = true});
  CancelToken cancel;
  auto answer = std::async(std::launch::async, [&] { return call_json(client(), "run_local", hello_json(), cancel); });
  ASSERT_TRUE(provider_.wait_for_requests(1, kPatience));
  cancel.cancel();
  EXPECT_EQ(answer.get().error().code, ErrorCode::kAborted);
}

TEST_F(JsonCalls, RequestAnswersTheBody) {
  const auto list = call("request", {{"method", "GET"}, {"path", "/api/v1/prompts"}});
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_TRUE((*list)["prompts"].is_array());
  const auto later = call_async("request", R"({"path":"/api/v1/prompts/none","method":"get"})");
  EXPECT_EQ(later.error().code, ErrorCode::kNotFound);
  server_.on("POST", "/api/v1/empty", FakeResponse{.status = 204});
  EXPECT_TRUE(call("request", {{"method", "POST"}, {"path", "/api/v1/empty"}, {"body", {{"a", 1}}}})->is_null());
  EXPECT_EQ(server_.requests().back().body, R"({"a":1})");
}

TEST_F(JsonCalls, AFetchedPromptCompilesToAnInput) {
  const auto prompt = call("fetch_prompt", {{"slug", "welcome-email"}, {"label", "production"}});
  ASSERT_TRUE(prompt) << prompt.error().message;
  EXPECT_EQ((*prompt)["version"]["version"], 2);
  EXPECT_EQ((*prompt)["stale"], false);
  const auto input =
      call("compile_prompt", {{"prompt", *prompt}, {"variables", {{"product", "Acme"}, {"name", "Ann"}}}});
  ASSERT_TRUE(input) << input.error().message;
  EXPECT_EQ((*input)["messages"][1]["content"], "Welcome Ann to Acme.");
  EXPECT_EQ((*input)["prompt"], Json({{"slug", "welcome-email"}, {"version", 2}, {"label", "production"}}));
  EXPECT_EQ((*input)["provider"], "openai");
  ASSERT_TRUE(read_run_local_input(input->dump()));
  EXPECT_EQ(error_of("compile_prompt", {{"prompt", *prompt}, {"variables", {{"name", "Ann"}}}}),
            "Missing required variables: product");
  EXPECT_TRUE(error_of("compile_prompt", {{"prompt", {{"slug", "x"}}}}).starts_with("prompt must be one that"));
}

TEST_F(JsonCalls, ALocalStreamGivesItsChunksAndItsResult) {
  provider_.on("POST", kChatPath, chat_stream({"Hel", "lo"}));
  auto stream = stream_json(client(), "run_local", hello_json());
  ASSERT_TRUE(stream) << stream.error().message;
  EXPECT_TRUE((*stream)->span_id().starts_with("sp_"));
  std::string text;
  for (auto chunks = (*stream)->next(); !chunks.empty(); chunks = (*stream)->next()) {
    for (const StreamChunk& chunk : chunks) text += chunk.text;
  }
  EXPECT_EQ(text, "Hello");
  EXPECT_TRUE((*stream)->ended());
  const auto result = (*stream)->result();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(Json::parse(*result)["text"], "Hello");
  EXPECT_EQ(Json::parse((*stream)->partial())["spanId"], (*stream)->span_id());
}

TEST_F(JsonCalls, APromptsStreamGivesItsChunksAndTheServersRecord) {
  auto stream = stream_json(client(), "run_prompt", R"({"slug":"welcome-email","variables":{"name":"Ann","n":1}})");
  ASSERT_TRUE(stream) << stream.error().message;
  std::promise<void> ready;
  (*stream)->on_finished([&] { ready.set_value(); });
  ASSERT_EQ(ready.get_future().wait_for(kPatience), std::future_status::ready);
  std::string text;
  for (auto chunks = (*stream)->take(); !chunks.empty(); chunks = (*stream)->take()) {
    for (const StreamChunk& chunk : chunks) text += chunk.text;
  }
  const auto result = (*stream)->result();
  ASSERT_TRUE(result) << result.error().message;
  const Json got = Json::parse(*result);
  EXPECT_EQ(got["text"], text);
  EXPECT_EQ(got["spanId"], (*stream)->span_id());
  EXPECT_EQ(Json::parse((*stream)->partial())["traceId"], (*stream)->trace_id());
}

TEST_F(JsonCalls, AnAbortedStreamKeepsWhatWasDelivered) {
  provider_.on("POST", kChatPath,
               FakeResponse{.body = chat_chunk("Hel"),
                            .headers = {{"Content-Type", "text/event-stream"}},
                            .stall_after = chat_chunk("Hel").size(),
                            .chunked = true});
  auto stream = stream_json(client(), "run_local", hello_json());
  ASSERT_TRUE(stream);
  EXPECT_EQ((*stream)->next().at(0).text, "Hel");
  (*stream)->abort();
  EXPECT_TRUE((*stream)->next().empty());
  const auto result = (*stream)->result();
  ASSERT_TRUE(result);
  EXPECT_EQ(Json::parse(*result)["text"], "Hel");
  EXPECT_EQ(Json::parse(*result)["aborted"], true);
}

TEST_F(JsonCalls, AStreamOfAnUnknownOperationIsRefused) {
  EXPECT_EQ(stream_json(client(), "run_embedding", "{}").error().message,
            "unknown operation 'run_embedding': run_local, run_responses and run_prompt can be streamed");
  EXPECT_EQ(stream_json(client(), "run_prompt", R"({"slug":"s","options":{"vesion":1}})").error().message,
            "options: unknown field 'vesion'; did you mean 'version'?");
}

}  // namespace
}  // namespace tracia
