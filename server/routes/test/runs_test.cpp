// Runs over HTTP, against the provider simulator and stores in memory.
#include "tracia/service/runs.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "../../service/test/fake_sealer.h"
#include "../../service/test/fake_span_store.h"
#include "api_server.h"
#include "tracia/service/connections.h"
#include "tracia/service/prompts.h"
#include "tracia/simulate/simulator.h"

namespace tracia::routes {
namespace {

using nlohmann::json;

constexpr int kPollMsMax = 30'000;

struct SseEvent {
  std::string name;
  json data;
};
std::vector<SseEvent> events_of(const std::string& body) {
  std::vector<SseEvent> events;
  std::istringstream lines(body);
  std::string line, name;
  while (std::getline(lines, line)) {
    if (line.starts_with("event: ")) name = line.substr(7);
    if (line.starts_with("data: ")) events.push_back({name, json::parse(line.substr(6))});
  }
  return events;
}

class RunsTest : public testing::Test {
 protected:
  // Everything is served by one simulator, which the environment points to.
  void start(simulate::SimulatorOptions options = {}) {
    options.listen = "127.0.0.1:0";
    simulator_ = std::make_unique<simulate::Simulator>(std::move(options));
    ASSERT_TRUE(simulator_->start());
    const std::string base = simulator_->base_url();
    env_ = {{"OPENAI_API_KEY", "sk-simulated-key"},
            {"OPENAI_BASE_URL", base + "/v1"},
            {"ANTHROPIC_API_KEY", "sk-simulated-key"},
            {"ANTHROPIC_BASE_URL", base}};
    api_.services.spans = &spans_;
    api_.services.prompts = &prompts_;
    connections_ = std::make_unique<service::Connections>(api_.services, sealer_, [this](std::string_view name) {
      const auto found = env_.find(std::string(name));
      return found == env_.end() ? std::nullopt : std::optional(found->second);
    });
    api_.services.connections = connections_.get();
    runs_ = std::make_unique<service::Runs>(api_.services);
    api_.services.runs = runs_.get();
    add_runs(api_.router, api_.services);
    api_.start();
    project_ = api_.cache.projects().front().id;
  }
  ~RunsTest() override {
    runs_.reset();
    if (api_.server) api_.server->stop(Millis(1000));
  }

  service::PromptAt make_prompt(const json& more = json::object()) {
    json body{{"name", "Greet"}, {"slug", "greet"}, {"model", "gpt-4o"}};
    body["content"] = json::parse(R"([{"role":"system","content":"Be kind."},
                                      {"role":"user","content":"Greet {{name}} of {{place}}"}])");
    body.update(more);
    tracia::json::Document document;
    auto draft = prompt::read_draft(*document.parse(body.dump()));
    EXPECT_TRUE(draft) << draft.error().message;
    auto made = prompts_.create(project_, std::move(*draft), "test");
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  }
  ApiAnswer run(const json& body, const std::string& path = "/api/v1/prompts/greet/run") {
    return api_.send("POST", path, body, ApiServer::with_key());
  }
  static json variables() { return {{"name", "Ada"}, {"place", "Paris"}}; }
  store::StoredSpan only_span() {
    const auto all = spans_.all();
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? store::StoredSpan{} : all.front();
  }

  std::unique_ptr<simulate::Simulator> simulator_;
  std::map<std::string, std::string> env_;
  ApiServer api_;
  store::FakeSpanStore spans_;
  service::FakeSealer sealer_;
  service::Prompts prompts_{api_.services};
  std::unique_ptr<service::Connections> connections_;
  std::unique_ptr<service::Runs> runs_;
  std::string project_;
};

TEST_F(RunsTest, a_prompt_runs_and_leaves_a_priced_span) {
  start();
  make_prompt();
  const ApiAnswer answer =
      run({{"variables", variables()}, {"tags", {"a", "b"}}, {"userId", "u1"}, {"sessionId", "s1"}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json& r = answer.json;
  EXPECT_FALSE(r["text"].get<std::string>().empty());
  EXPECT_EQ(r["promptVersion"], 1);
  EXPECT_EQ(r["provider"], "openai");
  EXPECT_EQ(r["model"], "gpt-4o");
  EXPECT_EQ(r["traceId"], "tr_" + r["spanId"].get<std::string>().substr(3));
  EXPECT_EQ(r["costStatus"], "exact");
  EXPECT_GT(r["cost"].get<double>(), 0);
  EXPECT_EQ(r["finishReason"], "stop");
  EXPECT_TRUE(r["toolCalls"].is_null());
  EXPECT_TRUE(r["structuredOutput"].is_null());
  EXPECT_TRUE(r["label"].is_null());
  EXPECT_TRUE(r["timeToFirstTokenMs"].is_null());
  EXPECT_EQ(r["spanStored"], true);
  EXPECT_EQ(r["messages"][1]["content"], "Greet Ada of Paris");
  EXPECT_EQ(r["messages"][2]["role"], "assistant");
  EXPECT_EQ(r["messages"][2]["content"], r["text"]);
  EXPECT_EQ(r["usage"]["totalTokens"], r["usage"]["inputTokens"].get<int>() + r["usage"]["outputTokens"].get<int>());

  const store::StoredSpan stored = only_span();
  EXPECT_EQ(json(stored.span.span_id), r["spanId"]);
  EXPECT_EQ(json(stored.span.output.value_or("")), r["text"]);
  EXPECT_EQ(stored.span.name, "Greet");
  EXPECT_EQ(stored.span.prompt_slug, "greet");
  EXPECT_EQ(stored.span.prompt_version, 1);
  EXPECT_EQ(stored.prompt_id, prompts_.get(project_, "greet")->prompt->id);
  EXPECT_EQ(stored.span.tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(stored.span.user_id, "u1");
  EXPECT_EQ(stored.span.session_id, "s1");
  EXPECT_EQ(json::parse(stored.span.variables_json), variables());
  EXPECT_EQ(json::parse(stored.span.input_json)["messages"][1]["content"], "Greet Ada of Paris");
  ASSERT_TRUE(stored.cost);
  EXPECT_DOUBLE_EQ(stored.cost->to_double(), r["cost"].get<double>());
}

TEST_F(RunsTest, the_answer_has_exactly_the_members_of_the_contract) {
  start();
  make_prompt();
  std::ifstream file(std::filesystem::path(TRACIA_SOURCE_DIR) / "api/examples/prompts_run.response.200.json");
  const json example = json::parse(file);
  const json answer = run({{"variables", variables()}}).json;
  for (const auto& [name, value] : example.items()) EXPECT_TRUE(answer.contains(name)) << name;
  for (const auto& [name, value] : answer.items()) EXPECT_TRUE(example.contains(name)) << name;
  for (const auto& [name, value] : example["usage"].items()) EXPECT_TRUE(answer["usage"].contains(name)) << name;
}

TEST_F(RunsTest, missing_variables_are_named_and_leave_no_span) {
  start();
  make_prompt();
  const ApiAnswer answer = run({{"variables", {{"place", "Paris"}}}});
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.code(), "MISSING_VARIABLES");
  EXPECT_EQ(answer.message(), "Missing required variables: name");
  EXPECT_EQ(answer.json["error"]["missingVariables"], json({"name"}));
  EXPECT_TRUE(spans_.all().empty());
  EXPECT_EQ(simulator_->requests(), 0u);
}

TEST_F(RunsTest, what_cannot_be_sent_leaves_no_span) {
  start();
  make_prompt();
  EXPECT_EQ(run(json::object(), "/api/v1/prompts/none/run").code(), "NOT_FOUND");
  EXPECT_EQ(run({{"version", 9}}).code(), "NOT_FOUND");
  EXPECT_EQ(run({{"label", "nowhere"}}).code(), "NOT_FOUND");
  const ApiAnswer no_key = run({{"variables", variables()}, {"provider", "google"}, {"model", "gemini-2.5-flash"}});
  EXPECT_EQ(no_key.code(), "MISSING_PROVIDER_KEY");
  EXPECT_EQ(no_key.status, 400);
  EXPECT_EQ(run({{"variables", variables()}, {"provider", "nobody"}}).code(), "INVALID_REQUEST");
  EXPECT_EQ(api_.send("POST", "/api/v1/prompts/greet/run", json::object()).code(), "UNAUTHORIZED");
  EXPECT_TRUE(spans_.all().empty());
}

TEST_F(RunsTest, every_wrong_member_is_named) {
  start();
  make_prompt();
  const std::vector<std::pair<json, std::string>> cases{{{{"timeoutMs", 0}}, "timeoutMs"},
                                                        {{{"timeoutMs", 600'001}}, "timeoutMs"},
                                                        {{{"tags", "a"}}, "tags"},
                                                        {{{"tags", {""}}}, "tags[0]"},
                                                        {{{"userId", ""}}, "userId"},
                                                        {{{"sessionId", std::string(257, 'x')}}, "sessionId"},
                                                        {{{"traceId", "a\nb"}}, "traceId"},
                                                        {{{"parentSpanId", "sp_1"}}, "parentSpanId"},
                                                        {{{"stream", "yes"}}, "stream"},
                                                        {{{"messages", json::array()}}, "messages"},
                                                        {{{"version", 0}}, "version"},
                                                        {{{"label", "A"}}, "label"},
                                                        {{{"model", std::string(257, 'm')}}, "model"},
                                                        {{{"variables", {{"a", json::array()}}}}, "variables"}};
  for (const auto& [body, member] : cases) {
    const ApiAnswer answer = run(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.message().substr(0, member.size()), member) << answer.body;
  }
  EXPECT_EQ(run({{"content", json::array()}}, "/api/v1/run").message(), "Missing required field: model");
  EXPECT_EQ(run({{"model", "gpt-4o"}}, "/api/v1/run").code(), "INVALID_REQUEST");
}

TEST_F(RunsTest, a_providers_error_is_told_and_leaves_an_error_span) {
  start({.fail_status = {{400, 1.0}}});
  make_prompt();
  const ApiAnswer answer = run({{"variables", variables()}});
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.code(), "PROVIDER_ERROR");
  EXPECT_TRUE(answer.message().starts_with("OpenAI error: ")) << answer.message();
  EXPECT_EQ(answer.json["error"]["provider"]["name"], "openai");
  EXPECT_EQ(answer.json["error"]["provider"]["status"], 400);
  const store::StoredSpan stored = only_span();
  EXPECT_EQ(answer.json["error"]["spanId"], json(stored.span.span_id));
  EXPECT_EQ(stored.span.status, span::SpanStatus::kError);
  EXPECT_FALSE(stored.span.error.empty());
  EXPECT_EQ(stored.span.attempts.size(), 1u);
}

TEST_F(RunsTest, a_vendors_429_is_answered_with_retry_after) {
  start({.fail_status = {{429, 1.0}}, .retry_after = Millis(90'000)});
  make_prompt();
  const ApiAnswer answer = run({{"variables", variables()}});
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.code(), "PROVIDER_ERROR");
  EXPECT_EQ(answer.header("retry-after"), "90");
}

TEST_F(RunsTest, a_timeout_is_504) {
  start({.fail_stall = 1.0});
  make_prompt();
  const ApiAnswer answer = run({{"variables", variables()}, {"timeoutMs", 200}});
  EXPECT_EQ(answer.status, 504) << answer.body;
  EXPECT_EQ(answer.code(), "PROVIDER_ERROR");
  EXPECT_EQ(only_span().span.status, span::SpanStatus::kError);
}

TEST_F(RunsTest, a_span_that_cannot_be_stored_does_not_cost_the_answer) {
  start();
  make_prompt();
  spans_.fail_with(Error{.code = ErrorCode::kUnavailable, .message = "disk full"});
  const ApiAnswer answer = run({{"variables", variables()}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json["spanStored"], false);
  EXPECT_FALSE(answer.json["text"].get<std::string>().empty());
}

TEST_F(RunsTest, the_answer_waits_for_the_span) {
  start();
  make_prompt();
  spans_.hold(true);
  std::atomic<bool> answered{false};
  std::thread caller([&] {
    EXPECT_EQ(run({{"variables", variables()}}).status, 200);
    answered = true;
  });
  for (int i = 0; i < kPollMsMax && spans_.all().empty(); ++i) std::this_thread::sleep_for(Millis(1));
  EXPECT_FALSE(answered);
  spans_.hold(false);
  spans_.release();
  caller.join();
}

TEST_F(RunsTest, a_stream_sends_pieces_and_the_whole_result_last) {
  start();
  make_prompt();
  const ApiAnswer answer = run({{"variables", variables()}, {"stream", true}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("content-type"), "text/event-stream");
  const auto events = events_of(answer.body);
  ASSERT_GT(events.size(), 2u);
  std::string text;
  for (const SseEvent& event : events) {
    if (event.name == "delta") text += event.data["text"].get<std::string>();
  }
  const json& done = events.back().data;
  EXPECT_EQ(events.back().name, "done");
  EXPECT_EQ(done["text"], text);
  EXPECT_TRUE(done["timeToFirstTokenMs"].is_number());
  EXPECT_EQ(only_span().span.output, text);
}

TEST_F(RunsTest, a_stream_that_fails_before_its_first_event_is_an_ordinary_error) {
  start({.fail_status = {{400, 1.0}}});
  make_prompt();
  const ApiAnswer answer = run({{"variables", variables()}, {"stream", true}});
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.code(), "PROVIDER_ERROR");
}

TEST_F(RunsTest, a_stream_that_breaks_ends_with_an_error_event) {
  start({.fail_stall = 1.0});
  make_prompt();
  const ApiAnswer answer = run({{"variables", variables()}, {"stream", true}, {"timeoutMs", 1000}});
  const auto events = events_of(answer.body);
  ASSERT_FALSE(events.empty()) << answer.body;
  EXPECT_EQ(events.back().name, "error");
  EXPECT_EQ(events.back().data["error"]["code"], "PROVIDER_ERROR");
  EXPECT_EQ(only_span().span.status, span::SpanStatus::kError);
}

TEST_F(RunsTest, a_peer_that_leaves_cancels_the_call_and_the_span_says_so) {
  start({.chunk_delay = *simulate::Distribution::parse("20ms")});
  make_prompt();
  struct Leaver final : transport::ResponseHandler {
    void on_head(wire::HttpResponseHead) override {}
    bool on_body(std::string_view) override { return false; }
  } leaver;
  wire::HttpRequest request{.url = "http://" + api_.server->address() + "/api/v1/prompts/greet/run",
                            .headers = ApiServer::with_key(),
                            .body = json{{"variables", variables()}, {"stream", true}}.dump()};
  EXPECT_TRUE(api_.client.perform(request, {}, leaver).status);
  for (int i = 0; i < kPollMsMax && spans_.all().empty(); ++i) std::this_thread::sleep_for(Millis(1));
  const store::StoredSpan stored = only_span();
  EXPECT_EQ(stored.span.status, span::SpanStatus::kSuccess);
  EXPECT_EQ(json::parse(stored.span.attributes_json)["tracia.aborted"], true);
  EXPECT_TRUE(stored.span.output);
}

TEST_F(RunsTest, given_messages_are_sent_as_they_are_in_either_form) {
  start();
  make_prompt();
  std::ifstream ours(std::filesystem::path(TRACIA_SOURCE_DIR) / "api/examples/prompts_run_messages.request.json");
  std::ifstream openai(std::filesystem::path(TRACIA_SOURCE_DIR) /
                       "api/examples/prompts_run_openai_messages.request.json");
  const json first = json::parse(ours), second = json::parse(openai);
  const json a = run(first).json, b = run(second).json;
  EXPECT_EQ(a["messages"][1], first["messages"][1]);
  EXPECT_EQ(a["messages"][1], b["messages"][1]);
  EXPECT_EQ(a["messages"].size(), 4u);
  EXPECT_EQ(a["traceId"], "tr_6d02b9f4c1e7a538");
  EXPECT_EQ(spans_.all().front().span.parent_span_id, "sp_92c3e8d1507fa64b");
}

TEST_F(RunsTest, a_child_joins_its_parents_trace) {
  start();
  make_prompt();
  const json first = run({{"variables", variables()}, {"traceId", "my trace"}}).json;
  EXPECT_EQ(first["traceId"], "my trace");
  const json child = run({{"variables", variables()}, {"parentSpanId", first["spanId"]}}).json;
  EXPECT_EQ(child["traceId"], "my trace");
  const json orphan = run({{"variables", variables()}, {"parentSpanId", "sp_00000000000000AB"}}).json;
  EXPECT_EQ(orphan["traceId"], "tr_00000000000000ab");
}

TEST_F(RunsTest, a_model_of_the_runs_own_finds_its_provider) {
  start();
  make_prompt();
  const json answer = run({{"variables", variables()}, {"model", "claude-sonnet-4-5"}}).json;
  EXPECT_EQ(answer["provider"], "anthropic");
  EXPECT_EQ(answer["model"], "claude-sonnet-4-5");
  const json unknown = run({{"variables", variables()}, {"model", "acme-7b"}}).json;
  EXPECT_EQ(unknown["error"]["code"], "INVALID_REQUEST") << "neither the name nor the version tells a provider";
}

TEST_F(RunsTest, an_unknown_model_goes_to_the_versions_provider_at_no_known_cost) {
  start();
  make_prompt({{"provider", "openai"}});
  const json answer = run({{"variables", variables()}, {"model", "acme-7b"}}).json;
  EXPECT_EQ(answer["provider"], "openai") << answer;
  EXPECT_EQ(answer["cost"], 0);
  EXPECT_EQ(answer["costStatus"], "unknown");
}

TEST_F(RunsTest, tools_are_called_and_told_plain_and_streamed) {
  start();
  make_prompt({{"tools", json::parse(R"([{"name":"get_weather","description":"Weather",
      "parameters":{"type":"object","properties":{"location":{"type":"string"}},"required":["location"]}}])")},
               {"toolChoice", "required"}});
  const json answer = run({{"variables", variables()}}).json;
  EXPECT_TRUE(answer["text"].is_null()) << answer;
  EXPECT_EQ(answer["finishReason"], "tool_calls");
  ASSERT_EQ(answer["toolCalls"].size(), 1u);
  EXPECT_EQ(answer["toolCalls"][0]["name"], "get_weather");
  EXPECT_TRUE(answer["toolCalls"][0]["arguments"].is_object());
  EXPECT_EQ(answer["messages"][2]["content"][0]["type"], "tool_call");

  const auto events = events_of(run({{"variables", variables()}, {"stream", true}}).body);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].name, "tool_call");
  EXPECT_EQ(events[0].data, events[1].data["toolCalls"][0]);
}

TEST_F(RunsTest, structured_output_is_answered_as_an_object) {
  start();
  make_prompt({{"outputSchema", json::parse(R"({"type":"object","properties":{"urgent":{"type":"boolean"}},
      "required":["urgent"],"additionalProperties":false})")}});
  const json answer = run({{"variables", variables()}}).json;
  ASSERT_TRUE(answer["structuredOutput"].is_object()) << answer;
  EXPECT_EQ(json::parse(answer["text"].get<std::string>()), answer["structuredOutput"]);
}

TEST_F(RunsTest, an_unsaved_version_runs) {
  start();
  make_prompt();
  const json answer = run({{"model", "gpt-4o"},
                           {"content", json::parse(R"([{"role":"user","content":"What is {{topic}}?"}])")},
                           {"variables", {{"topic", "a span"}}},
                           {"promptSlug", "greet"}},
                          "/api/v1/run")
                          .json;
  EXPECT_TRUE(answer["promptVersion"].is_null()) << answer;
  EXPECT_EQ(answer["messages"][0]["content"], "What is a span?");
  EXPECT_EQ(only_span().prompt_id, prompts_.get(project_, "greet")->prompt->id);
}

TEST_F(RunsTest, a_strangers_url_that_leads_inside_is_refused_when_it_is_called) {
  start();
  make_prompt();
  // A name that passes the first check and resolves to loopback, as DNS rebinding would have it.
  service::ConnectionDraft draft{
      .name = "rebound", .protocol = "openai", .base_url = "http://localhost.localdomain:1/v1"};
  const auto made = connections_->create(project_, draft);
  ASSERT_TRUE(made) << made.error().message;
  store::Connection inside = *made;
  inside.base_url = simulator_->base_url() + "/v1";
  api_.cache.put_connection({.connection = inside, .key = "", .headers = {}});
  const ApiAnswer answer = run({{"variables", variables()}, {"provider", "rebound"}});
  EXPECT_EQ(answer.status, 400) << answer.body;
  EXPECT_EQ(answer.code(), "INVALID_REQUEST");
  EXPECT_EQ(simulator_->requests(), 0u);
  EXPECT_TRUE(spans_.all().empty());
}

TEST_F(RunsTest, stopping_answers_what_is_under_way) {
  start({.fail_stall = 1.0});
  make_prompt();
  std::thread caller([&] {
    const ApiAnswer answer = run({{"variables", variables()}});
    EXPECT_EQ(answer.status, 503) << answer.body;
  });
  for (int i = 0; i < kPollMsMax && simulator_->requests() == 0; ++i) std::this_thread::sleep_for(Millis(1));
  runs_.reset();
  EXPECT_EQ(spans_.all().size(), 1u);
  caller.join();
}

}  // namespace
}  // namespace tracia::routes
