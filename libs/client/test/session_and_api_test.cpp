#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "client_fixture.h"

namespace tracia {
namespace {

using SessionTest = ClientTest;
using Embedding = ClientTest;
using Responses = ClientTest;
using Api = ClientTest;

TEST_F(SessionTest, ChainsCallsInOneTrace) {
  provider_.on("POST", kChatPath, chat_answer("ok"));
  auto session = client().create_session();
  EXPECT_EQ(session.last_span_id(), "");
  const auto first = session.run_local(hello());
  const auto second = session.run_local(hello());
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->trace_id, second->trace_id);
  EXPECT_EQ(session.last_span_id(), second->span_id);
  const auto sent = spans();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_FALSE(sent[0].contains("parentSpanId"));
  EXPECT_EQ(sent[1].at("parentSpanId"), first->span_id);
}

TEST_F(SessionTest, OnlySpansThatWereSentBecomeParents) {
  provider_.on("POST", kChatPath, chat_answer("ok"));
  auto session = client().create_session("tr_0123456789abcdef", "sp_0123456789abcdef");
  auto silent = hello();
  silent.send_trace = false;
  ASSERT_TRUE(session.run_local(silent));
  EXPECT_EQ(session.last_span_id(), "sp_0123456789abcdef");
  ASSERT_TRUE(session.run_local(hello()));
  EXPECT_EQ(only_span().at("parentSpanId"), "sp_0123456789abcdef");
  EXPECT_EQ(only_span().at("traceId"), "tr_0123456789abcdef");
}

TEST_F(SessionTest, AnUnreadStreamIsTheParentOfTheNextCall) {
  provider_.on("POST", kChatPath, chat_stream({"x"}));
  auto session = client().create_session();
  auto stream = session.run_local_stream(hello());
  ASSERT_TRUE(stream);
  EXPECT_EQ(session.last_span_id(), stream->span_id());
  session.reset();
  EXPECT_EQ(session.last_span_id(), "");
  EXPECT_NE(session.trace_id(), stream->trace_id());
  ASSERT_TRUE(stream->result());
}

FakeResponse vectors(size_t count, size_t first) {
  Json data = Json::array();
  for (size_t i = 0; i < count; ++i)
    data.push_back({{"object", "embedding"}, {"index", i}, {"embedding", {static_cast<double>(first + i), 0.5}}});
  return {.body = Json{{"data", data},
                       {"model", "text-embedding-3-small"},
                       {"usage", {{"prompt_tokens", count}, {"total_tokens", count}}}}
                      .dump()};
}

TEST_F(Embedding, SplitsLargeRequestsAndKeepsTheOrder) {
  size_t sent = 0;
  provider_.on("POST", "/v1/embeddings", [&](const FakeRequest& request) {
    const size_t count = Json::parse(request.body).at("input").size();
    const auto response = vectors(count, sent);
    sent += count;
    return response;
  });
  const auto result =
      client().run_embedding({.model = "text-embedding-3-small", .input = std::vector<std::string>(2050, "text")});
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_EQ(provider_.request_count(), 2u);
  ASSERT_EQ(result->embeddings.size(), 2050u);
  EXPECT_EQ(result->embeddings[2049].values[0], 2049.0F);
  EXPECT_EQ(result->embeddings[2049].index, 2049);
  EXPECT_EQ(result->total_tokens, 2050);
  const Json span = only_span();
  EXPECT_EQ(span.at("spanKind"), "EMBEDDING");
  EXPECT_EQ(Json::parse(span.at("output").get<std::string>()), Json({{"dimensions", 2}, {"count", 2050}}));
  EXPECT_EQ(span.at("input").at("text").size(), 2050u);
}

TEST_F(Embedding, RefusesBadInput) {
  const auto error = [&](RunEmbeddingInput input) { return client().run_embedding(input).error(); };
  EXPECT_EQ(error({.model = "text-embedding-3-small"}).message, "input is required and cannot be empty");
  EXPECT_EQ(error({.model = "text-embedding-3-small", .input = {" "}}).message, "input text cannot be empty");
  EXPECT_EQ(error({.model = "text-embedding-3-small", .input = {"a", ""}}).message,
            "input array cannot contain empty strings");
  EXPECT_EQ(error({.model = "claude-sonnet-4-5", .input = {"a"}}).code, ErrorCode::kUnsupportedModel);
  EXPECT_EQ(error({.model = "text-embedding-ada-002", .input = {"a"}, .dimensions = 8}).code,
            ErrorCode::kUnsupportedModel);
  EXPECT_EQ(provider_.request_count(), 0u);
}

TEST_F(Responses, SendsItemsAsGivenAndReturnsOutputItemsToSendBack) {
  const Json output = {
      {{"type", "reasoning"}, {"id", "rs_1"}, {"summary", Json::array()}, {"encrypted_content", "abc"}},
      {{"type", "function_call"},
       {"id", "fc_1"},
       {"call_id", "call_1"},
       {"name", "weather"},
       {"arguments", "{\"city\":\"Oslo\"}"}}};
  provider_.on("POST", "/v1/responses",
               FakeResponse{.body = Json{{"id", "resp_1"},
                                         {"object", "response"},
                                         {"status", "completed"},
                                         {"model", "o4-mini"},
                                         {"output", output},
                                         {"usage", {{"input_tokens", 5}, {"output_tokens", 7}, {"total_tokens", 12}}}}
                                        .dump()});
  const auto first = client().run_responses({.model = "o4-mini",
                                             .input = {R"({"role":"user","content":"Weather in Oslo?"})"},
                                             .tools = {{.name = "weather", .parameters = R"({"type":"object"})"}}});
  ASSERT_TRUE(first) << first.error().to_string();
  ASSERT_EQ(first->tool_calls.size(), 1u);
  EXPECT_EQ(first->tool_calls[0].id, "call_1");
  EXPECT_EQ(first->finish_reason, FinishReason::kToolCalls);
  ASSERT_EQ(first->output_items.size(), 2u);

  RunResponsesInput next{.model = "o4-mini", .input = first->output_items};
  next.input.push_back(R"({"type":"function_call_output","call_id":"call_1","output":"4 degrees"})");
  ASSERT_TRUE(client().run_responses(next));
  const Json sent = Json::parse(provider_.requests().at(1).body).at("input");
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[0], output[0]);
  EXPECT_EQ(sent[1], output[1]);
  EXPECT_EQ(sent[2].at("output"), "4 degrees");
  const auto all = spans();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].at("input").at("messages").at(0).at("content"), "Weather in Oslo?");
  EXPECT_EQ(all[1].at("input").at("messages").at(2).at("role"), "tool");
}

TEST_F(Responses, RefusesBadItems) {
  const auto message = [&](std::vector<std::string> items) {
    return client().run_responses({.model = "o4-mini", .input = std::move(items)}).error().message;
  };
  EXPECT_EQ(message({}), "input array is required and cannot be empty");
  EXPECT_EQ(message({"{"}).substr(0, 27), "input[0] is not valid JSON:");
  EXPECT_EQ(message({"{}"}), "input[0] must be a JSON object with a role or a type");
  EXPECT_EQ(message({R"({"type":"function_call_output"})"}), "input[0].call_id is required and cannot be empty");
}

class Bedrock : public ClientTest {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "tracia-aws-" + std::to_string(::getpid());
    std::filesystem::create_directories(folder_);
    write("credentials", "[work]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n");
    write("config", "[profile work]\nregion = eu-west-3\n");
    env_["AWS_SHARED_CREDENTIALS_FILE"] = folder_ + "/credentials";
    env_["AWS_CONFIG_FILE"] = folder_ + "/config";
    env_["AWS_PROFILE"] = "work";
    env_["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] = provider_.url();
    provider_.on(
        "POST", "/model/{id}/converse",
        FakeResponse{.body = R"({"output":{"message":{"role":"assistant","content":[{"text":"Bonjour"}]}},)"
                             R"("stopReason":"end_turn","usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5}})"});
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) { std::ofstream(folder_ + "/" + name) << text; }

  std::string folder_;
};

TEST_F(Bedrock, SignsWithTheProfilesKeysAndRegion) {
  const RunLocalInput input{.model = "amazon.nova-lite-v1:0", .messages = {user("Bonjour?")}};
  const auto blocking = client().run_local(input);
  ASSERT_TRUE(blocking) << blocking.error().to_string();
  EXPECT_EQ(blocking->text, "Bonjour");
  Client fresh(options());
  ASSERT_TRUE(fresh.run_local_async(input).get());  // credentials resolved on the loop
  for (const auto& request : provider_.requests()) {
    EXPECT_EQ(request.path, "/model/amazon.nova-lite-v1%3A0/converse");
    const std::string authorization(request.header("authorization"));
    EXPECT_EQ(authorization.find("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), 0u) << authorization;
    EXPECT_NE(authorization.find("/eu-west-3/bedrock/aws4_request"), std::string::npos) << authorization;
  }
}

TEST_F(Bedrock, SaysWhereItLookedWhenThereAreNoCredentials) {
  env_["AWS_PROFILE"] = "absent";
  env_["AWS_EC2_METADATA_DISABLED"] = "true";
  const auto result =
      client().run_local({.model = "amazon.nova-lite-v1:0", .messages = {user("Bonjour?")}, .max_retries = 0});
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("absent"), std::string::npos) << result.error().message;
  EXPECT_EQ(provider_.request_count(), 0u);
}

TEST_F(Api, ReadsPromptsAsTheContractWritesThem) {
  const auto list = client().prompts().list();
  ASSERT_TRUE(list) << list.error().to_string();
  ASSERT_FALSE(list->empty());
  const auto prompt = client().prompts().get("welcome-email");
  ASSERT_TRUE(prompt) << prompt.error().to_string();
  EXPECT_EQ(prompt->slug, "welcome-email");
  EXPECT_FALSE(prompt->content.empty());
  EXPECT_FALSE(prompt->variables.empty());
  EXPECT_FALSE(prompt->versions.empty());
  EXPECT_GE(prompt->versions.front().version, prompt->versions.back().version);
  EXPECT_EQ(server_.requests().back().header("authorization"), "Bearer tr_0123456789abcdefghijklmnopqrstuvwxyz");
  const auto missing = client().prompts().get("no/such");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(server_.requests().back().target, "/api/v1/prompts/no%2Fsuch");
}

TEST_F(Api, CreatesUpdatesAndRemovesPrompts) {
  const auto created = client().prompts().create({.name = "Welcome Email",
                                                  .content = {{"msg_1", "user", "Hi {{name}}"}},
                                                  .model = "gpt-4o",
                                                  .provider = "openai",
                                                  .temperature = 0.2});
  ASSERT_TRUE(created) << created.error().to_string();
  Json body = Json::parse(server_.requests().back().body);
  EXPECT_EQ(body.at("provider"), "OPENAI");
  EXPECT_EQ(body.at("content").at(0).at("id"), "msg_1");
  ASSERT_TRUE(client().prompts().update("welcome-email", {.description = "", .clear = {"model"}, .base_version = 2}));
  body = Json::parse(server_.requests().back().body);
  EXPECT_EQ(body, Json({{"description", ""}, {"model", nullptr}, {"baseVersion", 2}}));
  EXPECT_TRUE(client().prompts().remove("welcome-email"));
  EXPECT_EQ(client().prompts().create({}).error().message, "name is required and cannot be empty");
}

TEST_F(Api, RunsAPromptAndPassesTheConversationBack) {
  const auto result =
      client().prompts().run("assistant", {{"question", "Weather in Tokyo?"}}, {.tags = {"t"}, .user_id = "u"});
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_EQ(result->finish_reason, FinishReason::kToolCalls);
  ASSERT_FALSE(result->tool_calls.empty());
  EXPECT_FALSE(result->text);
  ASSERT_FALSE(result->messages.empty());
  RunOptions options{.trace_id = result->trace_id, .parent_span_id = result->span_id, .messages = result->messages};
  options.messages.push_back(tool_result(result->tool_calls[0].id, result->tool_calls[0].name, "{}"));
  ASSERT_TRUE(client().prompts().run("assistant", {}, options));
  const Json body = Json::parse(server_.requests().back().body);
  EXPECT_EQ(body.at("messages").back().at("toolCallId"), result->tool_calls[0].id);
  EXPECT_EQ(body.at("traceId"), result->trace_id);
}

TEST_F(Api, ListsGetsAndEvaluatesSpans) {
  provider_.on("POST", kChatPath, chat_answer("ok"));
  const auto run = client().run_local(hello());
  ASSERT_TRUE(run);
  // Evaluated at once: the span is still on its way.
  const auto evaluation = client().spans().evaluate(run->span_id, {.value = 1, .note = "good"});
  ASSERT_TRUE(evaluation) << evaluation.error().to_string();
  EXPECT_EQ(evaluation->value, 1);
  const auto span = client().spans().get(run->span_id);
  ASSERT_TRUE(span) << span.error().to_string();
  EXPECT_EQ(span->span_id, run->span_id);
  EXPECT_EQ(span->output, "ok");
  const auto page = client().spans().list({.user_id = "a b", .tags = {"x", "y"}, .limit = 1});
  ASSERT_TRUE(page) << page.error().to_string();
  EXPECT_EQ(server_.requests().back().target, "/api/v1/spans?userId=a%20b&tags=x%2Cy&limit=1");
}

TEST_F(Api, SaysThatAnApiKeyIsRequired) {
  auto without = options();
  without.api_key = "";
  Client quiet(without);
  EXPECT_EQ(quiet.prompts().list().error().message,
            "An API key is required. Pass api_key or set the TRACIA_API_KEY environment variable.");
}

}  // namespace
}  // namespace tracia
