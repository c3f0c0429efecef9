// Prompts and spans of the server: what is asked of it, and how its answers are read.
#include <limits>

#include "client_fixture.h"
#include "tracia/client/json.h"

namespace tracia {
namespace {

class ResourcesTest : public ClientTest {
 protected:
  std::string last_target() { return server_.requests().back().method + " " + server_.requests().back().target; }
  Json last_body() { return Json::parse(server_.requests().back().body); }
  // Two pages, of which the first leads to the second.
  void serve_pages(const char* pattern, const std::string& name, const Json& first, const Json& second) {
    server_.on("GET", pattern, [name, first, second](const FakeRequest& request) {
      const bool is_second = request.query("cursor") == "a=b";
      const Json cursor = is_second ? Json() : Json("a=b");
      return FakeResponse{.body = Json{{name, is_second ? second : first}, {"nextCursor", cursor}}.dump()};
    });
  }
};

const Json& parts_of_a_question() {
  static const Json parts = {{{"type", "text"}, {"text", "What is on {{page}}?"}},
                             {{"type", "image"}, {"url", "https://example.com/{{page}}.png"}}};
  return parts;
}

Json prompt_with_parts() {
  return {{"slug", "p"},
          {"content",
           {{{"id", "m1"}, {"role", "system"}, {"content", "Look."}},
            {{"id", "m2"}, {"role", "user"}, {"content", parts_of_a_question()}},
            {{"id", "m3"},
             {"role", "assistant"},
             {"content", {{{"type", "tool_call"}, {"id", "c1"}, {"name", "zoom"}, {"arguments", {{"level", 2}}}}}}},
            {{"id", "m4"}, {"role", "tool"}, {"toolCallId", "c1"}, {"toolName", "zoom"}, {"content", "done"}}}},
          {"labels", {{"production", 2}}},
          {"defaultLabel", "production"},
          {"toolChoice", {{"tool", "zoom"}}},
          {"versions", Json::array()}};
}

TEST_F(ResourcesTest, MessagesOfPartsToolCallsAndResultsComeWholeAndGoBackWhole) {
  const Json sent = prompt_with_parts();
  server_.on("GET", "/api/v1/prompts/p", FakeResponse{.body = sent.dump()});
  server_.on("PUT", "/api/v1/prompts/p", FakeResponse{.body = sent.dump()});
  const auto prompt = client().prompts().get("p");
  ASSERT_TRUE(prompt) << prompt.error().to_string();
  ASSERT_EQ(prompt->content.size(), 4u);
  EXPECT_EQ(prompt->content[0].content, "Look.");
  EXPECT_TRUE(prompt->content[0].parts.empty());
  EXPECT_EQ(prompt->content[1].content, "What is on {{page}}?");
  ASSERT_EQ(prompt->content[1].parts.size(), 2u);
  ASSERT_NE(prompt->content[1].parts[1].as<llm::ImagePart>(), nullptr);
  EXPECT_EQ(prompt->content[1].parts[1].as<llm::ImagePart>()->source.value, "https://example.com/{{page}}.png");
  ASSERT_NE(prompt->content[2].parts.at(0).as<ToolCallPart>(), nullptr);
  EXPECT_EQ(prompt->content[2].parts[0].as<ToolCallPart>()->name, "zoom");
  ASSERT_NE(prompt->content[3].parts.at(0).as<llm::ToolResultPart>(), nullptr);
  EXPECT_EQ(prompt->content[3].parts[0].as<llm::ToolResultPart>()->tool_call_id, "c1");
  EXPECT_EQ(prompt->labels.at("production"), 2);
  EXPECT_EQ(prompt->default_label, "production");
  EXPECT_EQ(Json::parse(prompt->tool_choice), Json({{"tool", "zoom"}}));

  ASSERT_TRUE(client().prompts().update("p", {.content = prompt->content}));
  EXPECT_EQ(last_body().at("content"), sent.at("content"));
}

TEST_F(ResourcesTest, APartThatIsNotKnownIsAnErrorAndNotLeftOut) {
  Json body = prompt_with_parts();
  body["content"][1]["content"][1]["type"] = "hologram";
  server_.on("GET", "/api/v1/prompts/p", FakeResponse{.body = body.dump()});
  const auto prompt = client().prompts().get("p");
  ASSERT_FALSE(prompt);
  EXPECT_NE(prompt.error().message.find("'hologram' is not a kind of content part"), std::string::npos);
}

TEST_F(ResourcesTest, APromptIsMadeOfPartsToo) {
  const auto made = client().prompts().create(
      {.name = "Look",
       .content = {{.role = "user", .parts = {text_part("See {{page}}"), image_url("https://example.com/a.png")}}},
       .tool_choice = {ToolChoice::Mode::kRequired}});
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_EQ(last_body().at("content").at(0).at("content").at(0).at("text"), "See {{page}}");
  EXPECT_EQ(last_body().at("toolChoice"), "required");
  EXPECT_EQ(client().prompts().create({.name = "x", .content = {{.role = "owner", .content = "y"}}}).error().message,
            "content[0].role must be one of system, developer, user, assistant, tool, and not 'owner'");
}

TEST_F(ResourcesTest, AllPagesOfPromptsAndOfVersionsAreRead) {
  serve_pages("/api/v1/prompts", "prompts", {{{"slug", "one"}}}, {{{"slug", "two"}}});
  const auto prompts = client().prompts().list();
  ASSERT_TRUE(prompts) << prompts.error().to_string();
  ASSERT_EQ(prompts->size(), 2u);
  EXPECT_EQ(prompts->back().slug, "two");
  EXPECT_EQ(last_target(), "GET /api/v1/prompts?limit=100&cursor=a%3Db");

  serve_pages("/api/v1/prompts/{slug}/versions", "versions",
              {{{"version", 2}, {"labels", {"production"}}, {"variables", {"name"}}, {"outputSchema", {{"a", 1}}}}},
              {{{"version", 1}}});
  const auto versions = client().prompts().versions("p");
  ASSERT_TRUE(versions) << versions.error().to_string();
  ASSERT_EQ(versions->size(), 2u);
  EXPECT_EQ(versions->front().labels, std::vector<std::string>{"production"});
  EXPECT_EQ(versions->front().variables, std::vector<std::string>{"name"});
  EXPECT_EQ(versions->front().output_schema, R"({"a":1})");
  EXPECT_EQ(versions->back().version, 1);
}

TEST_F(ResourcesTest, APageThatLeadsToItselfEndsInAnError) {
  server_.on("GET", "/api/v1/prompts", FakeResponse{.body = R"({"prompts": [], "nextCursor": "x"})"});
  EXPECT_EQ(client().prompts().list().error().kind, ErrorKind::kMalformedResponse);
  EXPECT_EQ(server_.request_count(), 2u);
}

TEST_F(ResourcesTest, VersionsAreReadAndRestoredAndLabelsMoved) {
  const auto version = client().prompts().get_version("welcome-email", 2);
  ASSERT_TRUE(version) << version.error().to_string();
  EXPECT_EQ(version->version, 2);
  EXPECT_FALSE(version->messages.empty());
  const auto restored = client().prompts().restore("welcome-email", 1, {.note = "back", .base_version = 3});
  ASSERT_TRUE(restored) << restored.error().to_string();
  EXPECT_EQ(last_body(), Json({{"note", "back"}, {"baseVersion", 3}}));
  EXPECT_EQ(restored->slug, "welcome-email");
  const auto label = client().prompts().set_label("welcome-email", "production", 3);
  ASSERT_TRUE(label) << label.error().to_string();
  EXPECT_EQ(last_target(), "PUT /api/v1/prompts/welcome-email/labels/production");
  EXPECT_EQ(last_body(), Json({{"version", 3}}));
  EXPECT_EQ(label->version, 3);
  EXPECT_EQ(label->previous_version, 2);
  EXPECT_TRUE(client().prompts().delete_label("welcome-email", "staging"));
  EXPECT_EQ(last_target(), "DELETE /api/v1/prompts/welcome-email/labels/staging");

  const size_t asked = server_.request_count();
  EXPECT_EQ(client().prompts().get_version("p", 0).error().message, "version must be at least 1");
  EXPECT_FALSE(client().prompts().set_label("p", "../x", 1));
  EXPECT_FALSE(client().prompts().delete_label("p", ""));
  EXPECT_FALSE(client().prompts().versions(" "));
  EXPECT_EQ(server_.request_count(), asked);
}

TEST_F(ResourcesTest, ARunMayNameTheProvider) {
  ASSERT_TRUE(client().prompts().run("welcome-email", {{"name", "Ada"}, {"product", "T"}},
                                     {.model = "llama-3.3", .provider = "my-connection"}));
  EXPECT_EQ(last_body().at("provider"), "MY-CONNECTION");
  EXPECT_TRUE(stream_json(client(), "run_prompt",
                          R"({"slug": "welcome-email", "options": {"model": "llama-3.3", "provider": "openai"}})"));
}

TEST_F(ResourcesTest, AJudgementIsANumberYesOrNoOrACategory) {
  server_.on("POST", "/api/v1/spans/{id}/evaluations",
             testing::example_response(kExamples, "evaluations_create_category.response.201.json"));
  const std::string id = "sp_0123456789abcdef";
  const std::pair<Scalar, Json> cases[] = {{1, 1}, {4.5, 4.5}, {true, true}, {false, false}, {"friendly", "friendly"}};
  for (const auto& [value, expected] : cases) {
    const auto evaluation = client().spans().evaluate(id, {.evaluator = "tone", .value = value});
    ASSERT_TRUE(evaluation) << evaluation.error().to_string();
    EXPECT_EQ(last_body().at("value").dump(), expected.dump());
    EXPECT_EQ(evaluation->category, "friendly");
  }
  const auto infinite = client().spans().evaluate(id, {.value = std::numeric_limits<double>::infinity()});
  ASSERT_FALSE(infinite);
  EXPECT_EQ(infinite.error().message, "value must be a finite number, true, false or a category");
}

TEST_F(ResourcesTest, EvaluationsOfASpanAreListedAndSpansRemoved) {
  provider_.on("POST", kChatPath, chat_answer("ok"));
  const auto run = client().run_local(hello());
  ASSERT_TRUE(run);
  ASSERT_EQ(spans().size(), 1u);
  const auto evaluations = client().spans().evaluations(run->span_id);
  ASSERT_TRUE(evaluations) << evaluations.error().to_string();
  ASSERT_EQ(evaluations->size(), 1u);
  EXPECT_EQ(evaluations->front().note, "Exactly what I needed.");
  EXPECT_TRUE(client().spans().get(run->span_id, run->trace_id));
  EXPECT_EQ(last_target(), "GET /api/v1/spans/" + run->span_id + "?traceId=" + run->trace_id);
  EXPECT_TRUE(client().spans().remove(run->span_id));
  EXPECT_EQ(client().spans().get(run->span_id).error().code, ErrorCode::kNotFound);
}

TEST_F(ResourcesTest, SpansAreChosenByAllThatTheServerKnows) {
  server_.on("GET", "/api/v1/spans", FakeResponse{.body = R"({"spans": []})"});
  ASSERT_TRUE(client().spans().list({.prompt_version = 2,
                                     .label = "production",
                                     .parent_span_id = "sp_0123456789abcdef",
                                     .span_kind = "LLM",
                                     .min_cost = 0.25,
                                     .max_latency_ms = 100,
                                     .variables = {{"name", "Ada"}},
                                     .q = "a b"}));
  EXPECT_EQ(last_target(),
            "GET /api/v1/spans?promptVersion=2&label=production&parentSpanId=sp_0123456789abcdef&spanKind=LLM"
            "&minCost=0.25&maxLatencyMs=100&variables%5Bname%5D=Ada&q=a%20b");
}

TEST_F(ResourcesTest, AllSpansAreGivenUntilTheReaderHasEnough) {
  serve_pages("/api/v1/spans", "spans", {{{"spanId", "1"}, {"name", "answer"}}, {{"spanId", "2"}}},
              {{{"spanId", "3"}}});
  std::string seen;
  ASSERT_TRUE(client().spans().list_all({.tags = {"docs"}}, [&](const SpanListItem& span) {
    seen += span.span_id;
    return true;
  }));
  EXPECT_EQ(seen, "123");
  EXPECT_EQ(last_target(), "GET /api/v1/spans?tags=docs&limit=100&cursor=a%3Db");
  const size_t asked = server_.request_count();
  ASSERT_TRUE(client().spans().list_all({}, [](const SpanListItem& span) { return span.name != "answer"; }));
  EXPECT_EQ(server_.request_count(), asked + 1);
}

}  // namespace
}  // namespace tracia
